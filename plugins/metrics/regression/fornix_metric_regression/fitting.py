"""Ridge regression and least squares on every split of a plan, a batch of targets at a time.

Where the penalty is known before the data are split, one fit to all rows serves every split; else each training part is
decomposed and fitted by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fornix.numerics.backends import AnyArray, on_device, to_numpy
from fornix.numerics.linear.decomposition import Array, Rows
from fornix.numerics.linear.gram import factor
from fornix.numerics.linear.leaving_out import PartLeftOut, ResidualMaker, leave_out
from fornix.numerics.linear.regression import Smoother
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Permuted, Predicted

#: From training and test rows to the fits of all targets: some columns and their smoother.
Fit = Callable[[Rows, Rows], Sequence[tuple[Rows, Smoother]]]
#: From training and test rows, and the rows whose targets the training rows are paired with, to the same.
FitPaired = Callable[[Rows, Rows], Callable[[Rows], Sequence[tuple[Rows, Smoother]]]]


@dataclass(frozen=True)
class Fitting:
    """How predictions are computed; none of it changes a number beyond rounding.

    Parameters
    ----------
    device : str
        ``"numpy"``, or a device of torch: see ``fornix.numerics.backends.on_device``.
    batch : int
        How many targets are worked on at once: with n rows, memory grows by about ``32 n batch`` bytes.
    """

    device: str = "numpy"
    batch: int = 2048

    def batches(self, columns: Rows) -> Iterator[Rows]:
        """The columns (q,), as many at once as fit."""
        for start in range(0, len(columns), self.batch):
            yield columns[start : start + self.batch]

    def predict(
        self,
        targets: Array,
        plan: SplitPlan,
        groups: Sequence[Rows],
        by: float,
        fit: Fit,
        maker: ResidualMaker | None = None,
    ) -> Iterator[Predicted]:
        """What :meth:`fornix_metric_regression.estimator.Estimator.predict` promises.

        Parameters
        ----------
        targets : (n, q)
        fit : callable
            Fits one training part.
        maker : ResidualMaker, optional
            Of the fit to all rows; takes the place of ``fit`` where a split can be taken from it.
        """
        parts = _parts(maker, plan, *targets.shape)
        if maker is not None and any(parts):
            for columns in self.batches(np.arange(targets.shape[1])):
                y = self.some(targets, columns)
                residuals = maker.residuals(y)
                for k, part in enumerate(parts):
                    if part is None:
                        continue
                    tested = np.searchsorted(part.test, plan.test[k])
                    values = to_numpy(part.predict(y, residuals))[tested]
                    lighter = (to_numpy(p)[tested] for p in part.lightened(y, residuals, groups, by))
                    yield Predicted(k, values, lighter, columns)
        for k, (train, test) in enumerate(plan):
            if parts[k] is None:
                for chosen, smoother in fit(train, test):
                    for columns in self.batches(chosen):
                        y = self.some(targets, columns)[train]
                        lighter = (to_numpy(p) for p in smoother.lightened(y, positions(groups, train), by))
                        yield Predicted(k, to_numpy(smoother.predict(y)), lighter, columns)

    def predict_permuted(
        self,
        targets: Array,
        plan: SplitPlan,
        permutations: Sequence[Rows],
        fit: FitPaired,
        maker: ResidualMaker | None = None,
    ) -> Iterator[Permuted]:
        """What :meth:`fornix_metric_regression.estimator.Estimator.predict_permuted` promises; as :meth:`predict` otherwise.

        Parameters
        ----------
        fit : callable
            Fits one training part; what does not depend on its targets is done once for all permutations.
        """
        parts = _parts(maker, plan, *targets.shape)
        if maker is not None and any(parts):
            for columns in self.batches(np.arange(targets.shape[1])):
                y = self.some(targets, columns)
                for number, permutation in enumerate(permutations):
                    paired = y[permutation]
                    residuals = maker.residuals(paired)
                    for k, part in enumerate(parts):
                        if part is not None:
                            tested = np.searchsorted(part.test, plan.test[k])
                            yield Permuted(k, number, to_numpy(part.predict(paired, residuals))[tested], columns)
        for k, (train, test) in enumerate(plan):
            if parts[k] is None:
                fitted = fit(train, test)
                for number, permutation in enumerate(permutations):
                    rows = permutation[train]
                    for chosen, smoother in fitted(rows):
                        for columns in self.batches(chosen):
                            predicted = smoother.predict(self.some(targets, columns)[rows])
                            yield Permuted(k, number, to_numpy(predicted), columns)

    def some(self, targets: Array, columns: Rows) -> AnyArray:
        """Columns (k,) of targets (n, q) on the device; the targets' own memory where that can be."""
        together = len(columns) == columns[-1] + 1 - columns[0]
        return on_device(targets[:, columns[0] : columns[-1] + 1] if together else targets[:, columns], self.device)


class TargetsToChooseBy:
    """Targets by which a penalty is chosen, of any number: more than there are rows are turned into as many as there are rows.

    The sum over targets of squared errors does not change when targets are rotated.

    Parameters
    ----------
    targets : (n, q)
    columns : (k,) int
        Those that count.
    fitting : Fitting
    """

    def __init__(self, targets: Array, columns: Rows, fitting: Fitting) -> None:
        self._fitting, self._products = fitting, None
        if len(columns) <= len(targets):
            self._targets = on_device(targets[:, columns], fitting.device)
            return
        for batch in fitting.batches(columns):
            y = fitting.some(targets, batch)
            y = y - y.mean(axis=0)
            self._products = y @ y.T if self._products is None else self._products + y @ y.T

    def of(self, rows: Rows) -> AnyArray:
        """Of rows (k,), those that train or those paired with them, at most k targets; whatever their mean."""
        return self._targets[rows] if self._products is None else factor(self._products[rows][:, rows])


def _parts(maker: ResidualMaker | None, plan: SplitPlan, n: int, q: int) -> list[PartLeftOut | None]:
    """Each split of q targets as what it leaves out of the fit to all n rows; None where that is no gain, or costs digits."""
    parts: list[PartLeftOut | None] = []
    for others in _left_out(plan, n):
        parts.append(leave_out(maker, others, q) if maker is not None and len(others) <= n // 2 else None)
    return parts


def taken_out(plan: SplitPlan, groups: Sequence[Rows], n: int) -> Rows:
    """Which of all n rows (k,) are left out of a training part, or made lighter as rows of a group."""
    return np.unique(np.concatenate([*_left_out(plan, n), *groups]))


def _left_out(plan: SplitPlan, n: int) -> list[Rows]:
    """The rows (k,) that are not in each training part."""
    return [np.setdiff1d(np.arange(n), train) for train in plan.train]


def positions(groups: Sequence[Rows], train: Rows) -> list[Rows]:
    """Where the rows of each group stand among the training rows."""
    return [np.flatnonzero(np.isin(train, rows)) for rows in groups]
