"""A store in a folder of its own, and records to put into it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from fornix.store.folder import FolderStore
from fornix.store.interface import Attempt, Cell

KEY = "5f" * 32
OTHER_KEY = "a0" * 32


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture
def cell() -> Cell:
    return Cell(
        key=KEY,
        model="gabor",
        benchmark="Cowley2023.V4-ridge.190923",
        options={"model": {"scales": 3}, "benchmark": {}},
        key_parts={"schema": 1, "model": {"identifier": "gabor", "behaviour": "ab12"}},
        scalars={"value": 0.25, "error": float("nan"), "interval_low": 0.1, "notes": ["unceiled"], "details": {}},
        provenance={"numpy": "2.4.6"},
    )


@pytest.fixture
def units() -> dict[str, xr.DataArray]:
    rng = np.random.default_rng(2)
    return {
        "units": xr.DataArray(rng.normal(size=(2, 3)), dims=("split", "neuroid"), coords={"neuroid": ["a", "b", "c"]}),
        "ceiling_units": xr.DataArray(rng.normal(size=5), dims="neuroid"),
    }


@pytest.fixture
def attempt() -> Attempt:
    return Attempt(
        model="gabor",
        benchmark="Digits-accuracy",
        key=KEY,
        status="oom",
        reason="the worker was killed for memory",
        started="2026-05-13T10:15:30.250000+02:00",
        seconds=12.5,
        resources={"peak_rss_bytes": 10**9},
        versions={"fornix": "0.1.0"},
        hardware={"cpus": 2},
    )
