"""Rows of a source matched to the rows of a target by stimulus_id, whatever their order."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import LARGEST, AssemblyError, check_assembly
from fornix.interfaces.responses import Gram

Values = TypeVar("Values", NDArray[np.generic], xr.DataArray)


def source_stimuli(source: xr.DataArray | Gram) -> NDArray[np.str_]:
    """The stimulus_id (n,) of each row of a source: an assembly (presentation, neuroid) or a Gram.

    Raises
    ------
    AssemblyError
        If it holds NaN, infinity or numbers that cannot be computed with, has other dims, or answers a stimulus twice.
    """
    if isinstance(source, Gram):
        parts = (source.products, source.mean_products, source.row_sums, np.array(source.mean_square))
        if not all(np.isfinite(part).all() for part in parts):
            raise AssemblyError("the source's Gram holds NaN or infinity; look for them in the model's features")
        largest = max(float(np.abs(source.products).max(initial=0.0)), source.mean_square)
        if largest > LARGEST**2 or 0 < largest < LARGEST**-2:
            raise AssemblyError(
                f"the largest inner product of the source's Gram is {largest:.3g}, with which scores cannot be computed: "
                f"have the model give numbers between {1 / LARGEST:.0e} and {LARGEST:.0e}, by another unit"
            )
        stimuli = source.stimulus_id
    else:
        check_assembly(source, dims=("presentation", "neuroid"), finite=True, what="the source")
        stimuli = stimuli_of(source, "the source")
    return each_once(stimuli, "the source")


def stimuli_of(assembly: xr.DataArray, what: str) -> NDArray[np.str_]:
    """The stimulus_id (n,) of each presentation of an assembly.

    Raises
    ------
    AssemblyError
        If it has none.
    """
    if "stimulus_id" not in assembly.coords or assembly["stimulus_id"].dims != ("presentation",):
        raise AssemblyError(
            f"{what} has no coordinate stimulus_id on presentation, by which rows are matched: give it by "
            ".assign_coords(stimulus_id=('presentation', names))"
        )
    return np.asarray(assembly["stimulus_id"].values, dtype=np.str_)


def each_once(stimuli: NDArray[np.str_], what: str) -> NDArray[np.str_]:
    """The stimuli (n,) themselves, of which none is there twice.

    Raises
    ------
    AssemblyError
        If one is.
    """
    unique, counts = np.unique(stimuli, return_counts=True)
    if (counts > 1).any():
        first = int(np.flatnonzero(counts > 1)[0])
        raise AssemblyError(
            f"{what} has stimulus {str(unique[first])!r} {counts[first]} times; expected each stimulus once "
            "(average repetitions first)"
        )
    return stimuli


def match_rows(source: NDArray[np.str_], target: NDArray[np.str_]) -> NDArray[np.int64]:
    """For each row of the target, the row of the source with its stimulus.

    Parameters
    ----------
    source : (m,) str, unique
    target : (n,) str
        May repeat a stimulus.

    Raises
    ------
    AssemblyError
        If a stimulus of one is not in the other.
    """
    wanted, known = set(target.tolist()), set(source.tolist())
    missing, unknown = sorted(wanted - known), sorted(known - wanted)
    if missing:
        raise AssemblyError(f"the source lacks {len(missing)} of {len(wanted)} stimuli of the target, for example {missing[0]!r}")
    if unknown:
        raise AssemblyError(f"the source has {len(unknown)} stimuli that the target does not have, for example {unknown[0]!r}")
    order = np.argsort(source, kind="stable")
    return np.asarray(order[np.searchsorted(source[order], target)], dtype=np.int64)


def take_rows(values: Values, rows: NDArray[np.int64]) -> Values:
    """The rows (n,) of values (m, ...), in that order; the values themselves, not copied, where that is how they stand."""
    return values if np.array_equal(rows, np.arange(len(values))) else values[rows]
