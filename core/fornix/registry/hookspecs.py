"""The hooks that a plugin implements; ``docs/hooks.md`` has a runnable example of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import pluggy

from fornix.registry.card import JSON

if TYPE_CHECKING:
    from fornix.interfaces import Benchmark, Dataset, Metric, Model

#: The name under which plugins and fornix meet: of the entry-point group and of the pluggy project.
PROJECT: Final = "fornix"

hookspec = pluggy.HookspecMarker(PROJECT)
#: Marks a function of ``plugin.py`` as the implementation of the hook of the same name.
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def fornix_load_model(identifier: str, options: Mapping[str, JSON]) -> Model | None:
    """Return the model that this plugin's card ``identifier`` describes.

    Called on the plugin that owns the card alone. ``options`` holds every option of the card: validated, defaults
    filled in.
    """


@hookspec(firstresult=True)
def fornix_load_dataset(identifier: str, options: Mapping[str, JSON]) -> Dataset | None:
    """Return the dataset that this plugin's card ``identifier`` describes."""


@hookspec(firstresult=True)
def fornix_load_metric(identifier: str, options: Mapping[str, JSON]) -> Metric | None:
    """Return the metric that this plugin's card ``identifier`` describes."""


@hookspec(firstresult=True)
def fornix_load_benchmark(identifier: str, options: Mapping[str, JSON]) -> Benchmark | None:
    """Return the benchmark that this plugin's card ``identifier`` describes."""
