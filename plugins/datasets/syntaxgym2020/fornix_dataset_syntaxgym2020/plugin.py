"""Hooks of the SyntaxGym datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_syntaxgym2020.suite import Suite


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> Suite:
    import fornix
    from fornix_dataset_syntaxgym2020.suite import Suite

    name = identifier.removeprefix("SyntaxGym2020.")
    return Suite(fornix.card_file("dataset", identifier, f"{name}.json"))
