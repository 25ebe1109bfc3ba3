"""Hooks of the metrics of reliability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.interfaces import Metric


@hookimpl
def fornix_load_metric(identifier: str, options: Mapping[str, Any]) -> Metric:
    from fornix_metric_reliability.metric import InternalConsistency, NoiseCeiling, RsaCeiling

    classes = {"internal_consistency": InternalConsistency, "noise_ceiling": NoiseCeiling, "rsa_ceiling": RsaCeiling}
    metric: Metric = classes[identifier](**options)
    return metric
