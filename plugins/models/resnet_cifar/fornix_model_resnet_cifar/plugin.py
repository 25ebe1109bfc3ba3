"""Hooks of the CIFAR-10 residual networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.extraction.torch import TorchModel


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> TorchModel:
    import fornix
    from fornix_model_resnet_cifar.model import trained, untrained

    network, _, weights = identifier.partition("-")
    depth = int(network.removeprefix("resnet"))
    if weights == "untrained":
        return untrained(depth, options["seed"])
    return trained(depth, fornix.card_file("model", identifier, f"resnet{depth}.th"))
