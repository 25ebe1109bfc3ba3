"""Centred kernel alignment (CKA) of two sets of responses, linear, with and without the bias of few stimuli."""

from __future__ import annotations

import math
from typing import Final, Literal, Self

import numpy as np
from array_api_compat import array_namespace

from fornix.numerics.backends import AnyArray, inner

#: Where the length of aligned products is below this part of the trace that they had, it is the rounding of what does not vary.
ROUNDING: Final = 1e-13
Estimator = Literal["unbiased", "biased"]


def aligned_products(products: AnyArray, estimator: Estimator = "unbiased") -> AnyArray:
    """Products between stimuli (n, n) whose cosine over all entries is the CKA.

    Biased: ``H K H`` with ``H = I - 11'/n`` (Kornblith et al. 2019, ICML). Unbiased: with a diagonal of 0, the mean of each
    row and column off the diagonal removed, ``K_ij - r_i/(n - 2) - r_j/(n - 2) + s/((n - 1)(n - 2))`` with row sums r and
    their sum s (Szekely and Rizzo 2014, Ann Stat 42:2382); the sum of products of two such is ``n (n - 3)`` times the
    unbiased HSIC of Song et al. 2012 (J Mach Learn Res 13:1393), in which a stimulus is never compared with itself.

    Parameters
    ----------
    products : (n, n)
        ``X X'``, whether or not the mean of features is removed.
    """
    n = len(products)
    if estimator == "biased":
        mean = products.mean(axis=1)
        return products - mean[:, None] - mean[None, :] + mean.mean()
    aligned, diagonal = array_namespace(products).asarray(products, copy=True), np.arange(n)
    aligned[diagonal, diagonal] = 0.0
    sums = aligned.sum(axis=1)
    aligned -= sums[:, None] / (n - 2)
    aligned -= sums[None, :] / (n - 2)
    aligned += sums.sum() / ((n - 1) * (n - 2))
    aligned[diagonal, diagonal] = 0.0
    return aligned


def square_of_aligned(aligned: AnyArray, products: AnyArray) -> float:
    """The sum of squares of aligned products; 0 where it is rounding: all products, or all off the diagonal, are equal."""
    square = inner(aligned, aligned)
    return square if square > (ROUNDING * float(products.trace())) ** 2 else 0.0


class Alignment:
    """The CKA of two matrices of products between stimuli, and the effect of each pair of stimuli on it.

    Parameters
    ----------
    k, l : (n, n)
        Products ``X X'`` and ``Y Y'``.
    estimator : {"unbiased", "biased"}
    undefined : float
        The value where a side does not vary.
    """

    n_nan = 0  # of its pairs, none ever lacks a value

    def __init__(
        self,
        k: AnyArray,
        l: AnyArray,  # noqa: E741 - the letters of the formula
        estimator: Estimator = "unbiased",
        undefined: float = float("nan"),
    ) -> None:
        self._estimator: Estimator = estimator
        self._undefined = undefined
        self._k = aligned_products(k, estimator)
        self._kk = square_of_aligned(self._k, k)
        self._compare(l)

    def against(self, l: AnyArray, exact: bool = True) -> Self:  # noqa: E741
        """The alignment of the same first matrix with another; ``exact`` makes no difference here."""
        other = object.__new__(type(self))
        other._estimator, other._undefined, other._k, other._kk = self._estimator, self._undefined, self._k, self._kk
        other._compare(l)
        return other

    @property
    def n_pairs(self) -> int:
        """How many pairs of stimuli are compared."""
        return len(self._k) * (len(self._k) - 1) // 2

    def _compare(self, l: AnyArray) -> None:  # noqa: E741
        self._l = aligned_products(l, self._estimator)
        self._ll, kl = square_of_aligned(self._l, l), inner(self._k, self._l)
        #: Whether both sides do, so that there is an alignment.
        self.varies = self._kk > 0 and self._ll > 0
        #: The product of their lengths: of the roots, as the product of squares holds eighth powers of the responses.
        self._lengths = math.sqrt(self._kk) * math.sqrt(self._ll)
        self.value = kl / self._lengths if self.varies else self._undefined

    def pair_effects(self) -> AnyArray:
        """The effects (n, n) of :mod:`fornix.numerics.uncertainty.pair_effects`.

        ``2 (k l/(|k| |l|) - value (k^2/|k|^2 + l^2/|l|^2)/2)``, half of it on the diagonal, which holds each stimulus once.
        """
        effects = self._k * self._l
        if not self.varies:
            return array_namespace(effects).zeros_like(effects)
        effects *= 2 / self._lengths
        effects -= self.value / self._kk * self._k**2
        effects -= self.value / self._ll * self._l**2
        effects[np.diag_indices(len(effects))] /= 2
        return effects


def without_mean(features: AnyArray) -> AnyArray:
    """Features (n, p) less their means; 0 where nothing but the rounding of a large mean is left of a feature."""
    mean = features.mean(axis=0)
    centred = features - mean
    squares = array_namespace(features).einsum("ij,ij->j", centred, centred)
    centred[:, squares <= 1e-28 * len(features) * mean**2] = 0.0
    return centred


def cka_of_features(x: AnyArray, y: AnyArray, estimator: Estimator = "unbiased") -> float:
    """CKA of features, by products of features with features: what takes least where stimuli outnumber them.

    ``sum_ij K_ij L_ij = |X'Y|^2`` for all pairs; of the pairs of a stimulus with itself it is ``sum_i |x_i|^2 |y_i|^2``.
    Unbiased: ``[|X'Y|^2 - sum k_i l_i + s t/((n-1)(n-2)) - 2/(n-2) sum_i r_i q_i]`` with ``k_i = |x_i|^2``, r the row sums of K
    off its diagonal and s their sum (l, q, t of Y). Means of features are removed first: they change nothing but digits.

    Parameters
    ----------
    x : (n, p)
    y : (n, q)

    Returns
    -------
    float
        NaN where a side does not vary.
    """
    x, y = without_mean(x), without_mean(y)
    xy, xx, yy = (inner(product, product) for product in (y.T @ x, x.T @ x, y.T @ y))
    rounding = 1e-12 * xx, 1e-12 * yy
    if estimator == "unbiased":
        n = len(x)
        squares = [array_namespace(side).einsum("ij,ij->i", side, side) for side in (x, y)]

        def without_self(total: float, k: AnyArray, l: AnyArray) -> float:  # noqa: E741
            # Rows of the products of centred features sum to 0, so off the diagonal to -k.
            return total - n / (n - 2) * float(k @ l) + float(k.sum() * l.sum()) / ((n - 1) * (n - 2))

        k, l = squares  # noqa: E741
        xy, xx, yy = without_self(xy, k, l), without_self(xx, k, k), without_self(yy, l, l)
    return xy / (math.sqrt(xx) * math.sqrt(yy)) if xx > rounding[0] and yy > rounding[1] else float("nan")
