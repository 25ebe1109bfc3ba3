"""Hooks of the predictors computed from words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_model_text_baselines.predictors import WordPredictor


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> WordPredictor:
    import fornix
    from fornix_model_text_baselines.predictors import WordPredictor, frequency_from, length, position

    if identifier == "word-length":
        return WordPredictor(length)
    if identifier == "word-position":
        return WordPredictor(position)
    return WordPredictor(frequency_from(fornix.card_file("model", identifier, "freqs-1.tsv")))
