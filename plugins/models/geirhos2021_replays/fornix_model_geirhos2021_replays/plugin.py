"""Hooks of the models whose decisions were published with Geirhos2021."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_model_geirhos2021_replays.replay import PublishedDecisions


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> PublishedDecisions:
    import fornix
    from fornix_model_geirhos2021_replays.replay import EXPERIMENTS, PublishedDecisions

    return PublishedDecisions({name: fornix.card_file("model", identifier, f"{name}.csv") for name in EXPERIMENTS})
