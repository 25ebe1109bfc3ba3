"""Linear regressions with an intercept as smoothers: predictions are linear in the training targets.

One decomposition of a training part serves all penalties, all targets, permuted targets, and the refits that weigh some
training rows less. Where the penalty is given, ``leaving_out`` needs one fit for all training parts; this is for penalties
chosen in each part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace, device
from numpy.typing import ArrayLike

from fornix.numerics.backends import AnyArray, identity, to_numpy
from fornix.numerics.linear.decomposition import Decomposition, Rows
from fornix.numerics.linear.leaving_out import lighter_targets


@dataclass(frozen=True, eq=False)
class Smoother:
    """A linear regression on n training and m test rows: fitted ``H y`` and predicted ``S y``, with 1 the constant vector.

    ``H = 1 1'/n + left diag(gain) left'`` and ``S = 1 1'/n + test left'``.

    Parameters
    ----------
    left : (n, r)
        Orthonormal, orthogonal to the constant vector.
    gain : (r,)
        Between 0 and 1.
    test : (m, r)
    inverse : (n, r), optional
        For a fit that interpolates: ``W`` such that ``W W'`` is the pseudo-inverse of the centred Gram.
    """

    left: AnyArray
    gain: AnyArray
    test: AnyArray
    inverse: AnyArray | None = None

    def predict(self, targets: AnyArray) -> AnyArray:
        """Predictions (m, q) of the test rows from training targets (n, q)."""
        xp = array_namespace(targets)
        # In the order that takes fewer products: with many targets it is the smoother (m, n) first.
        return xp.mean(targets, axis=0) + xp.linalg.multi_dot([self.test, self.left.T, targets])

    def lightened(self, targets: AnyArray, groups: Sequence[Rows], by: float) -> Iterator[AnyArray]:
        """Predictions (m, q) of the test rows, refitted with the weight of each group of training rows lowered by ``by``.

        Exact and without refitting, by changed targets of these rows: :func:`fornix.numerics.linear.leaving_out.lighter_targets`.
        With ``by=1`` the rows are left out.

        Parameters
        ----------
        targets : (n, q)
        groups : sequence of (k,) int
            Rows of the training part.
        by : float
            Above 0, at most 1; below 1 where as many rows may stay as there are features.
        """
        xp, n = array_namespace(targets), len(targets)
        prediction, mean = self.predict(targets), xp.mean(targets, axis=0)
        scores = self.left.T @ targets
        for rows in groups:
            if not len(rows):
                yield prediction
                continue
            left = self.left[rows]
            if self.inverse is None:
                residual = targets[rows] - mean - left @ (self.gain[:, None] * scores)
                matrix = identity(len(rows), left) - 1 / n - (left * self.gain) @ left.T
                change = lighter_targets(matrix, residual, by)
            else:
                inverse = self.inverse[rows]
                change = lighter_targets(inverse @ inverse.T, inverse @ (self.inverse.T @ targets), by, scale=0.0)
            yield prediction + xp.sum(change, axis=0) / n + (self.test @ left.T) @ change


def ridge(decomposition: Decomposition, alpha: float) -> Smoother:
    """Ridge regression: coefficients minimise ``|y - Xb - b0|^2 + alpha |b|^2``; the intercept b0 is not penalised.

    With eigenvalues L and vectors U of the centred training Gram, ``H = 1 1'/n + U diag(L/(L + alpha)) U'``.

    Parameters
    ----------
    decomposition : Decomposition
    alpha : float
        Above 0, in squared units of the features.
    """
    scale = decomposition.squares + alpha
    return Smoother(decomposition.left, decomposition.squares / scale, decomposition.test / scale)


def least_squares(decomposition: Decomposition) -> Smoother:
    """Least squares with the smallest coefficients where many fit equally well: the limit of ridge regression without penalty."""
    left, squares = decomposition.left, decomposition.squares
    interpolates = left.shape[1] == left.shape[0] - 1
    inverse = left / squares**0.5 if interpolates else None
    return Smoother(left, array_namespace(left).ones_like(squares), decomposition.test / squares, inverse)


def mean_diagonal(decomposition: Decomposition) -> float:
    """The mean squared length of a training row's features, their mean removed: the unit of scale-free penalties."""
    return float(array_namespace(decomposition.squares).sum(decomposition.squares)) / len(decomposition.left)


