"""Hooks of the Digits dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_digits.digits import Digits


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> Digits:
    from fornix_dataset_digits.digits import Digits

    return Digits()
