"""The metric ``procrustes``: similarity of a source and measured responses after the best orthogonal map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Gram, Score
from fornix.numerics.backends import AnyArray, inner, on_device, scoring_device
from fornix.numerics.rows import match_rows, source_stimuli, take_rows
from fornix.numerics.similarity.cka import aligned_products, square_of_aligned, without_mean
from fornix.numerics.similarity.dissimilarity import Array
from fornix.numerics.similarity.procrustes import Scale, nuclear_norm, nuclear_norm_of_products, procrustes_similarity
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix_metric_similarity.scoring import NOTHING_VARIES, by_subject_units
from fornix_metric_similarity.target import by_subject, neuroid_names, responses_once

FEWEST: Final = 3


@dataclass(frozen=True)
class ProcrustesMetric:
    """Orthogonal Procrustes similarity.

    Parameters
    ----------
    scale : {"angular", "cosine"}
        ``1 - 2/pi arccos(c)``, or ``c = |X'Y|_* / (|X| |Y|)`` of responses less their means.
    replicates : bool
        Whether the error is estimated.
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    """

    scale: Scale = "angular"
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
            With ``units`` by subject where there are subjects. Its error is a jackknife over stimuli and one over subjects
            or neuroids, whose variances add: what both do together counts twice, so it errs on the wide side.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, repeat a stimulus, do not match, or have fewer than 3 stimuli.
        """
        stimuli, responses = responses_once(target, FEWEST, in_order=False)
        known = _Source(source, match_rows(source_stimuli(source), stimuli), self.device)
        subjects, parts = by_subject(responses)
        measured = [on_device(part.values, self.device) for part in parts]
        everything = np.arange(len(stimuli))
        values = self._values(known, measured, everything)
        score = Score(float(values.mean()), units=by_subject_units(values, subjects), n_nan=int(np.isnan(values).sum()))
        if score.n_nan:
            return score.with_(notes=(NOTHING_VARIES,))
        if not self.replicates:
            return score
        groups = stimulus_groups(stimuli)
        left = [self._values(known, measured, np.flatnonzero(groups != k)).mean() for k in range(groups.max() + 1)]
        factors: dict[str, tuple[Any, ...]] = {"stimuli": (left, "jackknife")}
        few = "subjects" if subjects is not None and len(values) < 2 else ""
        if len(values) > 1:
            factors["subjects"] = ((values.sum() - values) / (len(values) - 1), "jackknife")
        elif subjects is None and responses.sizes["neuroid"] > 1:
            groups = stimulus_groups(neuroid_names(responses))
            kept = [[measured[0][:, np.flatnonzero(groups != k)]] for k in range(groups.max() + 1)]
            factors["neuroids"] = ([self._values(known, part, everything)[0] for part in kept], "jackknife")
        return with_stated_uncertainty(score, replicates_array(factors, not_resampled=few))

    def _values(self, source: _Source, measured: list[AnyArray], rows: NDArray[np.int64]) -> Array:
        norm_of, square = source.of(rows)
        centred = [without_mean(responses[rows]) for responses in measured]
        return np.array([procrustes_similarity(norm_of(y), square, inner(y, y), self.scale) for y in centred])


class _Source:
    """A source as features where they are fewer than stimuli, else as products between stimuli."""

    def __init__(self, source: xr.DataArray | Gram, rows: NDArray[np.int64], device: str) -> None:
        if isinstance(source, Gram):
            self._matrix, self._products = on_device(source.products[np.ix_(rows, rows)], device), True
            return
        features = without_mean(on_device(take_rows(source.values, rows), device))
        self._products = features.shape[1] > len(rows)
        self._matrix = features @ features.T if self._products else features

    def of(self, rows: NDArray[np.int64]) -> tuple[Callable[[AnyArray], float], float]:
        """A function from measured responses, less their means, to the nuclear norm; and the source's own sum of squares."""
        if self._products:
            given = self._matrix[np.ix_(rows, rows)]
            products = aligned_products(given, "biased")
            square = float(products.trace()) if square_of_aligned(products, given) > 0 else 0.0
            return (lambda y: nuclear_norm_of_products(products, y)), square
        features = without_mean(self._matrix[rows])
        return (lambda y: nuclear_norm(features, y)), inner(features, features)


def procrustes_metric(options: Mapping[str, Any]) -> ProcrustesMetric:
    """The metric with the options of its card, all given; computed where ``FORNIX_SCORING_DEVICE`` says."""
    return ProcrustesMetric(**options, device=scoring_device())
