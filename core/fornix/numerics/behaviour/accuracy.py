"""How often a model is right, and how near that is to how often people are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.interfaces.score import Score
from fornix.numerics.behaviour.decisions import Decisions, decisions, model_labels, no_label_known
from fornix.numerics.definition import Definition
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.rows import each_once, stimuli_of
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.resampling import Array, crossed_replicates, mean_of_units, pair_weights

#: Groups of stimuli of the jackknife of accuracy, whose replicates cost nothing.
ACCURACY_GROUPS: Final = 200


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
        ``units`` (presentation,) is 1 where the label is right; the error is a jackknife over groups of stimuli. A note says
        where none of the model's labels is one of the right ones.

    Raises
    ------
    AssemblyError
        If labels are no strings, a stimulus is there twice, or the model's stimuli are not the target's.
    """
    check_assembly(target, dims=("presentation",), what="the right labels")
    if target.dtype.kind != "U":
        raise AssemblyError(f"the right labels have dtype {target.dtype}; expected str, as the model's labels have")
    stimuli = each_once(stimuli_of(target, "the right labels"), "the right labels")
    label = model_labels(source, stimuli)
    correct = (label == target.values).astype(np.float64)
    groups = stimulus_groups(stimuli, ACCURACY_GROUPS)
    right, n = np.bincount(groups, correct), np.bincount(groups)
    units = xr.DataArray(correct, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli)})
    replicates = replicates_array({"stimuli": ((right.sum() - right) / np.maximum(n.sum() - n, 1), "jackknife")})
    score = Score(value=float(correct.mean()), units=units, notes=no_label_known(label, target.values))
    return with_stated_uncertainty(score, replicates)


def accuracy_distance(
    source: xr.DataArray, target: xr.DataArray, cells: Sequence[str] = (), definition: Definition = "default"
) -> Score:
    """How near the model's accuracy is to that of each subject, as a part of how far off it could be.

    ``1 - |a_m - a_s| / max(a_s, 1 - a_s)`` with the accuracies of model and subject on the images that the subject saw;
    within each cell, averaged over cells, then subjects. The error is for new images, drawn within cells, and new subjects.

    Parameters
    ----------
    source : DataArray of str, dims (presentation,)
        The model's label for each stimulus of the target, with ``stimulus_id``.
    target : DataArray of str, dims (trial,)
        The choices, with coordinates ``subject``, ``stimulus_id`` and ``category``.
    cells : sequence of str
        Coordinates of the target whose values, taken together, are the cells. None: one cell; images are then drawn
        within ``condition``, if the target has that coordinate.
    definition : {"default", "brainscore"}
        Brain-Score reports the standard deviation over subjects as the error.

    Returns
    -------
    Score
        ``units`` has dims (condition, subject), one condition for each cell; ``n_nan`` counts cells a subject has no
        trials in, and a note does: of more than a fifth there is no value (default definition). Another says where none of the
        model's labels is a category of the target.

    Raises
    ------
    AssemblyError
        If coordinates are missing, a subject decided twice on one image, or the model's stimuli are not the target's.
    """
    table = _table(target, cells)
    label = model_labels(source, table.stimulus_id)
    model = np.broadcast_to((label == table.category).astype(np.float64), table.correct.shape)
    score = _distances(table, model, table.correct, None, bool(cells), definition)
    return score.with_(notes=(*no_label_known(label, table.category), *score.notes))


def accuracy_distance_ceiling(target: xr.DataArray, cells: Sequence[str] = (), definition: Definition = "default") -> Score:
    """Accuracy distance between subjects: each taken for the model of each other, on the images that each saw.

    Takes the same draws of images and subjects as :func:`accuracy_distance`. A subject is never compared with its own
    copy. ``units`` has dims (condition, pair).

    Parameters
    ----------
    target, cells
        As for :func:`accuracy_distance`.
    definition : {"default", "brainscore"}
        The distance is not symmetric. Default: both directions of each pair. Brain-Score: the subject whose name sorts
        first is the model of the other; its error is the standard deviation over pairs.

    Raises
    ------
    AssemblyError
        If there is only one subject.
    """
    table = _table(target, cells)
    if len(table.subject) < 2:
        raise AssemblyError("the ceiling of accuracy distance compares subjects; the trials have only one")
    chosen = itertools.permutations if definition == "default" else itertools.combinations
    members = np.array(list(chosen(range(len(table.subject)), 2))).T
    return _distances(table, table.correct[members[0]], table.correct[members[1]], members, bool(cells), definition)


def _table(target: xr.DataArray, cells: Sequence[str]) -> Decisions:
    strata = tuple(cells) or (("condition",) if "condition" in getattr(target, "coords", ()) else ())
    return decisions(target, strata, "accuracy distance")


def _distances(
    table: Decisions,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    members: NDArray[np.int64] | None,
    by_cell: bool,
    definition: Definition,
) -> Score:
    """The score of x as models of y, both (pair, image); ``members`` (2, pair) are the subjects, unless x is the model's."""
    names = np.unique(table.condition) if by_cell else np.array(["all"])
    of = [table.condition == name if by_cell else np.ones(len(table.condition), dtype=bool) for name in names]
    # The model is compared on the images of the subject, and so is a subject who takes the model's place.
    seen = [np.isfinite(side) for side in (x, y)] if members is not None else [np.isfinite(y)] * 2

    def distances(weights: Array) -> Array:
        """(cell, r, pair) under weights of the images (r, image)."""
        found = []
        for images in of:
            with np.errstate(divide="ignore", invalid="ignore"):
                a, b = (
                    weights[:, images]
                    @ np.where(there, side, 0.0)[:, images].T
                    / (weights[:, images] @ there[:, images].T.astype(np.float64))
                    for side, there in zip((x, y), seen, strict=True)
                )
                found.append(1 - np.abs(a - b) / np.maximum(b, 1 - b))
        return np.array(found)

    def score(weights: Array) -> Callable[[Array], Array]:
        found = distances(weights)
        return lambda subjects: mean_of_units(found, subjects if members is None else pair_weights(subjects, members))

    given = distances(np.ones((1, len(table.condition))))
    coordinates: dict[str, Any] = {"condition": names}
    if members is None:
        coordinates["subject"] = ("subject", table.subject)
    else:
        coordinates |= {f"subject_{side}": ("pair", table.subject[row]) for side, row in zip("ab", members, strict=True)}
    units = xr.DataArray(given[:, 0], dims=("condition", "subject" if members is None else "pair"), coords=coordinates)
    value = float(mean_of_units(given, np.ones((1, given.shape[2])))[0])
    n_nan, notes = int(np.isnan(given).sum()), []
    if n_nan:
        what = "accuracies cannot be compared, as there is no image of a cell that both of a pair saw"
        notes.append(lacking(n_nan, given.size, what, "a mean"))
    if definition == "brainscore":
        return Score(value=value, error=float(units.mean("condition").std()), units=units, n_nan=n_nan, notes=tuple(notes))
    if too_many(n_nan, given.size):
        return Score(value=math.nan, units=units, n_nan=n_nan, notes=tuple(notes))
    result = Score(value=value, units=units, n_nan=n_nan, notes=tuple(notes))
    compared = 1 if members is None else 2
    return with_stated_uncertainty(result, crossed_replicates(score, table.condition, len(table.subject), compared=compared))
