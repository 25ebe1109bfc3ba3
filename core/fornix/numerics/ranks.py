"""Ranks of many values: by sorting where they are few, by counting where they are millions and sorting would take too long."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Values that differ by less than this part of themselves are equal but for rounding, which would order them by chance: by
#: which machine computes them, or whether from responses or their Gram.
TIED: Final = 1e-12
#: Up to so many values are sorted, whatever is asked for: counting would be no faster.
FEW: Final = 2**18
#: Up to so many values are sorted where exact ranks are asked for.
MANY: Final = 2**20
#: Bins in which more are counted.
N_BINS: Final = 2**21
#: Counting may lose this part of the variance of ranks; where it would lose more, as with an outlier or ties, values are sorted.
LOSS: Final = 1e-11


def ranks(values: NDArray[np.float64], exact: bool = True) -> NDArray[np.float64]:
    """Ranks of values (n,), from 1; equal values (:data:`TIED`) share their mean rank.

    Above :data:`MANY` values (with ``exact=False`` above :data:`FEW`), those in one of 2 million equal bins between the
    smallest and the largest count as equal. A correlation of the ranks of 5 million values moves by some 1e-9.
    """
    n = len(values)
    if n <= (MANY if exact else FEW):
        return _by_sorting(values)
    lowest, highest = float(values.min()), float(values.max())
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = np.float64(N_BINS - 1) / (highest - lowest)
    if not np.isfinite(scale):
        return _by_sorting(values)
    bins = ((values - lowest) * scale).astype(np.int32)
    counts = np.bincount(bins, minlength=N_BINS).astype(np.float64)
    # Ties take sum(t^3 - t)/(n^3 - n) of the variance of ranks.
    if counts @ np.square(counts) - n > (LOSS if exact else 1e3 * LOSS) * float(n) ** 3:
        return _by_sorting(values)
    mean_rank = np.cumsum(counts)
    mean_rank -= counts / 2
    mean_rank += 0.5
    return np.asarray(mean_rank[bins])


def _by_sorting(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) == 0:
        return np.zeros(0)
    order = np.argsort(values)
    ordered = values[order]
    apart = np.diff(ordered) > TIED * np.abs(ordered[1:])
    first = np.flatnonzero(np.concatenate([[True], apart]))  # of those that are equal
    counts = np.diff(first, append=len(values))
    shared = np.empty(len(values))
    shared[order] = np.repeat(first + (counts + 1) / 2, counts)
    return shared
