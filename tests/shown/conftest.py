"""The matrix of every plugin of this checkout, as ``tox run -e matrix`` leaves it: computed where it is missing, then read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import xarray as xr

import fornix
from fornix.engine.exchange import score_from
from fornix.interfaces import Gram, Score
from fornix.store.interface import Store
from fornix.store.places import open_store

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def store() -> Store:
    return open_store(os.environ.get("FORNIX_STORE") or ROOT / "fornix-store")


@pytest.fixture(scope="session")
def matrix(store: Store) -> xr.Dataset:
    return fornix.run(store=store)


@pytest.fixture(scope="session")
def key_of(matrix: xr.Dataset) -> Callable[[str, str], str]:
    """The key of a filled cell; skips where the cell is empty because its data cannot be had."""

    def key(model: str, benchmark: str) -> str:
        cell = matrix.sel(model=model, benchmark=benchmark)
        if cell["reason"] == "data not available":
            pytest.skip(str(cell["why"].item()))
        assert cell["status"].item() == "ok", f"{model} on {benchmark}: {cell['status'].item()} ({cell['reason'].item()})"
        return str(cell["key"].item())

    return key


@pytest.fixture(scope="session")
def score_of(key_of: Callable[[str, str], str], store: Store) -> Callable[[str, str], Score]:
    """The score in a cell, replicates included."""

    def score(model: str, benchmark: str) -> Score:
        key = key_of(model, benchmark)
        cell = store.cell(key)
        assert cell is not None
        return score_from(cell.scalars, store.units(key))

    return score


@pytest.fixture(scope="session")
def response_of(key_of: Callable[[str, str], str], store: Store) -> Callable[[str, str], xr.DataArray | Gram]:
    """What the model answered to a benchmark that asks one thing once."""

    def response(model: str, benchmark: str) -> xr.DataArray | Gram:
        cell = store.cell(key_of(model, benchmark))
        assert cell is not None
        (key,) = cell.provenance["responses"]
        return store.response(key)

    return response
