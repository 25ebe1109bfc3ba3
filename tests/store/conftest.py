"""A store of its own for each test, in a folder and in a bucket, and records to put into it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.store.endpoint import Endpoint, served
from tests.store.places import InBucket, InFolder, Place

from fornix.store import requests
from fornix.store.interface import Attempt, Cell
from fornix.store.kept import KeptStore

KEY = "5f" * 32
OTHER_KEY = "a0" * 32


@pytest.fixture(scope="session")
def s3_server() -> Iterator[tuple[str, int]]:
    """moto, a simulated S3, over HTTP."""
    server = pytest.importorskip("moto.server", reason="moto, a simulated S3 server, is not installed")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    yield running.get_host_and_port()
    running.stop()


@pytest.fixture
def endpoint(s3_server: tuple[str, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Endpoint]:
    """An endpoint that this process finds as boto3's users say it, with faults to order."""
    found, running = served(s3_server)
    for name, value in {
        "AWS_ENDPOINT_URL": found.url,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "FORNIX_CACHE": str(tmp_path / "cache"),
        "no_proxy": "*",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(requests, "PAUSES_S", (0.01, 0.02, 0.02, 0.02))
    yield found
    running.shutdown()
    running.server_close()


@pytest.fixture(scope="session")
def client(s3_server: tuple[str, int]) -> Any:
    """A client of the server itself, around the proxy; to make one takes longer than most tests."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://{}:{}".format(*s3_server),
        aws_access_key_id="somebody",
        aws_secret_access_key="something",
        config=Config(proxies={}),
    )


@pytest.fixture
def bucket(endpoint: Endpoint, client: Any, tmp_path: Path) -> InBucket:
    """A place in a bucket of its own."""
    name = f"lab-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=name)
    return InBucket(client, name, tmp_path / "cache" / "stores")


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return InFolder(tmp_path / "store")
    found: InBucket = request.getfixturevalue("bucket")
    return found


@pytest.fixture
def store(place: Place) -> KeptStore:
    return place.open()


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
