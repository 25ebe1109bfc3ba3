"""Hooks of the published GPT-3 surprisals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_model_gpt3_surprisal.replay import PublishedSurprisal


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> PublishedSurprisal:
    import fornix
    from fornix_model_gpt3_surprisal.replay import PublishedSurprisal

    return PublishedSurprisal(
        tokens=fornix.card_file("model", identifier, "all_stories_gpt3.csv"),
        words=fornix.card_file("model", identifier, "words.tsv"),
    )
