"""The error of an agreement over pairs of stimuli, for new stimuli and neuroids, from what each pair adds to it.

A score over pairs has two kinds of noise of stimuli: what a stimulus does in all its pairs, of order 1/sqrt(n), and what is
particular to a pair, of order 1/n. Between unrelated responses the second is all there is. Leaving stimuli out, or drawing
them twice, counts it twice or three times, which makes errors 1.4 to 1.7 times too wide there; here each is counted once.
With e_ij the effect of a pair on the score (over pairs they sum to 0), ``sum_i (sum_j e_ij)^2`` holds the first once and the
second twice, and ``sum_{i<j} e_ij^2`` the second alone (the decomposition of Hoeffding 1948, Ann Math Stat 19:293; the
correction of Efron and Stein 1981, Ann Stat 9:586).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.numerics.backends import AnyArray, to_numpy
from fornix.numerics.uncertainty.draws import N_DRAWS, counts_drawn
from fornix.numerics.uncertainty.intervals import BOTH

Array = NDArray[np.float64]

#: Up to so many groups of neuroids, what two do together is not told from what one does.
FEW_GROUPS: Final = 5


class Effective(Protocol):
    """A score with the effects of pairs of stimuli: an Agreement or an Alignment."""

    @property
    def value(self) -> float: ...
    def pair_effects(self) -> AnyArray: ...


def stimulus_variance(effects: AnyArray, unbiased: bool = False) -> float:
    """The variance of a score for new stimuli.

    ``n/(n - 3) (sum_i L_i^2 - sum_{i<j} e_ij^2)`` with ``L_i = sum_j e_ij``; the factor makes it right for few stimuli.

    Parameters
    ----------
    effects : (n, n)
        Symmetric. On the diagonal, what a stimulus adds by itself.
    unbiased : bool
        Whether the result may come out low or negative by chance, as its sum over many parts needs. Else it is at least half
        of the part of pairs, of which, being above 0 by nature, all would be too much: by 10 % of an error.
    """
    n = len(effects)
    if n < 4:
        return float("nan")
    square = float(array_namespace(effects).einsum("ij,ij->", effects, effects))
    of_pairs = (square - float((effects.diagonal() ** 2).sum())) / 2
    of_stimuli = float((effects.sum(axis=1) ** 2).sum()) - of_pairs
    return n / (n - 3) * (of_stimuli if unbiased else max(of_stimuli, of_pairs / 2))


def stimulus_deviations(effects: AnyArray, groups: NDArray[np.int64]) -> Array:
    """How the score changes when each group of stimuli is left out, (g,), to first order.

    Scaled so that the variance of these jackknife replicates, ``(g - 1)/g sum d^2``, is :func:`stimulus_variance`.
    """
    return _scaled(-_by_group(effects, groups), stimulus_variance(effects))


def pair_replicates(
    value: float,
    effects: AnyArray,
    groups: NDArray[np.int64],
    n_neuroid_groups: int,
    without: Callable[[tuple[int, ...]], Effective],
) -> dict[str, tuple[Any, ...]]:
    """Replicates under new stimuli, new neuroids and both, for :func:`fornix.numerics.uncertainty.intervals.replicates_array`.

    * ``stimuli``: :func:`stimulus_deviations`.
    * ``neuroids``: a delete-group jackknife, scaled so that its variance holds what two groups of neuroids do together once.
    * ``both``: bootstrap draws of groups of stimuli and groups of neuroids, each with its effect, and with the effect that a
      group of stimuli and one of neuroids have together beyond the sum of theirs.

    Parameters
    ----------
    value : float
    effects : (n, n)
    groups : (n,) int
        Groups of stimuli, from :func:`fornix.numerics.uncertainty.intervals.stimulus_groups`.
    n_neuroid_groups : int
        Fewer than 2: stimuli only.
    without : function of numbers of groups of neuroids
        The score without them, with its pair effects.
    """
    of_stimuli = stimulus_deviations(effects, groups)
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (value + of_stimuli, "jackknife")}
    h, n_groups = n_neuroid_groups, len(of_stimuli)
    if h < 2:
        return factors
    values, together, shared = np.empty(h), np.empty((h, n_groups)), 0.0
    for k in range(h):
        left = without((k,))
        changed = left.pair_effects() - effects
        values[k], together[k] = left.value, -_by_group(changed, groups)
        shared += (h - 1) / h * stimulus_variance(changed, unbiased=True)
    of_neuroids = values - values.mean()
    if h > FEW_GROUPS:
        neighbours = np.array([without((k, (k + 1) % h)).value for k in range(h)])
        of_neuroids = _scaled(of_neuroids, neuroid_variance(values, neighbours))
    factors["neuroids"] = (value + of_neuroids, "jackknife")
    rng = np.random.default_rng(1)
    drawn_stimuli = counts_drawn(n_groups, N_DRAWS, rng) - 1
    drawn_neuroids = counts_drawn(h, N_DRAWS, rng) - 1
    parts = [
        (drawn_stimuli @ of_stimuli, (n_groups - 1) / n_groups * np.square(of_stimuli).sum()),
        (drawn_neuroids @ of_neuroids, (h - 1) / h * np.square(of_neuroids).sum()),
        (((drawn_neuroids @ (together - together.mean(axis=0))) * drawn_stimuli).sum(axis=1), max(shared, 0.0)),
    ]
    factors[BOTH] = (value + sum(_with_variance(draws, variance) for draws, variance in parts), "bootstrap")
    return factors


def neuroid_variance(without_one: Array, without_two: Array) -> float:
    """The variance of a score for new neuroids, from leaving out each of h groups, and each with the next.

    A jackknife counts twice what two groups do together, which is much where few neuroids make dissimilarities noisy. With
    ``q_k = (h - 2) t_k,k+1 - (h - 1) (t_k + t_k+1)`` of the scores t, half their variance is that part (Efron and Stein 1981,
    who take all pairs of groups; h of them will do). At least half the jackknife's variance is kept.

    Parameters
    ----------
    without_one, without_two : (h,)
    """
    h = len(without_one)
    jackknife = (h - 1) / h * float(np.square(without_one - without_one.mean()).sum())
    together = (h - 2) * without_two - (h - 1) * (without_one + np.roll(without_one, -1))
    of_two = float(together.var(ddof=1)) / 2 * (h - 3) ** 2 / ((h - 1) * (h - 2))
    return max(jackknife - of_two, jackknife / 2)


def _by_group(effects: AnyArray, groups: NDArray[np.int64]) -> Array:
    """The effects of the stimuli of each group, summed, less their mean over groups."""
    sums = np.bincount(groups, weights=to_numpy(effects.sum(axis=1)))
    return np.asarray(sums - sums.mean())


def _scaled(deviations: Array, variance: float) -> Array:
    g, square = len(deviations), float(np.square(deviations).sum())
    if square == 0 or g < 2:
        return deviations * (np.nan if np.isnan(variance) else 1.0)
    return np.asarray(deviations * np.sqrt(variance * g / (g - 1) / square))


def _with_variance(draws: Array, variance: float) -> Array:
    """Draws with mean 0 and this variance, so that chance in drawing leaves the error alone."""
    draws = draws - draws.mean()
    deviation = draws.std(ddof=1)
    return np.asarray(draws * (np.sqrt(variance) / deviation)) if deviation > 0 else draws
