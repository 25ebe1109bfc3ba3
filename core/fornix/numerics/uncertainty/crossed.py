"""Replicates of a median over neuroids, averaged over splits, under new stimuli, new neuroids, and both."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.numerics.uncertainty.draws import N_DRAWS, blocks_of_neuroid_draws, group_draws, times_drawn
from fornix.numerics.uncertainty.intervals import BOTH

Array = NDArray[np.float64]

#: Effects on a median of correlations are at most this many times those on their mean: 4/3 are due for correlations of three
#: values, and of two (always 1 or -1) it cannot be told.
STEEPEST: Final = 2.0


def median_of_units(units: ArrayLike) -> Array:
    """From (..., split, neuroid) to (...): the median over neuroids, averaged over splits; NaN units are left out."""
    return _mean_of_present(_medians(np.asarray(units))[..., 0])


def median_replicates(
    units: Array, change: Array, neuroid_id: ArrayLike, joint: Array | None = None, correlations: bool = False
) -> dict[str, tuple[Any, ...]]:
    """Replicates of :func:`median_of_units` for :func:`fornix.numerics.uncertainty.intervals.replicates_array`.

    * ``stimuli``: a delete-group jackknife. A median moves with the few neuroids in its middle; whose these are depends on the
      noise of the units, so the effect of a group is the mean of its effects on units, weighted by a Gaussian around the median
      as wide as that noise (what neuroids do not share of their effects) and the error of the median itself. What moves all
      correlations moves one by ``1 - r^2`` (Fisher 1915, Biometrika 10:507), so their median, where it is near 0, more than
      their mean: in test parts of 6 stimuli, where r is anything from -1 to 1, by 5/4.
    * ``neuroids``: a bootstrap.
    * ``both``: the same draws of neuroids, each with a bootstrap draw of groups of stimuli, whose effects add up
      (the linear term, as in the infinitesimal jackknife).

    A jackknife counts what two groups do together twice (Efron and Stein 1981, Annals of Statistics 9:586): almost all there is
    where nothing is predicted. Where ``joint`` is given, effects are shrunk so that it counts once.

    Parameters
    ----------
    units : (split, neuroid)
    change : (group, split, neuroid)
        The effect of leaving out each group of stimuli.
    neuroid_id : (neuroid,)
    joint : (pair of groups, neuroid), optional
        What leaving out two groups does beyond the effects of each, averaged over splits.
    correlations : bool
        Whether units are correlations, whose effects are in proportion to ``1 - r^2``.

    Returns
    -------
    factor -> (values, scheme, n_units)
        Stimuli only, where there is one neuroid.
    """
    value, n_groups, q = median_of_units(units), len(change), units.shape[1]
    weights = _middle(units, change)
    change = np.where(np.isfinite(change), change, 0.0)
    steeper = np.ones((len(units), 1))
    if correlations:
        weights, steeper = _by_steepness(weights, units)
    change = steeper * change
    shrunk = 1.0
    moved = np.tensordot(change, weights, axes=((1, 2), (0, 1))) / len(units)
    if joint is not None:
        shrunk = without_double_count(moved, np.where(np.isfinite(joint), joint, 0.0) @ (steeper * weights).mean(axis=0))
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (value + shrunk * moved, "jackknife")}
    if q < 2:
        return factors
    counts = shrunk * group_draws(n_groups, N_DRAWS)
    medians, effects = np.empty(N_DRAWS), np.zeros(N_DRAWS)
    for some, draws in blocks_of_neuroid_draws(neuroid_id, N_DRAWS, len(units)):
        medians[some] = median_of_units(units[:, draws].swapaxes(0, 1))
        times = times_drawn(draws, q)
        for split, weight in enumerate(weights):
            drawn = times * weight
            total = drawn.sum(axis=1)
            effect = (counts[some] * (drawn @ change[:, split].T)).sum(axis=1)
            effects[some] += np.where(total > 0, effect / np.where(total > 0, total, 1.0), 0.0)
    factors["neuroids"] = (medians, "bootstrap", q)
    factors[BOTH] = (medians + effects / len(units), "bootstrap")
    return factors


def _middle(units: Array, change: Array) -> Array:
    """How much each unit counts for how its split's median moves: (split, neuroid), sums of 1 over neuroids; 0 for NaN units."""
    present = np.isfinite(units)
    counted = np.maximum(present.sum(axis=-1, keepdims=True), 1)
    filled = np.where(present, units, 0.0)
    spread = (np.where(present, units - filled.sum(axis=-1, keepdims=True) / counted, 0.0) ** 2).sum(
        axis=-1, keepdims=True
    ) / counted
    effects = np.where(np.isfinite(change) & present, change, 0.0)
    effects = effects - effects.mean(axis=0)
    own = np.where(present, effects - effects.sum(axis=-1, keepdims=True) / counted, 0.0)
    noise = (1 - 1 / len(change)) * (own**2).sum(axis=(0, 2))[:, None] / counted
    # pi/2 spread/q is the variance of the median of q normal values.
    width = np.sqrt(noise + np.pi / 2 * spread / counted)
    centre = np.nan_to_num(_medians(units))
    weights = np.where(present, np.exp(-(((filled - centre) / np.where(width > 0, width, 1.0)) ** 2) / 2), 0.0)
    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(weights / np.where(total > 0, total, 1.0))


def _by_steepness(weights: Array, units: Array) -> tuple[Array, Array]:
    """Weights of correlations, the less the nearer to 1 or -1, and how many times their mean effect a split's median moves.

    It is the least-squares fit of effects in proportion to ``1 - r^2``, read at the median.

    Returns
    -------
    (split, neuroid) and (split, 1)
    """
    steepness = np.maximum(1 - np.where(np.isfinite(units), units, 1.0) ** 2, 0.0)
    weights = weights * steepness
    total = weights.sum(axis=-1, keepdims=True)
    weights = weights / np.where(total > 0, total, 1.0)
    mean = (weights * steepness).sum(axis=-1, keepdims=True)
    middle = 1 - np.nan_to_num(_medians(units)) ** 2
    return weights, np.minimum(middle / np.where(mean > 0, mean, 1.0), STEEPEST)


def without_double_count(moved: Array, joint: Array) -> float:
    """The factor for effects (group,) such that effects of pairs (pair,) beyond them are counted once, not twice."""
    variance = (1 - 1 / len(moved)) * float(((moved - moved.mean()) ** 2).sum())
    pairs = float((joint**2).sum())
    return math.sqrt(1 - min(pairs / variance, 0.5)) if variance > 0 else 1.0


def _medians(units: Array) -> Array:
    """The median over the last axis, which stays, of what is not NaN; NaN where nothing is."""
    ordered = np.sort(units, axis=-1)  # NaN last; many times as fast as numpy.nanmedian
    count = (~np.isnan(units)).sum(axis=-1, keepdims=True)
    upper = np.take_along_axis(ordered, np.minimum(count // 2, units.shape[-1] - 1), axis=-1)
    return np.asarray((np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=-1) + upper) / 2)


def _mean_of_present(values: Array) -> Array:
    """The mean over the last axis of what is not NaN; NaN where nothing is."""
    present = np.isfinite(values)
    total = np.where(present, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(present.any(axis=-1), total / np.maximum(present.sum(axis=-1), 1), np.nan))
