"""Metrics of behaviour, as objects with their options; the computation is in ``fornix.numerics``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import xarray as xr

from fornix.errors import UsageError
from fornix.interfaces import Score
from fornix.numerics.behaviour.accuracy import accuracy, accuracy_distance, accuracy_distance_ceiling
from fornix.numerics.behaviour.discrimination import Pattern, discrimination, discrimination_ceiling
from fornix.numerics.behaviour.error_consistency import error_consistency, error_consistency_ceiling
from fornix.numerics.behaviour.predictor import predictor_correlation
from fornix.numerics.definition import Definition

Accepts = ClassVar[frozenset[Literal["values", "gram"]]]


@dataclass(frozen=True)
class ErrorConsistency:
    """Labels (presentation,) against people's choices (trial,) with subject, condition, category and stimulus_id."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return error_consistency(source, target, self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """Error consistency between people, resampled as the model's, so that ``normalise`` can combine the two."""
        return error_consistency_ceiling(target, self.definition)


@dataclass(frozen=True)
class Accuracy:
    """Labels (presentation,) against the right labels (presentation,)."""

    accepts: Accepts = frozenset({"values"})

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return accuracy(source, target)


@dataclass(frozen=True)
class AccuracyDistance:
    """Labels (presentation,) against people's choices (trial,) with subject, category and stimulus_id."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"
    cells: tuple[str, ...] = ()

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return accuracy_distance(source, target, self.cells, self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """The same between people, resampled as the model's."""
        return accuracy_distance_ceiling(target, self.cells, self.definition)


def accuracy_distance_metric(options: Mapping[str, Any]) -> AccuracyDistance:
    """The metric with the options of its card, all given.

    Raises
    ------
    UsageError
        If the cells are not named by texts.
    """
    cells = options["cells"]
    if not all(isinstance(name, str) for name in cells):
        raise UsageError(f"option 'cells' of metric 'accuracy_distance' is {cells}; expected names of coordinates of the target")
    return AccuracyDistance(definition=options["definition"], cells=tuple(cells))


@dataclass(frozen=True)
class Discrimination:
    """Probabilities (presentation, choice) against people's choices (trial,) with category, distractor and stimulus_id."""

    accepts: Accepts = frozenset({"values"})
    pattern: Pattern = "i1"
    definition: Definition = "default"

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return discrimination(source, target, self.pattern, self.definition)

    def ceiling(self, target: xr.DataArray) -> Score:
        """The reliability of people's pattern, to normalise by ``r/sqrt(c)``."""
        return discrimination_ceiling(target, self.pattern, self.definition)


@dataclass(frozen=True)
class PearsonCorrelation:
    """One number for each stimulus (presentation,) against another."""

    accepts: Accepts = frozenset({"values"})
    definition: Definition = "default"
    group: str = ""

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        return predictor_correlation(source, target, self.group, self.definition)
