"""Scores of behaviour: error consistency of decisions, accuracy of labels, correlation of a predictor with a measurement."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.interfaces.score import Score
from fornix.numerics.rows import match_rows
from fornix.numerics.uncertainty import (
    BOTH,
    FEW_SUBJECTS,
    jackknife_pearson,
    replicates_array,
    stimulus_groups,
    with_uncertainty,
)

Definition = Literal["default", "brainscore"]

#: Draws of a bootstrap.
N_DRAWS: Final = 1000
#: A score fails if more than this part of its kappas have no value.
MOST_NAN: Final = 0.2
#: Groups of stimuli of the jackknife of accuracy, whose replicates cost nothing.
ACCURACY_GROUPS: Final = 200


@dataclass(frozen=True)
class Decisions:
    """Which decisions of several subjects on the same images were right.

    Parameters
    ----------
    correct : (subject, image) float64
        1 right, 0 wrong, NaN where the subject was not shown the image.
    subject : (subject,) str, sorted
    condition, stimulus_id, category : (image,) str
        Sorted by condition, then stimulus.
    """

    correct: NDArray[np.float64]
    subject: NDArray[np.str_]
    condition: NDArray[np.str_]
    stimulus_id: NDArray[np.str_]
    category: NDArray[np.str_]


def decisions(trials: xr.DataArray) -> Decisions:
    """Trials as a table of decisions; a choice that is not the category, a missed response included, is wrong.

    Parameters
    ----------
    trials : DataArray of str, dims (trial,)
        The choices, with coordinates ``subject``, ``condition``, ``stimulus_id`` and ``category`` on trial.

    Raises
    ------
    AssemblyError
        If a coordinate is missing, a subject decided twice on one image in one condition, or an image has two categories.
    """
    check_assembly(trials, dims=("trial",), what="the trials")
    names = ("subject", "condition", "stimulus_id", "category")
    for name in names:
        if name not in trials.coords:
            raise AssemblyError(f"the trials have no coordinate {name!r}; error consistency needs {', '.join(names)}")
    columns = {name: trials[name].values.astype(np.str_) for name in names}
    subjects, row = np.unique(columns["subject"], return_inverse=True)
    conditions, condition = np.unique(columns["condition"], return_inverse=True)
    stimuli, stimulus = np.unique(columns["stimulus_id"], return_inverse=True)
    images, first, image = np.unique(condition * len(stimuli) + stimulus, return_index=True, return_inverse=True)
    if len(np.unique(row * len(images) + image)) < len(row):
        raise AssemblyError("a subject has two decisions on one image in one condition; error consistency needs one")
    category = columns["category"][first]
    if (columns["category"] != category[image]).any():
        raise AssemblyError("an image of the trials has two categories")
    correct = np.full((len(subjects), len(images)), np.nan)
    correct[row, image] = trials.values.astype(np.str_) == columns["category"]
    return Decisions(correct, subjects, conditions[images // len(stimuli)], stimuli[images % len(stimuli)], category)


def kappas(x: NDArray[np.float64], y: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cohen's kappa between right and wrong decisions, for each resample of the images.

    ``kappa = (observed - chance) / (1 - chance)``, where observed is how often both are right or both wrong and
    ``chance = a b + (1 - a)(1 - b)`` with the accuracies a and b (Geirhos et al. 2020, arXiv:2006.16736). NaN where chance
    is 1: both are right, or both wrong, on every image.

    Parameters
    ----------
    x, y : (pair, image) float64
        1, 0 or NaN; images that either did not see are left out.
    weights : (resample, image) float64
        How often each image is drawn.

    Returns
    -------
    (resample, pair) float64
    """
    seen = np.isfinite(x) & np.isfinite(y)
    x, y = (np.where(seen, v, 0.0) for v in (x, y))
    with np.errstate(divide="ignore", invalid="ignore"):
        n = weights @ seen.T.astype(np.float64)
        a, b, joint = (weights @ v.T / n for v in (x, y, x * y))
        observed = 1 - a - b + 2 * joint
        chance = a * b + (1 - a) * (1 - b)
        return np.asarray(np.where(1 - chance > 1e-12, (observed - chance) / (1 - chance), np.nan))


