"""Noise ceiling from repeats: the part of a neuroid's variance over stimuli that repeats."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from fornix.interfaces.assembly import AssemblyError
from fornix.interfaces.score import Score
from fornix.numerics.ceilings.recordings import FEWEST_LEFT, by_unit, enough_stimuli, resampling_groups
from fornix.numerics.ceilings.timed import mean_over_bins
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.uncertainty.crossed import median_of_units, median_replicates
from fornix.numerics.uncertainty.intervals import replicates_array
from fornix.numerics.uncertainty.means import unit_replicates
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.resampling import Array


def noise_ceiling(assembly: xr.DataArray, group_on: str = "") -> Score:
    """The part of the variance over stimuli, of responses averaged over repeats, that a perfect model could explain.

    ``NC = s / (s + n / k)``, with the noise variance n (within stimuli, pooled), k repeats of each stimulus (their harmonic
    mean) and the signal variance ``s = variance of the averages - n / k``, so ``NC = 1 - (n / k) / variance of the
    averages``: the noise ceiling of Allen et al. (2022, Nat Neurosci 25:116), who give it in percent, with unbiased
    variances, and not clipped: where repeats agree less than chance would have it, it is below 0.

    Parameters
    ----------
    assembly : DataArray, dims (presentation, neuroid[, time_bin])
        Coordinates ``stimulus_id`` and ``repetition`` on presentation. A missing repetition is an absent row or NaN. Of time
        bins the mean is taken (:func:`fornix.numerics.ceilings.timed.mean_over_bins`).
    group_on : str
        As :func:`fornix.numerics.ceilings.reliability.internal_consistency` has it.

    Returns
    -------
    Score
        The median over neuroids, to normalise by ``r/sqrt(c)``; ``details["percent"]`` is 100 times that. ``units`` has
        dims (neuroid[, time_bin]). ``n_nan`` counts neuroids that do not vary, have no repetitions, or responses to fewer than
        4 stimuli; a note says how many, and of more than a fifth there is no value. The error is for new stimuli and neuroids.

    Raises
    ------
    AssemblyError
        If there are fewer than two repetitions or four stimuli, no stimulus was repeated, or responses are infinite, no numbers,
        or none that can be computed with.
    """
    if "time_bin" in assembly.dims:
        return mean_over_bins(assembly, lambda one: noise_ceiling(one, group_on))
    cube, stimulus_id, _ = by_unit(assembly, "repetition")
    enough_stimuli(len(stimulus_id), FEWEST_LEFT + 1, "a noise ceiling")
    seen = np.isfinite(cube)
    count = seen.sum(axis=0).astype(np.float64)
    if not (count > 1).any():
        raise AssemblyError("no stimulus was repeated; a noise ceiling needs stimuli with at least 2 repetitions")
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(seen, cube, 0.0).sum(axis=0) / count
    within = np.where(seen, cube - average, 0.0)
    squares = (within * within).sum(axis=0)
    groups, of_stimuli = resampling_groups(assembly, stimulus_id, group_on)
    kept = [groups != group for group in range(groups.max() + 1)]
    units = _ceilings(average, squares, count, FEWEST_LEFT + 1)
    without = np.stack([_ceilings(average[rows], squares[rows], count[rows], FEWEST_LEFT) for rows in kept])
    names = assembly["neuroid_id"].values if "neuroid_id" in assembly.coords else np.arange(assembly.sizes["neuroid"])
    n_nan, notes = int(np.isnan(units).sum()), []
    value = math.nan if too_many(n_nan, len(units)) else float(median_of_units(units[None]))
    if n_nan:
        what = "neuroids have no noise ceiling, as their responses do not vary over stimuli, or are too few"
        notes.append(lacking(n_nan, len(units), what, "a median"))
    score = Score(
        value=value,
        units=xr.DataArray(units, dims=("neuroid",), coords=assembly["neuroid"].coords),
        n_nan=n_nan,
        notes=tuple(notes),
        details={"percent": 100 * value},
    )
    if math.isnan(value):
        return score
    change = without - units
    replicates = replicates_array(median_replicates(units[None], change[:, None], names)).assign_attrs(grouping=of_stimuli)
    assert score.units is not None
    score = score.with_(unit_replicates=unit_replicates(score.units, change, grouping=of_stimuli))
    return with_stated_uncertainty(score, replicates)


def _ceilings(average: Array, squares: Array, count: Array, fewest: int) -> Array:
    """The ceiling (neuroid,) from averages, squares within and numbers of repeats (stimulus, neuroid); NaN of too few stimuli."""
    there = count > 0
    n = there.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = squares.sum(axis=0) / np.maximum(count - 1, 0).sum(axis=0)
        of_average = noise * np.where(there, 1 / count, 0.0).sum(axis=0) / n
        present = np.where(there, average, 0.0)
        mean = present.sum(axis=0) / n
        spread = np.where(there, present - mean, 0.0)
        variance = (spread * spread).sum(axis=0) / (n - 1)
        varies = np.sqrt(variance) > 1e-13 * np.abs(mean)
        return np.asarray(np.where(varies & (n >= fewest), 1 - of_average / variance, np.nan))
