"""Hooks of the SyntaxGym benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_syntaxgym2020.accuracy import SyntaxGymSuite


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> SyntaxGymSuite:
    import fornix
    from fornix_benchmark_syntaxgym2020.accuracy import SyntaxGymSuite

    return SyntaxGymSuite(fornix.load_dataset(identifier))  # a suite and its benchmark have one name
