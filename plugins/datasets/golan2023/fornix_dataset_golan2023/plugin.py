"""Hooks of the Golan2023 dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_golan2023.preferences import Golan2023


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> Golan2023:
    import fornix
    from fornix_dataset_golan2023.preferences import Golan2023

    return Golan2023(fornix.card_file("dataset", identifier, "ratings.csv"))
