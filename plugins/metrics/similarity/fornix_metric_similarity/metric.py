"""The metric ``rdm``: correlation of a source's dissimilarities with measured ones, subject by subject where there are any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Gram, Score
from fornix.numerics.backends import AnyArray, on_device, scoring_device
from fornix.numerics.rows import match_rows, source_stimuli, take_rows
from fornix.numerics.similarity.agreement import Agreement, Comparison
from fornix.numerics.similarity.crossnobis import crossnobis_distances, repeated_responses
from fornix.numerics.similarity.dissimilarity import Distance, distance_matrix, matrices_of_pairs, pair_stimuli
from fornix_metric_similarity.scoring import values_alone, with_replicates
from fornix_metric_similarity.subsamples import check_subsamples, over_subsamples
from fornix_metric_similarity.target import Measured, enough, measured_pairs, measured_responses, responses_once
from fornix_metric_similarity.timed import Time, in_bins, value_of

#: Three stimuli have three pairs, of which a correlation can be taken.
FEWEST: Final = 3


@dataclass(frozen=True)
class SimilarityMetric:
    """How well the dissimilarities of a source agree with measured ones.

    Parameters
    ----------
    definition : {"default", "brainscore"}
    distance : {"correlation", "euclidean", "crossnobis"}
        Crossnobis distances are of targets with repetitions; a source has no noise, so its distances are squared Euclidean.
    comparison : {"spearman", "pearson", "kendall", "cosine"}
    time : {"none", "each"}
        Each: of a target in time bins, which are compared one by one; the value is the mean over bins.
    n_subsamples : int
        Brain-Score's ``rdm_cv``: the mean over this many subsamples of the stimuli; its error ``std/sqrt(n)``.
    subsample_size : float
    seed : int
    stratify_on : str
        A coordinate of the target's presentations, or empty.
    replicates : bool
        Whether the error is estimated (default definition).
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    """

    definition: Literal["default", "brainscore"] = "default"
    distance: Distance = "correlation"
    comparison: Comparison = "spearman"
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
        source : DataArray, dims (presentation, neuroid[, time_bin]) or (pair,), or Gram
            Each stimulus of the target, in any order. Time bins are matched by start and end; without, it is the same in all.
        target : DataArray, dims (presentation, neuroid[, time_bin]), (pair,) or (subject, pair)
            Each stimulus once; for crossnobis distances once in each ``repetition``. A coordinate ``subject`` on neuroid
            makes one matrix for each subject.

        Returns
        -------
        Score
            With subjects the mean over subjects, ``units`` by subject, and ``details["against_mean"]``, the agreement with
            the mean of their dissimilarities; with time bins the mean over bins, ``units`` by bin. Resampled, in all bins
            alike, are stimuli, and subjects or, where the target is responses without subjects, neuroids.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, repeat a stimulus, do not match, or have fewer than 3 stimuli.
        """
        bins = in_bins(source, target, self.time)
        measured = [self._target(of_bin) for _, of_bin in bins.pairs]
        if self.n_subsamples:
            matrices = bins.of_source(lambda k: self._source(bins.pairs[k][0], measured[k].stimuli))
            return over_subsamples(self, lambda a, b: Agreement(a, b, self.comparison), bins, matrices, measured, FEWEST)

        def first(k: int) -> Agreement:
            return Agreement(self._source(bins.pairs[k][0], measured[k].stimuli), measured[k].matrices[0], self.comparison)

        compared = bins.compare(measured, first)
        if self.replicates and self.definition == "default":
            score = with_replicates(bins, compared, measured, self._matrix)
        else:
            score = values_alone(bins, compared, measured)
        if measured[0].subjects is None:
            return score
        of_mean = [of_bin[0].against(one.matrices.mean(axis=0)) for of_bin, one in zip(compared, measured, strict=True)]
        return score.with_(details={**score.details, "against_mean": float(np.mean([value_of(each) for each in of_mean]))})

    def permuted(
        self, source: xr.DataArray | Gram, target: xr.DataArray, permutations: Sequence[NDArray[np.int64]]
    ) -> NDArray[np.float64]:
        """What the source scores when its stimuli are reordered: a null distribution in one pass.

        Parameters
        ----------
        permutations : sequence of (n,) int
            Stimulus i, sorted by stimulus_id, is given the responses to stimulus ``permutation[i]``.

        Returns
        -------
        (len(permutations),)
        """
        bins = in_bins(source, target, self.time)
        measured = [self._target(of_bin) for _, of_bin in bins.pairs]
        order = np.argsort(measured[0].stimuli, kind="stable")  # of the target, in all bins
        matrices = bins.of_source(lambda k: self._source(bins.pairs[k][0], measured[k].stimuli[order]))
        agreements = [
            Agreement(matrix, other[np.ix_(order, order)], self.comparison)
            for matrix, of_bin in zip(matrices, measured, strict=True)
            for other in of_bin.matrices
        ]
        return np.asarray(np.mean([agreement.permuted(permutations) for agreement in agreements], axis=0))

    def _target(self, target: xr.DataArray) -> Measured:
        if isinstance(target, xr.DataArray) and "pair" in target.dims:
            return measured_pairs(target, FEWEST, self.device)
        if self.distance == "crossnobis":
            stimuli, _ = repeated_responses(target)
            enough(stimuli, FEWEST)
            return measured_responses(stimuli, target, self._matrix)
        stimuli, target = responses_once(target, FEWEST, in_order=self.definition == "brainscore")
        return measured_responses(stimuli, target, self._matrix)

    def _matrix(self, responses: xr.DataArray) -> AnyArray:
        """Distances between the stimuli of a target, in the order of its rows; sorted, where they are repeated."""
        if self.distance == "crossnobis":
            return crossnobis_distances(on_device(repeated_responses(responses)[1], self.device))
        return distance_matrix(responses, self.distance, self.device)

    def _source(self, source: xr.DataArray | Gram, stimuli: NDArray[np.str_]) -> AnyArray:
        if isinstance(source, xr.DataArray) and source.dims == ("pair",):
            match_rows(pair_stimuli(source, "the source"), stimuli)
            return on_device(matrices_of_pairs(source, stimuli)[0], self.device)
        rows = match_rows(source_stimuli(source), stimuli)
        if isinstance(source, Gram):
            return distance_matrix(source, self.distance, self.device)[np.ix_(rows, rows)]
        return distance_matrix(take_rows(source, rows), self.distance, self.device)


def similarity_metric(options: Mapping[str, Any]) -> SimilarityMetric:
    """The metric with the options of its card, all given; computed where ``FORNIX_SCORING_DEVICE`` says.

    Raises
    ------
    UsageError
        If a number is out of its range, subsamples are asked for outside Brain-Score's definition, or an option has no effect.
    """
    metric = SimilarityMetric(**options, device=scoring_device())
    check_subsamples("rdm", metric)
    return metric
