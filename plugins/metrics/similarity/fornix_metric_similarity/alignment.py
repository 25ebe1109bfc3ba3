"""The metric ``cka``: centred kernel alignment of a source and measured responses, linear, unbiased unless asked otherwise."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Gram, Score
from fornix.numerics.backends import AnyArray, on_device, scoring_device
from fornix.numerics.rows import match_rows, source_stimuli, take_rows
from fornix.numerics.similarity.cka import Alignment, Estimator, cka_of_features, without_mean
from fornix_metric_similarity.scoring import values_alone, with_replicates
from fornix_metric_similarity.subsamples import check_subsamples, over_subsamples
from fornix_metric_similarity.target import by_subject, measured_responses, responses_once
from fornix_metric_similarity.timed import Bins, Source, Time, in_bins

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
    time : {"none", "each"}
        Each: of a target in time bins, which are compared one by one; the value is the mean over bins.
    n_subsamples, subsample_size, seed, stratify_on
        Brain-Score's ``cka_cv``; as of the metric ``rdm``.
    replicates : bool
        Whether the error is estimated (default definition).
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    """

    definition: Literal["default", "brainscore"] = "default"
    estimator: Estimator = "unbiased"
    time: Time = "none"
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
        source : DataArray, dims (presentation, neuroid[, time_bin]), or Gram
            Each stimulus of the target, in any order. Time bins are matched by start and end; without, it is the same in all.
        target : DataArray, dims (presentation, neuroid[, time_bin])
            Each stimulus once. With a coordinate ``subject`` on neuroid the score is the mean over subjects.

        Returns
        -------
        Score
            With ``units`` by subject and time bin where there are any; of bins the mean, all resampled alike. Resampled are
            stimuli, and subjects or neuroids. NaN (under Brain-Score's definition 0), with a note and counted, where a side
            does not vary.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, repeat a stimulus, do not match, or have fewer than 4 stimuli.
        """
        bins = in_bins(source, target, self.time)
        once = [responses_once(of_bin, FEWEST, in_order=self.definition == "brainscore") for _, of_bin in bins.pairs]
        rows = [match_rows(source_stimuli(one), stimuli) for (one, _), (stimuli, _) in zip(bins.pairs, once, strict=True)]
        widest = math.inf if isinstance(source, Gram) else max(source.sizes["neuroid"], target.sizes["neuroid"])
        if widest <= len(rows[0]) and not self._estimated and not self.n_subsamples:
            return self._of_features(bins, rows, [responses for _, responses in once])
        measured = [measured_responses(*of_bin, self._products) for of_bin in once]
        if self.n_subsamples:
            matrices = bins.of_source(lambda k: self._source_products(bins.pairs[k][0], rows[k]))
            return over_subsamples(self, self._compare, bins, matrices, measured, FEWEST)

        def first(k: int) -> Alignment:
            return self._compare(self._source_products(bins.pairs[k][0], rows[k]), measured[k].matrices[0])

        compared = bins.compare(measured, first)
        if self._estimated:
            return with_replicates(bins, compared, measured, self._products)
        return values_alone(bins, compared, measured)

    @property
    def _estimated(self) -> bool:
        return self.replicates and self.definition == "default"

    @property
    def _undefined(self) -> float:
        return math.nan if self.definition == "default" else 0.0

    def _compare(self, k: AnyArray, other: AnyArray) -> Alignment:
        return Alignment(k, other, self.estimator, self._undefined)

    def _of_features(self, bins: Bins, rows: Sequence[NDArray[np.int64]], once: Sequence[xr.DataArray]) -> Score:
        """The score from features, where they are few, and the responses in each bin."""
        values = []
        for (source, _), of_bin, responses in zip(bins.pairs, rows, once, strict=True):
            assert isinstance(source, xr.DataArray)
            features = on_device(take_rows(source.values, of_bin), self.device)
            subjects, parts = by_subject(responses)
            values.append([cka_of_features(features, on_device(part.values, self.device), self.estimator) for part in parts])
        empty = np.isnan(values)
        return bins.score(np.where(empty, self._undefined, values), empty, subjects)

    def _products(self, responses: xr.DataArray) -> AnyArray:
        features = without_mean(on_device(responses.values, self.device))
        return features @ features.T

    def _source_products(self, source: Source, rows: NDArray[np.int64]) -> AnyArray:
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
