"""Inner products between stimuli: from features or streamed blocks of them to a Gram, and what follows from a Gram alone."""

from __future__ import annotations

from typing import Final

import numpy as np
import xarray as xr
from array_api_compat import array_namespace, is_torch_array
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import blas, lapack

from fornix.interfaces.responses import Gram
from fornix.numerics.backends import AnyArray, on_device

#: A dissimilarity below this part of what it is a difference of is the rounding of none: equal responses have one of 0.
ROUNDING: Final = 1e-13
#: Features are turned to float64 this many at a time, so that memory stays near n^2.
BLOCK: Final = 4096


class GramAccumulator:
    """A Gram from blocks of features, each over all stimuli.

    The mean over stimuli of each feature is removed before products are taken, so that a large common response costs no
    digits: with features X (n, p) and their mean m (p,), ``X X' = K + a 1' + 1 a' + (m.m) 1 1'`` exactly, where
    ``K = (X - m)(X - m)'`` and ``a = (X - m) m``.

    Parameters
    ----------
    n : int
        The number of stimuli.
    """

    def __init__(self, n: int) -> None:
        self._products = np.zeros((n, n), order="F")  # the lower triangle, where BLAS can add to it in place
        self._mean_products = np.zeros(n)
        self._mean_square = 0.0
        self._row_sums = np.zeros(n)
        self._n_features = 0

    def add(self, block: ArrayLike) -> None:
        """Take the features (n, width) of one block; their order and how they are cut into blocks do not matter.

        Raises
        ------
        ValueError
            If the block has another number of rows, or holds NaN or infinity.
        """
        features = np.asarray(block)
        if features.ndim != 2 or len(features) != len(self._row_sums):
            raise ValueError(f"a block of features has shape {features.shape}; expected ({len(self._row_sums)}, width)")
        for start in range(0, features.shape[1], BLOCK):
            part = features[:, start : start + BLOCK].astype(np.float64)
            if not np.isfinite(part).all():
                raise ValueError(f"features {self._n_features} to {self._n_features + part.shape[1] - 1} hold NaN or infinity")
            mean = part.mean(axis=0)
            self._row_sums += part.sum(axis=1)
            part -= mean
            self._products = blas.dsyrk(1.0, part.T, beta=1.0, c=self._products, trans=1, lower=1, overwrite_c=1)
            self._mean_products += part @ mean
            self._mean_square += float(mean @ mean)
            self._n_features += part.shape[1]

    def gram(self, stimulus_id: ArrayLike) -> Gram:
        """The Gram of everything added, with the identifiers of the rows."""
        products = np.array(self._products, order="C")
        for row in range(1, len(products)):
            products[:row, row] = products[row, :row]
        return Gram(
            products=products,
            mean_products=self._mean_products.copy(),
            mean_square=self._mean_square,
            row_sums=self._row_sums.copy(),
            n_features=self._n_features,
            stimulus_id=np.asarray(stimulus_id, dtype=np.str_),
        )


def gram_of(features: ArrayLike, stimulus_id: ArrayLike) -> Gram:
    """The Gram of features (n, p); blocks of them go to a :class:`GramAccumulator`."""
    accumulator = GramAccumulator(len(np.asarray(stimulus_id)))
    accumulator.add(features)
    return accumulator.gram(stimulus_id)


def gram_of_assembly(assembly: xr.DataArray) -> Gram:
    """The Gram of an assembly, dims (presentation, neuroid), with the coordinate ``stimulus_id``."""
    return gram_of(assembly.values, assembly["stimulus_id"].values)


def raw_products(gram: Gram) -> NDArray[np.float64]:
    """``X X'`` (n, n), nothing removed."""
    return gram.products + gram.mean_products[:, None] + gram.mean_products[None, :] + gram.mean_square


def centred(products: AnyArray, rows: NDArray[np.int64] | None = None) -> AnyArray:
    """Products (n, n) of features from which the mean over the given rows (all, by default) is removed."""
    xp = array_namespace(products)
    mean = xp.mean(products if rows is None else products[:, rows], axis=1)
    return products - mean[:, None] - mean + xp.mean(mean if rows is None else mean[rows])


def factor(products: AnyArray) -> AnyArray:
    """Coordinates Z (n, rank) with ``Z Z'`` equal to the centred products: what replaces features, or targets, up to rotation.

    With ``K = U L U'``, ``Z = U sqrt(L)``; eigenvalues below ``n eps max(L)`` are rounding and left out. Any estimator with
    an intercept that does not change when features are rotated gives the same predictions from Z as from the features.
    """
    values, vectors = array_namespace(products).linalg.eigh(centred(products))
    kept = values > len(values) * np.finfo(np.float64).eps * max(float(values[-1]), 0.0)
    return vectors[:, kept] * values[kept] ** 0.5


