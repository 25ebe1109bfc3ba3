"""For each target, the one unit of a source that correlates with it most."""

from __future__ import annotations

from typing import Final

import numpy as np

from fornix.numerics.linear.decomposition import Array, Rows

#: Features are taken in blocks, so that products of features and targets hold about this many numbers at once.
BLOCK_SIZE: Final = 20_000_000
#: A unit whose weighted variance is this far below its mean square is constant over the rows that count.
CONSTANT: Final = 1e-12


def best_units(features: Array, targets: Array, weights: Array) -> Rows:
    """The unit with the highest signed Pearson correlation with each target, the first of equals.

    Every weighting after the first costs only the rows in which it differs from the first.

    Parameters
    ----------
    features : (n, p)
        Their mean over all rows removed, or near 0.
    targets : (n, q)
    weights : (k, n)
        How much each row counts, in each of k weightings; 0: not at all.

    Returns
    -------
    (k, q) int
        A unit that is constant over the rows that count is passed over, unless all are.
    """
    (n, p), q = features.shape, targets.shape[1]
    targets = targets - targets.mean(axis=0)
    sizes = weights.sum(axis=1)
    means = weights @ targets / sizes[:, None]
    best, chosen = np.full((len(weights), q), -np.inf), np.zeros((len(weights), q), dtype=np.int64)
    width = max(1, BLOCK_SIZE // (q + n))
    for start in range(0, p, width):
        block = features[:, start : start + width]
        sums, squares = weights @ block, weights @ (block * block)
        variances = squares - sums**2 / sizes[:, None]
        scale = np.sqrt(np.where(variances > CONSTANT * squares, variances, np.nan))
        first = block.T @ (weights[0][:, None] * targets)
        for k, weighting in enumerate(weights):
            rows = np.flatnonzero(weighting != weights[0])
            products = first + block[rows].T @ ((weighting - weights[0])[rows, None] * targets[rows])
            slopes = (products - np.outer(sums[k], means[k])) / scale[k][:, None]
            slopes[np.isnan(slopes)] = -np.inf
            highest = slopes.argmax(axis=0)
            value = slopes[highest, np.arange(q)]
            better = value > best[k]
            best[k, better], chosen[k, better] = value[better], highest[better] + start
    return chosen
