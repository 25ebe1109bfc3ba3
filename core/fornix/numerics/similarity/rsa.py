"""Representational similarity analysis: scores of a source against one or many measured dissimilarities, and ceilings.

Score and ceiling are resampled by one plan, which depends on stimuli and subjects only: a delete-group jackknife over
stimuli; subjects by jackknife where they are few, else by bootstrap, then crossed with a bootstrap over stimuli.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError
from fornix.interfaces.score import Score
from fornix.numerics.backends import AnyArray, to_numpy
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.similarity.agreement import Agreement, Array, Comparison
from fornix.numerics.similarity.dissimilarity import matrices_of_pairs, pair_stimuli
from fornix.numerics.uncertainty.draws import counts_drawn
from fornix.numerics.uncertainty.intervals import BOTH, FEW_SUBJECTS, replicates_array, stimulus_groups
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.pair_effects import stimulus_deviations, stimulus_variance

#: Three stimuli have three pairs, of which a correlation can be taken.
FEWEST: Final = 3
#: Bootstrap draws of subjects, and of subjects and stimuli at once.
N_DRAWS: Final = 200


def _leave_groups_out(stimulus_id: NDArray[np.str_]) -> Array:
    """Weights (groups, n) of the delete-group jackknife over stimuli: 0 in the group left out, else 1."""
    groups = stimulus_groups(stimulus_id)
    return np.asarray(groups[None, :] != np.arange(groups.max() + 1)[:, None], dtype=np.float64)


def stimulus_counts(n: int, n_draws: int = N_DRAWS) -> Array:
    """Bootstrap weights of sorted stimuli (n_draws, n)."""
    return counts_drawn(n, n_draws, seed=1)


def score_subjects(
    values: Sequence[float], effects: Sequence[AnyArray], stimulus_id: NDArray[np.str_], subjects: NDArray[np.str_]
) -> Score:
    """Mean over subjects of the agreement with each, with its error for new stimuli and subjects.

    Parameters
    ----------
    values : sequence of float, one for each subject
    effects : sequence of (n, n), one for each subject
        What each pair of stimuli adds to the agreement.
    stimulus_id : (n,) str, sorted
    subjects : (s,) str
    """
    by_subject, n = np.array(values), len(subjects)
    xp = array_namespace(effects[0])
    mean = xp.mean(xp.stack(effects), axis=0)
    value = float(by_subject.mean())
    deviations = stimulus_deviations(mean, stimulus_groups(stimulus_id))
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (value + deviations, "jackknife")}
    few = "subjects" if n < 2 else ""
    if 1 < n < FEW_SUBJECTS:
        factors["subjects"] = ((by_subject.sum() - by_subject) / (n - 1), "jackknife")
    elif n >= FEW_SUBJECTS:
        counts = counts_drawn(n, N_DRAWS, seed=0) / n
        of_stimuli = np.stack([to_numpy(matrix.sum(axis=1)) for matrix in effects])
        square = float(np.square(of_stimuli.mean(axis=0)).sum())
        # As above: the part of pairs counts once, though drawing stimuli counts it twice.
        share = np.sqrt(stimulus_variance(mean) / square) if square > 0 else 0.0
        changed = share * (stimulus_counts(len(stimulus_id)) - 1) @ of_stimuli.T
        factors["subjects"] = (counts @ by_subject, "bootstrap", n)
        factors[BOTH] = ((counts * (by_subject + changed)).sum(axis=1), "bootstrap")
    units = xr.DataArray(by_subject, dims=("subject",), coords={"subject": subjects})
    return with_stated_uncertainty(Score(value=value, units=units), replicates_array(factors, not_resampled=few))


def rsa_ceiling(target: xr.DataArray, comparison: Comparison = "spearman", replicates: bool = True) -> Score:
    """How well the best possible model could agree with each subject (Nili et al. 2014).

    The value is the lower bound: the mean over subjects of the agreement with the mean of the other subjects. The upper
    bound, ``details["upper_bound"]``, is that with the mean of all. Dissimilarities are averaged as they are.

    Parameters
    ----------
    target : DataArray, dims (subject, pair)
        Coordinates ``stimulus_a`` and ``stimulus_b`` on pair. For responses, first make one such row for each subject
        with :func:`fornix.numerics.similarity.dissimilarity.dissimilarities`. A pair that is NaN in one subject, whose responses
        to one of its stimuli are all equal, is left out of all comparisons.
    comparison : {"spearman", "pearson", "kendall", "cosine"}
    replicates : bool
        Whether the error is estimated.

    Returns
    -------
    Score
        ``units`` has dims (subject,). The error is for new stimuli and subjects; a subject drawn twice is never compared
        with its own copy. ``n_nan`` counts pairs that are NaN, subject by subject, and subjects whose dissimilarities do not
        vary; notes say which. Without a value where more than a fifth of the pairs are left out.

    Raises
    ------
    AssemblyError
        If there are fewer than 2 subjects or 3 stimuli, or pairs are missing, repeated or infinite.
    """
    if tuple(target.dims) != ("subject", "pair") or target.sizes["subject"] < 2:
        raise AssemblyError(
            f"a ceiling from subjects needs dims (subject, pair) and at least 2 subjects; the target has {dict(target.sizes)}"
        )
    stimuli = pair_stimuli(target, "the target", finite=False)
    if len(stimuli) < FEWEST:
        raise AssemblyError(f"a ceiling from subjects compares pairs of at least {FEWEST} stimuli; the target has {len(stimuli)}")
    names = np.asarray(target["subject"].values if "subject" in target.coords else np.arange(len(target)), dtype=np.str_)
    matrices = matrices_of_pairs(target, stimuli)
    n, missing = len(matrices), np.isnan(target.values)
    matrices[:, np.isnan(matrices).any(axis=0)] = np.nan
    lower = [_with_others(matrices, s, np.ones(n), comparison) for s in range(n)]
    by_subject = np.array([agreement.value for agreement in lower])
    upper = np.array([Agreement(matrix, matrices.mean(axis=0), comparison).value for matrix in matrices])
    lost = int(missing.any(axis=0).sum())
    notes = _notes(missing, lost, by_subject, names)
    score = Score(
        value=float("nan") if too_many(lost, missing.shape[1]) else float(by_subject.mean()),
        units=xr.DataArray(by_subject, dims=("subject",), coords={"subject": names}),
        n_nan=int(missing.sum()) + (int(np.isnan(by_subject).sum()) if lost < missing.shape[1] else 0),
        notes=notes,
        details={"upper_bound": float("nan") if too_many(lost, missing.shape[1]) else float(upper.mean())},
    )
    if not replicates or np.isnan(score.value):
        return score
    jackknifed = np.array([agreement(_leave_groups_out(stimuli)) for agreement in lower])
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (jackknifed.mean(axis=0), "jackknife")}
    few = "subjects" if n < 3 else ""  # without one of two, the other has nobody to agree with
    if 2 < n < FEW_SUBJECTS:
        without = [_lower_bound(matrices, np.arange(n) != s, np.ones((1, len(stimuli))), comparison)[0] for s in range(n)]
        factors["subjects"] = (without, "jackknife")
    elif n >= FEW_SUBJECTS:
        weights = stimulus_counts(len(stimuli))
        drawn = np.array(
            [
                _lower_bound(matrices, counts, np.stack([np.ones(len(stimuli)), weight]), comparison)
                for counts, weight in zip(counts_drawn(n, N_DRAWS, seed=0), weights, strict=True)
            ]
        )
        factors["subjects"] = (drawn[:, 0], "bootstrap", n)
        factors[BOTH] = (drawn[:, 1], "bootstrap")
    return with_stated_uncertainty(score, replicates_array(factors, not_resampled=few))


def _notes(missing: NDArray[np.bool_], lost: int, by_subject: Array, names: NDArray[np.str_]) -> tuple[str, ...]:
    """What a reader must know of pairs that are missing (subject, pair), and of subjects without an agreement."""
    if lost:
        whose = str(names[int(missing.sum(axis=1).argmax())])
        what = (
            f"pairs of stimuli have no dissimilarity in one of the subjects (most in {whose!r}), whose responses to one of them "
            "are equal but for rounding"
        )
        return (lacking(lost, missing.shape[1], what, "a ceiling"),)
    flat = np.isnan(by_subject)
    if not flat.any():
        return ()
    which = f"{flat.sum()} of {len(flat)} subjects, such as {str(names[flat][0])!r}"
    return (f"{which}, have nothing to agree on, as their dissimilarities or those of the others do not vary",)


def _with_others(matrices: Array, s: int, counts: Array, comparison: Comparison) -> Agreement:
    """Agreement of subject s with the mean of the others, each counted as often as it was drawn; no copy of s among them."""
    others = np.where(np.arange(len(matrices)) == s, 0.0, counts)
    total = others.sum()
    mean = np.tensordot(others / total, matrices, axes=1) if total > 0 else np.full_like(matrices[0], np.nan)
    return Agreement(matrices[s], mean, comparison)


def _lower_bound(matrices: Array, counts: NDArray[Any], weights: Array, comparison: Comparison) -> Array:
    """The lower bound (k,) from subjects counted as often as drawn, under each row of stimulus weights (k, n)."""
    drawn = np.asarray(counts, dtype=np.float64)
    present = np.flatnonzero(drawn)
    values = np.array([_with_others(matrices, s, drawn, comparison)(weights) for s in present.tolist()])
    return np.asarray(drawn[present] @ values / drawn.sum())
