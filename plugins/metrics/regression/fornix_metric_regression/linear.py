"""Least squares as an estimator of the metric; the computation is in ``fornix.numerics``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fornix.numerics.linear import regression
from fornix.numerics.linear.decomposition import Array, Rows, Source
from fornix.numerics.linear.leaving_out import ridge_of_all_rows
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Permuted, Predicted, need_training
from fornix_metric_regression.fitting import Fitting


@dataclass(frozen=True)
class Linear:
    """Least squares, with the smallest coefficients where many fit equally well."""

    fitting: Fitting = field(default_factory=Fitting)
    few: float = 2.0

    def check(self, plan: SplitPlan) -> None:
        need_training(plan, 2, "a linear regression")

    def predict(self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float) -> Iterator[Predicted]:
        source, columns = source.on_device(self.fitting.device), np.arange(targets.shape[1])

        def fit(train: Rows, test: Rows) -> list[tuple[Rows, regression.Smoother]]:
            return [(columns, regression.least_squares(source.decompose(train, test)))]

        return self.fitting.predict(targets, plan, groups, by, fit, ridge_of_all_rows(source, 0.0))

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[Permuted]:
        source, columns = source.on_device(self.fitting.device), np.arange(targets.shape[1])

        def fit(train: Rows, test: Rows) -> Callable[[Rows], list[tuple[Rows, regression.Smoother]]]:
            fitted = [(columns, regression.least_squares(source.decompose(train, test)))]
            return lambda _: fitted

        return self.fitting.predict_permuted(targets, plan, permutations, fit, ridge_of_all_rows(source, 0.0))
