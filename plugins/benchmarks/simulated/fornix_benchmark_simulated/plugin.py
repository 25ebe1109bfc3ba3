"""Hooks of the Simulated benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_simulated.benchmark import SimulatedPredictivity


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> SimulatedPredictivity:
    from fornix_benchmark_simulated.benchmark import SimulatedPredictivity

    return SimulatedPredictivity(identifier.removeprefix("Simulated.").removesuffix("-ridge"))
