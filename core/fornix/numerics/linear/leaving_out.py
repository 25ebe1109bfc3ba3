"""Linear regressions fitted once to all rows; predictions of rows left out, and with others made lighter, follow from that fit.

Let ``M = I - H`` make residuals from targets: ``M y = y - Hy``, the intercept included. A penalised least squares fit in which
the rows S weigh ``1 - b`` is the unweighted fit to targets changed by d in these rows, with
``(diag(1/b - 1) + M_SS) d = -(M y)_S``. With ``b = 1`` a row is left out and its prediction is ``y + d`` (Cook and Weisberg 1982,
Residuals and Influence in Regression). So one M serves all splits, and a small system each split and each group of lighter rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from array_api_compat import array_namespace, device

from fornix.numerics.backends import (
    AnyArray,
    cholesky,
    cholesky_inverse,
    cholesky_solve,
    identity,
    inverse_trace,
    solve_triangular,
)
from fornix.numerics.linear.decomposition import Features, Products, Rows, Source
from fornix.numerics.linear.gram import centred

#: A Cholesky factor is not used where the condition number may be above this: twice the digits of X are in X'X.
WORST_FEATURES: Final = 1e8
WORST_PRODUCTS: Final = 1e10
#: Predictions of rows left out vary in truth where they vary by more than this part of the largest response.
ROUNDING: Final = 1e-13
#: Rows are not left out of a fit that depends on them so much that this factor of digits would be lost.
WORST_PART: Final = 1e6


class ResidualMaker(Protocol):
    """``M = I - H`` of a fit to n rows, divided by ``scale``."""

    @property
    def scale(self) -> float:
        """0: the fit interpolates, M is 0, and what is here is its limit, the pseudo-inverse of the centred Gram."""

    def block(self, rows: Rows, columns: Rows) -> AnyArray:
        """The given rows and columns (k, l); they are the same, or have no row in common."""

    def residuals(self, targets: AnyArray) -> Callable[[Rows], AnyArray]:
        """From rows (k,) to the rows of ``M y`` (k, q), for targets (n, q)."""

    def weights(self, rows: Rows, lower: AnyArray, n_targets: int) -> AnyArray | None:
        """S (k, n) such that ``S y`` are the predictions of rows (k,) left out, from the Cholesky factor of their block.

        None where so many targets are predicted with less work from their residuals.
        """


@dataclass(frozen=True, eq=False)
class LowRank:
    """``M = I - F F'``, for few features.

    Parameters
    ----------
    factor : (n, r)
        F; the constant vector is in its span.
    """

    factor: AnyArray
    scale: float = 1.0

    def block(self, rows: Rows, columns: Rows) -> AnyArray:
        left = self.factor[rows]
        if rows is columns:
            return identity(len(rows), left) - left @ left.T
        return -(left @ self.factor[columns].T)

    def residuals(self, targets: AnyArray) -> Callable[[Rows], AnyArray]:
        scores = self.factor.T @ targets
        return lambda rows: targets[rows] - self.factor[rows] @ scores

    def weights(self, rows: Rows, lower: AnyArray, n_targets: int) -> AnyArray | None:
        return None


@dataclass(frozen=True, eq=False)
class Dense:
    """M as it is, for many features: ``matrix`` (n, n), NaN in rows that will not be asked for."""

    matrix: AnyArray
    scale: float

    def block(self, rows: Rows, columns: Rows) -> AnyArray:
        return self.matrix[rows][:, columns]

    def residuals(self, targets: AnyArray) -> Callable[[Rows], AnyArray]:
        return lambda rows: self.matrix[rows] @ targets

    def weights(self, rows: Rows, lower: AnyArray, n_targets: int) -> AnyArray | None:
        if n_targets <= len(self.matrix):
            return None
        weights = -cholesky_solve(lower, self.matrix[rows])
        weights[:, rows] = 0.0  # by the algebra -I, which takes away y
        return weights


def ridge_of_all_rows(source: Source, alpha: float, asked: Rows | None = None) -> ResidualMaker | None:
    """The residual maker of ridge regression with an intercept that is not penalised.

    From features X, their mean removed: ``H = 11'/n + Z Z'`` with ``Z = X L'^-1`` and ``L L' = X'X + alpha I``. From inner
    products, centred: ``M = alpha (K + alpha I)^-1 - 11'/n``. Where a Cholesky factor would cost digits, features are decomposed.

    Parameters
    ----------
    source : Source of n rows
    alpha : float
        Above 0, or 0 for least squares with the smallest coefficients where many fit equally well.
    asked : (k,) int, optional
        The rows of M that will be asked for, as first argument of ``block`` or of what ``residuals`` gives; by default all.

    Returns
    -------
    ResidualMaker, or None where products alone do not tell it well enough.
    """
    everything = np.arange(len(source))
    if isinstance(source, Features):
        values = source.values
        if values.shape[1] < values.shape[0]:
            xp = array_namespace(values)
            values = values - xp.mean(values, axis=0)
            gram = values.T @ values + alpha * identity(values.shape[1], values)
            lower = cholesky(gram)
            if lower is not None and _length(gram) * inverse_trace(lower) < WORST_FEATURES:
                return LowRank(_with_constant(solve_triangular(lower, values.T).T))
    elif isinstance(source, Products) and alpha > 0:
        return _ridge_of_products(source.products, alpha, everything if asked is None else asked)
    decomposition = source.decompose(everything, everything[:0])
    left, squares = decomposition.left, decomposition.squares
    if alpha == 0 and left.shape[1] == len(source) - 1:
        return Dense((left / squares) @ left.T, 0.0)
    return LowRank(_with_constant(left * (squares / (squares + alpha)) ** 0.5))


def _ridge_of_products(products: AnyArray, alpha: float, asked: Rows) -> Dense | None:
    xp = array_namespace(products)
    n, kept = products.shape[0], centred(products)
    # The constant vector is an eigenvector; with a value like the others it costs no digits, and is taken away at the end.
    constant = float(xp.sum(xp.linalg.diagonal(kept))) / n
    system = kept + constant / n + alpha * identity(n, products)
    lower = cholesky(system)
    if lower is None:
        return None
    largest = _length(system)
    # No eigenvalue is below alpha, so often the condition number is known to be good enough without the inverse.
    if len(asked) < n / 3 and largest * n / alpha < WORST_PRODUCTS:
        inverse = xp.full_like(products, np.nan)
        inverse[asked] = cholesky_solve(lower, identity(n, products)[:, asked]).T
    else:
        inverse = cholesky_inverse(lower)
        if largest * float(xp.sum(xp.linalg.diagonal(inverse))) > WORST_PRODUCTS:
            return None
    return Dense(inverse - 1 / (n * (alpha + constant)), alpha)


def _length(matrix: AnyArray) -> float:
    """The Frobenius norm: at least the largest singular value."""
    return math.sqrt(float(array_namespace(matrix).sum(matrix * matrix)))


def _with_constant(factor: AnyArray) -> AnyArray:
    xp, n = array_namespace(factor), factor.shape[0]
    constant = xp.full((n, 1), n**-0.5, dtype=factor.dtype, device=device(factor))
    return xp.concat([constant, factor], axis=1)


@dataclass(frozen=True, eq=False)
class PartLeftOut:
    """A fit to the rows outside ``test``, from one to all rows.

    Parameters
    ----------
    maker : ResidualMaker
    test : (m,) int
    lower : (m, m)
        The Cholesky factor of ``M_TT``.
    weights : (m, n), optional
        S such that ``S y`` are the predictions, where that is the shorter way.
    """

    maker: ResidualMaker
    test: Rows
    lower: AnyArray
    weights: AnyArray | None = None

    def predict(self, targets: AnyArray, residuals: Callable[[Rows], AnyArray]) -> AnyArray:
        """Predictions (m, q) of the rows left out, from targets (n, q) and what :meth:`ResidualMaker.residuals` made of them."""
        return _without_rounding(self._predicted(targets, residuals), targets[self.test])

    def lightened(
        self, targets: AnyArray, residuals: Callable[[Rows], AnyArray], groups: Sequence[Rows], by: float
    ) -> Iterator[AnyArray]:
        """The same, refitted with the weight of each group of rows (those that are not left out) lowered by ``by``.

        Parameters
        ----------
        groups : sequence of (k,) int
            Rows; those that are left out anyway do not count.
        by : float
            Above 0, at most 1.
        """
        prediction = self._predicted(targets, residuals)
        left_out = self.lower.T @ (targets[self.test] - prediction)  # ``L^-1 (M y)_T``
        for group in groups:
            rows = np.setdiff1d(group, self.test)
            if not len(rows):
                yield prediction
                continue
            # One step of block elimination: the rows left out first, then the lighter ones.
            across = solve_triangular(self.lower, self.maker.block(self.test, rows))
            matrix, residual = self.maker.block(rows, rows) - across.T @ across, residuals(rows) - across.T @ left_out
            change = lighter_targets(matrix, residual, by, self.maker.scale)
            yield prediction - solve_triangular(self.lower, across @ change, transposed=True)

    def _predicted(self, targets: AnyArray, residuals: Callable[[Rows], AnyArray]) -> AnyArray:
        if self.weights is not None:
            return self.weights @ targets
        return targets[self.test] - cholesky_solve(self.lower, residuals(self.test))


def _without_rounding(predictions: AnyArray, measured: AnyArray) -> AnyArray:
    """Predictions (m, q) that vary by no more than the rounding of what they were subtracted from: the same for all rows.

    What a source that does not vary predicts is a mean, and its rounding would go along with the measured responses.
    """
    xp = array_namespace(predictions)
    varies = xp.max(predictions, axis=0) - xp.min(predictions, axis=0) > ROUNDING * xp.max(xp.abs(measured), axis=0)
    return xp.where(varies, predictions, xp.mean(predictions, axis=0))


def lighter_targets(matrix: AnyArray, residual: AnyArray, by: float, scale: float = 1.0) -> AnyArray:
    """The change d (k, q) of the targets of rows S that does to a fit what lowering the weights of these rows by ``by`` does.

    ``d = -(M_SS + (1/by - 1) I)^-1 (M y)_S``: see the top of this module. Where the fit interpolates, a weight has no effect
    until it is 0; then the change is that share ``by`` of the change that leaves the rows out.

    Parameters
    ----------
    matrix : (k, k)
        ``M_SS / scale``.
    residual : (k, q)
        ``(M y)_S / scale``.
    by : float
        Above 0, at most 1.
    scale : float
        0: the fit interpolates, and these are the limits of M and My divided by a scale that goes to 0.
    """
    if scale:
        matrix = matrix + (1 / by - 1) / scale * identity(len(residual), matrix)
    return -(1.0 if scale else by) * array_namespace(matrix).linalg.solve(matrix, residual)


def leave_out(maker: ResidualMaker, test: Rows, n_targets: int) -> PartLeftOut | None:
    """The fit to the rows outside ``test``; None where that would cost digits, as what it needs is in these rows alone.

    Parameters
    ----------
    maker : ResidualMaker
        Of the fit to all n rows.
    test : (m,) int
    n_targets : int
        How many targets are predicted in all.
    """
    block = maker.block(test, test)
    lower = cholesky(block)
    if lower is None or _length(block) * inverse_trace(lower) > WORST_PART:
        return None
    return PartLeftOut(maker, test, lower, maker.weights(test, lower, n_targets))
