"""Hooks of the Cowley2023 benchmarks. The parents are made of their children by their cards, without code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_cowley2023.benchmark import V4Predictivity


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> V4Predictivity:
    from fornix_benchmark_cowley2023.benchmark import V4Predictivity

    metric, session = identifier.removeprefix("Cowley2023.V4-").split(".")
    return V4Predictivity(session, metric)
