"""Partial least squares as an estimator of the metric; the computation is in ``fornix.numerics.linear.pls``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fornix.numerics.linear.decomposition import Array, Rows, Source
from fornix.numerics.linear.pls import TrainingPart, pls_predictions
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Permuted, Predicted, need_training


@dataclass(frozen=True)
class PLS:
    """Partial least squares over all targets at once, unscaled.

    Parameters
    ----------
    n_components : int
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    """

    n_components: int
    device: str = "numpy"
    few: float = 0.5

    def check(self, plan: SplitPlan) -> None:
        need_training(plan, self.n_components + 1, f"PLS with {self.n_components} components")

    def predict(self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float) -> Iterator[Predicted]:
        parts, wanted = [], []
        for train, test in plan:
            weights = _weights(len(source), train)
            parts.append(TrainingPart(weights))
            for rows in groups:
                light = weights.copy()
                light[rows] *= 1 - by
                parts.append(TrainingPart(light))
            wanted += [test] * (len(groups) + 1)
        predictions = pls_predictions(source.on_device(self.device), targets, parts, wanted, self.n_components)
        for split in range(len(plan)):
            yield Predicted(split, next(predictions), [next(predictions) for _ in groups])

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[Permuted]:
        parts = [TrainingPart(_weights(len(source), train), permutation) for train in plan.train for permutation in permutations]
        wanted = [test for test in plan.test for _ in permutations]
        predictions = pls_predictions(source.on_device(self.device), targets, parts, wanted, self.n_components)
        for split in range(len(plan)):
            for number in range(len(permutations)):
                yield Permuted(split, number, next(predictions))


def _weights(n: int, train: Rows) -> Array:
    weights = np.zeros(n)
    weights[train] = 1.0
    return weights
