"""Linear regressions with an intercept as smoothers: predictions are linear in the training targets.

One decomposition of a training part serves all penalties, all targets, permuted targets, and the refits that weigh some training
rows less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from fornix.numerics.decomposition import Array, Decomposition, Rows


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

    left: Array
    gain: Array
    test: Array
    inverse: Array | None = None

    def predict(self, targets: Array) -> Array:
        """Predictions (m, q) of the test rows from training targets (n, q)."""
        return np.asarray(targets.mean(axis=0) + self.test @ (self.left.T @ targets))

    def lightened(self, targets: Array, groups: Sequence[Rows], by: float) -> Iterator[Array]:
        """Predictions (m, q) of the test rows, refitted with the weight of each group of training rows lowered by ``by``.

        Exact and without refitting: a penalised least squares fit in which rows e weigh ``1 - by`` is the unweighted fit
        to changed targets, ``y_e + d`` with ``d = -(I/by - H_ee)^-1 (y - Hy)_e``. With ``by=1`` the rows are left out. Where
        the fit interpolates, a weight has no effect until it is 0; then the prediction is that share ``by`` of the way
        to the fit without the rows, for which I - H, which is 0, gives way to its limit, the pseudo-inverse of the
        centred Gram.

        Parameters
        ----------
        targets : (n, q)
        groups : sequence of (k,) int
            Rows of the training part.
        by : float
            Above 0, at most 1; below 1 where as many rows may stay as there are features.
        """
        prediction = self.predict(targets)
        mean, n = targets.mean(axis=0), len(targets)
        scores = self.left.T @ targets
        for rows in groups:
            if not len(rows):
                yield prediction
                continue
            left = self.left[rows]
            if self.inverse is None:
                matrix = np.eye(len(rows)) / by - 1 / n - (left * self.gain) @ left.T
                change = -_solve(matrix, targets[rows] - mean - left @ (self.gain[:, None] * scores))
            else:
                matrix = self.inverse[rows] @ self.inverse[rows].T
                change = -by * _solve(matrix, self.inverse[rows] @ (self.inverse.T @ targets))
            yield prediction + change.sum(axis=0) / n + (self.test @ left.T) @ change


def _solve(matrix: Array, right: Array) -> Array:
    return np.asarray(linalg.solve(matrix, right, assume_a="sym", check_finite=False))


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


def mean_diagonal(decomposition: Decomposition) -> float:
    """The mean squared length of a training row's features, their mean removed: the unit of scale-free penalties."""
    return float(decomposition.squares.sum() / len(decomposition.left))


def select_alpha(decomposition: Decomposition, targets: Array, alphas: Sequence[float]) -> float:
    """The penalty with the least squared leave-one-out error, summed over all targets; the first of equals.

    The error of row i is ``r_i / (1 - H_ii)`` with residuals r (Allen 1974), what scikit-learn's ``RidgeCV`` calls
    generalised cross-validation. As the sum lies between the residual sum of squares times the least and the largest
    ``1/(1 - H_ii)^2``, penalties that cannot be best are passed over: the choice is exact.

    Parameters
    ----------
    decomposition : Decomposition
    targets : (n, q)
        Training targets.
    alphas : sequence of float
        All above 0.
    """
    if len(alphas) == 1:
        return float(alphas[0])
    left, squares = decomposition.left, decomposition.squares
    n = len(targets)
    y = targets - targets.mean(axis=0)
    scores = left.T @ y
    power = (scores**2).sum(axis=1)
    outside = max(float((y**2).sum() - power.sum()), 0.0)
    grid = np.asarray(alphas, dtype=np.float64)
    shrinkage = grid / (squares[:, None] + grid)  # (r, number of alphas): 1 - gain
    hat = 1 / n + left**2 @ (1 - shrinkage)
    weights = 1 / np.maximum(1 - hat, np.finfo(np.float64).tiny) ** 2
    sums = outside + power @ shrinkage**2
    lowest, best, chosen = sums * weights.min(axis=0), np.inf, 0
    for k in np.argsort(sums * weights.mean(axis=0), kind="stable"):
        if lowest[k] > best:
            continue
        residual = y - left @ ((1 - shrinkage[:, k])[:, None] * scores)
        error = float((weights[:, k] * (residual**2).sum(axis=1)).sum())
        if error < best or (error == best and k < chosen):
            best, chosen = error, int(k)
    return float(grid[chosen])


def least_squares(train: Array, test: Array) -> Smoother:
    """Least squares with the smallest coefficients where many fit equally well, by QR with column pivoting.

    ``F P = Q R`` with R cut at the numerical rank; then ``R' = Q2 R2`` gives the complete orthogonal decomposition
    (Golub and Van Loan, Matrix Computations, 5.5.7). A row of R counts while its diagonal is above ``eps max(n, p)``
    times the first.

    Parameters
    ----------
    train : (n, p)
        Features of the training rows.
    test : (m, p)
    """
    mean = train.mean(axis=0)
    q, r, pivot = linalg.qr(train - mean, mode="economic", pivoting=True, check_finite=False)
    diagonal = np.abs(np.diag(r))
    rank = int((diagonal > np.finfo(np.float64).eps * max(train.shape) * diagonal.max(initial=0.0)).sum())
    left = q[:, :rank]
    q2, r2 = linalg.qr(r[:rank].T, mode="economic", check_finite=False)
    scores = linalg.solve_triangular(r2, ((test - mean)[:, pivot] @ q2).T, check_finite=False).T
    interpolates = rank == len(train) - 1
    inverse = linalg.solve_triangular(r2, left.T, trans="T", check_finite=False).T if interpolates else None
    return Smoother(left, np.ones(rank), scores, inverse)
