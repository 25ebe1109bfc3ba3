"""Scores: a value with its uncertainty, what it was made of, and how it was normalised."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import xarray as xr

from fornix.interfaces import fields


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
    PER_UNIT = "mean(r_i|r_i|/c_i)"  # over neuroids
    PER_UNIT_ROOT = "mean(r_i/sqrt(c_i))"  # over neuroids, unclipped
    PER_SUBJECT = "mean(s_j/c_j)"  # over subjects


#: The arrays of a score, and their dims where these are always the same.
_DIMS: Final = {
    "units": (),
    "unit_replicates": ("replicate", "neuroid"),
    "replicates": ("factor", "replicate"),
    "raw_replicates": ("factor", "replicate"),
}


@dataclass(frozen=True, eq=False)
class Score:
    """One score.

    Parameters
    ----------
    value : float
        The reported value: normalised, or the raw value where ``normalisation`` is none. NaN: it could not be computed, and
        the engine stores no such score.
    error : float
        ``procedure`` standard error of ``value`` (new stimuli and neuroids or subjects, training sets included);
        NaN where it is not known.
    interval : (float, float)
        95 % interval of ``value``, the lower bound first; both NaN where it is not known.
    raw : float
        The value before normalisation.
    ceiling : Score, optional
        How well the best possible model could score; None where the data allow none.
    normalisation : Normalisation
    chance : float
        What a model of nothing scores, on the raw scale.
    units : DataArray, optional
        The per-unit raw values, for example dims (split, neuroid) or (subject, condition).
    unit_replicates : DataArray, optional
        The raw values of single units without each group of stimuli, averaged over splits: dims (replicate, neuroid). From them
        a score that is normalised unit by unit has its error over stimuli.
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

    Raises
    ------
    ValueError
        If a field holds something else than said here.
    """

    value: float
    error: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    raw: float = math.nan
    ceiling: Score | None = None
    normalisation: Normalisation = Normalisation.NONE
    chance: float = 0.0
    units: xr.DataArray | None = None
    unit_replicates: xr.DataArray | None = None
    replicates: xr.DataArray | None = None
    raw_replicates: xr.DataArray | None = None
    resampled: tuple[str, ...] = ()
    n_nan: int = 0
    notes: tuple[str, ...] = ()
    details: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._read_numbers()
        written = fields.one_of(self.normalisation, "normalisation of a score", [str(n) for n in Normalisation])
        object.__setattr__(self, "normalisation", Normalisation(written))
        if self.ceiling is not None:
            fields.instance(self.ceiling, Score, "ceiling of a score", "a Score, which has an error of its own, or None")
        for field_name, dims in _DIMS.items():
            array = getattr(self, field_name)
            if array is not None:
                fields.instance(array, xr.DataArray, f"{field_name} of a score", "an xarray.DataArray, or None")
                if dims and array.dims != dims:
                    raise ValueError(f"{field_name} of a score has dims {array.dims}; expected {dims}")
        for field_name in ("resampled", "notes"):
            texts = fields.ordered(getattr(self, field_name), f"{field_name} of a score")
            for text in texts:
                fields.instance(text, str, f"one of the {field_name} of a score", "a str")
            object.__setattr__(self, field_name, texts)
        if math.isnan(self.raw) and self.normalisation is Normalisation.NONE:
            object.__setattr__(self, "raw", self.value)

    def _read_numbers(self) -> None:
        """See that each number is one, and that those that bound others do so."""
        for field_name in ("value", "error", "raw", "chance"):
            given = getattr(self, field_name)
            read = fields.number(given, f"{field_name} of a score", unknown=field_name != "chance")
            object.__setattr__(self, field_name, read)
        if self.error < 0:
            raise ValueError(f"error of a score is {self.error:g}; a standard error is at least 0, and NaN where it is not known")
        bounds = fields.ordered(self.interval, "interval of a score")
        if len(bounds) != 2:
            raise ValueError(f"interval of a score is {fields.shown(self.interval)}; expected (low, high)")
        low, high = (fields.number(bound, "a bound of the interval of a score", unknown=True) for bound in bounds)
        if low > high or math.isnan(low) != math.isnan(high):
            raise ValueError(f"interval of a score is ({low:g}, {high:g}); expected (low, high), both numbers or both NaN")
        object.__setattr__(self, "interval", (low, high))
        object.__setattr__(self, "n_nan", fields.whole_number(self.n_nan, "n_nan of a score", 0))
        fields.instance(self.details, Mapping, "details of a score", "a dict from a name to a number")
        details = {k: fields.number(v, f"the detail {k!r} of a score", unknown=True) for k, v in self.details.items()}
        object.__setattr__(self, "details", details)

    def with_(self, **changes: Any) -> Score:
        """A copy with some fields replaced."""
        return replace(self, **changes)

    def __repr__(self) -> str:
        parts = [f"{self.value:.4f} +- {self.error:.4f}"]
        if self.ceiling is not None:
            parts.append(f"raw {self.raw:.4f}, ceiling {self.ceiling.value:.4f} ({self.normalisation})")
        return f"Score({'; '.join([*parts, *self.notes])})"
