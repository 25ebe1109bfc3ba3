"""Internal consistency as an object with its options; the computation is in ``fornix.numerics.reliability``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import xarray as xr

from fornix.interfaces import Score
from fornix.numerics.reliability import Definition, internal_consistency


@dataclass(frozen=True)
class InternalConsistency:
    """A recording (presentation, neuroid) with ``stimulus_id`` and ``repetition``, against itself: half by half."""

    accepts: ClassVar[frozenset[Literal["values", "gram"]]] = frozenset({"values"})
    definition: Definition = "default"

    def __call__(self, source: xr.DataArray, target: xr.DataArray | None = None) -> Score:
        """The consistency of ``source``. Being a ceiling, it has no other side: give no target, or the same recording,
        in whatever order of rows.

        Raises
        ------
        ValueError
            If another recording is given as the target.
        """
        if target is not None and not np.array_equal(np.sort(source, None), np.sort(target, None), equal_nan=True):
            raise ValueError("internal consistency compares a recording with itself; give one recording only")
        return internal_consistency(source, self.definition)
