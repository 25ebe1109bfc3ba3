"""The hook of this plugin; imports nothing heavy until a metric is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.interfaces import Metric


@hookimpl
def fornix_load_metric(identifier: str, options: Mapping[str, Any]) -> Metric:
    if identifier == "cka":
        from fornix_metric_similarity.alignment import alignment_metric

        return alignment_metric(options)
    if identifier == "procrustes":
        from fornix_metric_similarity.procrustes import procrustes_metric

        return procrustes_metric(options)
    from fornix_metric_similarity.metric import similarity_metric

    return similarity_metric(options)
