"""Ridge regression with one penalty for each feature space (banded ridge), by weighted sums of their inner products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import ArrayLike

from fornix.interfaces.assembly import AssemblyError
from fornix.numerics.backends import AnyArray, on_device
from fornix.numerics.linear.decomposition import Decomposition, Products, Rows
from fornix.numerics.linear.gram import centred, gram_of_assembly, triangular_factor
from fornix.numerics.linear.regression import Smoother, ridge, select_alpha


@dataclass(frozen=True, eq=False)
class Bands:
    """Several feature spaces over the same n rows.

    Parameters
    ----------
    names : tuple of str
    products : tuple of (n, n)
        Inner products of the rows in each.
    """

    names: tuple[str, ...]
    products: tuple[AnyArray, ...]

    def __len__(self) -> int:
        return len(self.products[0])

    def on_device(self, name: str) -> Bands:
        return Bands(self.names, tuple(on_device(p, name) for p in self.products))

    def decompose(self, train: Rows, test: Rows) -> Decomposition:
        """All spaces as one, with the same penalty."""
        return self.weighted([1.0] * len(self.names)).decompose(train, test)

    def rough_coordinates(self) -> AnyArray:
        return triangular_factor(sum(self.products))

    def weighted(self, penalties: Sequence[float]) -> Products:
        """Inner products ``sum_b K_b / alpha_b`` of the features, those of space b divided by ``sqrt(alpha_b)``."""
        return Products(sum(p / alpha for p, alpha in zip(self.products, penalties, strict=True)))

    def mean_diagonals(self, train: Rows) -> list[float]:
        """The mean squared length of a training row in each space, its mean removed; 1 for a space that does not vary."""
        lengths = []
        for products in self.products:
            kept = centred(products[train][:, train])
            lengths.append(float(array_namespace(kept).sum(array_namespace(kept).linalg.diagonal(kept))) / len(train) or 1.0)
        return lengths


def bands_of(source: xr.DataArray, rows: Rows, coordinate: str) -> Bands:
    """The feature spaces that a coordinate of the neuroids names, in the order of their names.

    Parameters
    ----------
    source : DataArray, dims (presentation, neuroid)
    rows : (n,) int
        Which presentations, in which order.
    coordinate : str
        On neuroid: the feature space of each.

    Raises
    ------
    AssemblyError
        If the source has no such coordinate, or it names fewer than two spaces.
    """
    if coordinate not in source.coords or source[coordinate].dims != ("neuroid",):
        raise AssemblyError(f"the source has no coordinate {coordinate!r} on neuroid, which says the feature space of each unit")
    names = sorted({str(name) for name in source[coordinate].values})
    if len(names) < 2:
        raise AssemblyError(f"the source has one feature space ({names[0]}); banded ridge needs two or more, else take 'ridge'")
    grams = [gram_of_assembly(source[:, source[coordinate].values.astype(str) == name]) for name in names]
    return Bands(tuple(names), tuple(gram.products[np.ix_(rows, rows)] for gram in grams))


def banded_ridge(
    bands: Bands,
    train: Rows,
    test: Rows,
    targets: AnyArray,
    alphas: Sequence[float],
    units: Sequence[float],
    together: ArrayLike | None = None,
) -> tuple[Smoother, tuple[float, ...]]:
    """Ridge regression with the penalties, one for each space, of the least squared error for rows left out.

    Coefficients minimise ``|y - sum_b X_b w_b - b0|^2 + sum_b alpha_b |w_b|^2``: ridge regression of penalty 1 on inner
    products ``sum_b K_b / alpha_b`` (Nunez-Elizalde, Huth and Gallant 2019, NeuroImage 197:482). All combinations of the
    penalties are tried; those whose ratios are equal share one decomposition.

    Parameters
    ----------
    bands : Bands of n rows
    train, test : (k,) and (m,) int
    targets : (k, q)
        Of the training rows; or as few with the same products between rows.
    alphas : sequence of float
        Above 0; tried in each space, in its unit.
    units : sequence of float
        For each space.
    together : (k,), optional
        Labels of the training rows: those with the same are left out together, see :func:`select_alpha`.

    Returns
    -------
    Smoother, and the penalties in the order of the spaces, in their units
    """
    best = None
    for ratios, firsts in _by_ratio(alphas, len(bands.names)):
        weighted = bands.weighted([ratio * unit for ratio, unit in zip(ratios, units, strict=True)])
        decomposition = weighted.decompose(train, test)
        choice = select_alpha(decomposition, targets, firsts, together)
        if best is None or choice.error < best[0]:
            best = choice.error, ridge(decomposition, choice.alpha), tuple(ratio * choice.alpha for ratio in ratios)
    assert best is not None
    return best[1], best[2]


def _by_ratio(alphas: Sequence[float], n_bands: int) -> Iterator[tuple[tuple[float, ...], list[float]]]:
    """Ratios of the penalties to the first one, with the first penalties that occur with them."""
    firsts: dict[tuple[float, ...], list[float]] = {}
    for penalties in product(alphas, repeat=n_bands):
        ratios = tuple(float(f"{alpha / penalties[0]:.9e}") for alpha in penalties)  # steps of one grid, but for rounding
        firsts.setdefault(ratios, []).append(penalties[0])
    yield from firsts.items()
