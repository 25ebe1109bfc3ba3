"""Replicates of a mean over neuroids, under new stimuli, new neuroids, and both."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fornix.numerics.uncertainty.crossed import without_double_count
from fornix.numerics.uncertainty.draws import N_DRAWS, blocks_of_neuroid_draws, group_draws, times_drawn
from fornix.numerics.uncertainty.intervals import BOTH

Array = NDArray[np.float64]


def unit_replicates(units: xr.DataArray, change: Array, joint: Array | None = None, grouping: str = "") -> xr.DataArray:
    """What each neuroid scores without each group of stimuli, for scores that are put on a scale neuroid by neuroid.

    Parameters
    ----------
    units : DataArray, dims (..., neuroid)
    change : (group, ..., neuroid)
        The effect of leaving out each group, NaN where there is none.
    joint : (pair of groups, ..., neuroid), optional
        What leaving out two groups does beyond the effects of each: effects are shrunk so that a jackknife of a mean over
        neuroids counts it once (:func:`fornix.numerics.uncertainty.crossed.without_double_count`). Dimensions but the first
        and last may be fewer than those of ``units``.
    grouping : str
        From :func:`fornix.numerics.uncertainty.intervals.grouping`.

    Returns
    -------
    DataArray, dims (replicate, neuroid)
        Averaged over all other dimensions.
    """
    effects = np.nan_to_num(_averaged(change, units.values))
    if joint is not None:
        pairs = np.where(np.isfinite(joint), joint, 0.0)
        effects = effects * without_double_count(effects.mean(axis=1), pairs.mean(axis=tuple(range(1, pairs.ndim))))
    values = _averaged(units.values[np.newaxis], units.values)
    names = {name: c for name, c in units.coords.items() if c.dims == ("neuroid",)}
    return xr.DataArray(values + effects, dims=("replicate", "neuroid"), coords=names, attrs={"grouping": grouping})


def mean_replicates(units: Array, change: Array, neuroid_id: ArrayLike) -> dict[str, tuple[Any, ...]]:
    """Replicates of a mean over neuroids for :func:`fornix.numerics.uncertainty.intervals.replicates_array`.

    As :func:`fornix.numerics.uncertainty.crossed.median_replicates`, of a mean: a delete-group jackknife over stimuli, a
    bootstrap over neuroids, and the same draws of neuroids each with a bootstrap draw of groups of stimuli.

    Parameters
    ----------
    units : (neuroid,)
    change : (group, neuroid)
        The effect of leaving out each group of stimuli.
    neuroid_id : (neuroid,)

    Returns
    -------
    factor -> (values, scheme, n_units)
        Stimuli only, where there is one neuroid.
    """
    n_groups, q = change.shape
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (units.mean() + change.mean(axis=1), "jackknife")}
    if q < 2:
        return factors
    counts = group_draws(n_groups, N_DRAWS)
    means, effects = np.empty((2, N_DRAWS))
    for some, draws in blocks_of_neuroid_draws(neuroid_id, N_DRAWS):
        times = times_drawn(draws, q) / q
        means[some] = times @ units
        effects[some] = (counts[some] * (times @ change.T)).sum(axis=1)
    factors["neuroids"] = (means, "bootstrap", q)
    factors[BOTH] = (means + effects, "bootstrap")
    return factors


def _averaged(values: Array, units: Array) -> Array:
    """From (k, ..., neuroid) to (k, neuroid): the mean over where the units (..., neuroid) have a value."""
    between = tuple(range(1, values.ndim - 1))
    there = np.broadcast_to(np.isfinite(units), values.shape)
    total = np.where(there & np.isfinite(values), values, 0.0).sum(axis=between)
    count = there.sum(axis=between)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
