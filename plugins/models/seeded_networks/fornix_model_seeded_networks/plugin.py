"""Hooks of the networks with seeded random weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.extraction.torch import TorchModel


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> TorchModel:
    from fornix_model_seeded_networks.model import seeded_model

    return seeded_model(identifier)
