"""Hooks of the Kriegeskorte2008 benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_kriegeskorte2008.benchmark import RepresentationalSimilarity


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> RepresentationalSimilarity:
    from fornix_benchmark_kriegeskorte2008.benchmark import RepresentationalSimilarity

    return RepresentationalSimilarity(identifier.removesuffix("-rdm"))
