"""Hooks of the Golan2023 benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_benchmark_golan2023.preference import SentencePreference


@hookimpl
def fornix_load_benchmark(identifier: str, options: Mapping[str, Any]) -> SentencePreference:
    import fornix
    from fornix_benchmark_golan2023.preference import SentencePreference

    return SentencePreference(fornix.load_dataset("Golan2023"))