def triangular_factor(products: AnyArray) -> AnyArray:
    """Coordinates Z (n, r) as :func:`factor` gives them, by Cholesky with pivoting: at 3,200 stimuli in a tenth of the time.

    Torch has no such factorisation, so its arrays are given what :func:`factor` gives.

    Pivots below ``n eps max(K)`` are left out, but where eigenvalues of K are small, coordinates that are rounding can be
    among those kept. So it is for estimators that weigh a direction by its size, not for those that divide by it.
    """
    if is_torch_array(products):
        return factor(products)
    kept = centred(products)
    tolerance = len(kept) * np.finfo(np.float64).eps * max(kept.diagonal().max(initial=0.0), 0.0)
    # The transpose is the same matrix as LAPACK stores it: no copy.
    lower, pivots, rank, _ = lapack.dpstrf(kept.T, tol=tolerance, lower=1, overwrite_a=1)
    for column in range(1, rank):
        lower[:column, column] = 0.0
    coordinates = np.empty((len(kept), rank))
    coordinates[pivots - 1] = lower[:, :rank]
    return coordinates


def correlation_distances(gram: Gram, device: str = "numpy") -> AnyArray:
    """``1 - Pearson r`` (n, n) between stimuli across features, on a device; NaN for a stimulus whose features are all equal.

    The covariance of stimuli i and j is ``(X X')_ij - s_i s_j / p`` with row sums s. A stimulus whose features vary by less
    than a millionth of the mean response is NaN too: a Gram has no digits for it, where the features themselves would.
    """
    products, sums = on_device(raw_products(gram), device), on_device(gram.row_sums, device)
    # The square of a row is put together of its distance from the mean and the mean's own square, and has their rounding,
    # however small it is itself: a row of zeros is not 0 here.
    squares = on_device(gram.products.diagonal() + gram.mean_square, device)
    products -= sums[:, None] * (sums / gram.n_features)
    return one_less_correlation(products, squares, rounding_of=squares)


def euclidean_distances(gram: Gram, device: str = "numpy") -> AnyArray:
    """Euclidean distances (n, n) between stimuli, on a device: ``sqrt(K_ii + K_jj - 2 K_ij)``."""
    squares = squared_distances(on_device(gram.products.copy(), device), gram.mean_square)
    return array_namespace(squares).sqrt(squares, out=squares)


def one_less_correlation(covariance: AnyArray, squares: AnyArray, rounding_of: AnyArray, constant: float = 1e-12) -> AnyArray:
    """``1 - C_ij / sqrt(C_ii C_jj)`` (n, n), written over the covariances; NaN for a row that does not vary.

    Parameters
    ----------
    covariance : (n, n)
        Of rows of features; whatever they were divided by.
    squares : (n,)
        Of the rows as they were given, summed over features; of a Gram, what they are differences of.
    rounding_of : (n,)
        How large the numbers were whose rounding is in a row's covariances.
    constant : float
        A row whose variance is at most this part of its square is a constant one and rounding. 1e-12 is what differences of
        squares need, as of a Gram, and rows of float32.
    """
    xp = array_namespace(covariance)
    variance = xp.asarray(covariance.diagonal(), copy=True)
    variance[~(variance > constant * squares)] = np.nan
    deviation = xp.sqrt(variance)
    covariance /= -deviation[:, None]  # its sign turned on the way
    covariance /= deviation[None, :]
    covariance += 1
    _drop_rounding(covariance, ROUNDING / 2 * rounding_of / variance)
    return covariance


def squared_distances(products: AnyArray, mean_square: float) -> AnyArray:
    """``K_ii + K_jj - 2 K_ij`` (n, n), written over the products.

    Parameters
    ----------
    products : (n, n)
        Of features with a mean removed.
    mean_square : float
        The square of that mean, whose rounding is in the products.
    """
    own = array_namespace(products).asarray(products.diagonal(), copy=True)
    products *= -2
    products += own[:, None]
    products += own[None, :]
    _drop_rounding(products, ROUNDING * (own + ROUNDING * mean_square))
    return products


def _drop_rounding(distances: AnyArray, rounding: AnyArray) -> None:
    """Makes 0 of what is not above the rounding of two stimuli together, which each has a part of (n,)."""
    xp = array_namespace(distances)
    most = float(xp.max(xp.where(xp.isnan(rounding), xp.zeros_like(rounding), rounding)))
    rows, columns = xp.nonzero(distances <= 2 * most)  # few, so that the matrix is read once only
    nothing = distances[rows, columns] <= rounding[rows] + rounding[columns]
    distances[rows[nothing], columns[nothing]] = 0.0
