"""Least squares as an estimator of the metric; the computation is in ``fornix.numerics.regression``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fornix.numerics import regression
from fornix.numerics.decomposition import Array, Rows, Source
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import need_training, positions


@dataclass(frozen=True)
class Linear:
    """Least squares, with the smallest coefficients where many fit equally well."""

    few: float = 2.0

    def check(self, plan: SplitPlan) -> None:
        need_training(plan, 2, "a linear regression")

    def predict(
        self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float
    ) -> Iterator[tuple[Array, list[Array]]]:
        features = source.coordinates()
        for train, test in plan:
            smoother = regression.least_squares(features[train], features[test])
            yield smoother.predict(targets[train]), list(smoother.lightened(targets[train], positions(groups, train), by))

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[list[Array]]:
        features = source.coordinates()
        for train, test in plan:
            smoother = regression.least_squares(features[train], features[test])
            yield [smoother.predict(targets[permutation[train]]) for permutation in permutations]
