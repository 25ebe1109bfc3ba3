"""Pulling a snapshot from a folder, a bucket and a web server: the matrix as it was assembled, or a sentence; never another."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr

import fornix
from fornix.errors import UsageError
from fornix.files import fetch, network
from fornix.files.settings import cache_folder
from fornix.matrix.snapshots.format import CELLS, LATEST, MANIFEST, SNAPSHOTS, SnapshotError, folder_of
from fornix.matrix.snapshots.pulling import open_snapshot
from fornix.store.folder import FolderStore
from tests.files.conftest import Site, answer, fresh_process, other_site, site
from tests.matrix.snapshots.placed import (
    IT,
    MODEL,
    OTHER,
    PARENT,
    V4,
    fill,
    place_by_hand,
    point,
    scored,
    serve,
    toy_matrix,
    upload,
    version_in,
)
from tests.store.endpoint import Endpoint, corrupting_the_answer, cutting_the_body, refusing
from tests.store.places import InBucket

__all__ = ["fresh_process", "other_site", "site"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    """A place with one snapshot, and the matrix it was made of."""
    folder = tmp_path_factory.mktemp("made")
    store = FolderStore(folder / "store")
    fill(store, {(MODEL, IT): scored(0.5), (MODEL, V4): scored(0.3), (OTHER, IT): scored(0.4)})
    matrix = toy_matrix(store)
    place_by_hand(folder / "place", matrix)
    return folder / "place", matrix


@pytest.fixture
def place(made: tuple[Path, xr.Dataset], tmp_path: Path) -> Path:
    """A copy of that place, to be damaged."""
    return Path(shutil.copytree(made[0], tmp_path / "place"))


@pytest.fixture
def matrix(made: tuple[Path, xr.Dataset]) -> xr.Dataset:
    return made[1]


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def check(pulled: xr.Dataset, matrix: xr.Dataset) -> None:
    """What was pulled is the matrix, bit for bit, with more beside it."""
    same = pulled[list(matrix.data_vars)].drop_vars(set(pulled.coords) - set(matrix.coords)).drop_attrs()
    xr.testing.assert_identical(same, matrix)


def start_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what this process knows of the files and hosts it has met."""
    monkeypatch.setattr(fetch, "_verified", {})
    monkeypatch.setattr(network, "_sites", {})


# from everywhere, the same


def test_the_matrix_is_pulled_from_a_folder(place: Path, matrix: xr.Dataset) -> None:
    pulled = fornix.pull(place)
    check(pulled, matrix)
    assert pulled.attrs["snapshot"] == str(place)
    assert pulled.attrs["version"] == version_in(place)
    check(fornix.pull(str(place), version_in(place)), matrix)
    assert not (cache_folder() / "snapshots").exists()  # a folder is read where it lies


def test_the_matrix_is_pulled_from_a_web_server_once(place: Path, matrix: xr.Dataset, site: Site) -> None:
    url = serve(site, place)
    pulled = fornix.pull(url)
    check(pulled, matrix)
    asked = [get["path"] for get in site.gets]
    assert len(asked) == 4
    check(fornix.pull(f"{url}/"), matrix)
    assert [get["path"] for get in site.gets[4:]] == [f"/lab/{LATEST}"]
    assert site.gets[4]["If-None-Match"]
    check(fornix.pull(url, pulled.attrs["version"]), matrix)
    assert len(site.gets) == 5  # a version by its name is asked for no more


def test_the_matrix_is_pulled_from_a_bucket(place: Path, matrix: xr.Dataset, bucket: InBucket, endpoint: Endpoint) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    check(fornix.pull(where), matrix)
    before = len(endpoint.seen)
    check(fornix.pull(where), matrix)
    assert [request.path.rsplit("/", 1)[1] for request in endpoint.seen[before:]] == [LATEST]


