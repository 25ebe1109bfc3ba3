"""An estimator as the metric sees it: for each split, predictions of the test rows, and the same refitted.

Each refit lets one group of stimuli weigh less in training, or pairs the rows with permuted targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Protocol

import numpy as np

from fornix.interfaces import AssemblyError
from fornix.numerics.linear.decomposition import Array, Rows, Source
from fornix.numerics.splits import SplitPlan


@dataclass(frozen=True, eq=False)
class Predicted:
    """Predictions of some targets in one split.

    Parameters
    ----------
    split : int
    values : (m, k)
        For the test rows of the split.
    lightened : iterable of (m, k)
        The same, refitted with the weight of each group lowered; to be read before the next predictions are asked for.
    columns : (k,) int, optional
        Which targets; by default all.
    left_out : bool
        For a fit that jumps as rows count less: the groups were left out in training instead.
    """

    split: int
    values: Array
    lightened: Iterable[Array]
    columns: Rows | EllipsisType = ...
    left_out: bool = False


@dataclass(frozen=True, eq=False)
class Permuted:
    """Predictions of some targets in one split, from rows paired with other rows' targets.

    Parameters
    ----------
    split : int
    permutation : int
        Which one.
    values : (m, k)
        For the test rows of the split.
    columns : (k,) int, optional
        Which targets; by default all.
    """

    split: int
    permutation: int
    values: Array
    columns: Rows | EllipsisType = ...


class Estimator(Protocol):
    """A regression from a source of n rows to targets (n, q)."""

    few: float  #: features at most this many times the rows are used as they are, more as inner products

    def check(self, plan: SplitPlan) -> None:
        """Raises AssemblyError where the training parts are too small."""

    def predict(self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float) -> Iterator[Predicted]:
        """Predictions of the test rows of each split, each target in each split once, and those with each group's weight lowered.

        In any order, and of as many targets at once as suits the estimator.

        Parameters
        ----------
        source : Source of n rows
        targets : (n, q)
        plan : SplitPlan
            Over the n rows.
        groups : sequence of (k,) int
            Rows whose weight is lowered together.
        by : float
            How far, from 1: at most 1, which leaves them out.
        """

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[Permuted]:
        """Predictions of the test rows of each split, each target once for each split and permutation; in any order, as above.

        Parameters
        ----------
        source : Source of n rows
        targets : (n, q)
        plan : SplitPlan
        permutations : sequence of (n,) int
            Row i of the source is paired with row ``permutation[i]`` of the targets.
        """


def need_groups(plan: SplitPlan) -> None:
    """Raises AssemblyError where a training part has one group alone, so that none can be left out to choose a penalty by."""
    if plan.whole is not None and any(len(np.unique(plan.whole[train])) < 2 for train in plan.train):
        raise AssemblyError(
            "a split trains on a single group, and of several penalties the best is the one that predicts training groups left "
            "out in turn: give one penalty, or more groups"
        )


def need_training(plan: SplitPlan, least: int, what: str) -> None:
    """Raises AssemblyError where a training part is smaller than an estimator needs."""
    smallest = min(len(train) for train in plan.train)
    if smallest < least:
        raise AssemblyError(f"{what} needs at least {least} training stimuli; a split has {smallest}")
