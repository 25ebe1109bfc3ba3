"""Hooks of the digits network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_model_digits_network.model import DigitsNetwork


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> DigitsNetwork:
    from fornix_model_digits_network.model import DigitsNetwork

    return DigitsNetwork()
