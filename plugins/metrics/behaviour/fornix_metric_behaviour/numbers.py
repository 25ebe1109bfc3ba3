"""Metrics of single numbers, such as thresholds: a model's (no dims) against each subject's (subject,)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import xarray as xr

from fornix.interfaces import Score
from fornix.numerics.behaviour.thresholds import (
    elevation,
    threshold,
    threshold_ceiling,
    value_delta,
    value_delta_ceiling,
)
from fornix.numerics.definition import Definition

Accepts = ClassVar[frozenset[Literal["values", "gram"]]]


@dataclass(frozen=True)
class Threshold:
    """A threshold against people's thresholds, in the same unit."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return threshold(source, target, self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """Each person in the model's place, against the others."""
        return threshold_ceiling(target, self.definition)


@dataclass(frozen=True)
class ThresholdElevation:
    """Thresholds under a condition, with the coordinate ``baseline``: their ratios are compared."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return threshold(elevation(source), elevation(target), self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """Each person in the model's place, against the others."""
        return threshold_ceiling(elevation(target), self.definition)


@dataclass(frozen=True)
class ValueDelta:
    """Any number against people's; the target may be a single number (no dims), whose score has no error."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"
    scale: float = 1.0

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return value_delta(source, target, self.scale, self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """Each person in the model's place, against the others."""
        return value_delta_ceiling(target, self.scale, self.definition)
