"""Publishing to folders and buckets: a snapshot is whole or not there, whoever is killed or races, and is pulled bit for bit."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import fornix
from fornix.engine import silence
from fornix.engine.plan import plan
from fornix.errors import UsageError
from fornix.files import durable
from fornix.matrix.assemble import assemble
from fornix.matrix.snapshots import contents, destinations, provenance, publishing
from fornix.matrix.snapshots.destinations import IntoFolder
from fornix.matrix.snapshots.format import Manifest, Pointer, SnapshotError
from fornix.matrix.snapshots.publishing import Published, publish
from fornix.matrix.snapshots.pulling import open_snapshot
from fornix.store.folder import FolderStore
from tests.engine.conftest import toy_registry
from tests.engine.test_silence import Heard
from tests.matrix.snapshots.lab import fill, lab_plugins
from tests.store.conftest import bucket, client, endpoint, s3_server  # noqa: F401 - fixtures
from tests.store.endpoint import (
    Endpoint,
    Request,
    corrupting_what_is_sent,
    ignoring_conditions,
    losing_the_answer,
    refusing,
)
from tests.store.places import InBucket, InFolder


@dataclass(frozen=True)
class Lab:
    """Plugins, and two stores of them: the newer has results of a day later, and of one model more."""

    plugins: Path
    old: FolderStore
    new: FolderStore

    def publish(self, store: FolderStore, to: str | Path, **how: Any) -> Published:
        return publish(toy_registry(self.plugins), store, to, **{"arrays": False, "ranks": False, **how})


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    folder = tmp_path_factory.mktemp("lab")
    plugins = lab_plugins(folder / "plugins")
    found = Lab(plugins, FolderStore(folder / "old"), FolderStore(folder / "new"))
    fill(found.old, plugins, models=["toy-behaving"])
    fill(found.new, plugins, models=["toy-behaving", "toy-linear"], day=2, seed=7)
    return found


@pytest.fixture(autouse=True)
def nobody_works_on_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code is part of a version, and a checkout may change between two calls."""
    monkeypatch.setattr(provenance, "commit", lambda: None)
    monkeypatch.setattr(provenance, "code", lambda: "0" * 16)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> InFolder | InBucket:
    if request.param == "folder":
        return InFolder(tmp_path / "published")
    found: InBucket = request.getfixturevalue("bucket")
    return found


def versions(place: InFolder | InBucket) -> list[str]:
    """Those that are whole."""
    return sorted({name.split("/")[1] for name in place.names() if name.endswith("/manifest.json")})


# what is published


def test_what_is_published_is_pulled_bit_for_bit(lab: Lab, place: InFolder | InBucket) -> None:
    published = lab.publish(lab.new, place.named, arrays=True)
    version = published.version
    at = f"snapshots/{version}/"
    leaves = ["Toy.IT-correlation", "Toy.V4-correlation"]
    files = set(published.manifest.files)
    assert {f"{kind}/{leaf}.nc" for kind in ("replicates", "units") for leaf in leaves} <= files
    assert {"CITATION.cff", "cards.json", "cells.parquet", "matrix.nc"} <= files
    names = [name for name in place.names() if not name.startswith("snapshots/.")]
    assert names == sorted([*(f"{at}{path}" for path in (*files, "manifest.json")), "index.html", "latest.json"])
    assert sorted(published.written) == names
    registry = toy_registry(lab.plugins)
    expected = assemble(registry, plan(registry, lab.new, look_for_data=False))
    pulled = fornix.pull(place.named, units=True)
    assert pulled.attrs["version"] == version == published.latest
    expected = expected.sel(model=pulled["model"].values, benchmark=leaves)
    for name in set(expected.data_vars) - {"notes"}:  # which name a private model
        assert pulled[name].sel(benchmark=leaves).values.tolist() == expected[name].values.tolist() or (
            pulled[name].sel(benchmark=leaves).values.tobytes() == expected[name].values.tobytes()
        ), name


