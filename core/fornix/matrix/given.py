"""What users of the Python functions give, as the rooms take it: plugin folders, a store or its place, one name or several."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fornix.errors import UsageError
from fornix.registry.discovery import Registry, discover
from fornix.store.interface import Store
from fornix.store.places import open_store


def given_registry(plugins: Sequence[str | Path]) -> Registry:
    """What is installed, as it is now, and what is in these folders besides."""
    from fornix.registry.load import current_registry  # who gives names alone, to pull, needs nothing that could load a plugin

    folders = tuple(Path(folder) for folder in plugins)
    return discover(folders) if folders else current_registry(anew=True)


def given_store(store: Store | str | Path | None, *, read_only: bool = False) -> Store:
    """The store itself, or the one at a place (None: where :func:`fornix.store.places.open_store` looks), opened."""
    return open_store(store, read_only=read_only) if store is None or isinstance(store, str | Path) else store


def given_names(what: str, names: Any) -> list[str] | None:
    """Identifiers, of which one may be given alone; None where none are given, which means all.

    Raises
    ------
    UsageError
        If they are something else, or a list without any.
    """
    if names is None:
        return None
    try:
        found = [names] if isinstance(names, str) else list(names)
    except TypeError:
        found = [names]
    if wrong := [name for name in found if not isinstance(name, str)]:
        raise UsageError(f"{what} names {wrong[0]!r}; expected identifiers, as str")
    if not found:
        raise UsageError(f"{what} is an empty list, which would leave nothing; leave it out for all")
    return found
