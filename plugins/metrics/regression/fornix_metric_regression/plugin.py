"""The hook of this plugin; imports nothing heavy until a metric is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.interfaces import Metric


@hookimpl
def fornix_load_metric(identifier: str, options: Mapping[str, Any]) -> Metric:
    from fornix_metric_regression.options import regression_metric

    return regression_metric(identifier, options)