def error_consistency(source: xr.DataArray, target: xr.DataArray, definition: Definition = "default") -> Score:
    """Whether a model errs on the images that people err on, beyond what the accuracies explain.

    Cohen's kappa (:func:`kappas`) between the model and each subject within each condition, averaged over conditions,
    then subjects. The error is for new images, drawn within conditions, and new subjects.

    Parameters
    ----------
    source : DataArray of str, dims (presentation,)
        The model's label for each stimulus of the target, with ``stimulus_id``.
    target : DataArray of str, dims (trial,)
        See :func:`decisions`.
    definition : {"default", "brainscore"}
        Brain-Score reports the absolute value of the mean, and the standard deviation over cells as the error.

    Returns
    -------
    Score
        ``units`` has dims (condition, subject); ``n_nan`` counts kappas whose chance is 1.

    Raises
    ------
    AssemblyError
        If the model lacks a stimulus of the target, or has another one.
    ValueError
        If more than 20 % of the kappas have no value.
    """
    table = decisions(target)
    label = _labels(source, table.stimulus_id)
    model = (label == table.category).astype(np.float64)[None, :]
    pairs = _Pairs(np.broadcast_to(model, table.correct.shape), table.correct, np.arange(len(table.subject))[None, :])
    return _score(table, pairs, {"subject": ("subject", table.subject)}, definition)


def error_consistency_ceiling(target: xr.DataArray, definition: Definition = "default") -> Score:
    """Error consistency between subjects: kappa of each pair within each condition, averaged over conditions, then pairs.

    Takes the same draws of images and subjects as :func:`error_consistency`, so that both can be resampled together. When
    subjects are drawn with replacement, a subject is never paired with its own copy. ``units`` has dims (condition, pair).
    """
    table = decisions(target)
    if len(table.subject) < 2:
        raise AssemblyError("the ceiling of error consistency compares subjects; the trials have only one")
    members = np.array(list(itertools.combinations(range(len(table.subject)), 2))).T
    coordinates = {f"subject_{side}": ("pair", table.subject[member]) for side, member in zip("ab", members, strict=True)}
    return _score(table, _Pairs(table.correct[members[0]], table.correct[members[1]], members), coordinates, definition)


def accuracy(source: xr.DataArray, target: xr.DataArray) -> Score:
    """Part of the stimuli that are named right.

    Parameters
    ----------
    source : DataArray of str, dims (presentation,)
        The model's labels, with ``stimulus_id``.
    target : DataArray of str, dims (presentation,)
        The right labels, each stimulus once.

    Returns
    -------
    Score
        ``units`` (presentation,) is 1 where the label is right; the error is a jackknife over groups of stimuli.
    """
    check_assembly(target, dims=("presentation",), what="the right labels")
    stimuli = target["stimulus_id"].values
    check_assembly(target, stimulus_ids=stimuli.tolist(), what="the right labels")
    correct = (_labels(source, stimuli) == target.values.astype(np.str_)).astype(np.float64)
    groups = stimulus_groups(stimuli, ACCURACY_GROUPS)
    right, n = np.bincount(groups, correct), np.bincount(groups)
    units = xr.DataArray(correct, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli)})
    replicates = replicates_array({"stimuli": ((right.sum() - right) / np.maximum(n.sum() - n, 1), "jackknife")})
    return with_uncertainty(Score(value=float(correct.mean()), units=units), replicates)


def predictor_correlation(
    source: xr.DataArray, target: xr.DataArray, group: str = "", definition: Definition = "default"
) -> Score:
    """Pearson correlation, over stimuli, of one number for each stimulus with another.

    Parameters
    ----------
    source, target : DataArray of float, dims (presentation,)
        With ``stimulus_id``; matched by it. Stimuli where either is NaN are left out and counted.
    group : str
        A coordinate of the target whose values are resampled as wholes (the story of a word); empty: single stimuli.
    definition : {"default", "brainscore"}
        Brain-Score gives no error.

    Returns
    -------
    Score
        ``units`` (presentation,) are the products of standard scores, whose mean is r. The error is a jackknife over
        (groups of) stimuli.
    """
    for assembly, what in ((source, "the model's predictor"), (target, "the measurement")):
        check_assembly(assembly, dims=("presentation",), what=what)
        check_assembly(assembly, stimulus_ids=assembly["stimulus_id"].values.tolist(), what=what)
    stimuli = target["stimulus_id"].values
    x = source.values.astype(np.float64)[match_rows(source["stimulus_id"].values, stimuli)]
    y = target.values.astype(np.float64)
    if group and group not in target.coords:
        raise AssemblyError(
            f"the measurement has no coordinate {group!r} to resample by; it has {', '.join(map(str, target.coords))}"
        )
    groups = stimulus_groups(target[group].values if group else stimuli)
    r, without_group = jackknife_pearson(x[:, None], y[:, None], groups)
    there = np.isfinite(x) & np.isfinite(y)
    shares = np.full(len(x), np.nan)
    shares[there] = _standardised(x[there]) * _standardised(y[there])
    units = xr.DataArray(shares, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli)})
    score = Score(value=float(r[0]), units=units, n_nan=int((~there).sum()))
    if definition == "brainscore":
        return score
    return with_uncertainty(score, replicates_array({"stimuli": (without_group[:, 0], "jackknife")}))


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard scores; NaN where nothing varies."""
    deviation = x.std()
    return np.asarray((x - x.mean()) / (deviation if deviation > 0 else np.nan))


def _labels(source: xr.DataArray, stimuli: NDArray[Any]) -> NDArray[np.str_]:
    """The model's label of each stimulus."""
    check_assembly(source, dims=("presentation",), what="the model's labels")
    if source.dtype.kind != "U":
        raise AssemblyError(f"the model's labels have dtype {source.dtype}; expected str")
    check_assembly(source, stimulus_ids=source["stimulus_id"].values.tolist(), what="the model's labels")
    return source.values[match_rows(source["stimulus_id"].values, stimuli)]


