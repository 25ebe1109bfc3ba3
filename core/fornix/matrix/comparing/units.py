"""What single units of two models differ by: for effect sizes, and for permutations where the design allows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.score import Score

#: The dimension of units, the coordinate with their names, and the factor that resamples them.
_OF: Final = (
    ("subject", "subject", "subjects"),
    ("neuroid", "neuroid_id", "neuroids"),
    ("presentation", "stimulus_id", "stimuli"),
)
#: How what sign flips speak of ends where other stimuli might have given another result.
FOR_THESE: Final = ", for these stimuli"
#: A raw score is the mean of its units where it is no further than this from it.
ROUNDING: Final = 1e-9


@dataclass(frozen=True, eq=False)
class UnitDifferences:
    """The raw score of each unit under one model, less that under another.

    Parameters
    ----------
    factor : str
        What a unit is one of: ``subjects``, ``neuroids`` or ``stimuli``.
    values : (n,)
    permuted : str
        What sign flips of them speak of; empty where they say nothing of the score.
    """

    factor: str
    values: NDArray[np.float64]
    permuted: str


def unit_differences(a: Score, b: Score) -> UnitDifferences | None:
    """What the units of two scores of one leaf differ by; None where they have none, or not the same.

    Signs of single units may be flipped where the raw scores are the mean of units, and these are independent: subjects, of the
    stimuli that all of them saw (where stimuli were resampled, too, that is all a permutation speaks of), and stimuli, if nothing
    else was resampled. Neuroids are not: what the stimuli do to one they do to others.
    """
    found = _aligned(a.units, b.units)
    if found is None:
        return None
    factor, ours, theirs = found
    is_mean = all(abs(np.nanmean(units) - score.raw) <= ROUNDING for units, score in ((ours, a), (theirs, b)))
    alone = all(set(score.resampled) <= {factor} for score in (a, b))
    permuted = ""
    if is_mean and factor == "subjects":
        permuted = "subjects" if alone else f"subjects{FOR_THESE}"
    elif is_mean and factor == "stimuli" and alone:
        permuted = "stimuli"
    return UnitDifferences(factor, ours - theirs, permuted)


def _aligned(a: xr.DataArray | None, b: xr.DataArray | None) -> tuple[str, NDArray[np.float64], NDArray[np.float64]] | None:
    if a is None or b is None:
        return None
    for dim, name, factor in _OF:
        if dim not in a.dims:
            continue
        if dim not in b.dims or a.sizes[dim] != b.sizes[dim]:
            return None
        named = [units[name].values.tolist() if name in units.coords else None for units in (a, b)]
        if named[0] != named[1] or a.sizes[dim] < 2:
            return None
        ours, theirs = (units.mean([d for d in units.dims if d != dim]).values.astype(np.float64) for units in (a, b))
        return factor, ours, theirs
    return None
