"""Trials with two objects to choose from, as a table of which images are taken for which objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.numerics.rows import each_once, match_rows, stimuli_of
from fornix.numerics.uncertainty.resampling import Array

#: Random halves of the trials behind a ceiling (default definition).
N_HALVES: Final = 20


@dataclass(frozen=True)
class Discriminations:
    """Two-alternative trials: which image was shown beside which distractor, by whom, and whether the distractor was chosen.

    Parameters
    ----------
    image, distractor, subject : (trial,) int
        Row numbers of ``stimulus_id``, ``category`` and ``subjects``.
    wrong : (trial,) float64
        1 where the distractor was chosen.
    stimulus_id : (image,) str, sorted
    truth : (image,) int
        The object in each image, a row number of ``category``.
    category : (object,) str, sorted
    subjects : (subject,) str, sorted
        One, unnamed, where the trials do not say who answered.
    """

    image: NDArray[np.int64]
    distractor: NDArray[np.int64]
    subject: NDArray[np.int64]
    wrong: Array
    stimulus_id: NDArray[np.str_]
    truth: NDArray[np.int64]
    category: NDArray[np.str_]
    subjects: NDArray[np.str_]

    def confusions(self, weights: Array | None = None) -> Array:
        """How often the image of each row is taken for each object (image, object), where both were to choose from.

        Parameters
        ----------
        weights : (trial,), optional
            How much each trial counts. NaN where none does, and for the object in the image.
        """
        counted = np.ones(len(self.wrong)) if weights is None else weights
        shape = len(self.stimulus_id), len(self.category)
        cell = self.image * shape[1] + self.distractor
        shown, taken = (np.bincount(cell, w, minlength=shape[0] * shape[1]) for w in (counted, counted * self.wrong))
        with np.errstate(invalid="ignore"):
            return np.asarray((taken / shown).reshape(shape))


def discriminations(trials: xr.DataArray) -> Discriminations:
    """Trials as a table.

    Parameters
    ----------
    trials : DataArray of str, dims (trial,)
        The choices, with coordinates ``stimulus_id``, ``category`` (the object in the image) and ``distractor`` (the
        other one to choose from), and ``subject`` where it is known.

    Raises
    ------
    AssemblyError
        If a coordinate is missing, an image has two categories, or a choice is neither of the two offered.
    """
    check_assembly(trials, dims=("trial",), what="the trials")
    for name in ("stimulus_id", "category", "distractor"):
        if name not in trials.coords:
            raise AssemblyError(f"the trials have no coordinate {name!r}; i1 and i2n need stimulus_id, category and distractor")
    columns = {name: trials[name].values.astype(np.str_) for name in ("stimulus_id", "category", "distractor")}
    choices = trials.values.astype(np.str_)
    strange = (choices != columns["category"]) & (choices != columns["distractor"])
    if strange.any():
        k = int(np.flatnonzero(strange)[0])
        chosen, ours, theirs = (str(names[k]) for names in (choices, columns["category"], columns["distractor"]))
        raise AssemblyError(
            f"{strange.sum()} choices are neither the object in the image nor the distractor; trial {k} has {chosen!r} of "
            f"{ours!r} and {theirs!r} (leave missed responses out)"
        )
    if (columns["category"] == columns["distractor"]).any():
        raise AssemblyError("the distractor of a trial is the object in its image")
    stimuli, first, image = np.unique(columns["stimulus_id"], return_index=True, return_inverse=True)
    category = np.unique(np.concatenate([columns["category"], columns["distractor"]]))
    if (columns["category"] != columns["category"][first][image]).any():
        raise AssemblyError("an image of the trials has two categories")
    who = trials["subject"].values.astype(np.str_) if "subject" in trials.coords else np.full(trials.size, "")
    subjects, subject = np.unique(who, return_inverse=True)
    return Discriminations(
        image=image,
        distractor=np.searchsorted(category, columns["distractor"]),
        subject=subject,
        wrong=(choices == columns["distractor"]).astype(np.float64),
        stimulus_id=stimuli,
        truth=np.searchsorted(category, columns["category"][first]),
        category=category,
        subjects=subjects,
    )


def model_confusions(source: xr.DataArray, table: Discriminations) -> Array:
    """How often a model takes the image of each row for each object (image, object): ``P(c) / (P(c) + P(object in the image))``.

    Parameters
    ----------
    source : DataArray of float, dims (presentation, choice)
        Probabilities, with ``stimulus_id`` and ``choice``.

    Raises
    ------
    AssemblyError
        If images or objects do not match those of the trials, an object is there twice, or a number is below 0.
    """
    check_assembly(source, dims=("presentation", "choice"), finite=True, what="the model's probabilities")
    if "choice" not in source.coords:
        raise AssemblyError("the model's probabilities have no coordinate 'choice', which names the objects")
    stimuli = each_once(stimuli_of(source, "the model's probabilities"), "the model's probabilities")
    names = source["choice"].values.astype(np.str_).tolist()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise AssemblyError(
            f"the model's probabilities have {twice!r} {names.count(twice)} times in 'choice'; expected each object once"
        )
    lacking = sorted(set(table.category.tolist()) - set(names))
    if lacking:
        raise AssemblyError(f"the model has no probability of {lacking[0]!r}, one of {len(lacking)} objects that it lacks")
    rows = match_rows(stimuli, table.stimulus_id)
    values = source.values[np.ix_(rows, [names.index(name) for name in table.category.tolist()])].astype(np.float64)
    if (values < 0).any():
        raise AssemblyError(f"{(values < 0).sum()} of the model's probabilities are below 0")
    images = np.arange(len(rows))
    with np.errstate(invalid="ignore"):
        p = values / (values + values[images, table.truth][:, None])
    p[images, table.truth] = np.nan
    return np.asarray(p)


def shuffled_halves(n: int) -> Iterator[Array]:
    """Brain-Score's two splits of the trials in the order of their rows: 1 for the first half."""
    rng = np.random.RandomState(0)
    for _ in range(2):
        first = np.zeros(n)
        first[rng.permutation(n)[: n // 2]] = 1.0
        yield first


def halves_of_cells(table: Discriminations) -> list[Array]:
    """Random halves of the trials of each image and distractor, whatever the order of the rows: 1 for the first half."""
    rng = np.random.default_rng(1)
    order = np.lexsort((table.wrong, table.subject, table.distractor, table.image))
    halves = []
    for _ in range(N_HALVES):
        shuffled = order[np.lexsort((rng.random(len(order)), table.distractor[order], table.image[order]))]
        first = np.zeros(len(order))
        first[shuffled[int(rng.integers(2)) :: 2]] = 1.0
        halves.append(first)
    return halves
