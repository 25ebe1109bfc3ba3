"""The estimators as the metric sees them: for each split, predictions of the test rows, and the same refitted.

Each refit lets one group of stimuli weigh less in training, or pairs the rows with permuted targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from fornix.interfaces import AssemblyError
from fornix.numerics import regression
from fornix.numerics.decomposition import Array, Decomposition, Rows, Source
from fornix.numerics.pls import TrainingPart, pls_predictions
from fornix.numerics.splits import SplitPlan


class Estimator(Protocol):
    """A regression from a source of n rows to targets (n, q)."""

    few: float  #: features at most this many times the rows are used as they are, more as inner products

    def check(self, plan: SplitPlan) -> None:
        """Raises AssemblyError where the training parts are too small."""

    def predict(
        self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float
    ) -> Iterator[tuple[Array, list[Array]]]:
        """For each split the predictions (m, q) of its test rows, and those with each group's weight lowered."""

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[list[Array]]:
        """For each split the predictions (m, q), row i of the source paired with row ``permutation[i]`` of the targets."""


@dataclass(frozen=True)
class Ridge:
    """Ridge regression with one penalty for all targets, chosen within the training rows where several are given.

    Parameters
    ----------
    alphas : tuple of float
    mean_diagonal : bool
        Whether they are in units of the mean diagonal of the centred training Gram.
    """

    alphas: tuple[float, ...]
    mean_diagonal: bool = False
    few: float = 0.5

    def check(self, plan: SplitPlan) -> None:
        _need(plan, 2, "a ridge regression")

    def predict(
        self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float
    ) -> Iterator[tuple[Array, list[Array]]]:
        for train, test in plan:
            smoother = self._fit(source.decompose(train, test), targets[train])
            yield smoother.predict(targets[train]), list(smoother.lightened(targets[train], _positions(groups, train), by))

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[list[Array]]:
        for train, test in plan:
            decomposition = source.decompose(train, test)
            shuffled = [targets[permutation[train]] for permutation in permutations]
            yield [self._fit(decomposition, y).predict(y) for y in shuffled]

    def _fit(self, decomposition: Decomposition, targets: Array) -> regression.Smoother:
        # A source that does not vary has no scale; any penalty then gives the mean of the targets.
        unit = (regression.mean_diagonal(decomposition) or 1.0) if self.mean_diagonal else 1.0
        alpha = regression.select_alpha(decomposition, targets, [alpha * unit for alpha in self.alphas])
        return regression.ridge(decomposition, alpha)


@dataclass(frozen=True)
class Linear:
    """Least squares, with the smallest coefficients where many fit equally well."""

    few: float = 2.0

    def check(self, plan: SplitPlan) -> None:
        _need(plan, 2, "a linear regression")

    def predict(
        self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float
    ) -> Iterator[tuple[Array, list[Array]]]:
        features = source.coordinates()
        for train, test in plan:
            smoother = regression.least_squares(features[train], features[test])
            yield smoother.predict(targets[train]), list(smoother.lightened(targets[train], _positions(groups, train), by))

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[list[Array]]:
        features = source.coordinates()
        for train, test in plan:
            smoother = regression.least_squares(features[train], features[test])
            yield [smoother.predict(targets[permutation[train]]) for permutation in permutations]


@dataclass(frozen=True)
class PLS:
    """Partial least squares over all targets at once, unscaled."""

    n_components: int
    few: float = 0.5

    def check(self, plan: SplitPlan) -> None:
        _need(plan, self.n_components + 1, f"PLS with {self.n_components} components")

    def predict(
        self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float
    ) -> Iterator[tuple[Array, list[Array]]]:
        parts, wanted = [], []
        for train, test in plan:
            weights = _weights(len(source), train)
            parts.append(TrainingPart(weights))
            for rows in groups:
                light = weights.copy()
                light[rows] *= 1 - by
                parts.append(TrainingPart(light))
            wanted += [test] * (len(groups) + 1)
        predictions = pls_predictions(source, targets, parts, wanted, self.n_components)
        for _ in range(len(plan)):
            yield next(predictions), [next(predictions) for _ in groups]

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[list[Array]]:
        parts = [TrainingPart(_weights(len(source), train), permutation) for train in plan.train for permutation in permutations]
        wanted = [test for test in plan.test for _ in permutations]
        predictions = pls_predictions(source, targets, parts, wanted, self.n_components)
        for _ in range(len(plan)):
            yield [next(predictions) for _ in permutations]


def _need(plan: SplitPlan, least: int, what: str) -> None:
    smallest = min(len(train) for train in plan.train)
    if smallest < least:
        raise AssemblyError(f"{what} needs at least {least} training stimuli; a split has {smallest}")


def _weights(n: int, train: Rows) -> Array:
    weights = np.zeros(n)
    weights[train] = 1.0
    return weights


def _positions(groups: Sequence[Rows], train: Rows) -> list[Rows]:
    """Where the rows of each group stand among the training rows."""
    return [np.flatnonzero(np.isin(train, rows)) for rows in groups]
