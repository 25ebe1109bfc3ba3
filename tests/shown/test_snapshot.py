"""The matrix as everybody gets it: published to a folder and to a bucket over HTTP, pulled back, and drawn as pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.store.conftest import bucket, client, endpoint, s3_server  # noqa: F401 - fixtures

import fornix
from fornix.engine.exchange import score_arrays, score_from, score_scalars
from fornix.matrix.snapshots.publishing import Published, publish
from fornix.registry.load import current_registry
from fornix.site.build import build
from fornix.store.interface import Store

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def published(matrix: xr.Dataset, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The store after a run of all that is missing, in a folder."""
    folder = tmp_path_factory.mktemp("published")
    return publish(current_registry(), store, folder, also=lambda snapshot: build(snapshot, snapshot / "site"))


@pytest.fixture(scope="module")
def pulled(published: Published) -> xr.Dataset:
    return fornix.pull(published.place)


def test_what_was_scored_is_pulled_bit_for_bit(matrix: xr.Dataset, pulled: xr.Dataset) -> None:
    here = matrix.sel(model=pulled["model"].values, benchmark=pulled["benchmark"].values)
    assert set(here["model"].values) == set(matrix["model"].values)
    assert set(here["benchmark"].values) == set(matrix["benchmark"].values)
    ok = here["status"].values == "ok"
    assert ok.sum() > 50
    np.testing.assert_array_equal(pulled["status"].values == "ok", ok)
    for name in matrix.data_vars:
        np.testing.assert_array_equal(pulled[name].values[ok], here[name].values[ok], err_msg=str(name))


def test_every_score_is_pulled_whole(matrix: xr.Dataset, store: Store, pulled: xr.Dataset) -> None:
    leaves = matrix["leaf"].values
    keys = matrix["key"].values[:, leaves][matrix["status"].values[:, leaves] == "ok"]
    assert len(keys)
    for key in keys.tolist():
        cell = store.cell(key)
        assert cell is not None
        expected = score_from(cell.scalars, store.units(key))
        found = fornix.stored_score(cell.model, cell.benchmark, store=pulled)
        assert score_scalars(found) == score_scalars(expected)
        arrays, as_stored = score_arrays(found), score_arrays(expected)
        assert list(arrays) == list(as_stored)
        for name, array in as_stored.items():
            assert arrays[name].identical(array), f"{name} of {cell.model} on {cell.benchmark}"


def test_a_bucket_gives_back_what_a_folder_does(
    matrix: xr.Dataset,
    store: Store,
    published: Published,
    pulled: xr.Dataset,
    bucket: Any,  # noqa: F811
) -> None:
    again = publish(current_registry(), store, bucket.named, also=lambda snapshot: build(snapshot, snapshot / "site"))
    assert again.version == published.version
    assert again.manifest.files == published.manifest.files  # the hashes of all files, pages too
    found = fornix.pull(bucket.named, units=True)
    xr.testing.assert_identical(found.assign_attrs(snapshot=""), pulled.assign_attrs(snapshot=""))
    assert found.attrs["manifest_sha256"] == pulled.attrs["manifest_sha256"]


def test_every_model_and_benchmark_has_a_page(published: Published, pulled: xr.Dataset) -> None:
    site = Path(published.place) / "snapshots" / published.version / "site"
    pages = {page.relative_to(site).as_posix() for page in site.rglob("*.html")}
    assert pages >= {"index.html", "compare.html", "scatter.html"}
    for kind in ("model", "benchmark"):
        for name in pulled[kind].values.tolist():
            assert any(page.startswith(kind) and page.endswith(f"/{name}.html") for page in pages), name
