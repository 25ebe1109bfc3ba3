"""Snapshots that were published long ago, or will be: of another minor schema they are read, with what both know."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.errors import UsageError
from fornix.matrix.snapshots.format import SnapshotError
from fornix.matrix.snapshots.pulling import open_snapshot
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS
from tests.matrix.snapshots import freeze
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, PARENT, V4, fill, scored

FROZEN = Path(__file__).parent / "frozen"
VERSIONS = {"older": "2026-11-22-aae7dff779", "newer": "2026-11-22-9f393989de"}


@pytest.mark.parametrize("which", VERSIONS)
def test_a_snapshot_of_another_minor_schema_is_pulled(which: str) -> None:
    matrix = fornix.pull(FROZEN / which)
    assert matrix.attrs["version"] == VERSIONS[which]
    assert matrix["benchmark"].values.tolist() == [PARENT, IT, V4]
    assert matrix["model"].values.tolist() == [MODEL, OTHER]
    np.testing.assert_array_equal(matrix["value"].values, [[0.4, 0.5, 0.3], [np.nan, 0.4, np.nan]])
    assert matrix["status"].values.tolist() == [["ok", "ok", "ok"], ["skipped", "ok", "skipped"]]
    assert matrix["region"].values.tolist() == ["IT; V4", "IT", "V4"]
    assert "energy_kwh" not in matrix


@pytest.mark.parametrize("which", VERSIONS)
def test_its_scores_are_whole(which: str) -> None:
    for (model, benchmark), how in freeze.SCORES.items():
        found, expected = fornix.stored_score(model, benchmark, store=FROZEN / which), scored(*how)
        assert (found.value, found.error, found.interval) == (expected.value, expected.error, expected.interval)
        for name in ("units", "replicates"):
            xr.testing.assert_identical(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize("given", [{"plugins": [TOYS]}, {"seed": 1}])
def test_plugins_and_seed_are_refused_with_what_is_published(given: dict[str, Any]) -> None:
    place = FROZEN / "newer"
    matrix = fornix.pull(place)
    for store in (place, str(place), matrix):
        with pytest.raises(UsageError, match="leave them out"):
            fornix.stored_score(MODEL, IT, store=store, **given)
    for where in ({"store": place}, {"matrix": matrix}):
        with pytest.raises(UsageError, match=r"leave (it|them) out"):
            fornix.compare(MODEL, OTHER, **where, **given)


def test_what_an_older_one_lacks_is_not_known(tmp_path: Path) -> None:
    matrix = fornix.pull(FROZEN / "older")
    for name in ("rank", "rank_low", "rank_high", "chance"):
        assert np.isnan(matrix[name].values).all()
    assert (matrix["hardware"] == "").all()
    assert open_snapshot(FROZEN / "older").manifest.code == ""
    store = FolderStore(tmp_path / "store")
    fill(store, {(MODEL, IT): scored(*freeze.SCORES[MODEL, IT])})
    both = fornix.overlay(matrix, store, plugins=[TOYS])  # local cells lie over it, too
    assert both["model"].values.tolist()[:2] == [MODEL, OTHER]
    assert both["ranked"].sel(model=MODEL, benchmark=IT).item()


def test_of_a_newer_one_all_that_is_known_is_checked(tmp_path: Path) -> None:
    place = Path(shutil.copytree(FROZEN / "newer", tmp_path / "place"))
    manifest = place / "snapshots" / VERSIONS["newer"] / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"to come", b"to go"))
    with pytest.raises(SnapshotError, match="is not what was published"):
        fornix.pull(place, VERSIONS["newer"])
