"""Hooks of the metrics of reliability."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_metric_reliability.metric import InternalConsistency


@hookimpl
def fornix_load_metric(identifier: str, options: Mapping[str, Any]) -> InternalConsistency:
    from fornix_metric_reliability.metric import InternalConsistency

    return InternalConsistency(**options)