@dataclass(frozen=True)
class Choice:
    """A penalty and its squared error for rows left out, summed over all targets."""

    alpha: float
    error: float


def select_alpha(
    decomposition: Decomposition, targets: AnyArray, alphas: Sequence[float], together: ArrayLike | None = None
) -> Choice:
    """The penalty with the least squared error for rows left out, summed over all targets; the first of equals.

    The error of row i is ``r_i / (1 - H_ii)`` with residuals r (Allen 1974), what scikit-learn's ``RidgeCV`` calls
    generalised cross-validation; that of rows S left out together is ``(I - H_SS)^-1 r_S``. As the sum is at least the residual
    sum of squares times the least ``1/(1 - H_ii)^2``, or 1 for several rows, penalties that cannot be best are passed over: the
    choice is exact. The sum does not change when targets are rotated, so more targets than rows are best given as
    ``gram.factor`` of their products.

    Parameters
    ----------
    decomposition : Decomposition
    targets : (n, q)
        Training targets.
    alphas : sequence of float
        All above 0.
    together : (n,), optional
        A label for each row, at least two in all: rows with the same are left out together. By default each by itself.
    """
    xp, left, squares = array_namespace(targets), decomposition.left, decomposition.squares
    n = len(targets)
    y = targets - xp.mean(targets, axis=0)
    scores = left.T @ y
    # What no penalty reaches: nothing, where the fit without one interpolates; else rounding would be left for tiny penalties.
    reached = left.shape[1] == n - 1
    outside = xp.zeros_like(y) if reached else y - left @ scores
    free = xp.zeros_like(y[:, :1]) if reached else 1 - 1 / n - xp.sum(left * left, axis=1, keepdims=True)
    grid = xp.asarray(alphas, dtype=y.dtype, device=device(y))
    shrinkage = grid / (squares[:, None] + grid)  # (r, number of alphas): 1 - gain
    rest = free + (left * left) @ shrinkage
    weights = 1 / xp.clip(rest, min=np.finfo(np.float64).tiny ** 0.5) ** 2
    sums = xp.sum(outside * outside) + xp.sum(scores * scores, axis=1) @ (shrinkage * shrinkage)
    groups = [] if together is None else _by_size(together)
    single = all(group.shape[1] == 1 for group in groups)
    lowest = sums * xp.min(weights, axis=0) if single else sums
    order = np.argsort(to_numpy(sums * xp.mean(weights, axis=0)), kind="stable")
    best, chosen = np.inf, 0
    for k in order.tolist():
        if float(lowest[k]) > best:
            continue
        residual = outside + left @ (shrinkage[:, k][:, None] * scores)
        if single:
            error = float(weights[:, k] @ xp.sum(residual * residual, axis=1))
        else:
            error = sum(_left_out_together(left, shrinkage[:, k], residual, rows) for rows in groups)
        if error < best or (error == best and k < chosen):
            best, chosen = error, k
    return Choice(float(alphas[chosen]), best)


def _by_size(labels: ArrayLike) -> list[Rows]:
    """The rows (groups, size) of each label, those of groups of equal size in one array."""
    _, group, counts = np.unique(labels, return_inverse=True, return_counts=True)
    members = np.split(np.argsort(group.reshape(-1), kind="stable"), np.cumsum(counts)[:-1])
    return [np.stack([rows for rows in members if len(rows) == size]) for size in np.unique(counts)]


def _left_out_together(left: AnyArray, shrinkage: AnyArray, residual: AnyArray, rows: Rows) -> float:
    """The squared errors of rows (groups, size), each group left out by itself, of residuals (n, q), summed."""
    xp, n, basis = array_namespace(residual), len(left), left[rows]
    rest = (basis * shrinkage) @ basis.mT
    if left.shape[1] < n - 1:
        # What is below the rounding of 1 is not known of the diagonal; with it no block is singular.
        rest = rest + (1 + np.finfo(np.float64).eps) * identity(rows.shape[1], left) - 1 / n - basis @ basis.mT
    errors = xp.linalg.solve(rest, residual[rows])
    return float(xp.sum(errors * errors))
