"""Assemblies: what a DataArray must look like to pass between plugins, checked in one place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

DIMS: Final = ("presentation", "neuroid", "time_bin", "choice", "trial", "subject", "pair", "token", "frame")
#: Sums of products of four numbers, such as squares of covariances, are infinite of numbers beyond this, and 0 below its inverse.
LARGEST: Final = 1e70


class AssemblyError(ValueError):
    """An assembly breaks the rules of :func:`check_assembly`."""


def check_assembly(
    assembly: xr.DataArray,
    *,
    dims: tuple[str, ...] | None = None,
    stimulus_ids: Iterable[str] | None = None,
    finite: bool = False,
    what: str = "the assembly",
) -> xr.DataArray:
    """Return the assembly unchanged, or say in one sentence what is wrong with it.

    Parameters
    ----------
    assembly : DataArray
        Dims out of :data:`DIMS`, none twice; coordinates plain (no MultiIndex); both they and the values of dtype str,
        int, float or bool.
    dims : tuple of str, optional
        The exact dims expected, in order.
    stimulus_ids : iterable of str, optional
        The stimuli that the rows must cover: none missing, none unknown, none twice (per repetition; tokens and frames
        of a stimulus: per ``position`` in it).
    finite : bool
        Whether all values are to be numbers (:func:`check_numbers`), and neither NaN nor infinite.
    what : str
        How the sentence calls the assembly.

    Raises
    ------
    AssemblyError
    """
    if not isinstance(assembly, xr.DataArray):
        raise AssemblyError(f"{what} is a {type(assembly).__name__}; expected an xarray.DataArray: {_how_to_make(dims)}")
    names = tuple(str(d) for d in assembly.dims)
    unknown = [d for d in names if d not in DIMS]
    if unknown:
        raise AssemblyError(f"{what} has a dimension {unknown[0]!r}; the dimensions are {', '.join(DIMS)}: {_how_to_make(dims)}")
    if len(set(names)) < len(names):
        raise AssemblyError(f"{what} has a dimension twice: {names}")
    if dims is not None and names != dims:
        raise AssemblyError(f"{what} has dims {names}; expected {dims}")
    if 0 in assembly.shape:
        raise AssemblyError(f"{what} is empty: its shape is {assembly.shape}")
    if assembly.dtype.kind not in "Uifub":
        raise AssemblyError(f"{what} has values of dtype {assembly.dtype}; expected str (numpy U), int, float or bool")
    for name, coordinate in assembly.coords.items():
        if isinstance(assembly.indexes.get(name), pd.MultiIndex):
            raise AssemblyError(f"coordinate {name!r} of {what} is a MultiIndex; give plain coordinates (reset_index)")
        if coordinate.dtype.kind not in "Uifub":
            raise AssemblyError(
                f"coordinate {name!r} of {what} has dtype {coordinate.dtype}; expected str (numpy U), int, float or bool"
            )
    _check_coordinates(assembly, what)
    if stimulus_ids is not None:
        _check_stimuli(assembly, list(stimulus_ids), what)
    if finite:
        check_numbers(assembly, what, finite=True)
    return assembly


def check_numbers(assembly: xr.DataArray, what: str = "the assembly", *, finite: bool = False) -> xr.DataArray:
    """Return the assembly unchanged if its values are numbers of a size that can be computed with.

    Raises
    ------
    AssemblyError
        If they are text, which numpy would read as numbers, or bool; with ``finite``, if one is NaN or infinite; or if the
        largest of those that are finite is above :data:`LARGEST`, or, unless all are 0, below its inverse.
    """
    if assembly.dtype.kind not in "fiu":
        raise AssemblyError(f"{what} has dtype {assembly.dtype}; numbers were expected")
    if assembly.dtype.kind == "f":
        values = assembly.values
        largest = max(float(values.max()), -float(values.min()))  # NaN or infinite where one of them is
        if not np.isfinite(largest):
            good = np.isfinite(values)
            if finite:
                first = _named(assembly, np.unravel_index(int(good.argmin()), good.shape))
                bad = assembly.size - int(good.sum())
                which = "1 value that is" if bad == 1 else f"{bad} values that are"
                raise AssemblyError(f"{what} has {which} NaN or infinite, out of {assembly.size}{first}")
            largest = float(np.abs(values[good]).max(initial=0.0))
        if largest > LARGEST or 0 < largest < 1 / LARGEST:
            raise AssemblyError(
                f"the largest number of {what} is {largest:.3g}, whose products cannot be computed with: "
                f"give numbers between {1 / LARGEST:.0e} and {LARGEST:.0e}, by another unit"
            )
    return assembly


def _how_to_make(dims: tuple[str, ...] | None) -> str:
    """The call that makes an assembly of plain values, and what it needs besides."""
    dims = ("presentation", "neuroid") if dims is None else dims
    if dims[:1] != ("presentation",):
        return f"xr.DataArray(values, dims={dims})"
    call = f"xr.DataArray(values, dims={dims}, coords={{'stimulus_id': ('presentation', names)}})"
    return f"{call}, where names has the stimulus of each row"


def _named(assembly: xr.DataArray, place: tuple[np.intp, ...]) -> str:
    """Where a value is: its number along each dim, and the name that it has there."""
    parts = []
    for dim, number in zip(assembly.dims, place, strict=True):
        coordinate = "neuroid_id" if dim == "neuroid" else "stimulus_id"
        known = coordinate in assembly.coords and assembly[coordinate].dims == (dim,)
        parts.append(f"{dim} {number}" + (f" ({assembly[coordinate].values[number].item()!r})" if known else ""))
    return f", the first at {', '.join(parts)}" if parts else ""


def _check_coordinates(assembly: xr.DataArray, what: str) -> None:
    """Coordinates whose meaning is the same in every assembly: names of stimuli and neuroids, repetitions, time bins."""
    for name in ("stimulus_id", "stimulus_a", "stimulus_b"):
        if name in assembly.coords:
            if assembly[name].dtype.kind != "U":
                raise AssemblyError(f"coordinate {name!r} of {what} has dtype {assembly[name].dtype}; stimuli have names (str)")
            if (np.char.strip(assembly[name].values) == "").any():
                raise AssemblyError(f"coordinate {name!r} of {what} has an empty name")
    if "neuroid_id" in assembly.coords and assembly["neuroid_id"].dims == ("neuroid",):
        neuroids = assembly["neuroid_id"].values.tolist()
        if len(set(neuroids)) < len(neuroids):
            names, counts = np.unique(neuroids, return_counts=True)
            first = int(np.flatnonzero(counts > 1)[0])
            raise AssemblyError(
                f"{what} has {len(neuroids)} neuroids and {len(set(neuroids))} names for them: {names[first].item()!r} is there "
                f"{counts[first]} times; give each its own neuroid_id, by which neuroids are resampled"
            )
    if "repetition" in assembly.coords:
        repetition = assembly["repetition"]
        if repetition.dtype.kind not in "iu" or repetition.min() < 0:
            raise AssemblyError(f"coordinate 'repetition' of {what} is to number repetitions by whole numbers (int) from 0")
    if {"time_bin_start", "time_bin_end"} <= set(assembly.coords):
        start, end = assembly["time_bin_start"].values, assembly["time_bin_end"].values
        if start.dtype.kind not in "fiu" or end.dtype.kind not in "fiu" or not (start < end).all():
            raise AssemblyError(f"{what} has a time bin that does not end after it starts (time_bin_start, time_bin_end; ms)")


def _check_stimuli(assembly: xr.DataArray, expected: list[str], what: str) -> None:
    if "stimulus_id" not in assembly.coords:
        dim = assembly.dims[0] if assembly.dims else "presentation"
        raise AssemblyError(f"{what} has no coordinate stimulus_id: give it by .assign_coords(stimulus_id=({str(dim)!r}, names))")
    found = assembly["stimulus_id"].values
    missing = set(expected) - set(found.tolist())
    if missing:
        raise AssemblyError(f"{what} lacks {len(missing)} of {len(expected)} stimuli, for example {sorted(missing)[0]!r}")
    extra = set(found.tolist()) - set(expected)
    if extra:
        raise AssemblyError(f"{what} has {len(extra)} stimuli that were not asked for, for example {sorted(extra)[0]!r}")
    dims = assembly["stimulus_id"].dims
    if dims in (("presentation",), ("token",), ("frame",)):
        within = "position" if dims != ("presentation",) else ""
        if within and within not in assembly.coords:
            raise AssemblyError(f"{what} does not number the {dims[0]}s of each stimulus: give the coordinate 'position', from 0")
        names = [n for n in ("stimulus_id", "repetition", within) if n in assembly.coords]
        rows = list(zip(*(assembly[n].values.tolist() for n in names), strict=True))
        if len(set(rows)) < len(rows):
            raise AssemblyError(f"{what} answers a stimulus twice: {len(rows) - len(set(rows))} duplicate rows")
