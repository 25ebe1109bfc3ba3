"""Metrics of behaviour, as objects with their options; the computation is in ``fornix.numerics``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import xarray as xr

from fornix.interfaces import Score
from fornix.numerics.accuracy import accuracy
from fornix.numerics.decisions import Definition
from fornix.numerics.error_consistency import error_consistency, error_consistency_ceiling
from fornix.numerics.predictor import predictor_correlation


@dataclass(frozen=True)
class ErrorConsistency:
    """Labels (presentation,) against people's choices (trial,) with subject, condition, category and stimulus_id."""

    accepts: ClassVar[frozenset[Literal["values", "gram"]]] = frozenset({"values"})
    definition: Definition = "default"

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return error_consistency(source, target, self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """Error consistency between people, resampled as the model's, so that ``normalise`` can combine the two."""
        return error_consistency_ceiling(target, self.definition)


@dataclass(frozen=True)
class Accuracy:
    """Labels (presentation,) against the right labels (presentation,)."""

    accepts: ClassVar[frozenset[Literal["values", "gram"]]] = frozenset({"values"})

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return accuracy(source, target)


@dataclass(frozen=True)
class PearsonCorrelation:
    """One number for each stimulus (presentation,) against another."""

    accepts: ClassVar[frozenset[Literal["values", "gram"]]] = frozenset({"values"})
    definition: Definition = "default"
    group: str = ""

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return predictor_correlation(source, target, self.group, self.definition)
