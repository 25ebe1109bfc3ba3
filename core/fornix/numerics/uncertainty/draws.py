"""Draws with replacement: which units are drawn, or how often each comes up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Draws of a bootstrap.
N_DRAWS: Final = 1000
#: Draws of neuroids are worked on this many at a time, and fewer where they hold more values than this, which bounds memory.
AT_ONCE: Final = 100
VALUES_AT_ONCE: Final = 5_000_000


def counts_drawn(n: int, n_draws: int, seed: int | np.random.Generator) -> NDArray[np.float64]:
    """How often each of n units is drawn when n are drawn with replacement.

    Parameters
    ----------
    n : int
        Units: stimuli, subjects, or groups of them.
    n_draws : int
    seed : int or Generator
        A generator is drawn from, so that draws that follow are others.

    Returns
    -------
    (n_draws, n)
    """
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_draws).astype(np.float64)


def neuroid_draws(neuroid_id: ArrayLike, n_draws: int = N_DRAWS) -> NDArray[np.int64]:
    """Row numbers of neuroids drawn with replacement, for a bootstrap over neuroids.

    A median over neuroids needs this: its jackknife is not consistent. Draws are made over the sorted unique neuroids, so
    that a score and its ceiling are resampled alike whatever the order of their neuroids.

    Parameters
    ----------
    neuroid_id : (n,) str or int
        Unique.
    n_draws : int

    Returns
    -------
    (n_draws, n) int
    """
    return np.concatenate([draws for _, draws in blocks_of_neuroid_draws(neuroid_id, n_draws)])


def blocks_of_neuroid_draws(
    neuroid_id: ArrayLike, n_draws: int = N_DRAWS, n_splits: int = 1
) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """The same draws, some at a time: of 100,000 voxels all of them would take a gigabyte.

    Parameters
    ----------
    neuroid_id : (n,) str or int
    n_draws : int
    n_splits : int
        How many values of each neuroid are looked up in a draw.

    Yields
    ------
    slice, (k, n) int
        Which draws these are, and the row numbers of their neuroids.
    """
    order, rng = np.argsort(np.asarray(neuroid_id), kind="stable"), np.random.default_rng(0)
    n = len(order)
    at_once = max(1, min(AT_ONCE, VALUES_AT_ONCE // (n * n_splits)))
    for start in range(0, n_draws, at_once):
        some = slice(start, min(start + at_once, n_draws))
        yield some, order[rng.integers(0, n, size=(some.stop - start, n))]


def times_drawn(draws: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """How often each of n units was drawn: (k, n), from the row numbers of each draw, (k, ...)."""
    return np.stack([np.bincount(draw, minlength=n) for draw in draws]).astype(np.float64)


def group_draws(n_groups: int, n_draws: int) -> NDArray[np.float64]:
    """How much the jackknife effect of each group of stimuli counts in each bootstrap draw of as many groups.

    The effect is that of leaving a group out, so one drawn once more counts -1; ``sqrt((g - 1)/g)`` gives g drawn groups the
    variance of their jackknife.

    Returns
    -------
    (n_draws, n_groups)
    """
    return np.asarray((counts_drawn(n_groups, n_draws, seed=1) - 1) * -math.sqrt((n_groups - 1) / n_groups))
