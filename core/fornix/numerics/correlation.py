"""Correlations of columns: Pearson and Spearman, NaN where a side does not vary."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def pearson(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Pearson correlation over the first axis, column by column.

    Parameters
    ----------
    x, y : (n, ...)
        Shapes that broadcast against each other.

    Returns
    -------
    (...)
        NaN where a column is constant, or n < 2.
    """
    x, y = _unit(np.asarray(x, dtype=np.float64)), _unit(np.asarray(y, dtype=np.float64))
    return np.asarray((x * y).sum(axis=0))


def spearman(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
    """Spearman correlation over the first axis (ties share their mean rank), column by column; shapes as :func:`pearson`."""
    return pearson(stats.rankdata(x, axis=0), stats.rankdata(y, axis=0))


def _unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Columns with mean 0 and length 1; NaN where nothing but rounding is left of a column once its mean is gone."""
    if len(x) < 2:
        return np.full_like(x, np.nan)
    largest = np.abs(x).max(axis=0)
    x = x - x.mean(axis=0)
    length = np.sqrt((x * x).sum(axis=0))
    return np.asarray(x / np.where(length > 1e-13 * np.sqrt(len(x)) * largest, length, np.nan))
