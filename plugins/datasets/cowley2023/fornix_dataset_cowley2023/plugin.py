"""Hooks of the Cowley2023 datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_cowley2023.session import V4Session


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> V4Session:
    import fornix
    from fornix_dataset_cowley2023.session import SESSIONS_WITH_REPEATS, V4Session

    session = identifier.removeprefix("Cowley2023.")
    raw = f"responses_raw_{session}.npy" if session in SESSIONS_WITH_REPEATS else None
    return V4Session(
        session,
        images=fornix.card_file("dataset", identifier, f"images_{session}.zip"),
        responses=fornix.card_file("dataset", identifier, f"responses_{session}.npy"),
        repeats=None if raw is None else fornix.card_file("dataset", identifier, raw),
    )
