"""Ranks of many values: by sorting where they are few, by counting where they are millions and sorting would take too long."""

from __future__ import annotations

from typing import Final

import numpy as np
from array_api_compat import array_namespace

from fornix.numerics.backends import AnyArray

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


def ranks(values: AnyArray, exact: bool = True) -> AnyArray:
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
    xp = array_namespace(values)
    bins = xp.astype((values - lowest) * float(scale), xp.int32)
    counts = xp.astype(xp.bincount(bins, minlength=N_BINS), xp.float64)
    # Ties take sum(t^3 - t)/(n^3 - n) of the variance of ranks.
    if float(counts @ (counts * counts)) - n > (LOSS if exact else 1e3 * LOSS) * float(n) ** 3:
        return _by_sorting(values)
    mean_rank = counts.cumsum(0)
    mean_rank -= counts / 2
    mean_rank += 0.5
    return mean_rank[bins]


def _by_sorting(values: AnyArray) -> AnyArray:
    xp = array_namespace(values)
    order = xp.argsort(values, stable=False)
    ordered = values[order]
    group = xp.zeros_like(order)  # which of those that are equal; from 0
    group[1:] = (ordered[1:] - ordered[:-1] > TIED * xp.abs(ordered[1:])).cumsum(0)
    counts = xp.astype(xp.bincount(group), values.dtype)
    shared = xp.empty_like(values)
    shared[order] = (counts.cumsum(0) - (counts - 1) / 2)[group]
    return shared
