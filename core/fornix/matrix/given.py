"""What users of the Python functions give, as the rooms take it: plugin folders, a store or its place, one name or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fornix.registry.discovery import Registry, discover
from fornix.registry.load import current_registry
from fornix.store.interface import Store
from fornix.store.places import open_store


def given_registry(plugins: Sequence[str | Path]) -> Registry:
    """What is installed, as it is now, and what is in these folders besides."""
    folders = tuple(Path(folder) for folder in plugins)
    return discover(folders) if folders else current_registry(anew=True)


def given_store(store: Store | str | Path | None, *, read_only: bool = False) -> Store:
    """The store itself, or the one at a place (None: where :func:`fornix.store.places.open_store` looks), opened."""
    return open_store(store, read_only=read_only) if store is None or isinstance(store, str | Path) else store


def given_names(names: Sequence[str] | str | None) -> list[str] | None:
    """A list of them, or None."""
    return [names] if isinstance(names, str) else None if names is None else list(names)
