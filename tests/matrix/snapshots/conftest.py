"""A bucket at an endpoint with faults to order, as the tests of the store have it; a matrix, and a place that has it."""

from pathlib import Path

import pytest
import xarray as xr

from fornix.store.folder import FolderStore
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, V4, fill, place_by_hand, scored, toy_matrix
from tests.store.conftest import *  # noqa: F403 - its fixtures


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    store = FolderStore(tmp_path_factory.mktemp("made") / "store")
    fill(store, {(MODEL, IT): scored(0.5), (MODEL, V4): scored(0.3), (OTHER, IT): scored(0.4)})
    return toy_matrix(store)


@pytest.fixture
def place(matrix: xr.Dataset, tmp_path: Path) -> Path:
    place_by_hand(tmp_path / "place", matrix)
    return tmp_path / "place"
