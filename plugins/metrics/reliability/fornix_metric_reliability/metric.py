"""Metrics of reliability as objects with their options; the computation is in ``fornix.numerics``.

Being ceilings, they have no other side: give no target, or the same recording, in whatever order of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import xarray as xr

from fornix.interfaces import Score
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.reliability import Over, internal_consistency
from fornix.numerics.definition import Definition
from fornix.numerics.similarity.rsa import Comparison, rsa_ceiling
from fornix_metric_reliability.subjects import Distance, dissimilarities_by_subject

Accepts = ClassVar[frozenset[Literal["values", "gram"]]]


@dataclass(frozen=True)
class InternalConsistency:
    """A recording (presentation, neuroid[, time_bin]) with ``stimulus_id`` and ``repetition`` or ``subject``, in halves."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"
    over: Over = "repetition"
    group_on: str = ""

    def __call__(self, source: xr.DataArray, target: xr.DataArray | None = None) -> Score:
        """The consistency of ``source``."""
        check_itself(source, target, "internal consistency")
        return internal_consistency(source, self.definition, self.over, self.group_on)


@dataclass(frozen=True)
class NoiseCeiling:
    """A recording (presentation, neuroid[, time_bin]) with ``stimulus_id`` and ``repetition``: the part of it that repeats."""

    accepts: Accepts = frozenset({"values"})
    group_on: str = ""

    def __call__(self, source: xr.DataArray, target: xr.DataArray | None = None) -> Score:
        """The noise ceiling of ``source``."""
        check_itself(source, target, "a noise ceiling")
        return noise_ceiling(source, self.group_on)


@dataclass(frozen=True)
class RsaCeiling:
    """Dissimilarities (subject, pair), or responses (presentation, neuroid) with ``subject`` on neuroid: one against others."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"
    distance: Distance = "correlation"
    comparison: Comparison = "spearman"

    def __call__(self, source: xr.DataArray, target: xr.DataArray | None = None) -> Score:
        """The ceiling of ``source``: the lower bound; Brain-Score takes the upper one, without an error."""
        check_itself(source, target, "an RSA ceiling")
        subjects = source if "pair" in source.dims else dissimilarities_by_subject(source, self.distance)
        if self.definition == "default":
            return rsa_ceiling(subjects, self.comparison)
        lower = rsa_ceiling(subjects, self.comparison, replicates=False)
        upper = lower.details["upper_bound"]
        return Score(value=upper, n_nan=lower.n_nan, notes=lower.notes, details={"lower_bound": lower.value})


def check_itself(source: xr.DataArray, target: xr.DataArray | None, what: str) -> None:
    """Refuse a target that is another recording.

    Raises
    ------
    ValueError
        If it is.
    """
    if target is not None and not np.array_equal(np.sort(source, None), np.sort(target, None), equal_nan=True):
        raise ValueError(f"{what} compares a recording with itself; give one recording only")
