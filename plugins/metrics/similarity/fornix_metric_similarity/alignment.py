"""The metric ``cka``: centred kernel alignment of a source and measured responses, linear, unbiased unless asked otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Gram, Score
from fornix.numerics.backends import AnyArray, on_device, scoring_device
from fornix.numerics.rows import match_rows, source_stimuli, take_rows
from fornix.numerics.similarity.cka import Alignment, Estimator, cka_of_features, without_mean
from fornix_metric_similarity.scoring import (
    NOTHING_VARIES,
    by_subject_units,
    check_subsamples,
    over_subsamples,
    values_alone,
    with_replicates,
)
from fornix_metric_similarity.target import Measured, by_subject, measured_responses, responses_once

#: The unbiased estimate divides by n - 3.
FEWEST: Final = 4


@dataclass(frozen=True)
class AlignmentMetric:
    """Centred kernel alignment, linear.

    Parameters
    ----------
    definition : {"default", "brainscore"}
        A side that does not vary scores NaN, or under Brain-Score's definition 0.
    estimator : {"unbiased", "biased"}
    n_subsamples, subsample_size, seed, stratify_on
        Brain-Score's ``cka_cv``; as of the metric ``rdm``.
    replicates : bool
        Whether the error is estimated (default definition).
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    """

    definition: Literal["default", "brainscore"] = "default"
    estimator: Estimator = "unbiased"
    n_subsamples: int = 0
    subsample_size: float = 0.9
    seed: int = 1
    stratify_on: str = ""
    replicates: bool = True
    device: str = "numpy"

    accepts: Final = frozenset({"values", "gram"})

    def __call__(self, source: xr.DataArray | Gram, target: xr.DataArray) -> Score:
        """The score of a source.

        Parameters
        ----------
        source : DataArray, dims (presentation, neuroid), or Gram
            Each stimulus of the target, in any order.
        target : DataArray, dims (presentation, neuroid)
            Each stimulus once. With a coordinate ``subject`` on neuroid the score is the mean over subjects.

        Returns
        -------
        Score
            With ``units`` by subject where there are subjects. Resampled are stimuli, and subjects or neuroids. NaN (under
            Brain-Score's definition 0), with a note and counted, where a side does not vary.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, repeat a stimulus, do not match, or have fewer than 4 stimuli.
        """
        stimuli, responses = responses_once(target, FEWEST, in_order=self.definition == "brainscore")
        rows = match_rows(source_stimuli(source), stimuli)
        if self.n_subsamples:
            return over_subsamples(
                self._compare,
                self._source_products(source, rows),
                measured_responses(stimuli, responses, self._products),
                target,
                n_subsamples=self.n_subsamples,
                subsample_size=self.subsample_size,
                seed=self.seed,
                stratify_on=self.stratify_on,
                fewest=FEWEST,
            )
        few = isinstance(source, xr.DataArray) and max(source.shape[1], responses.shape[1]) <= len(stimuli)
        if few and not self._estimated:
            return self._of_features(source, rows, responses)
        return self._of_products(source, rows, measured_responses(stimuli, responses, self._products))

    @property
    def _estimated(self) -> bool:
        return self.replicates and self.definition == "default"

    @property
    def _undefined(self) -> float:
        return math.nan if self.definition == "default" else 0.0

    def _compare(self, k: AnyArray, other: AnyArray) -> Alignment:
        return Alignment(k, other, self.estimator, self._undefined)

    def _of_products(self, source: xr.DataArray | Gram, rows: NDArray[np.int64], measured: Measured) -> Score:
        first = self._compare(self._source_products(source, rows), measured.matrices[0])
        compared = [first, *(first.against(other) for other in measured.matrices[1:])]
        if self._estimated:
            return with_replicates(compared, measured, self._products)
        return values_alone(compared, measured)

    def _of_features(self, source: xr.DataArray, rows: NDArray[np.int64], responses: xr.DataArray) -> Score:
        features = on_device(take_rows(source.values, rows), self.device)
        subjects, parts = by_subject(responses)
        values = np.array([cka_of_features(features, on_device(part.values, self.device), self.estimator) for part in parts])
        empty = np.isnan(values)
        values[empty] = self._undefined
        notes = (NOTHING_VARIES,) if empty.any() else ()
        return Score(float(values.mean()), units=by_subject_units(values, subjects), n_nan=int(empty.sum()), notes=notes)

    def _products(self, responses: xr.DataArray) -> AnyArray:
        features = without_mean(on_device(responses.values, self.device))
        return features @ features.T

    def _source_products(self, source: xr.DataArray | Gram, rows: NDArray[np.int64]) -> AnyArray:
        if isinstance(source, Gram):
            return on_device(source.products[np.ix_(rows, rows)], self.device)
        return self._products(take_rows(source, rows))


def alignment_metric(options: Mapping[str, Any]) -> AlignmentMetric:
    """The metric with the options of its card, all given; computed where ``FORNIX_SCORING_DEVICE`` says.

    Raises
    ------
    UsageError
        If a number is out of its range, subsamples are asked for outside Brain-Score's definition, or an option has no effect.
    """
    metric = AlignmentMetric(**options, device=scoring_device())
    check_subsamples("cka", metric)
    return metric
