"""Ridge regression as an estimator of the metric; the computation is in ``fornix.numerics``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fornix.numerics.backends import AnyArray
from fornix.numerics.linear import regression
from fornix.numerics.linear.decomposition import Array, Decomposition, Rows, Source
from fornix.numerics.linear.leaving_out import ResidualMaker, ridge_of_all_rows
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Permuted, Predicted, need_groups, need_training
from fornix_metric_regression.fitting import FitPaired, Fitting, TargetsToChooseBy, taken_out


@dataclass(frozen=True)
class Ridge:
    """Ridge regression, its penalty chosen within the training rows where several are given.

    Parameters
    ----------
    alphas : tuple of float
    mean_diagonal : bool
        Whether they are in units of the mean diagonal of the centred training Gram.
    together : tuple of (k,) int
        The targets that share a penalty, in groups; empty: all do.
    fitting : Fitting
    """

    alphas: tuple[float, ...]
    mean_diagonal: bool = False
    together: tuple[Rows, ...] = ()
    fitting: Fitting = field(default_factory=Fitting)
    few: float = 0.5

    def check(self, plan: SplitPlan) -> None:
        need_training(plan, 2, "a ridge regression")
        if self._chooses:
            need_groups(plan)

    def predict(self, source: Source, targets: Array, plan: SplitPlan, groups: Sequence[Rows], by: float) -> Iterator[Predicted]:
        source = source.on_device(self.fitting.device)
        paired = self._fits(source, targets, plan)
        return self.fitting.predict(
            targets, plan, groups, by, lambda train, test: paired(train, test)(train), self._maker(source, plan, groups)
        )

    def predict_permuted(
        self, source: Source, targets: Array, plan: SplitPlan, permutations: Sequence[Rows]
    ) -> Iterator[Permuted]:
        source = source.on_device(self.fitting.device)
        maker = self._maker(source, plan, ())
        return self.fitting.predict_permuted(targets, plan, permutations, self._fits(source, targets, plan), maker)

    def _fits(self, source: Source, targets: Array, plan: SplitPlan) -> FitPaired:
        everything = np.arange(targets.shape[1])
        together = self.together or (everything,)
        stand_ins = [TargetsToChooseBy(targets, columns, self.fitting) for columns in together] if self._chooses else []

        def fit(train: Rows, test: Rows) -> Callable[[Rows], list[tuple[Rows, regression.Smoother]]]:
            decomposition = source.decompose(train, test)
            if not self._chooses:
                known = [(everything, self._fit(decomposition, None, None))]
                return lambda _: known
            whole = plan.whole_of(train)
            chosen_by = list(zip(together, stand_ins, strict=True))
            return lambda rows: [(c, self._fit(decomposition, t.of(rows), whole)) for c, t in chosen_by]

        return fit

    @property
    def _chooses(self) -> bool:
        return len(self.alphas) > 1

    def _maker(self, source: Source, plan: SplitPlan, groups: Sequence[Rows]) -> ResidualMaker | None:
        known = not self._chooses and not self.mean_diagonal
        return ridge_of_all_rows(source, self.alphas[0], taken_out(plan, groups, len(source))) if known else None

    def _fit(self, decomposition: Decomposition, targets: AnyArray | None, whole: Rows | None) -> regression.Smoother:
        # A source that does not vary has no scale; any penalty then gives the mean of the targets.
        unit = (regression.mean_diagonal(decomposition) or 1.0) if self.mean_diagonal else 1.0
        alphas = [alpha * unit for alpha in self.alphas]
        if targets is None or not self._chooses:
            return regression.ridge(decomposition, alphas[0])
        return regression.ridge(decomposition, regression.select_alpha(decomposition, targets, alphas, whole).alpha)
