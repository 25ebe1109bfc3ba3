"""Hooks of the Simulated dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_simulated.recording import SimulatedBrain


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> SimulatedBrain:
    from fornix_dataset_simulated.recording import SimulatedBrain

    return SimulatedBrain(**options)
