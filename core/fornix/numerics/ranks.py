"""Ranks of many values: exact where they are few, by counting where they are millions and sorting would take most of the time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

#: Up to so many values are sorted, whatever is asked for: counting would be no faster.
FEW: Final = 2**18
#: Up to so many values are sorted where exact ranks are asked for.
MANY: Final = 2**20
#: Bins in which more are counted.
N_BINS: Final = 2**21
#: Counting may lose this part of the variance of ranks; where it would lose more, as with an outlier or ties, values are sorted.
LOSS: Final = 1e-11


def ranks(values: NDArray[np.float64], exact: bool = True) -> NDArray[np.float64]:
    """Ranks of values (n,), from 1; equal values share their mean rank.

    Above :data:`MANY` values (with ``exact=False`` above :data:`FEW`), those in one of 2 million equal bins between the
    smallest and the largest count as equal. A correlation of the ranks of 5 million values moves by some 1e-9.
    """
    n = len(values)
    if n <= (MANY if exact else FEW):
        return np.asarray(stats.rankdata(values))
    lowest, highest = float(values.min()), float(values.max())
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = np.float64(N_BINS - 1) / (highest - lowest)
    if not np.isfinite(scale):
        return np.asarray(stats.rankdata(values))
    bins = ((values - lowest) * scale).astype(np.int32)
    counts = np.bincount(bins, minlength=N_BINS).astype(np.float64)
    # Ties take sum(t^3 - t)/(n^3 - n) of the variance of ranks.
    if counts @ np.square(counts) - n > (LOSS if exact else 1e3 * LOSS) * float(n) ** 3:
        return np.asarray(stats.rankdata(values))
    mean_rank = np.cumsum(counts)
    mean_rank -= counts / 2
    mean_rank += 0.5
    return np.asarray(mean_rank[bins])
