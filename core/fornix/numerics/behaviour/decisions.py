"""Decisions of several subjects on the same images: right or wrong, from trials or from a model's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.numerics.rows import each_once, match_rows, stimuli_of


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


def decisions(trials: xr.DataArray, conditions: Sequence[str] = ("condition",), metric: str = "error consistency") -> Decisions:
    """Trials as a table of decisions; a choice that is not the category, a missed response included, is wrong.

    Parameters
    ----------
    trials : DataArray of str, dims (trial,)
        The choices, with coordinates ``subject``, ``stimulus_id``, ``category`` and ``conditions`` on trial.
    conditions : sequence of str
        The coordinates whose values, taken together, are the condition of a trial; none: all trials are of one condition.
    metric : str
        Who asks, for the sentences of errors.

    Raises
    ------
    AssemblyError
        If a coordinate is missing, a subject decided twice on one image in one condition, or an image has two categories.
    """
    check_assembly(trials, dims=("trial",), what="the trials")
    if trials.dtype.kind != "U":
        raise AssemblyError(f"the choices of the trials have dtype {trials.dtype}; expected str, the name that was chosen")
    names = ("subject", *conditions, "stimulus_id", "category")
    for name in names:
        if name not in trials.coords:
            raise AssemblyError(f"the trials have no coordinate {name!r}; {metric} needs {', '.join(names)}")
    columns = {name: trials[name].values.astype(np.str_) for name in ("subject", "stimulus_id", "category")}
    subjects, row = np.unique(columns["subject"], return_inverse=True)
    labels, condition = _joined(trials, conditions)
    stimuli, stimulus = np.unique(columns["stimulus_id"], return_inverse=True)
    images, first, image = np.unique(condition * len(stimuli) + stimulus, return_index=True, return_inverse=True)
    if len(np.unique(row * len(images) + image)) < len(row):
        raise AssemblyError(f"a subject has two decisions on one image in one condition; {metric} needs one")
    category = columns["category"][first]
    if (columns["category"] != category[image]).any():
        raise AssemblyError("an image of the trials has two categories")
    correct = np.full((len(subjects), len(images)), np.nan)
    correct[row, image] = trials.values == columns["category"]
    return Decisions(correct, subjects, labels[images // len(stimuli)], stimuli[images % len(stimuli)], category)


def model_labels(source: xr.DataArray, stimuli: NDArray[Any]) -> NDArray[np.str_]:
    """The model's label of each stimulus.

    Parameters
    ----------
    source : DataArray of str, dims (presentation,)
        Each of the stimuli once, in any order.
    stimuli : (n,) str
        May repeat a stimulus.

    Raises
    ------
    AssemblyError
        If the labels are no strings, repeat a stimulus, or are those of other stimuli.
    """
    check_assembly(source, dims=("presentation",), what="the model's labels")
    if source.dtype.kind != "U":
        raise AssemblyError(f"the model's labels have dtype {source.dtype}; expected str")
    known = each_once(stimuli_of(source, "the model's labels"), "the model's labels")
    return source.values[match_rows(known, stimuli)]


def no_label_known(labels: NDArray[np.str_], categories: NDArray[np.str_]) -> tuple[str, ...]:
    """A note where none of a model's labels is a category of the target, as where one is written in capitals; else nothing.

    Parameters
    ----------
    labels, categories : (n,) str
    """
    if np.isin(labels, categories).any():
        return ()
    return (
        f"none of the model's labels, such as {str(labels[0])!r}, is a category of the target, such as {str(categories[0])!r}: "
        "all count as wrong",
    )


def _joined(trials: xr.DataArray, names: Sequence[str]) -> tuple[NDArray[np.str_], NDArray[np.int64]]:
    """The distinct values of several coordinates together, and which of them each trial has."""
    if len(names) == 0:
        return np.array(["all"]), np.zeros(trials.size, dtype=np.int64)
    columns = [trials[name].values.astype(np.str_) for name in names]
    values, index = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return np.array([", ".join(row) for row in values.tolist()]), index.reshape(-1)
