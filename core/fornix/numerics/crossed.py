"""Replicates of a median over neuroids, averaged over splits, under new stimuli, new neuroids, and both."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from fornix.numerics.uncertainty import BOTH, neuroid_draws

Array = NDArray[np.float64]


def median_of_units(units: ArrayLike) -> Array:
    """From (..., split, neuroid) to (...): the median over neuroids, averaged over splits; NaN units are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # numpy warns where all units are NaN; the result is NaN, as it should be
        medians = np.nanmedian(np.asarray(units), axis=-1)
    return _mean_of_present(medians)


def median_replicates(units: Array, without: Array, neuroid_id: ArrayLike) -> dict[str, tuple[Any, ...]]:
    """Replicates of :func:`median_of_units` for :func:`fornix.numerics.uncertainty.replicates_array`.

    * ``stimuli``: a delete-group jackknife. A median moves with the one or two neuroids in its middle, whose own noise
      would be taken for that of the score, so it is smoothed as a bootstrap over neuroids would smooth it: by the
      weights of order statistics of Harrell and Davis (1982, Biometrika 69:635).
    * ``neuroids``: a bootstrap.
    * ``both``: the same draws of neuroids, each with a bootstrap draw of groups of stimuli, whose effect on a unit is the
      sum of the groups' (the linear term, as in the infinitesimal jackknife).

    Parameters
    ----------
    units : (split, neuroid)
    without : (group, split, neuroid)
        The same without each group of stimuli.
    neuroid_id : (neuroid,)

    Returns
    -------
    factor -> (values, scheme, n_units)
        Stimuli only, where there is one neuroid.
    """
    value, n_groups = median_of_units(units), len(without)
    change = _mean_of_present(_smooth_median(without) - _smooth_median(units))
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (value + change, "jackknife")}
    q = units.shape[1]
    if q < 2:
        return factors
    draws = neuroid_draws(neuroid_id)
    counts = np.random.default_rng(1).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=len(draws)) - 1.0
    # sqrt((g - 1)/g) gives the drawn groups the variance of the jackknife.
    effects = -np.sqrt((n_groups - 1) / n_groups) * np.tensordot(counts, without - units, axes=1)
    both = np.take_along_axis(units + effects, np.broadcast_to(draws[:, None, :], (len(draws), *units.shape)), axis=2)
    factors["neuroids"] = (median_of_units(units[:, draws].swapaxes(0, 1)), "bootstrap", q)
    factors[BOTH] = (median_of_units(both), "bootstrap")
    return factors


def _mean_of_present(values: Array) -> Array:
    """The mean over the last axis of what is not NaN; NaN where nothing is."""
    present = np.isfinite(values)
    total = np.where(present, values, 0.0).sum(axis=-1)
    return np.asarray(np.where(present.any(axis=-1), total / np.maximum(present.sum(axis=-1), 1), np.nan))


def _smooth_median(units: Array) -> Array:
    """Harrell-Davis estimate of the median over the last axis, of the units that are not NaN."""
    ordered = np.sort(units, axis=-1)  # NaN goes last
    present = np.isfinite(ordered).sum(axis=-1, keepdims=True)
    edges = np.minimum(np.arange(units.shape[-1] + 1) / np.maximum(present, 1), 1.0)
    weights = np.diff(special.betainc((present + 1) / 2, (present + 1) / 2, edges), axis=-1)
    return np.asarray(np.where(present[..., 0] > 0, np.nansum(weights * ordered, axis=-1), np.nan))
