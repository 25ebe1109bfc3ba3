"""Ceilings of recordings in time bins: one for each bin, and their mean, as scores are bin by bin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from fornix.interfaces.assembly import AssemblyError
from fornix.interfaces.score import Score
from fornix.numerics.bins import bin_coordinates, notes_by_bin
from fornix.numerics.uncertainty.crossed import median_of_units
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty


def mean_over_bins(assembly: xr.DataArray, of_bin: Callable[[xr.DataArray], Score]) -> Score:
    """The mean over time bins of a ceiling, with the error of that mean.

    Bins are resampled together: the same groups of stimuli and the same draws of neuroids in all of them, so the replicates of
    the mean are the means of theirs, as those of a timed regression are.

    Parameters
    ----------
    assembly : DataArray, dims (presentation, neuroid, time_bin) in any order
    of_bin : callable
        The ceiling of the recording (presentation, neuroid) of one bin.

    Returns
    -------
    Score
        NaN if a bin has no value, whose number its note says. ``units`` has the dim time_bin last.

    Raises
    ------
    AssemblyError
        If there are no bins; what ``of_bin`` raises.
    """
    n = assembly.sizes["time_bin"]
    if n == 0:
        raise AssemblyError("the assembly has a dimension time_bin, and no time bin in it")
    bins = [of_bin(assembly.isel(time_bin=k, drop=True)) for k in range(n)]
    units = xr.concat([_there(score.units) for score in bins], "time_bin").transpose(..., "time_bin")
    score = Score(
        value=float(np.mean([score.value for score in bins])),
        units=units.assign_coords(bin_coordinates(assembly)),
        n_nan=sum(score.n_nan for score in bins),
        notes=notes_by_bin([score.notes if np.isnan(score.value) else () for score in bins]),
        details={name: float(np.mean([score.details[name] for score in bins])) for name in bins[0].details},
    )
    if np.isnan(score.value):
        return score
    if bins[0].replicates is None:  # the original's error, over splits
        of_splits = np.mean([median_of_units(_there(each.units).values[:, None]) for each in bins], axis=0)
        return score.with_(error=float(of_splits.std() / np.sqrt(len(of_splits))))
    score = score.with_(unit_replicates=_mean([_there(each.unit_replicates) for each in bins]))
    return with_stated_uncertainty(score, _mean([_there(each.replicates) for each in bins]))


def _there(array: xr.DataArray | None) -> xr.DataArray:
    assert array is not None
    return array


def _mean(arrays: Sequence[xr.DataArray]) -> xr.DataArray:
    """The mean of arrays with the same coordinates, which it keeps."""
    return arrays[0].copy(data=np.mean([array.values for array in arrays], axis=0))
