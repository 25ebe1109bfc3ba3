"""Delays between what is shown and what is measured: rows of a run paired with earlier rows of the same run.

A run is a stretch of rows that follow each other in time: the volumes of a scan, the time bins of a presentation. A delay is a
number of rows; below 0, later rows are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.numerics.splits import SplitPlan

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Delayed:
    """The rows whose whole history was recorded, and that history.

    Parameters
    ----------
    rows : (m,) int
        In the order given; a row that would look beyond an end of its run is not among them, so that nothing is made up.
    history : (m, d) int
        For each of them, the row of its run that stands each delay before it.
    """

    rows: Rows
    history: Rows

    def features(self, values: Array) -> Array:
        """Features (n, p) at each delay side by side: (m, d p), each delay with weights of its own."""
        return np.asarray(values[self.history].reshape(len(self.rows), -1))

    def products(self, products: Array) -> Array:
        """The inner products (m, m) of :meth:`features`, from those of the features (n, n): their sum over the delays."""
        total = np.zeros((len(self.rows), len(self.rows)))
        for rows in self.history.T:
            total += products[np.ix_(rows, rows)]
        return total


def delayed(run: ArrayLike, place: ArrayLike, delays: Sequence[int]) -> Delayed:
    """Pairs each row with the rows of its run that stand the given delays before it.

    Parameters
    ----------
    run : (n,)
        The run of each row.
    place : (n,) int
        Where the row stands in its run, in steps of one row; steps may be missing.
    delays : sequence of int
        Different whole numbers, in steps.

    Raises
    ------
    ValueError
        If places are not whole or two rows share one, if delays are none, no whole numbers or not different, or if a run is
        too short for any row to have its whole history.
    """
    names, number = np.unique(np.asarray(run), return_inverse=True)
    places, steps = _whole(place, "the places of rows in their run"), _whole(delays, "delays")
    if not len(steps) or len(np.unique(steps)) < len(steps):
        raise ValueError(f"the delays are {list(delays)}; expected at least one, each once")
    row_at = {key: row for row, key in enumerate(zip(number.tolist(), places.tolist(), strict=True))}
    if len(row_at) < len(places):
        counted = list(zip(number.tolist(), places.tolist(), strict=True))
        twice = next(key for key in counted if counted.count(key) > 1)
        raise ValueError(f"two rows of run {names[twice[0]]!s} have the place {twice[1]}; expected each place once in a run")
    history = np.array([[row_at.get((r, p - d), -1) for d in steps.tolist()] for (r, p) in row_at], dtype=np.int64)
    rows = np.flatnonzero((history >= 0).all(axis=1)).astype(np.int64)
    for r in range(len(names)):
        if not (number[rows] == r).any():
            raise ValueError(
                f"run {names[r]!s} has {int((number == r).sum())} rows, and none of them has its whole history at the delays "
                f"{steps.tolist()}: give shorter delays, or leave the run out"
            )
    return Delayed(rows, history[rows])


def cut_runs(run: ArrayLike, plan: SplitPlan) -> list[Any]:
    """The runs that a split of the plan cuts in two: part of them trains, part is tested.

    Parameters
    ----------
    run : (n,)
        The run of each row of the plan.
    """
    runs = np.asarray(run)
    return sorted({name for train, test in plan for name in np.intersect1d(runs[train], runs[test]).tolist()})


def _whole(values: ArrayLike, what: str) -> Rows:
    numbers = np.asarray(values)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iuf" or (numbers != np.round(numbers)).any():
        raise ValueError(f"{what} are {numbers.ravel().tolist()[:5]} (dtype {numbers.dtype}); expected whole numbers")
    return numbers.astype(np.int64)
