"""Scores: a value with its uncertainty, what it was made of, and how it was normalised."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import xarray as xr


class Normalisation(StrEnum):
    """How a raw score s (or correlation r) and a ceiling c make the reported value; p is chance. Signs are kept."""

    NONE = "none"
    RATIO = "s/c"
    SIGNED_SQUARE = "r|r|/c"
    SQUARE = "r^2/c"  # definition="brainscore" only: it loses the sign
    ROOT = "r/sqrt(c)"
    SQUARED_RATIO = "(r/c)^2"
    CHANCE = "(s-p)/(c-p)"
    CLIPPED = "clip(s/c,0,1)"
    PER_UNIT = "mean(r_i|r_i|/c_i)"


@dataclass(frozen=True, eq=False)
class Score:
    """One score.

    Parameters
    ----------
    value : float
        The reported value: normalised, or the raw value where ``normalisation`` is none.
    error : float
        ``procedure`` standard error of ``value`` (new stimuli and neuroids or subjects, training sets included);
        NaN where it is not known.
    interval : (float, float)
        95 % interval of ``value``.
    raw : float
        The value before normalisation.
    ceiling : Score, optional
        How well the best possible model could score; None where the data allow none.
    normalisation : Normalisation
    chance : float
        What a model of nothing scores, on the raw scale.
    units : DataArray, optional
        The per-unit raw values, for example dims (split, neuroid) or (subject, condition).
    replicates : DataArray, optional
        Values of the reported score under the resampling plan: dims (factor, replicate), coordinates on factor:
        ``factor`` (stimuli, neuroids, subjects, both), ``scheme`` (bootstrap, jackknife) and ``variance_factor``, such
        that the variance of a factor is ``variance_factor * sum((replicate - mean)**2)``. Short rows end in NaN.
    raw_replicates : DataArray, optional
        The same on the raw scale, from which a stored score can be normalised anew.
    resampled : tuple of str
        The factors that the error covers.
    n_nan : int
        How many units were NaN.
    notes : tuple of str
        What a reader must know: ``ceiling unreliable``, ``simulated``.
    details : mapping of str to float
        Further named numbers: an upper bound, the conditional error, an agreement with single choices.
    """

    value: float
    error: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    raw: float = math.nan
    ceiling: Score | None = None
    normalisation: Normalisation = Normalisation.NONE
    chance: float = 0.0
    units: xr.DataArray | None = None
    replicates: xr.DataArray | None = None
    raw_replicates: xr.DataArray | None = None
    resampled: tuple[str, ...] = ()
    n_nan: int = 0
    notes: tuple[str, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if math.isnan(self.raw) and self.normalisation is Normalisation.NONE:
            object.__setattr__(self, "raw", self.value)

    def with_(self, **changes: Any) -> Score:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def __repr__(self) -> str:
        parts = [f"{self.value:.4f} +- {self.error:.4f}"]
        if self.ceiling is not None:
            parts.append(f"raw {self.raw:.4f}, ceiling {self.ceiling.value:.4f} ({self.normalisation})")
        return f"Score({'; '.join([*parts, *self.notes])})"
