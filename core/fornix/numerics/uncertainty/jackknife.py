"""How groups of stimuli move a correlation: of two measurements, or of cross-validated predictions with what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fornix.numerics.correlation import pearson_from_sums

Array = NDArray[np.float64]


def jackknife_pearson(x: Array, y: Array, groups: NDArray[np.int64]) -> tuple[Array, Array]:
    """Pearson r of each column over all rows, and over all rows but those of each group.

    Rows where x or y is NaN are left out, column by column. A column that is constant has no r: NaN.

    Parameters
    ----------
    x, y : (n, k) float64
    groups : (n,) int
        From :func:`fornix.numerics.uncertainty.intervals.stimulus_groups`.

    Returns
    -------
    (k,) and (n_groups, k) float64
    """
    there = np.isfinite(x) & np.isfinite(y)
    n = np.maximum(there.sum(axis=0), 1)
    # Centred first, so that taking a group's sums away from the total loses no digits.
    x, y = (np.where(there, v, 0.0) for v in (x, y))
    x, y = (np.where(there, v - v.sum(axis=0) / n, 0.0) for v in (x, y))
    sums = np.stack([there.astype(np.float64), x, y, x * x, y * y, x * y])
    by_group = members(groups, int(groups.max()) + 1) @ sums
    total = sums.sum(axis=1)
    return pearson_from_sums(total), pearson_from_sums(total[:, None] - by_group)


@dataclass(frozen=True, eq=False)
class Influence:
    """What groups of stimuli do to the correlations of k targets, scaled up to leaving them out.

    Parameters
    ----------
    r : (k,)
        With all stimuli.
    change : (n_groups, k)
        The effect of leaving out each group, its rows in test and training added.
    joint : (n_groups (n_groups - 1) / 2, k)
        What leaving out two groups does beyond the effects of each, one being tested and the other trained on, both ways;
        pairs in the order of ``numpy.triu_indices(n_groups, 1)``.
    """

    r: Array
    change: Array
    joint: Array


def influence(
    predicted: Array,
    lightened: Iterable[Array],
    measured: Array,
    groups: NDArray[np.int64],
    n_groups: int,
    *,
    tested: float,
    trained: float,
) -> Influence:
    """The influence of groups of stimuli on correlations of predictions with measurements, in one split.

    A group's weight is lowered a part of the way to 0, in test rows by ``tested`` and in training by ``trained``, and the change
    scaled up. Leaving it out in truth would empty small test parts, where a correlation is far from linear.

    Parameters
    ----------
    predicted, measured : (m, k)
        Of the test rows.
    lightened : iterable of (m, k), as many as groups
        Predictions, refitted with the weight of each group lowered by ``trained``.
    groups : (m,) int
        The group of each test row.
    tested, trained : float
        Above 0, at most 1.
    """
    mean = measured.mean(axis=0)
    y = measured - mean
    centre = predicted.mean(axis=0)
    member = members(groups, n_groups)
    ones, squares = np.ones(y.shape), y * y

    def correlations(x: Array) -> Array:
        """(1 + n_groups, k): with all test rows, and with each group made lighter."""
        x = x - centre
        rows = np.stack([ones, x, y, x * x, squares, x * y])
        total = rows.sum(axis=1)[:, None]
        return pearson_from_sums(np.concatenate([total, total - tested * (member @ rows)], axis=1), centre, mean)

    base = correlations(predicted)
    refitted = np.stack([correlations(x) for x in lightened])  # (trained on, tested, k)
    effects = (base[1:] - base[0]) / tested + (refitted[:, 0] - base[0]) / trained
    beyond = (refitted[:, 1:] - refitted[:, :1] - base[1:] + base[0]) / (tested * trained)
    a, b = np.triu_indices(n_groups, 1)
    return Influence(base[0], effects, beyond[a, b] + beyond[b, a])


def members(groups: NDArray[np.int64], n_groups: int) -> Array:
    """1 where a row belongs to a group, else 0: (n_groups, n) from groups (n,)."""
    return np.asarray(groups == np.arange(n_groups)[:, None], dtype=np.float64)