def test_a_newer_snapshot_is_seen_and_the_older_one_stays(place: Path, matrix: xr.Dataset, site: Site) -> None:
    url = serve(site, place)
    first = fornix.pull(url).attrs["version"]
    newer = matrix.assign(value=matrix["value"] + 1)
    second = place_by_hand(place, newer, created="2026-06-01T00:00:00Z")
    serve(site, place)
    check(fornix.pull(url), newer)
    assert fornix.pull(url).attrs["version"] == second
    check(fornix.pull(url, first), matrix)


# parts


def test_models_and_benchmarks_are_chosen_by_name_and_a_parent_brings_its_children(place: Path, matrix: xr.Dataset) -> None:
    some = fornix.pull(place, models=[OTHER], benchmarks=PARENT)
    check(some, matrix.sel(model=[OTHER]))
    one = fornix.pull(place, models=MODEL, benchmarks=[V4])
    assert one["value"].values.tolist() == [[0.3]]
    with pytest.raises(SnapshotError, match=f"no model 'toy-linea'; did you mean '{OTHER}'"):
        fornix.pull(place, models=["toy-linea"])
    with pytest.raises(SnapshotError, match="no benchmark 'Nothing'"):
        fornix.pull(place, benchmarks=["Nothing"])


def test_a_frame_of_it_is_tidy(place: Path) -> None:
    frame = fornix.pull(place).to_dataframe().reset_index()
    assert len(frame) == 6
    row = frame[(frame["model"] == MODEL) & (frame["benchmark"] == IT)].iloc[0]
    assert (row["value"], row["status"], row["region"], row["model_modalities"]) == (0.5, "ok", "IT", "image")


# without a network


def test_without_a_network_the_cache_is_used_and_says_how_old_it_is(
    place: Path, matrix: xr.Dataset, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve(site, place)
    version = fornix.pull(url).attrs["version"]
    start_anew(monkeypatch)
    monkeypatch.setattr(network, "_probe", lambda site: "cannot be reached (no route)")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3 * 86400)
    with pytest.warns(UserWarning, match=f"cannot be reached .*snapshot {version} from the cache, the latest 3 days ago"):
        check(fornix.pull(url), matrix)
    check(fornix.pull(url, version), matrix)
    with pytest.raises(SnapshotError, match="cannot be reached"):
        fornix.pull(url, "2026-05-13-0123456789")


def test_without_a_network_and_without_a_cache_a_sentence_says_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(SnapshotError, match=r"cannot be reached .* no version of it is whole in the cache"):
        fornix.pull(f"http://127.0.0.1:{port}/lab")