@dataclass(frozen=True)
class _Pairs:
    """What is compared: x and y (pair, image), and the subjects (member, pair) of which each pair consists."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    members: NDArray[np.int64]


def _score(table: Decisions, pairs: _Pairs, coordinates: dict[str, Any], definition: Definition) -> Score:
    conditions = np.unique(table.condition)
    once = np.ones((1, len(table.condition)))
    cells = _cells(table, pairs, once)[:, 0]
    n_nan = int(np.isnan(cells).sum())
    if n_nan > MOST_NAN * cells.size:
        raise ValueError(
            f"{n_nan} of {cells.size} kappas have no value, because both of a pair were right (or wrong) on every image of a "
            f"condition; more than {MOST_NAN:.0%} is too many for a mean"
        )
    dim = "pair" if "subject_a" in coordinates else "subject"
    units = xr.DataArray(cells, dims=("condition", dim), coords={"condition": conditions, **coordinates})
    value = float(_mean(cells[:, None, :], np.ones((1, cells.shape[1])))[0])
    if definition == "brainscore":
        return Score(value=abs(value), error=float(np.nanstd(cells)), units=units, n_nan=n_nan)
    return with_uncertainty(Score(value=value, units=units, n_nan=n_nan), _replicates(table, pairs, cells[:, None, :]))


def _cells(table: Decisions, pairs: _Pairs, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kappas (condition, resample, pair)."""
    of = [table.condition == condition for condition in np.unique(table.condition)]
    return np.array([kappas(pairs.x[:, images], pairs.y[:, images], weights[:, images]) for images in of])


def _mean(cells: NDArray[np.float64], pair_weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(condition, resample, pair) and (resample, pair) -> (resample,): mean over conditions, then over pairs."""
    there = np.isfinite(cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_pair = np.where(there, cells, 0.0).sum(axis=0) / there.sum(axis=0)
        weights = np.where(np.isfinite(by_pair), pair_weights, 0.0)
        return np.asarray((np.where(weights > 0, by_pair, 0.0) * weights).sum(axis=1) / weights.sum(axis=1))


def _replicates(table: Decisions, pairs: _Pairs, cells: NDArray[np.float64]) -> xr.DataArray:
    """Images drawn with replacement within conditions; few subjects jackknifed, more of them drawn and crossed with images."""
    n_subjects, n_images = len(table.subject), len(table.stimulus_id)
    images = np.random.default_rng(0)
    weights = np.empty((N_DRAWS, n_images))
    for condition in np.unique(table.condition):
        of = np.flatnonzero(table.condition == condition)
        weights[:, of] = images.multinomial(len(of), np.full(len(of), 1 / len(of)), size=N_DRAWS)
    resampled = _cells(table, pairs, weights)
    n_pairs = pairs.x.shape[0]
    by_factor: dict[str, tuple[Any, ...]] = {"stimuli": (_mean(resampled, np.ones((1, n_pairs))), "bootstrap", n_images)}
    if 2 <= n_subjects < FEW_SUBJECTS:
        left_in = 1.0 - np.eye(n_subjects)
        by_factor["subjects"] = (_mean(cells, _pair_weights(left_in, pairs)), "jackknife")
    elif n_subjects >= FEW_SUBJECTS:
        chance = np.full(n_subjects, 1 / n_subjects)
        drawn = np.random.default_rng(1).multinomial(n_subjects, chance, size=N_DRAWS).astype(np.float64)
        by_factor["subjects"] = (_mean(cells, _pair_weights(drawn, pairs)), "bootstrap", n_subjects)
        by_factor[BOTH] = (_mean(resampled, _pair_weights(drawn, pairs)), "bootstrap", min(n_images, n_subjects))
    return replicates_array(by_factor)


def _pair_weights(drawn: NDArray[np.float64], pairs: _Pairs) -> NDArray[np.float64]:
    """How often each pair occurs when each subject is drawn so often: (resample, subject) -> (resample, pair)."""
    return np.asarray(math.prod((drawn[:, member] for member in pairs.members), start=np.ones(1)))
