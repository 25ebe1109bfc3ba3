"""Hooks of the Natural Stories benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_natural_stories.reading_times import ReadingTimesBenchmark


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> ReadingTimesBenchmark:
    import fornix
    from fornix_benchmark_natural_stories.reading_times import ReadingTimesBenchmark

    dataset = "NaturalStories.misaligned" if identifier.endswith(".misaligned") else "NaturalStories"
    return ReadingTimesBenchmark(fornix.load_dataset(dataset), fornix.load_metric("pearson", group="story"))
