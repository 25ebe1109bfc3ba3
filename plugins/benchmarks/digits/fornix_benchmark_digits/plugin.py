"""Hooks of the benchmark Digits-accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_digits.benchmark import DigitsAccuracy


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> DigitsAccuracy:
    from fornix_benchmark_digits.benchmark import DigitsAccuracy

    return DigitsAccuracy()
