"""Hooks of the metrics of behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.interfaces import Metric


@hookimpl
def fornix_load_metric(identifier: str, options: Mapping[str, Any]) -> Metric:
    from fornix_metric_behaviour.metrics import (
        Accuracy,
        Discrimination,
        ErrorConsistency,
        PearsonCorrelation,
        accuracy_distance_metric,
    )
    from fornix_metric_behaviour.numbers import Threshold, ThresholdElevation, ValueDelta

    metric: Metric
    match identifier:
        case "error_consistency":
            metric = ErrorConsistency(**options)
        case "accuracy":
            metric = Accuracy()
        case "accuracy_distance":
            metric = accuracy_distance_metric(options)
        case "i1" | "i2n":
            metric = Discrimination(pattern=identifier, **options)
        case "threshold":
            metric = Threshold(**options)
        case "threshold_elevation":
            metric = ThresholdElevation(**options)
        case "value_delta":
            metric = ValueDelta(**options)
        case _:
            metric = PearsonCorrelation(**options)
    return metric
