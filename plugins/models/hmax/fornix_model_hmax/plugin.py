"""Hooks of the HMAX model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.extraction.torch import TorchModel


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> TorchModel:
    from fornix_model_hmax.model import hmax_model

    return hmax_model()
