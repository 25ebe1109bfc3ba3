"""Hooks of the metrics of behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.interfaces import Metric


@hookimpl
def fornix_load_metric(identifier: str, options: Mapping[str, Any]) -> Metric:
    from fornix_metric_behaviour.metrics import Accuracy, ErrorConsistency, PearsonCorrelation

    classes = {"error_consistency": ErrorConsistency, "accuracy": Accuracy, "pearson": PearsonCorrelation}
    metric: Metric = classes[identifier](**options)
    return metric
