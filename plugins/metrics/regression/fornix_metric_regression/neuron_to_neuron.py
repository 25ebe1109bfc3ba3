"""One unit for each neuroid as an estimator of the metric; the choice is in ``fornix.numerics.linear.best_unit``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fornix.interfaces import AssemblyError
from fornix.numerics.linear.best_unit import best_units
from fornix.numerics.linear.decomposition import Array, Features, Rows, Source
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Permuted, Predicted, need_training


@dataclass(frozen=True)
class NeuronToNeuron:
    """The unit of the source with the highest signed correlation over the training rows, used as it is.

    Which unit that is jumps as rows count less, so its refits leave the group out instead of lowering its weight.
    """

    few: float = np.inf

    def check(self, plan: SplitPlan) -> None:
        need_training(plan, 3, "choosing a unit by its correlation")

    def predict(self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float) -> Iterator[Predicted]:
        values = _values(source)
        for split, (train, test) in enumerate(plan):
            weights = np.zeros((1 + len(groups), len(values)))
            weights[:, train] = 1.0
            for weighting, rows in zip(weights[1:], groups, strict=True):
                weighting[rows] = 0.0
            chosen, *others = best_units(values, targets, weights)
            lighter = (values[test][:, other] for other in others)
            yield Predicted(split, values[test][:, chosen], lighter, left_out=True)

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[Permuted]:
        values = _values(source)
        for split, (train, test) in enumerate(plan):
            weights = np.isin(np.arange(len(values)), train)[None].astype(np.float64)
            for number, permutation in enumerate(permutations):
                chosen = best_units(values, targets[permutation], weights)[0]
                yield Permuted(split, number, values[test][:, chosen])


def _values(source: Source) -> Array:
    if not isinstance(source, Features):
        raise AssemblyError("neuron_to_neuron picks single units, so it needs values; the source is a Gram")
    return np.asarray(source.values)
