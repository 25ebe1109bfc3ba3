"""What linear estimators see of a source: features where they are few, inner products where they are many.

Both decompose a training part alike, so that each estimator is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.interfaces.responses import Gram
from fornix.numerics.backends import AnyArray, on_device
from fornix.numerics.linear.gram import centred, gram_of_assembly, triangular_factor
from fornix.numerics.rows import take_rows

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """A thin singular value decomposition of training features, their mean over the training rows removed.

    Parameters
    ----------
    left : (n, r)
        Left singular vectors; orthogonal to the constant vector.
    squares : (r,)
        Squared singular values: the nonzero eigenvalues of the centred training Gram.
    test : (m, r)
        ``(F_test - mean) V S``: the test rows' inner products with the training rows, in the basis ``left``.
    """

    left: AnyArray
    squares: AnyArray
    test: AnyArray


class Source(Protocol):
    """Responses of a model to n stimuli, up to what an estimator that is rotation invariant can tell."""

    def __len__(self) -> int: ...

    def decompose(self, train: Rows, test: Rows) -> Decomposition:
        """The training rows (k,) decomposed, and the test rows (m,) in the same basis; directions of rounding are left out."""

    def on_device(self, name: str) -> Self:
        """The same in the library of a device, for :meth:`decompose` and what is made of it; see ``backends.on_device``."""

    def rough_coordinates(self) -> AnyArray:
        """Features (n, r) with these inner products, for estimators that do not mind coordinates that are rounding."""


@dataclass(frozen=True, eq=False)
class Features:
    """Few features: values (n, p)."""

    values: AnyArray

    def __len__(self) -> int:
        return len(self.values)

    def on_device(self, name: str) -> Features:
        return Features(on_device(self.values, name))

    def decompose(self, train: Rows, test: Rows) -> Decomposition:
        """By a singular value decomposition of the features."""
        xp, values = array_namespace(self.values), self.values[train]
        mean = xp.mean(values, axis=0)
        left, singular, right = xp.linalg.svd(values - mean, full_matrices=False)
        kept = singular > max(values.shape) * np.finfo(np.float64).eps * _largest(singular)
        return Decomposition(left[:, kept], singular[kept] ** 2, (self.values[test] - mean) @ (right[kept].T * singular[kept]))

    def rough_coordinates(self) -> AnyArray:
        return self.values


@dataclass(frozen=True, eq=False)
class Products:
    """Many features: their inner products (n, n)."""

    products: AnyArray

    def __len__(self) -> int:
        return len(self.products)

    def on_device(self, name: str) -> Products:
        return Products(on_device(self.products, name))

    def decompose(self, train: Rows, test: Rows) -> Decomposition:
        """By the eigenvalues and eigenvectors of the products, centred on the training rows."""
        xp = array_namespace(self.products)
        within, across = (self.products[rows][:, train] for rows in (train, test))
        mean = xp.mean(within, axis=0)
        across = across - xp.mean(across, axis=1, keepdims=True) - mean + xp.mean(mean)
        values, vectors = xp.linalg.eigh(centred(within))
        kept = values > len(train) * np.finfo(np.float64).eps * _largest(values)
        return Decomposition(vectors[:, kept], values[kept], across @ vectors[:, kept])

    def rough_coordinates(self) -> AnyArray:
        return triangular_factor(self.products)


def _largest(values: AnyArray) -> float:
    """The largest of values (r,) that are at least 0 but for rounding; 0 of none."""
    return max(float(array_namespace(values).max(values)), 0.0) if len(values) else 0.0


def source_of(source: xr.DataArray | Gram, rows: Rows, few: float = 0.5) -> Source:
    """The rows of a source, as features if there are at most ``few`` times as many as rows, else as inner products.

    Parameters
    ----------
    source : DataArray, dims (presentation, neuroid), or Gram
    rows : (n,) int
        Row numbers of the source, which may repeat.
    few : float
    """
    if isinstance(source, xr.DataArray):
        if source.shape[1] <= few * len(rows):
            values = np.asarray(take_rows(source.values, rows), dtype=np.float64)
            # A mean shared by all rows changes no estimate, but costs digits.
            return Features(values - values.mean(axis=0))
        source = gram_of_assembly(source)
    as_given = np.array_equal(rows, np.arange(len(source)))
    return Products(source.products if as_given else source.products[np.ix_(rows, rows)])
