"""Hooks of the Gabor energy model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.extraction.responder import FeatureModel


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> FeatureModel:
    from fornix_model_gabor.model import gabor_model

    return gabor_model()
