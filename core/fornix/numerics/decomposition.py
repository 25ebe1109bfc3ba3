"""What linear estimators see of a source: features where they are few, inner products where they are many.

Both decompose a training part alike, so that each estimator is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.responses import Gram
from fornix.numerics.gram import centred, factor, gram_of_assembly, triangular_factor

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

    left: Array
    squares: Array
    test: Array


class Source(Protocol):
    """Responses of a model to n stimuli, up to what an estimator that is rotation invariant can tell."""

    def __len__(self) -> int: ...

    def decompose(self, train: Rows, test: Rows) -> Decomposition: ...

    def coordinates(self) -> Array:
        """Features (n, r) with these inner products."""

    def rough_coordinates(self) -> Array:
        """The same sooner, for estimators that do not mind coordinates that are rounding."""


@dataclass(frozen=True, eq=False)
class Features:
    """Few features: values (n, p)."""

    values: Array

    def __len__(self) -> int:
        return len(self.values)

    def decompose(self, train: Rows, test: Rows) -> Decomposition:
        mean = self.values[train].mean(axis=0)
        left, singular, right = np.linalg.svd(self.values[train] - mean, full_matrices=False)
        kept = singular > max(len(train), len(mean)) * np.finfo(np.float64).eps * singular.max(initial=0.0)
        return Decomposition(left[:, kept], singular[kept] ** 2, (self.values[test] - mean) @ (right[kept].T * singular[kept]))

    def coordinates(self) -> Array:
        return self.values

    def rough_coordinates(self) -> Array:
        return self.values


@dataclass(frozen=True, eq=False)
class Products:
    """Many features: their inner products (n, n)."""

    products: Array

    def __len__(self) -> int:
        return len(self.products)

    def decompose(self, train: Rows, test: Rows) -> Decomposition:
        within = self.products[np.ix_(train, train)]
        mean = within.mean(axis=0)
        across = self.products[np.ix_(test, train)]
        across = across - across.mean(axis=1, keepdims=True) - mean + mean.mean()
        values, vectors = np.linalg.eigh(centred(within))
        kept = values > len(train) * np.finfo(np.float64).eps * max(values[-1], 0.0)
        return Decomposition(vectors[:, kept], values[kept], across @ vectors[:, kept])

    def coordinates(self) -> Array:
        return factor(self.products)

    def rough_coordinates(self) -> Array:
        return triangular_factor(self.products)


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
            values = np.asarray(source.values[rows], dtype=np.float64)
            # A mean shared by all rows changes no estimate, but costs digits.
            return Features(values - values.mean(axis=0))
        source = gram_of_assembly(source)
    as_given = np.array_equal(rows, np.arange(len(source)))
    return Products(source.products if as_given else source.products[np.ix_(rows, rows)])
