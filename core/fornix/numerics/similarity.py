"""Dissimilarities between stimuli, and how well two sets of them agree."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.interfaces.responses import Gram
from fornix.numerics.gram import correlation_distances, euclidean_distances, gram_of_assembly
from fornix.numerics.rows import source_stimuli

Array = NDArray[np.float64]
Distance = Literal["correlation", "euclidean"]
Comparison = Literal["spearman", "pearson"]


def dissimilarities(responses: xr.DataArray | Gram, distance: Distance = "correlation") -> xr.DataArray:
    """Dissimilarities between all pairs of stimuli.

    Parameters
    ----------
    responses : DataArray, dims (presentation, neuroid), or Gram
        One row for each stimulus.
    distance : {"correlation", "euclidean"}
        ``1 - Pearson r`` across neuroids, or the length of the difference.

    Returns
    -------
    DataArray, dims (pair,)
        Coordinates ``stimulus_a``, ``stimulus_b``: a stands before b in the rows. NaN where a stimulus's responses are
        all equal (correlation).
    """
    stimuli = source_stimuli(responses)
    matrix = distance_matrix(responses, distance)
    a, b = np.triu_indices(len(stimuli), k=1)
    return xr.DataArray(
        matrix[a, b],
        dims=("pair",),
        coords={"stimulus_a": ("pair", stimuli[a]), "stimulus_b": ("pair", stimuli[b])},
    )


def distance_matrix(responses: xr.DataArray | Gram, distance: Distance) -> Array:
    """Distances (n, n) between the rows of an assembly (presentation, neuroid) or a Gram."""
    gram = responses if isinstance(responses, Gram) else gram_of_assembly(responses)
    if gram.n_features < 2 and distance == "correlation":
        raise AssemblyError("a correlation distance needs at least 2 neuroids; there is 1")
    return correlation_distances(gram) if distance == "correlation" else euclidean_distances(gram)


def pair_stimuli(pairs: xr.DataArray, what: str) -> NDArray[np.str_]:
    """The sorted stimuli of dissimilarities, dims (..., pair), after checking that each pair occurs once.

    Raises
    ------
    AssemblyError
        If a value is NaN or infinite, or a pair of the stimuli is missing or repeated.
    """
    check_assembly(pairs, finite=True, what=what)
    for name in ("stimulus_a", "stimulus_b"):
        if name not in pairs.coords:
            raise AssemblyError(f"{what} has no coordinate {name!r} on pair, by which pairs are matched")
    a, b = pairs["stimulus_a"].values, pairs["stimulus_b"].values
    stimuli, index = np.unique(np.concatenate([a, b]), return_inverse=True)
    first, second = index.reshape(2, -1)
    n, keys = len(stimuli), np.minimum(first, second) * len(stimuli) + np.maximum(first, second)
    if (first == second).any():
        raise AssemblyError(f"{what} pairs stimulus {str(a[first == second][0])!r} with itself")
    if len(np.unique(keys)) < len(keys):
        raise AssemblyError(f"{what} has {len(keys) - len(np.unique(keys))} pairs of stimuli more than once")
    if len(keys) < n * (n - 1) // 2:
        raise AssemblyError(f"{what} lacks {n * (n - 1) // 2 - len(keys)} of the {n * (n - 1) // 2} pairs of its {n} stimuli")
    return np.asarray(stimuli, dtype=np.str_)


def matrices_of_pairs(pairs: xr.DataArray, stimuli: NDArray[np.str_]) -> Array:
    """Dissimilarities, dims (pair,) or (subject, pair), as matrices (subjects or 1, n, n) in the order of ``stimuli``."""
    values = np.atleast_2d(np.asarray(pairs.transpose(..., "pair").values, dtype=np.float64))
    order = np.argsort(stimuli, kind="stable")
    rows = [order[np.searchsorted(stimuli[order], pairs[name].values)] for name in ("stimulus_a", "stimulus_b")]
    matrices = np.zeros((len(values), len(stimuli), len(stimuli)))
    matrices[:, rows[0], rows[1]] = values
    matrices[:, rows[1], rows[0]] = values
    return matrices


class Agreement:
    """The correlation over pairs of stimuli of two matrices of dissimilarities, under weights of the stimuli.

    Ranks are those among all pairs; weights then weigh the pairs. A pair weighs the product of its stimuli's weights, so
    a stimulus that a bootstrap drew twice counts twice, and pairs of copies, whose dissimilarity is 0 by construction, do
    not count. Without weights the result is the plain Spearman or Pearson correlation over the upper triangle.

    Parameters
    ----------
    a, b : (n, n)
        Symmetric. Pairs where either is NaN are left out.
    comparison : {"spearman", "pearson"}
    """

    def __init__(self, a: Array, b: Array, comparison: Comparison) -> None:
        valid = np.isfinite(a) & np.isfinite(b)
        np.fill_diagonal(valid, False)
        upper = np.triu(valid)
        sides = [_scored(side, upper, comparison) for side in (a, b)]
        self.n_nan = len(a) * (len(a) - 1) // 2 - int(upper.sum())
        self._moments = np.stack([valid.astype(np.float64), *sides, sides[0] ** 2, sides[1] ** 2, sides[0] * sides[1]])

    def __call__(self, weights: ArrayLike | None = None) -> Array:
        """The correlation (k,) under each row of weights (k, n); NaN where a side does not vary."""
        n = self._moments.shape[1]
        w = np.ones((1, n)) if weights is None else np.asarray(weights, dtype=np.float64)
        return self._correlation([((w @ moment) * w).sum(axis=1) for moment in self._moments])

    def permuted(self, permutations: ArrayLike) -> Array:
        """The correlation (k,) when the stimuli of the first matrix are reordered by each row of ``permutations`` (k, n).

        Raises
        ------
        ValueError
            If pairs are NaN: they would move.
        """
        if self.n_nan:
            raise ValueError(f"{self.n_nan} dissimilarities are NaN; a permutation test needs all of them")
        _, a, b, *_ = self._moments
        fixed = [moment.sum() for moment in self._moments[:-1]]
        return np.array([self._correlation([*fixed, (a[np.ix_(order, order)] * b).sum()]) for order in np.asarray(permutations)])

    @staticmethod
    def _correlation(moments: list[Any]) -> Array:
        count, x, y, xx, yy, xy = moments
        with np.errstate(divide="ignore", invalid="ignore"):
            variance_x, variance_y = xx - x * x / count, yy - y * y / count
            varies = (variance_x > 1e-12 * xx) & (variance_y > 1e-12 * yy)
            return np.asarray(np.where(varies, (xy - x * y / count) / np.sqrt(variance_x * variance_y), np.nan))


def _scored(side: Array, upper: NDArray[np.bool_], comparison: Comparison) -> Array:
    """Ranks (or values) of the pairs, centred and scaled, as a symmetric matrix with 0 where there is no pair."""
    values = side[upper]
    if comparison == "spearman":
        values = stats.rankdata(values)
    scored = np.zeros_like(side)
    if len(values) and values.max() > values.min():
        scored[upper] = (values - values.mean()) / values.std()
    return np.asarray(scored + scored.T)
