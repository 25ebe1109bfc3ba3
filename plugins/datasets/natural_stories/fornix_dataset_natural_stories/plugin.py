"""Hooks of the Natural Stories datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_natural_stories.reading_times import NaturalStories


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> NaturalStories:
    import fornix
    from fornix_dataset_natural_stories.reading_times import NaturalStories

    words = fornix.card_file("dataset", identifier, "all_stories.tok")
    if identifier == "NaturalStories":
        return NaturalStories(words, by_subject=fornix.card_file("dataset", identifier, "processed_RTs.tsv"))
    return NaturalStories(words, means=fornix.card_file("dataset", identifier, "processed_wordinfo.tsv"))
