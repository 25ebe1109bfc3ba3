"""The metric: correlation of a source's dissimilarities with measured ones, subject by subject where there are subjects."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.interfaces import AssemblyError, Gram, Score, check_assembly
from fornix.numerics.rows import match_rows, source_stimuli
from fornix.numerics.rsa import leave_groups_out, score_subjects, stimulus_counts
from fornix.numerics.similarity import (
    Agreement,
    Array,
    Comparison,
    Distance,
    distance_matrix,
    matrices_of_pairs,
    pair_stimuli,
)
from fornix.numerics.splits import split_plan
from fornix.numerics.uncertainty import BOTH, neuroid_draws, replicates_array, with_uncertainty

#: Neuroids are drawn 200 times, less often where that would rank more pairs than this in all, and at least 40 times.
MOST_PAIRS: Final = 20_000_000


@dataclass(frozen=True, eq=False)
class _Target:
    """Measured dissimilarities: one matrix for each subject, or one; and the responses they came from, if any."""

    stimuli: NDArray[np.str_]
    matrices: Array
    subjects: NDArray[np.str_] | None = None
    responses: xr.DataArray | None = None


@dataclass(frozen=True)
class SimilarityMetric:
    """How well the dissimilarities of a source agree with measured ones.

    Parameters
    ----------
    definition : {"default", "brainscore"}
    distance : {"correlation", "euclidean"}
    comparison : {"spearman", "pearson"}
    n_subsamples : int
        Brain-Score's ``rdm_cv``: the mean over this many subsamples of the stimuli; its error ``std/sqrt(n)``.
    subsample_size : float
    seed : int
    stratify_on : str
        A coordinate of the target's presentations, or empty.
    replicates : bool
        Whether the error is estimated (default definition).
    """

    definition: Literal["default", "brainscore"] = "default"
    distance: Distance = "correlation"
    comparison: Comparison = "spearman"
    n_subsamples: int = 0
    subsample_size: float = 0.9
    seed: int = 1
    stratify_on: str = ""
    replicates: bool = True

    accepts: Final = frozenset({"values", "gram"})

    def __call__(self, source: xr.DataArray | Gram, target: xr.DataArray) -> Score:
        """The score of a source.

        Parameters
        ----------
        source : DataArray, dims (presentation, neuroid) or (pair,), or Gram
            Each stimulus of the target, in any order.
        target : DataArray, dims (presentation, neuroid), (pair,) or (subject, pair)
            Each stimulus once. A coordinate ``subject`` on neuroid makes one matrix for each subject.

        Returns
        -------
        Score
            With subjects the mean over subjects, ``units`` by subject, and ``details["against_mean"]``, the agreement with
            the mean of their dissimilarities. Resampled are stimuli, and subjects or, where the target is responses
            without subjects, neuroids.

        Raises
        ------
        AssemblyError
            If source or target hold NaN, repeat a stimulus, do not match, or have fewer than 3 stimuli.
        """
        measured = self._target(target)
        matrix = self._source(source, measured.stimuli)
        if self.n_subsamples:
            return self._subsampled(matrix, measured, target)
        agreements = [Agreement(matrix, other, self.comparison) for other in measured.matrices]
        if self.replicates and self.definition == "default":
            score = self._estimated(matrix, agreements, measured)
        else:
            score = self._value(agreements, measured)
        if measured.subjects is not None:
            mean = float(Agreement(matrix, measured.matrices.mean(axis=0), self.comparison)()[0])
            score = score.with_(details={**score.details, "against_mean": mean})
        return score

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
        measured = self._target(target)
        order = np.argsort(measured.stimuli, kind="stable")
        matrix = self._source(source, measured.stimuli[order])
        agreements = [Agreement(matrix, other[np.ix_(order, order)], self.comparison) for other in measured.matrices]
        return np.asarray(np.mean([agreement.permuted(permutations) for agreement in agreements], axis=0))

    def _value(self, agreements: Sequence[Agreement], measured: _Target) -> Score:
        values = np.array([agreement()[0] for agreement in agreements])
        n_nan = sum(agreement.n_nan for agreement in agreements)
        if measured.subjects is None:
            return Score(value=float(values[0]), n_nan=n_nan)
        units = xr.DataArray(values, dims=("subject",), coords={"subject": measured.subjects})
        return Score(value=float(values.mean()), units=units, n_nan=n_nan)

    def _estimated(self, matrix: Array, agreements: Sequence[Agreement], measured: _Target) -> Score:
        if measured.subjects is not None:
            return score_subjects(agreements, measured.stimuli, measured.subjects)
        factors: dict[str, tuple[Any, ...]] = {"stimuli": (agreements[0](leave_groups_out(measured.stimuli)), "jackknife")}
        if measured.responses is not None and measured.responses.sizes["neuroid"] > 2:
            n, q = measured.responses.shape
            draws = neuroid_draws(_neuroids(measured.responses), int(np.clip(2 * MOST_PAIRS / n**2, 40, 200)))
            weights = stimulus_counts(n, len(draws))
            drawn = []
            for columns, weight in zip(draws, weights, strict=True):
                resampled = distance_matrix(measured.responses.isel(neuroid=columns), self.distance)
                drawn.append(Agreement(matrix, resampled, self.comparison)(np.stack([np.ones(n), weight])))
            factors["neuroids"] = (np.array(drawn)[:, 0], "bootstrap", q)
            factors[BOTH] = (np.array(drawn)[:, 1], "bootstrap")
        return with_uncertainty(self._value(agreements, measured), replicates_array(factors))

    def _subsampled(self, matrix: Array, measured: _Target, target: xr.DataArray) -> Score:
        stratify = None
        if self.stratify_on:
            if self.stratify_on not in target.coords or target[self.stratify_on].dims != ("presentation",):
                raise AssemblyError(
                    f"the target has no coordinate {self.stratify_on!r} on presentation, which stratify_on asks for"
                )
            stratify = target[self.stratify_on].values
        plan = split_plan(
            measured.stimuli,
            n_splits=self.n_subsamples,
            test_size=self.subsample_size,
            seed=self.seed,
            stratify=stratify,
            definition="brainscore",
        )
        parts = [np.ix_(rows, rows) for rows in plan.test]
        agreements = [[Agreement(matrix[part], other[part], self.comparison) for part in parts] for other in measured.matrices]
        values = np.mean([[agreement()[0] for agreement in row] for row in agreements], axis=0)
        kept, n = len(plan.test[0]), len(measured.stimuli)
        details = {}
        if len(values) > 1 and kept < n:
            details["delete_d_error"] = float(values.std(ddof=1) * math.sqrt(kept / (n - kept)))
        return Score(
            value=float(values.mean()),
            error=float(values.std() / np.sqrt(len(values))) if len(values) > 1 else math.nan,
            units=xr.DataArray(values, dims=("split",), coords={"split": np.arange(len(values))}),
            n_nan=sum(agreement.n_nan for row in agreements for agreement in row),
            details=details,
        )

    def _target(self, target: xr.DataArray) -> _Target:
        if isinstance(target, xr.DataArray) and "pair" in target.dims:
            stimuli = pair_stimuli(target, "the target")
            _enough(stimuli)
            matrices = matrices_of_pairs(target, stimuli)
            if "subject" not in target.dims:
                return _Target(stimuli, matrices)
            names = target["subject"].values if "subject" in target.coords else np.arange(len(matrices))
            return _Target(stimuli, matrices, np.asarray(names, dtype=np.str_))
        check_assembly(target, dims=("presentation", "neuroid"), finite=True, what="the target")
        if "stimulus_id" not in target.coords:
            raise AssemblyError("the target has no coordinate stimulus_id on presentation, by which rows are matched")
        stimuli = np.asarray(target["stimulus_id"].values, dtype=np.str_)
        unique, counts = np.unique(stimuli, return_counts=True)
        if (counts > 1).any():
            raise AssemblyError(
                f"the target has stimulus {str(unique[counts > 1][0])!r} {counts.max()} times; "
                "dissimilarities need each stimulus once (average repetitions first)"
            )
        _enough(stimuli)
        if self.definition == "default":
            target = target.isel(presentation=np.argsort(stimuli, kind="stable"))
            stimuli = np.sort(stimuli)
        if "subject" not in target.coords or target["subject"].dims != ("neuroid",):
            return _Target(stimuli, distance_matrix(target, self.distance)[None], responses=target)
        subjects = np.unique(target["subject"].values.astype(np.str_))
        rows = [np.flatnonzero(target["subject"].values.astype(np.str_) == subject) for subject in subjects]
        matrices = np.stack([distance_matrix(target.isel(neuroid=columns), self.distance) for columns in rows])
        return _Target(stimuli, matrices, subjects)

    def _source(self, source: xr.DataArray | Gram, stimuli: NDArray[np.str_]) -> Array:
        if isinstance(source, xr.DataArray) and source.dims == ("pair",):
            match_rows(pair_stimuli(source, "the source"), stimuli)
            return np.asarray(matrices_of_pairs(source, stimuli)[0])
        rows = match_rows(source_stimuli(source), stimuli)
        return distance_matrix(source, self.distance)[np.ix_(rows, rows)]


def similarity_metric(options: Mapping[str, Any]) -> SimilarityMetric:
    """The metric with the options of its card, all given.

    Raises
    ------
    UsageError
        If a number is out of its range, or subsamples are asked for outside Brain-Score's definition.
    """
    metric = SimilarityMetric(**options)
    if metric.n_subsamples < 0 or not 0 < metric.subsample_size < 1:
        raise UsageError(
            f"metric 'rdm' is asked for {metric.n_subsamples} subsamples of size {metric.subsample_size}; "
            "expected a number that is not negative and a size between 0 and 1"
        )
    if metric.n_subsamples and metric.definition == "default":
        raise UsageError("metric 'rdm' fits nothing, so only definition='brainscore' takes n_subsamples")
    return metric


def _enough(stimuli: NDArray[np.str_]) -> None:
    if len(stimuli) < 3:
        raise AssemblyError(f"dissimilarities of {len(stimuli)} stimuli cannot be correlated; expected at least 3 stimuli")


def _neuroids(responses: xr.DataArray) -> NDArray[Any]:
    names = responses["neuroid_id"].values if "neuroid_id" in responses.coords else np.arange(responses.sizes["neuroid"])
    return np.asarray(names)
