"""Hooks of the Simulated dataset and of the models of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.extraction.responder import FeatureModel
    from fornix_dataset_simulated.recording import SimulatedBrain

#: Share of noise in the variance of every unit of a model.
NOISE: Final = {
    "simulated-brain": 0.0,
    "simulated-brain-noisy-25": 0.25,
    "simulated-brain-noisy-50": 0.5,
    "simulated-brain-noisy-75": 0.75,
    "simulated-nothing": 1.0,
}


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> SimulatedBrain:
    from fornix_dataset_simulated.recording import SimulatedBrain

    return SimulatedBrain(**options)


@hookimpl
def fornix_load_model(identifier: str, options: Mapping[str, Any]) -> FeatureModel:
    from fornix_dataset_simulated.models import noisy_brain

    return noisy_brain(NOISE[identifier])
