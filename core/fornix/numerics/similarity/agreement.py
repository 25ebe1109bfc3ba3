"""How well two sets of dissimilarities agree, and what each pair of stimuli adds to that."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any, Final, Literal, Self

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import ArrayLike, NDArray

from fornix.numerics.backends import AnyArray, beside, to_numpy, zeros
from fornix.numerics.linear.gram import ROUNDING
from fornix.numerics.ranks import ranks
from fornix.numerics.similarity.pairs import matrix_of, of_pairs

Array = NDArray[np.float64]
Comparison = Literal["spearman", "pearson", "kendall", "cosine"]

#: Side of the grid of ranks on which the concordance of single pairs is counted.
GRID: Final = 256


class Agreement:
    """The agreement over pairs of stimuli of two matrices of dissimilarities.

    Spearman and Pearson correlations, the cosine (Pearson without removing means) and Kendall's tau-a, (concordant -
    discordant) / all pairs of pairs, which ties cannot raise (Nili et al. 2014, PLoS Comput Biol 10:e1003553).

    Parameters
    ----------
    a, b : (n, n)
        Symmetric, of one library and on one device, where they are compared: but for tau-a, which is left to NumPy. Pairs
        where either is NaN are left out; ``n_nan`` counts them, of ``n_pairs``.
    comparison : {"spearman", "pearson", "kendall", "cosine"}
    exact : bool
        False: for replicates, of which only the spread counts. Ranks of many pairs are binned, and tau-a is counted on a
        grid of 256 x 256 ranks.
    """

    def __init__(self, a: AnyArray, b: AnyArray, comparison: Comparison, exact: bool = True) -> None:
        self.comparison: Comparison = comparison
        self.exact = exact
        self._all_a = self._pairs(a)
        self._compare(self._pairs(b), None)

    def against(self, b: AnyArray, exact: bool | None = None) -> Self:
        """The agreement of the same first matrix with another; work on the first is done once."""
        other = object.__new__(type(self))
        other.comparison, other._all_a = self.comparison, self._all_a
        other.exact = self.exact if exact is None else exact
        other._compare(other._pairs(b), self._a if self.n_nan == 0 and self.exact >= other.exact else None)
        return other

    def _pairs(self, matrix: AnyArray) -> AnyArray:
        return of_pairs(to_numpy(matrix) if self.comparison == "kendall" else matrix)

    def _compare(self, all_b: AnyArray, scored_a: AnyArray | None) -> None:
        xp = array_namespace(all_b)
        valid = xp.isfinite(self._all_a) & xp.isfinite(all_b)
        self.n_pairs = len(valid)
        self.n_nan = self.n_pairs - int(xp.count_nonzero(valid))
        self._valid = valid if self.n_nan else None
        if scored_a is None or self.n_nan:
            scored_a = self._scored(self._all_a if self._valid is None else self._all_a[valid])
        self._a, self._b = scored_a, self._scored(all_b if self._valid is None else all_b[valid])

    def _scored(self, values: AnyArray) -> AnyArray:
        """Ranks or values of the pairs, centred (but for a cosine), with mean square 1; 0 where they vary by rounding alone."""
        if len(values) == 0:
            return values
        lowest, highest = float(values.min()), float(values.max())
        if self.comparison != "cosine" and highest - lowest <= ROUNDING * max(abs(lowest), abs(highest)):
            return zeros(values.shape, values)
        if self.comparison in ("spearman", "kendall"):
            values = ranks(values, self.exact)
        scored = values - (0.0 if self.comparison == "cosine" else values.mean())
        length = math.sqrt(float(scored @ scored) / len(scored))
        scored /= length if length > 0 else 1.0
        return scored

    @property
    def varies(self) -> bool:
        """Whether both sides do, so that there is an agreement."""
        return bool(self._a.any() and self._b.any())

    @cached_property
    def value(self) -> float:
        """The agreement over all pairs; NaN where a side does not vary."""
        if not self.varies:
            return float("nan")
        if self.comparison == "kendall":
            return _tau_a(self._a, self._b) if self.exact else float(self._concordance.mean())
        return float(np.clip(float(self._a @ self._b) / len(self._a), -1, 1))

    @cached_property
    def _concordance(self) -> Array:
        """For each pair p: how many pairs are concordant with it less how many are not, as a part of all; in bins of ranks.

        The bins have the counts of marginal ranks, so a pair in bin (k, l) is concordant with what lies below in both or
        above in both: 4 P(< k, < l) + ... counted with half of what lies in the same row and column of bins.
        """
        first, second = (_bin_of_rank(side) for side in (self._a, self._b))
        cell = first * GRID + second
        counts = np.bincount(cell, minlength=GRID * GRID).reshape(GRID, GRID) / len(cell)
        before = np.zeros((GRID + 1, GRID + 1))
        before[1:, 1:] = counts.cumsum(axis=0).cumsum(axis=1)
        below = before[:-1, :-1]
        above = 1 - before[-1:, 1:] - before[1:, -1:] + before[1:, 1:]
        opposite = (before[:-1, -1:] - before[:-1, 1:]) + (before[-1:, :-1] - before[1:, :-1])
        return np.asarray((below + above - opposite).ravel()[cell])

    def pair_effects(self) -> AnyArray:
        """The effect of each pair on the agreement, (n, n), symmetric with a diagonal of 0; over pairs they sum to 0.

        To first order, the agreement under weights u of the pairs is ``value + sum(u * effect) * n_pairs / sum(u)``. With
        scores z of mean 0 and mean square 1: ``(z_a z_b - value (z_a^2 + z_b^2) / 2) / n_pairs``, the influence function
        of a correlation (Devlin, Gnanadesikan and Kettenring 1975, Biometrika 62:531). Of tau-a: ``2 (c - value) /
        n_pairs`` with c the concordance of the pair with all others.
        """
        n_pairs = max(len(self._a), 1)
        if not self.varies:
            effects = zeros(self._a.shape, self._a)
        elif self.comparison == "kendall":
            effects = 2 * (self._concordance - self._concordance.mean()) / n_pairs
        else:
            a, b = self._a, self._b
            effects = (a * b - self.value / 2 * (a * a + b * b)) / n_pairs
        return self._matrix(effects)

    def _matrix(self, values: AnyArray) -> AnyArray:
        """Values of the pairs that are there as a symmetric matrix, 0 elsewhere."""
        if self._valid is not None:
            everywhere = zeros(self._valid.shape, values)
            everywhere[self._valid] = values
            values = everywhere
        return matrix_of(values)

    @cached_property
    def _moments(self) -> AnyArray:
        a, b, xp = self._a, self._b, array_namespace(self._a)
        return xp.stack([self._matrix(part) for part in (xp.ones_like(a), a, b, a * a, b * b, a * b)])

    def __call__(self, weights: ArrayLike) -> Array:
        """The agreement (k,) under each row of weights (k, n) of the stimuli; NaN where a side does not vary.

        Ranks are those among all pairs; weights then weigh the pairs. A pair weighs the product of its stimuli's weights,
        so a stimulus that a bootstrap drew twice counts twice, and pairs of copies, whose dissimilarity is 0 by
        construction, do not count. Tau-a is given to first order (:meth:`pair_effects`).
        """
        w = beside(weights, self._a)
        if self.comparison == "kendall":
            there, effects = self._matrix(np.ones_like(self._a)), self.pair_effects()
            share = ((w @ effects) * w).sum(axis=1) / ((w @ there) * w).sum(axis=1)
            return np.asarray(self.value + share * len(self._a))
        return self._correlation([to_numpy(((w @ moment) * w).sum(axis=1)) for moment in self._moments])

    def permuted(self, permutations: ArrayLike) -> Array:
        """The agreement (k,) when the stimuli of the first matrix are reordered by each row of ``permutations`` (k, n).

        Raises
        ------
        ValueError
            If pairs are NaN: they would move.
        """
        if self.n_nan:
            raise ValueError(f"{self.n_nan} dissimilarities are NaN; a permutation test needs all of them")
        a, b = self._matrix(self._a), self._b
        moved = (of_pairs(a[np.ix_(order, order)]) for order in np.asarray(permutations))
        if not self.varies:
            return np.full(len(np.asarray(permutations)), np.nan)
        if self.comparison == "kendall":
            return np.array([_tau_a(order, b) for order in moved])
        return np.array([float(order @ b) / len(b) for order in moved])

    def _correlation(self, moments: list[Any]) -> Array:
        count, x, y, xx, yy, xy = moments
        if self.comparison == "cosine":
            x = y = np.zeros_like(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            variance_x, variance_y = xx - x * x / count, yy - y * y / count
            varies = (variance_x > 1e-12 * xx) & (variance_y > 1e-12 * yy)
            return np.asarray(np.where(varies, (xy - x * y / count) / np.sqrt(variance_x * variance_y), np.nan))


def _tau_a(x: Array, y: Array) -> float:
    """Kendall's tau-a, from scipy's tau-b, whose denominator leaves out ties."""
    from scipy.stats import kendalltau  # takes as long to import as all else of a worker, and few ask for it

    n = len(x)
    pairs = n * (n - 1) / 2
    untied = [
        pairs - float((counts * (counts - 1) / 2).sum()) for counts in (np.unique(side, return_counts=True)[1] for side in (x, y))
    ]
    return float(kendalltau(x, y).statistic * np.sqrt(untied[0] / pairs) * np.sqrt(untied[1] / pairs))


def _bin_of_rank(scored: Array) -> NDArray[np.int64]:
    """Ranks, scaled in any way, as bins 0 to GRID - 1 of equal width in rank."""
    lowest, highest = scored.min(), scored.max()
    return np.asarray((scored - lowest) * ((GRID - 1e-9) / (highest - lowest)), dtype=np.int64).clip(0, GRID - 1)
