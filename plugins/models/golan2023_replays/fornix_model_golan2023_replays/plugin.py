"""Hooks of the models that Golan2023 published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_model_golan2023_replays.replay import PublishedProbabilities


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> PublishedProbabilities:
    import fornix
    from fornix_model_golan2023_replays.replay import PublishedProbabilities

    name = identifier.removeprefix("golan2023-").replace("-", "_")
    return PublishedProbabilities(fornix.card_file("model", identifier, "ratings.csv"), name)
