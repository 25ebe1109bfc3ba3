"""Time bins: which of a source are those of a target, and how a score over several of them names them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError
from fornix.interfaces.responses import Gram

#: The coordinates in ms by which bins are matched.
_BOUNDS: Final = ("time_bin_start", "time_bin_end")


def matching_bins(source: xr.DataArray | Gram, target: xr.DataArray) -> NDArray[np.int64] | None:
    """Which time bin of the source is that of each of the target's (t,); None for a source without time bins.

    Raises
    ------
    AssemblyError
        If the source lacks a bin, or one of them does not say where its bins start and end.
    """
    if isinstance(source, Gram) or "time_bin" not in source.dims:
        return None
    found: list[list[tuple[float, float]]] = []
    for what, assembly in (("source", source), ("target", target)):
        if any(name not in assembly.coords for name in _BOUNDS):
            raise AssemblyError(f"the {what} has no coordinates time_bin_start and time_bin_end, by which time bins are matched")
        found.append(list(zip(*(assembly[name].values.tolist() for name in _BOUNDS), strict=True)))
    offered, wanted = found
    if missing := [b for b in wanted if b not in offered]:
        raise AssemblyError(
            f"the source lacks {len(missing)} of {len(wanted)} time bins of the target, for example {missing[0]} ms"
        )
    return np.array([offered.index(b) for b in wanted], dtype=np.int64)


def bin_coordinates(assembly: xr.DataArray) -> dict[str, xr.DataArray]:
    """The coordinates of the time bins of an assembly, for the units of a score; empty where it has no bins."""
    return {str(name): c for name, c in assembly.coords.items() if c.dims == ("time_bin",)}


def notes_by_bin(notes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The notes of each time bin as those of a score over all of them: each says its bins, by number, and is there once.

    Parameters
    ----------
    notes : sequence of sequences of str
        One for each bin, in the order of the target's.
    """
    bins: dict[str, list[int]] = {}
    for number, of_bin in enumerate(notes):
        for note in of_bin:
            bins.setdefault(note, []).append(number)
    return tuple(f"time bin{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}: {note}" for note, numbers in bins.items())
