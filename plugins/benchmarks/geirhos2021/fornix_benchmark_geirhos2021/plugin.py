"""Hooks of the Geirhos2021 benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_geirhos2021.benchmark import ErrorConsistencyBenchmark


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> ErrorConsistencyBenchmark:
    import fornix
    from fornix_benchmark_geirhos2021.benchmark import ErrorConsistencyBenchmark

    experiment = identifier.removeprefix("Geirhos2021.").removesuffix("-error_consistency")
    dataset = fornix.load_dataset(f"Geirhos2021.{experiment}")
    return ErrorConsistencyBenchmark(experiment, dataset, fornix.load_metric("error_consistency"))
