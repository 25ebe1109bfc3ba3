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
from fornix_metric_similarity.target import by_subject, neuroid_names, responses_once
from fornix_metric_similarity.timed import Time, in_bins

FEWEST: Final = 3


@dataclass(frozen=True)
class ProcrustesMetric:
    """Orthogonal Procrustes similarity.

    Parameters
    ----------
    scale : {"angular", "cosine"}
        ``1 - 2/pi arccos(c)``, or ``c = |X'Y|_* / (|X| |Y|)`` of responses less their means.
    time : {"none", "each"}
        Each: of a target in time bins, which are compared one by one; the value is the mean over bins.
    replicates : bool
        Whether the error is estimated.
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    """

    scale: Scale = "angular"
    time: Time = "none"
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
            With ``units`` by subject and time bin where there are any; of bins the mean, all resampled alike. Its error is a
            jackknife over stimuli and one over subjects or neuroids, whose variances add: what both do together counts twice, so
            it errs on the wide side.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, repeat a stimulus, do not match, or have fewer than 3 stimuli.
        """
        bins = in_bins(source, target, self.time)
        once = [responses_once(of_bin, FEWEST, in_order=False) for _, of_bin in bins.pairs]
        rows = [match_rows(source_stimuli(one), stimuli) for (one, _), (stimuli, _) in zip(bins.pairs, once, strict=True)]
        known = bins.of_source(lambda k: _Source(bins.pairs[k][0], rows[k], self.device))
        stimuli, responses = once[0]
        subjects, _ = by_subject(responses)
        measured = [[on_device(part.values, self.device) for part in by_subject(of_bin)[1]] for _, of_bin in once]
        everything = np.arange(len(stimuli))
        values = self._values(known, measured, everything)
        score = bins.score(values, np.isnan(values), subjects)
        if score.n_nan or not self.replicates:
            return score
        groups = stimulus_groups(stimuli)
        left = [self._values(known, measured, np.flatnonzero(groups != k)).mean() for k in range(groups.max() + 1)]
        factors: dict[str, tuple[Any, ...]] = {"stimuli": (left, "jackknife")}
        few = "subjects" if subjects is not None and len(subjects) < 2 else ""
        if subjects is not None and len(subjects) > 1:
            of_subjects = values.mean(axis=0)
            factors["subjects"] = ((of_subjects.sum() - of_subjects) / (len(subjects) - 1), "jackknife")
        elif subjects is None and responses.sizes["neuroid"] > 1:
            groups = stimulus_groups(neuroid_names(responses))
            kept = [[[of_bin[0][:, np.flatnonzero(groups != k)]] for of_bin in measured] for k in range(groups.max() + 1)]
            factors["neuroids"] = ([self._values(known, part, everything).mean() for part in kept], "jackknife")
        return with_stated_uncertainty(score, replicates_array(factors, not_resampled=few))

    def _values(self, sources: list[_Source], measured: list[list[AnyArray]], rows: NDArray[np.int64]) -> Array:
        """The similarity (bin, subject) over some of the stimuli."""
        values, last = [], None
        for source, of_bin in zip(sources, measured, strict=True):
            if source is not last:  # one without time bins is the same in all
                last, (norm_of, square) = source, source.of(rows)
            centred = [without_mean(responses[rows]) for responses in of_bin]
            values.append([procrustes_similarity(norm_of(y), square, inner(y, y), self.scale) for y in centred])
        return np.array(values)


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
