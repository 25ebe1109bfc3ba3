"""Correlations of columns: Pearson and Spearman, NaN where a side does not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pearson(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Pearson correlation over the first axis, column by column.

    Parameters
    ----------
    x, y : (n, ...)
        Shapes that broadcast against each other.
    weights : (n,), optional
        How much each row counts; above 0.

    Returns
    -------
    (...)
        NaN where a column is constant, or n < 2.
    """
    w = np.ones(np.shape(x)[0]) if weights is None else np.asarray(weights, dtype=np.float64)
    x, y = _unit(np.asarray(x, dtype=np.float64), w), _unit(np.asarray(y, dtype=np.float64), w)
    return np.asarray((x * y).sum(axis=0))


def weighted_pearson(x: ArrayLike, y: ArrayLike, weights: ArrayLike) -> NDArray[np.float64]:
    """Pearson correlation over the last axis, each row with weights of its own; pairs where either is NaN are left out.

    Parameters
    ----------
    x, y, weights : (..., n)
        Shapes that broadcast against each other; weights are not negative.

    Returns
    -------
    (...)
        NaN where a side does not vary.
    """
    x, y, w = np.broadcast_arrays(*(np.asarray(values, dtype=np.float64) for values in (x, y, weights)))
    there = np.isfinite(x) & np.isfinite(y) & (w > 0)
    x, y, w = (np.where(there, values, 0.0) for values in (x, y, w))
    with np.errstate(divide="ignore", invalid="ignore"):
        total = w.sum(axis=-1, keepdims=True)
        largest = [np.abs(side).max(axis=-1) for side in (x, y)]
        x, y = (np.where(there, side - (w * side).sum(axis=-1, keepdims=True) / total, 0.0) for side in (x, y))
        lengths = [np.sqrt((w * side * side).sum(axis=-1)) for side in (x, y)]
        rounding = [1e-13 * np.sqrt(total[..., 0]) * size for size in largest]
        varies = (lengths[0] > rounding[0]) & (lengths[1] > rounding[1])
        return np.asarray(np.where(varies, (w * x * y).sum(axis=-1) / (lengths[0] * lengths[1]), np.nan))


def pearson_from_sums(
    sums: NDArray[np.float64], shift: ArrayLike = 0.0, shift_of_y: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Pearson correlation from sums over rows, as sums without some of the rows follow by subtraction.

    Parameters
    ----------
    sums : (6, ...)
        n, and the sums of x, y, xx, yy and xy, where x and y were taken from near their means.
    shift, shift_of_y : (...), optional
        What was taken from x and from y (by default the same): variation that is rounding beside it is none.

    Returns
    -------
    (...)
        NaN where a side does not vary.
    """
    n, x, y, xx, yy, xy = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = [xx - x * x / n, yy - y * y / n]
        shifts = shift, shift if shift_of_y is None else shift_of_y
        varies = np.ones(np.shape(squares[0]), dtype=bool)
        for square, total, taken in zip(squares, (xx, yy), shifts, strict=True):
            # Each side by itself: a constant far from the shift leaves 1e-16 of its total, whatever the other side does.
            varies &= (square > 1e-12 * total) & (square > n * (1e-13 * np.asarray(taken)) ** 2)
        r = np.where(varies, (xy - x * y / n) / np.sqrt(squares[0] * squares[1]), np.nan)
    return np.clip(r, -1, 1)


def spearman(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Spearman correlation over the first axis (ties share their mean rank), column by column; shapes as :func:`pearson`."""
    from scipy.stats import rankdata  # takes as long to import as all else of a worker, and few ask for ranks

    return pearson(rankdata(x, axis=0), rankdata(y, axis=0))


def _unit(x: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns with mean 0 and length 1; NaN where nothing but rounding is left of a column once its mean is gone."""
    if len(x) < 2:
        return np.full_like(x, np.nan)
    largest = np.abs(x).max(axis=0)
    x = x - np.tensordot(weights / weights.sum(), x, axes=1)
    x = x * np.sqrt(weights).reshape(-1, *[1] * (x.ndim - 1))
    length = np.sqrt((x * x).sum(axis=0))
    return np.asarray(x / np.where(length > 1e-13 * np.sqrt(len(x)) * largest, length, np.nan))
