"""Repeated recordings as ceilings take them: units by stimuli by neuroids, and the groups of stimuli that an error leaves out."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly, check_numbers
from fornix.numerics.uncertainty.intervals import grouping, stimulus_groups

Array = NDArray[np.float64]

#: So many stimuli are to be left when a group of them is left out, and one more be there: two points always lie on a line, and
#: errors from such are many times what a ceiling can be.
FEWEST_LEFT: Final = 3


def by_unit(assembly: xr.DataArray, over: str) -> tuple[Array, NDArray[Any], NDArray[Any]]:
    """The responses as (unit, stimulus, neuroid), NaN where one is missing; the sorted stimuli; the sorted units.

    Parameters
    ----------
    assembly : DataArray, dims (presentation, neuroid)
    over : str
        The coordinate that names the units, such as ``repetition``.

    Raises
    ------
    AssemblyError
        If there are fewer than two units, a stimulus has one of them twice, or responses are infinite or no numbers.
    """
    what = "the assembly whose consistency is asked"
    check_numbers(check_assembly(assembly, dims=("presentation", "neuroid"), what=what), what)
    if (infinite := int(np.isinf(assembly.values).sum())) > 0:
        raise AssemblyError(f"{what} has {infinite} responses that are infinite; NaN says that there is none")
    for name in ("stimulus_id", over):
        if name not in assembly.coords:
            raise AssemblyError(f"reliability needs the coordinate {name!r} on presentation")
    stimuli, column = np.unique(assembly["stimulus_id"].values, return_inverse=True)
    units, row = np.unique(assembly[over].values, return_inverse=True)
    if len(units) < 2:
        raise AssemblyError(f"reliability needs at least 2 {over}s; the assembly has 1")
    cell = row * len(stimuli) + column
    if len(cell) > 1 and (np.diff(np.sort(cell)) == 0).any():
        raise AssemblyError(f"a stimulus has the same {over} twice; number its presentations in the coordinate {over!r}")
    shape = (len(units), len(stimuli), assembly.sizes["neuroid"])
    if np.array_equal(cell, np.arange(shape[0] * shape[1])):  # already in order: nothing to copy
        return np.asarray(assembly.values, dtype=np.float64).reshape(shape), stimuli, units
    cube = np.full(shape, np.nan)
    cube[row, column] = assembly.values
    return cube, stimuli, units


def enough_stimuli(n: int, fewest: int, what: str) -> None:
    """Refuse a recording of fewer stimuli than a ceiling takes.

    Parameters
    ----------
    n : int
        How many stimuli it has.
    fewest : int
    what : str
        The ceiling, as a sentence begins with it.

    Raises
    ------
    AssemblyError
        If there are fewer.
    """
    if n < fewest:
        raise AssemblyError(f"{what} needs at least {fewest} stimuli; the assembly has {n}")


def resampling_groups(assembly: xr.DataArray, stimuli: NDArray[Any], group_on: str = "") -> tuple[NDArray[np.int64], str]:
    """The group of each stimulus for a delete-group jackknife, and their digest.

    Parameters
    ----------
    assembly : DataArray with the dim presentation
    stimuli : (n,) str
        Sorted and unique.
    group_on : str
        A coordinate of the presentations whose values are left out whole; empty: single stimuli, in 20 groups.

    Returns
    -------
    (n,) int, and what :func:`fornix.numerics.uncertainty.intervals.grouping` says of them

    Raises
    ------
    AssemblyError
        If there is no such coordinate, it has one value only, or two for one stimulus, or fewer than 3 stimuli are not of its
        largest group.
    """
    labels = stimuli
    if group_on:
        if group_on not in assembly.coords:
            raise AssemblyError(f"the presentations have no coordinate {group_on!r}, which group_on asks for")
        pairs = {(str(s), str(g)) for s, g in zip(assembly["stimulus_id"].values, assembly[group_on].values, strict=True)}
        of = dict(sorted(pairs))
        if len(pairs) > len(of):
            twice = next(s for s, g in sorted(pairs) if of[s] != g)
            raise AssemblyError(f"stimulus {twice!r} lies in more than one {group_on}; a group of stimuli is left out whole")
        labels = np.array([of[str(stimulus)] for stimulus in stimuli])
        if len(set(of.values())) < 2:
            raise AssemblyError(f"all stimuli are of one {group_on}, {labels[0]}; an error for others needs at least 2")
    groups = stimulus_groups(labels)
    left = len(groups) - int(np.bincount(groups).max())
    if group_on and left < FEWEST_LEFT:
        raise AssemblyError(
            f"{len(groups) - left} of {len(groups)} stimuli are of one group of {group_on}; the error leaves it out, and is to "
            f"have at least {FEWEST_LEFT} left"
        )
    return groups, grouping(labels, groups)