def test_a_host_that_is_there_again_is_asked_again(place: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    url = serve(site, place)
    probe = network._probe
    monkeypatch.setattr(network, "_probe", lambda site: "cannot be reached")
    with pytest.raises(SnapshotError, match="cannot be reached"):
        fornix.pull(url)
    monkeypatch.setattr(network, "_probe", probe)
    fornix.pull(url)


def test_a_server_that_is_down_is_a_network_that_is_not_there(place: Path, matrix: xr.Dataset, site: Site) -> None:
    url = serve(site, place)
    fornix.pull(url)
    site.faults += [lambda handler, content: handler.send_error(503)] * 3
    with pytest.warns(UserWarning, match="answers 503 .* from the cache, the latest less than a minute ago"):
        check(fornix.pull(url), matrix)


def test_a_bucket_that_does_not_answer_is_one_too(
    place: Path, matrix: xr.Dataset, bucket: InBucket, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    fornix.pull(where)
    endpoint.order(refusing(503, "SlowDown"))
    with pytest.warns(UserWarning, match="does not answer as asked .* from the cache"):
        check(fornix.pull(where), matrix)


# transfers


@pytest.mark.parametrize("code", [500, 503])
def test_a_server_that_refuses_for_a_while_is_asked_again(place: Path, matrix: xr.Dataset, site: Site, code: int) -> None:
    url = serve(site, place)
    site.faults += [lambda handler, content: handler.send_error(code)]
    site.faults += [answer, lambda handler, content: handler.send_error(code)]
    check(fornix.pull(url), matrix)


def test_a_torn_transfer_goes_on_where_it_broke_off(place: Path, matrix: xr.Dataset, site: Site) -> None:
    url = serve(site, place)
    cells = (place / folder_of(version_in(place)) / CELLS).read_bytes()

    def tear(handler: object, content: bytes) -> None:
        answer(handler, content, only=len(content) // 2 if content == cells else None)  # type: ignore[arg-type]

    site.faults += [tear] * 3
    check(fornix.pull(url), matrix)
    ranges = [get["Range"] for get in site.gets if "Range" in get]
    assert ranges == [f"bytes={len(cells) // 2}-"]


def test_a_transfer_that_stalls_is_broken_off_and_goes_on(
    place: Path, matrix: xr.Dataset, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve(site, place)
    done = threading.Event()

    def stall(handler: object, content: bytes) -> None:
        answer(handler, content, only=len(content) // 2)  # type: ignore[arg-type]
        done.wait(30)

    site.faults += [answer, answer, stall]  # type: ignore[list-item]
    monkeypatch.setattr(network, "STALL_S", 0.3)
    check(fornix.pull(url), matrix)
    done.set()
    assert [get for get in site.gets if "Range" in get]


def test_a_torn_transfer_from_a_bucket_goes_on(place: Path, matrix: xr.Dataset, bucket: InBucket, endpoint: Endpoint) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    endpoint.order(cutting_the_body, lambda request: request.path.endswith(CELLS), times=1)
    check(fornix.pull(where), matrix)
    assert [r.headers["Range"] for r in endpoint.seen if "Range" in r.headers]


def test_what_arrives_damaged_is_asked_for_again_and_never_used(
    place: Path, matrix: xr.Dataset, bucket: InBucket, endpoint: Endpoint
) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    cells = lambda request: request.path.endswith(CELLS)  # noqa: E731
    endpoint.order(corrupting_the_answer, cells)
    with pytest.raises(SnapshotError, match=r"cells.parquet offers another file .* do not use it"):
        fornix.pull(where)
    endpoint.mend()
    endpoint.order(corrupting_the_answer, cells, times=1)
    check(fornix.pull(where), matrix)


# what is not as it should be


@pytest.mark.parametrize("name", [CELLS, "cards.json", MANIFEST])
@pytest.mark.parametrize("how", ["tampered", "truncated", "missing"])
@pytest.mark.parametrize("kind", ["folder", "web"])
def test_a_file_that_is_not_as_it_was_published_ends_in_a_sentence(
    place: Path, site: Site, name: str, how: str, kind: str
) -> None:
    path = place / folder_of(version_in(place)) / name
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:-7] if how == "truncated" else content.replace(b"o", b"0", 1))
    where = place if kind == "folder" else serve(site, place)
    with pytest.raises(SnapshotError, match=name) as caught:
        fornix.pull(where)
    wanted = {
        "missing": "there is no snapshots/",
        "truncated": "bytes, expected|is not what",
        "tampered": "has sha256|is not what|was published as",
    }
    caught.match(wanted[how])


@pytest.mark.parametrize(
    ("latest", "sentence"),
    [
        (b"<!doctype html>", "is not what fornix publishes"),
        (b'{"format": "fornix-snapshots", "schema": [2, 0]}', "published by a newer fornix .*update with"),
        (b'{"format": "fornix-snapshots", "schema": [1, 0]}', "is damaged"),
        (b'{"format": "fornix-snapshots", "schema": [1, 0], "version": "../..", "manifest_sha256": ""}', "no version"),
        (None, "there is no latest.json at .*`fornix publish`"),
    ],
)
def test_what_is_no_place_of_snapshots_is_said_to_be_none(place: Path, site: Site, latest: bytes | None, sentence: str) -> None:
    if latest is None:
        (place / LATEST).unlink()
    else:
        (place / LATEST).write_bytes(latest)
    for where in (place, serve(site, place)):
        with pytest.raises(SnapshotError, match=sentence):
            fornix.pull(where)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema": [2, 0]}, "newer fornix"),
        ({"files": {"../../x": {"sha256": "0" * 64, "bytes": 1}}}, "lies outside"),
        ({"files": {"cells.parquet": {"sha256": "0", "bytes": 1}}}, "no hash and size of cells.parquet"),
        ({"files": {}}, "has no cards.json|has no cells.parquet"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_refused(
    place: Path, matrix: xr.Dataset, change: dict[str, object], sentence: str
) -> None:
    place_by_hand(place, matrix, created="2026-07-01T00:00:00Z", more=change)
    with pytest.raises(SnapshotError, match=sentence):
        fornix.pull(place)


def test_a_manifest_of_another_hash_is_refused_by_pointer_and_by_version(place: Path) -> None:
    version = version_in(place)
    manifest = place / folder_of(version) / MANIFEST
    said = json.loads(manifest.read_bytes())
    said["files"][CELLS]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(said))
    for asked in ("latest", version):
        with pytest.raises(SnapshotError, match=f"is not what was published as {version}"):
            fornix.pull(place, asked)
    point(place, version, manifest.read_bytes())
    with pytest.raises(SnapshotError, match=f"is not what was published as {version}"):
        fornix.pull(place)


def test_a_version_that_is_not_there_brings_those_that_are(place: Path, site: Site, bucket: InBucket, endpoint: Endpoint) -> None:
    version = version_in(place)
    for where in (str(place), serve(site, place), upload(bucket.client, bucket.bucket, place)):
        for asked in ("2026-05-13-0123456789", "yesterday"):
            with pytest.raises(SnapshotError, match=f"{version}"):
                fornix.pull(where, asked)


def test_a_version_that_went_after_it_was_pulled_is_told_to_be_gone(place: Path, matrix: xr.Dataset) -> None:
    """And not that ``latest.json`` names it, which a pulled matrix has nothing to do with."""
    pulled, version = fornix.pull(place), version_in(place)
    shutil.rmtree(place / SNAPSHOTS)
    (place / LATEST).unlink()
    gone = f"^there is no snapshot {version} at {place}"
    with pytest.raises(SnapshotError, match=f"{gone}: there is no latest.json at {place}, so it is no place of snapshots"):
        fornix.stored_score(MODEL, IT, store=pulled)
    other = place_by_hand(place, matrix, created="2026-07-01T00:00:00Z")
    with pytest.raises(SnapshotError, match=f"{gone}; it has {other}$"):
        fornix.stored_score(MODEL, IT, store=pulled)


def test_a_manifest_that_is_not_there_is_told_to_be_named_only_where_it_is(place: Path) -> None:
    version = version_in(place)
    (place / folder_of(version) / MANIFEST).unlink()
    with pytest.raises(SnapshotError, match=f"there is no {folder_of(version)}{MANIFEST} at .*, and its latest.json names it"):
        fornix.pull(place)


def test_an_address_within_a_place_is_understood(place: Path, site: Site) -> None:
    url, version = serve(site, place), version_in(place)
    with pytest.raises(SnapshotError, match=f"did you mean '{url}', version='{version}'"):
        fornix.pull(f"{url}/snapshots/{version}/site/index.html")
    with pytest.raises(SnapshotError, match=f"did you mean '{url}'"):
        fornix.pull(f"{url}/index.html")


@pytest.mark.parametrize("name", ["ftp://host/x", "https://", "https://me@host/x", "https://host/x?y=1", "s3://", "s3://b/../c"])
def test_what_cannot_be_a_place_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        fornix.pull(name)
    with pytest.raises(UsageError, match="has lost a slash"):
        fornix.pull(Path("https://host/x"))


def test_access_that_is_refused_is_no_place_without_snapshots(place: Path, site: Site) -> None:
    url = serve(site, place)
    site.faults.append(lambda handler, content: handler.send_error(403))
    with pytest.raises(SnapshotError, match="answers 403"):
        fornix.pull(url)


def test_a_redirect_to_another_host_gives_the_same_or_a_sentence(
    place: Path, matrix: xr.Dataset, site: Site, other_site: Site
) -> None:
    url = serve(site, place)
    serve(other_site, place)

    def redirect(handler: object, content: bytes) -> None:
        handler.send_response(302)  # type: ignore[attr-defined]
        handler.send_header("Location", f"{other_site.url}{handler.path}")  # type: ignore[attr-defined]
        handler.send_header("Content-Length", "0")  # type: ignore[attr-defined]
        handler.end_headers()  # type: ignore[attr-defined]

    site.faults += [redirect] * 4
    check(fornix.pull(url), matrix)
    assert len(other_site.gets) == 4
    other = next(path for path in other_site.contents if path.endswith(CELLS))
    other_site.contents[other] = other_site.contents[other][::-1]
    shutil.rmtree(cache_folder())
    site.faults += [redirect] * 6
    with pytest.raises(SnapshotError, match="offers another file"):
        fornix.pull(url)


# the cache


def test_a_damaged_file_in_the_cache_is_fetched_again(
    place: Path, matrix: xr.Dataset, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve(site, place)
    snapshot = open_snapshot(url)
    cells = snapshot.file(CELLS)
    cells.write_bytes(cells.read_bytes()[::-1])
    start_anew(monkeypatch)
    with pytest.warns(UserWarning, match="the cache held another file for cells.parquet"):
        check(fornix.pull(url), matrix)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"place": 1}'])
def test_damaged_memories_of_a_place_are_made_anew(place: Path, matrix: xr.Dataset, site: Site, content: bytes) -> None:
    url = serve(site, place)
    fornix.pull(url)
    for path in (cache_folder() / "snapshots").rglob("*.json"):
        path.write_bytes(content)
    check(fornix.pull(url), matrix)
    check(fornix.pull(url, version_in(place)), matrix)


def test_a_damaged_pointer_in_the_cache_is_not_asked_about(place: Path, matrix: xr.Dataset, site: Site) -> None:
    url = serve(site, place)
    fornix.pull(url)
    (memory,) = (cache_folder() / "snapshots").rglob(LATEST)
    said = json.loads(memory.read_bytes())
    memory.write_text(json.dumps({**said, "pointer": said["pointer"][:-9]}))
    check(fornix.pull(url), matrix)


def test_two_processes_pull_at_once_and_share_the_cache(place: Path, site: Site) -> None:
    url = serve(site, place)
    script = "import sys, fornix; print(fornix.pull(sys.argv[1])['value'].sum().item())"
    environment = {**os.environ, "FORNIX_CACHE": str(cache_folder())}
    running = [
        subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    said = [process.communicate()[0].strip() for process in running]
    assert said[0] == said[1] == str(fornix.pull(place)["value"].sum().item())
    assert sum(get["path"].endswith(CELLS) for get in site.gets) == 1
    assert not list(cache_folder().rglob("*.part"))


def test_a_cache_that_cannot_be_written_is_said(place: Path, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "file"))
    with pytest.raises(SnapshotError, match=r"cannot be used .*FORNIX_CACHE"):
        fornix.pull(serve(site, place))


# what it needs

BLOCKED = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "sklearn", "boto3", "botocore", "PIL", "matplotlib") or name.startswith(
            ("fornix_model", "fornix_dataset", "fornix_metric", "fornix_benchmark", "fornix.registry.importing")
        ):
            raise ImportError(f"{name} is refused")
sys.meta_path.insert(0, Refuse())
import fornix
print(fornix.pull(sys.argv[1], units=True).to_dataframe()["value"].sum())
"""


def test_pulling_needs_no_torch_no_plugin_no_scikit_learn_and_no_boto3(place: Path, matrix: xr.Dataset, site: Site) -> None:
    for where in (str(place), serve(site, place)):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKED, where],
            capture_output=True,
            text=True,
            env={**os.environ, "FORNIX_CACHE": str(cache_folder())},
        )
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) == pytest.approx(float(matrix["value"].sum()))
