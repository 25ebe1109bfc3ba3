"""Ridge regression as an estimator of the metric; the computation is in ``fornix.numerics.regression``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fornix.numerics import regression
from fornix.numerics.decomposition import Array, Decomposition, Rows, Source
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import need_training, positions


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
        need_training(plan, 2, "a ridge regression")

    def predict(
        self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float
    ) -> Iterator[tuple[Array, list[Array]]]:
        for train, test in plan:
            smoother = self._fit(source.decompose(train, test), targets[train])
            yield smoother.predict(targets[train]), list(smoother.lightened(targets[train], positions(groups, train), by))

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