def test_publishing_again_writes_nothing(lab: Lab, place: InFolder | InBucket, request: pytest.FixtureRequest) -> None:
    first = lab.publish(lab.new, place.named)
    before = {name: place.read(name) for name in place.names()}
    again = lab.publish(lab.new, place.named)
    assert again.written == ()
    assert (again.version, again.manifest) == (first.version, first.manifest)
    assert {name: place.read(name) for name in place.names()} == before
    if isinstance(place, InBucket):
        seen = request.getfixturevalue("endpoint").seen
        seen.clear()
        lab.publish(lab.new, place.named)
        assert not any(request.writes() for request in seen)


def test_another_commit_of_the_same_code_is_the_same_version(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = lab.publish(lab.new, tmp_path)
    monkeypatch.setattr(provenance, "commit", lambda: "1" * 40)
    again = lab.publish(lab.new, tmp_path)
    assert again.written == ()
    assert again.manifest == first.manifest


def test_libraries_that_read_bibtex_otherwise_make_another_version(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or two publishers at once would write different files under one name."""
    cited = contents.citation
    versions = [lab.publish(lab.new, tmp_path).version]
    monkeypatch.setattr(contents, "citation", lambda *of: f"{cited(*of)}# as another library has it\n")
    versions += [lab.publish(lab.new, tmp_path).version]
    assert versions[0] != versions[1]
    for version in versions:
        snapshot = open_snapshot(tmp_path, version)
        assert {snapshot.file(path).name for path in snapshot.manifest.files} >= {"CITATION.cff"}


def test_a_snapshot_of_earlier_days_stays_beside_what_is_published(lab: Lab, tmp_path: Path) -> None:
    """Their versions had fewer digits."""
    place = Path(shutil.copytree(Path(__file__).with_name("frozen") / "newer", tmp_path / "place"))
    old = Pointer.from_bytes((place / "latest.json").read_bytes(), "there").version
    new = lab.publish(lab.new, place, back=True)
    assert len(new.version) > len(old)
    assert fornix.pull(place).attrs["version"] == new.version
    assert fornix.pull(place, old).attrs["version"] == old


def test_a_newer_snapshot_stands_beside_the_older(lab: Lab, place: InFolder | InBucket) -> None:
    old, new = lab.publish(lab.old, place.named), lab.publish(lab.new, place.named)
    assert versions(place) == sorted([old.version, new.version])
    assert Pointer.from_bytes(place.read("latest.json"), "there").version == new.version
    assert new.version in place.read("index.html").decode()
    xr.testing.assert_identical(
        fornix.pull(place.named, version=old.version)["value"], fornix.pull(place.named, old.version)["value"]
    )
    assert fornix.pull(place.named, old.version)["value"].sel(model="toy-linear").isnull().all()


def test_latest_goes_back_only_when_told_to(lab: Lab, place: InFolder | InBucket) -> None:
    new = lab.publish(lab.new, place.named)
    old = lab.publish(lab.old, place.named)
    assert old.latest == new.version
    assert versions(place) == sorted([old.version, new.version])
    assert fornix.pull(place.named).attrs["version"] == new.version
    back = lab.publish(lab.old, place.named, back=True)
    assert back.latest == old.version
    assert sorted(back.written) == ["index.html", "latest.json"]
    assert fornix.pull(place.named).attrs["version"] == old.version


def test_a_dry_run_writes_nothing(lab: Lab, place: InFolder | InBucket) -> None:
    told = lab.publish(lab.new, place.named, dry_run=True)
    assert place.names() == []
    assert told.latest == ""
    written = lab.publish(lab.new, place.named)
    assert set(told.written) == {name for name in written.written if name.startswith("snapshots/")}
    assert lab.publish(lab.new, place.named, dry_run=True).written == ()


def test_what_was_damaged_or_removed_is_mended(lab: Lab, place: InFolder | InBucket) -> None:
    version = lab.publish(lab.new, place.named).version
    whole = {name: place.read(name) for name in place.names()}
    cells, cards = f"snapshots/{version}/cells.parquet", f"snapshots/{version}/cards.json"
    place.write(cells, bytes(len(whole[cells])))
    place.remove(cards)
    assert sorted(lab.publish(lab.new, place.named).written) == [cards, cells]
    assert {name: place.read(name) for name in place.names()} == whole


def test_a_site_is_written_with_it_and_does_not_change_its_version(lab: Lab, tmp_path: Path) -> None:
    def also(folder: Path) -> None:
        manifest = Manifest.from_bytes((folder / "manifest.json").read_bytes(), "staged")
        (folder / "site").mkdir()
        (folder / "site/index.html").write_text(f"<p>{manifest.version}: {len(manifest.files)} files")

    plain = lab.publish(lab.new, tmp_path / "plain")
    with_site = lab.publish(lab.new, tmp_path / "with", also=also)
    assert with_site.version == plain.version
    assert "site/index.html" in with_site.manifest.files
    page = (tmp_path / "with/index.html").read_text()
    assert f'content="0; url=snapshots/{plain.version}/site/index.html"' in page
    assert "<script" not in page
    links = (tmp_path / "plain/index.html").read_text()
    assert "http-equiv" not in links
    assert f'href="snapshots/{plain.version}/cells.parquet"' in links


# killed, raced


def processes(lab: Lab, what: str, place: str, **more: Any) -> list[dict[str, Any]]:
    said = {"what": what, "plugins": str(lab.plugins), "stores": [str(lab.old.path), str(lab.new.path)], "place": place, **more}
    script = Path(__file__).with_name("processes.py")
    path = os.pathsep.join(str(Path(module.__file__ or "").parents[1]) for module in (fornix, sys.modules["tests"]))
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(said)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("kind", "first"), [("folder", 5), pytest.param("bucket", 8, marks=pytest.mark.slow)])
def test_a_publisher_may_be_killed_before_any_write(
    lab: Lab, kind: str, first: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The old snapshot is whole and pointed to until the new one is, and publishing again finishes it."""
    place = str(tmp_path / "published") if kind == "folder" else request.getfixturevalue("bucket").named
    told = processes(lab, "kill", place, **{"from": first})
    assert len(told) > 3
    assert [trial["status"] for trial in told] == [-9] * (len(told) - 1) + [0]
    old, new = told[0]["old"], told[0]["new"][0]
    assert old != new
    # the last two writes are those of the pointer and of the front page
    assert [trial["then"][0] for trial in told] == [old] * (len(told) - 2) + [new] * 2
    assert [trial["then"][1] for trial in told] == [old] * (len(told) - 1) + [new]
    assert {trial["again"] for trial in told} == {0}
    assert [trial["after"] for trial in told] == [[new, new]] * len(told)


def test_publishers_at_once_leave_whole_snapshots_and_point_to_the_newer(lab: Lab, tmp_path: Path) -> None:
    told = processes(lab, "race", str(tmp_path / "published"))
    assert_raced(told)


def test_publishers_at_once_in_a_bucket_that_fails(lab: Lab, bucket: InBucket, endpoint: Endpoint) -> None:  # noqa: F811
    """Throttled, and with answers lost after the write was done."""

    def puts(name: str) -> Callable[[Request], bool]:
        return lambda request: request.method == "PUT" and name in request.path

    endpoint.order(refusing(503, "SlowDown"), of=puts("cells.parquet"), times=2)
    endpoint.order(losing_the_answer, of=puts("manifest.json"), times=2)
    endpoint.order(losing_the_answer, of=puts("latest.json"), times=2)
    endpoint.order(corrupting_what_is_sent, of=puts("cards.json"), times=2)
    told = processes(lab, "race", bucket.named)
    assert_raced(told)


def assert_raced(told: list[dict[str, Any]]) -> None:
    *publishers, end = told
    assert len(publishers) == 4
    assert [each["status"] for each in publishers] == [0] * 4, publishers
    by_store = [{each["answer"][0] for each in publishers if each["store"] == store} for store in (0, 1)]
    ((old,), (new,)) = by_store
    assert old != new
    assert end["seen"] == [new, new]


def test_who_comes_second_looks_again_before_moving_the_pointer(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newer snapshot is published right before the older one would move the pointer."""
    place = tmp_path / "published"
    move, between = IntoFolder.move, []

    def moved(self: IntoFolder, name: str, content: bytes, version: str | None) -> bool:
        if not between:
            between.append(name)
            between.append(lab.publish(lab.new, place).version)
        return move(self, name, content, version)

    monkeypatch.setattr(IntoFolder, "move", moved)
    old = lab.publish(lab.old, place)
    assert between[0] == "latest.json"
    assert old.latest == between[1] != old.version
    assert fornix.pull(place).attrs["version"] == between[1]
    assert between[1] in (place / "index.html").read_text()


# places that are not as they should be


def test_an_endpoint_that_heeds_no_conditions_is_refused(lab: Lab, bucket: InBucket, endpoint: Endpoint) -> None:  # noqa: F811
    lab.publish(lab.old, bucket.named)
    latest = bucket.read("latest.json")
    endpoint.order(ignoring_conditions)
    with pytest.raises(SnapshotError, match=r"heeds no conditions of writes \(If-None-Match, If-Match\).*publish to a folder"):
        lab.publish(lab.new, bucket.named)
    assert bucket.read("latest.json") == latest
    assert len(versions(bucket)) == 1


def test_an_endpoint_that_refuses_is_said(lab: Lab, bucket: InBucket, endpoint: Endpoint) -> None:  # noqa: F811
    endpoint.order(refusing(403, "AccessDenied"), of=lambda request: request.method == "PUT")
    with pytest.raises(SnapshotError, match=r"refuses access.*s3:PutObject.*publishing again goes on from here"):
        lab.publish(lab.new, bucket.named)
    endpoint.mend()
    endpoint.order(refusing(400, "ExpiredToken"))
    with pytest.raises(SnapshotError, match="its credentials have expired"):
        lab.publish(lab.new, bucket.named)


def test_browsers_are_told_what_files_are(lab: Lab, bucket: InBucket) -> None:  # noqa: F811
    version = lab.publish(lab.new, bucket.named).version

    def told(name: str) -> tuple[str, str]:
        head = bucket.client.head_object(Bucket=bucket.bucket, Key=f"some/prefix/{name}")
        return head["ContentType"], head["CacheControl"]

    assert told("index.html") == ("text/html; charset=utf-8", "no-cache")
    assert told("latest.json") == ("application/json", "no-cache")
    assert told(f"snapshots/{version}/cells.parquet")[0] == "application/vnd.apache.parquet"
    assert "immutable" in told(f"snapshots/{version}/manifest.json")[1]


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ({"index.html": b"<p>my page</p>"}, "has an index.html that fornix did not write"),
        ({"latest.json": b"{}"}, "latest.json is not what fornix publishes"),
        ({"latest.json": b'{"format": "fornix-snapshots", "schema": [2, 0]}'}, "published by a newer fornix"),
        ({"latest.json": b'{"format": "fornix-snapshots", "schema": [1, 0], "version": "x"}'}, "latest.json is damaged"),
    ],
)
def test_a_place_with_other_things_is_left_as_it_is(lab: Lab, tmp_path: Path, there: dict[str, bytes], sentence: str) -> None:
    for name, content in there.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SnapshotError, match=sentence):
        lab.publish(lab.new, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == there


def test_a_damaged_manifest_of_the_same_version_is_said(lab: Lab, tmp_path: Path) -> None:
    version = lab.publish(lab.new, tmp_path).version
    path = tmp_path / f"snapshots/{version}/manifest.json"
    path.write_text(path.read_text().replace('"models": 2', '"models": 3').replace('"models": 3', '"models": 4'))
    with pytest.raises(SnapshotError, match=r"manifest\.json is damaged.*remove it, and publish again"):
        lab.publish(lab.new, tmp_path)


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("https://lab.example/scores", "can be pulled from and not published to"),
        ("s3://", "names no place in a bucket"),
        (Path("s3://lab/scores"), "has lost a slash"),
        ("", "the place of snapshots is empty"),
    ],
)
def test_what_is_no_place_is_a_usage_error(lab: Lab, to: str | Path, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        lab.publish(lab.new, to)


def test_a_file_in_the_place_of_a_folder_is_said(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SnapshotError, match="is a file; give a folder"):
        lab.publish(lab.new, tmp_path / "taken")


def test_a_full_disk_is_said_and_leaves_what_was_there(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = lab.publish(lab.old, tmp_path)
    replace, calls = durable.replace, []

    def full(part: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(part, target)

    monkeypatch.setattr(durable, "replace", full)
    with pytest.raises(SnapshotError, match="its disk is full; free some space; what was published before is whole"):
        lab.publish(lab.new, tmp_path)
    monkeypatch.undo()
    assert fornix.pull(tmp_path).attrs["version"] == old.version


def test_a_disk_that_does_not_take_what_is_staged_is_said(
    lab: Lab, place: InFolder | InBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, matrix: xr.Dataset) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(contents, "write_matrix", refuse)
    with pytest.raises(
        SnapshotError, match=r"nothing was published to .* cannot be written .*what was published before is whole"
    ):
        lab.publish(lab.new, place.named)
    assert place.names() == []


def test_one_name_may_be_given_alone_and_what_is_none_is_refused(lab: Lab, tmp_path: Path) -> None:
    assert lab.publish(lab.new, tmp_path, models="toy-behaving").manifest.counts["models"] == 1
    for names, sentence in (([], "models is an empty list"), (5, "models names 5"), ([None], "models names None")):
        with pytest.raises(UsageError, match=sentence):
            lab.publish(lab.new, tmp_path, models=names)


def test_what_a_store_or_a_plugin_refuses_is_not_said_of_the_place(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = PermissionError(errno.EACCES, "Permission denied", "/data/results")

    def refuse(*_: Any) -> None:
        raise refused

    with pytest.raises(PermissionError) as of_a_site:
        lab.publish(lab.new, tmp_path / "published", also=refuse)
    monkeypatch.setattr(FolderStore, "cells", refuse)
    with pytest.raises(PermissionError) as of_a_store:
        lab.publish(lab.new, tmp_path / "published")
    assert of_a_site.value is of_a_store.value is refused
    assert not any((tmp_path / "published").rglob("*"))


@pytest.mark.parametrize(("moved", "leads"), [("latest.json", False), ("index.html", True)])
def test_a_pointer_that_cannot_be_moved_is_said_apart(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: str, leads: bool
) -> None:
    replace = durable.replace

    def refuse(part: Path, target: Path) -> None:
        if target == tmp_path / moved:
            raise OSError(errno.EROFS, "Read-only file system")
        replace(part, target)

    old = lab.publish(lab.old, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "replace", refuse)
        with pytest.raises(SnapshotError) as raised:
            lab.publish(lab.new, tmp_path)
    assert f"the snapshot is at {tmp_path} and whole, but {moved} could not be moved: it is read-only" in str(raised.value)
    assert "nothing was published" not in str(raised.value)
    assert (fornix.pull(tmp_path).attrs["version"] != old.version) == leads
    again = lab.publish(lab.new, tmp_path)
    assert {path.split("/")[-1] for path in again.written} == {"index.html", moved}
    assert again.latest == again.version


@pytest.mark.parametrize("locks", [True, False])
def test_what_fails_under_the_lock_is_raised_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locks: bool) -> None:
    def refuses(path: Path) -> AbstractContextManager[bool]:
        raise OSError(errno.ENOLCK, "No locks available")

    (tmp_path / "snapshots").mkdir()
    place = IntoFolder(str(tmp_path))
    if not locks:
        monkeypatch.setattr(destinations, "held", refuses)
    for error in (OSError(errno.EIO, "Input/output error"), OSError(errno.ENOLCK, "No locks available")):
        with pytest.raises(OSError, match=str(error.strerror)) as raised, place._alone():
            raise error
        assert raised.value is error
    with place._alone():  # and it was given back
        pass


def test_nothing_to_publish_leaves_no_trace(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no result to publish"):
        lab.publish(FolderStore(tmp_path / "empty"), tmp_path / "published")
    assert not any((tmp_path / "published").rglob("*"))


def test_the_page_of_a_place_has_no_script() -> None:
    page = publishing._page("2026-05-13-0123456789", True)
    assert "<script" not in page
    assert page.count("snapshots/2026-05-13-0123456789/site/index.html") == 3


def test_what_takes_long_says_what_is_under_way(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Heard(" s: its pages are made\n")
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(silence, "FIRST_PAUSE_S", 0.001)

    def pages(folder: Path) -> None:
        assert stream.heard.wait(60), stream.getvalue()

    lab.publish(lab.old, tmp_path / "published", also=pages)
