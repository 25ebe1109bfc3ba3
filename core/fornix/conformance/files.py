"""What tests do where files cannot be had, in the suite and in tests of plugins."""

from __future__ import annotations

import pytest

from fornix.files.fetch import available
from fornix.registry.card import Kind
from fornix.registry.load import current_registry


def need_files(kind: Kind, *identifiers: str) -> None:
    """Skip the test that calls it, with the reason, where a file of one of these cards cannot be had.

    Parameters
    ----------
    kind : {"model", "dataset", "metric", "benchmark"}
    *identifiers : str
        Of cards of this kind; no file of theirs is downloaded.
    """
    for identifier in identifiers:
        for file in current_registry().get(kind, identifier).files:
            why = available(file)
            if why is not None:
                pytest.skip(f"{kind} {identifier} cannot be had: {why}")
