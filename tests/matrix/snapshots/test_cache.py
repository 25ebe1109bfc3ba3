"""What is remembered of places: the last version that arrived whole, whatever was cut off, damaged, or not to be written."""

from __future__ import annotations

import errno
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

import fornix
from fornix.files import durable, network
from fornix.files.network import Document
from fornix.files.settings import cache_folder
from fornix.matrix.snapshots.cache import Memory
from fornix.matrix.snapshots.format import CARDS, CELLS, LATEST, Pointer, SnapshotError, folder_of
from tests.files.conftest import Site, answer, fresh_process, site
from tests.matrix.snapshots.placed import place_by_hand, serve, upload, version_in
from tests.store.endpoint import Endpoint, cutting_the_body
from tests.store.places import InBucket

__all__ = ["fresh_process", "site"]


def newer(place: Path, matrix: xr.Dataset) -> str:
    """A newer version, of other cells and other cards."""
    cards = (place / folder_of(version_in(place)) / CARDS).read_bytes()
    return place_by_hand(
        place, matrix.assign(value=matrix["value"] + 1), created="2026-06-01T00:00:00Z", files={CARDS: cards + b"\n"}
    )


def cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_sites", {})
    monkeypatch.setattr(network, "_probe", lambda site: "cannot be reached (cut off)")


# cut off


@pytest.mark.parametrize("arrived", [0, 1, 2, 3, 4])
def test_what_is_cut_off_on_its_way_leaves_the_last_whole_version(
    place: Path, matrix: xr.Dataset, site: Site, arrived: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pointer, manifest, cells and cards: in the pull itself, and in the next one, which finds no network."""
    url = serve(site, place)
    old = fornix.pull(url)
    new = newer(place, matrix)
    serve(site, place)
    site.faults += [answer] * arrived + [lambda handler, content: handler.connection.close()] * 50  # type: ignore[list-item]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        there = fornix.pull(url)
    assert [get["path"].rsplit("/")[-1] for get in site.gets[4:][:arrived]] == [LATEST, "manifest.json", CELLS, CARDS][:arrived]
    unseen = "" if arrived == 0 else f"; a newer one, {new}, was seen, and did not arrive whole"
    told = f"the latest less than a minute ago{unseen}"
    if arrived == 4:
        assert (there.attrs["version"], warned) == (new, [])
    else:
        xr.testing.assert_identical(there, old)
        (warning,) = warned
        assert str(warning.message).endswith(f"this is the snapshot {old.attrs['version']} from the cache, {told}")
        assert warning.filename == __file__
    cut(monkeypatch)
    with pytest.warns(UserWarning, match="the latest less than a minute ago$" if arrived == 4 else f"{told}$"):
        xr.testing.assert_identical(fornix.pull(url), there)


@pytest.mark.parametrize("name", [CELLS, CARDS])
def test_what_is_cut_off_in_a_bucket_leaves_it_too(
    place: Path, matrix: xr.Dataset, bucket: InBucket, endpoint: Endpoint, name: str
) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    old = fornix.pull(where)
    new = newer(place, matrix)
    upload(bucket.client, bucket.bucket, place)
    endpoint.order(cutting_the_body, lambda request: request.path.endswith(name))
    with pytest.warns(UserWarning, match=f"broke off .*; a newer one, {new}, was seen, and did not arrive whole$"):
        xr.testing.assert_identical(fornix.pull(where), old)
    endpoint.mend()
    assert fornix.pull(where).attrs["version"] == new


def test_the_first_version_cut_off_on_its_way_is_none(place: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its manifest alone in the cache there is nothing to fall back to, and nothing is said to be that."""
    url = serve(site, place)
    site.faults += [answer] * 2 + [lambda handler, content: handler.connection.close()] * 50  # type: ignore[list-item]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(
            SnapshotError, match=r"cells.parquet .* no version of it is whole in the cache; connect to the network"
        ):
            fornix.pull(url)
        cut(monkeypatch)
        with pytest.raises(SnapshotError, match=r"cut off.*no version of it is whole in the cache"):
            fornix.pull(url)


# not to be written


def refusing(folder: str) -> Callable[[Path, Path], None]:
    """What gives files their names, but for those in a folder of the cache."""
    replace = durable.replace

    def refuse(part: Path, target: Path) -> None:
        if folder in target.relative_to(cache_folder()).parts:
            raise PermissionError(errno.EACCES, "Permission denied")
        replace(part, target)

    return refuse


def test_a_cache_that_others_filled_is_read_though_it_cannot_be_written(
    place: Path, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve(site, place)
    version = fornix.pull(url).attrs["version"]
    monkeypatch.setattr(durable, "replace", refusing("snapshots"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fornix.pull(url).attrs["version"] == version
    shutil.rmtree(cache_folder() / "files")
    monkeypatch.setattr(durable, "replace", refusing("files"))
    with pytest.raises(SnapshotError, match=r"the cache .* cannot be used \(Permission denied\): make it writable, or set"):
        fornix.pull(url)


def test_that_nothing_can_be_remembered_of_a_place_is_said_once(place: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    url = serve(site, place)
    monkeypatch.setattr(durable, "replace", refusing("snapshots"))
    with pytest.warns(
        UserWarning, match=r"cannot be written \(Permission denied\), so that http.*lab cannot be pulled"
    ) as warned:
        pulled = fornix.pull(url)
    (warning,) = warned
    assert warning.filename == __file__
    xr.testing.assert_equal(pulled, fornix.pull(place))
    cut(monkeypatch)
    with pytest.raises(SnapshotError, match="no version of it is whole in the cache"):
        fornix.pull(url)


# damaged


@pytest.mark.parametrize("etag", ["a\nHost: other", "\u2028", 5])
def test_a_damaged_memory_of_an_etag_is_not_sent(place: Path, site: Site, etag: object) -> None:
    url = serve(site, place)
    version = fornix.pull(url).attrs["version"]
    (memory,) = (cache_folder() / "snapshots").rglob(LATEST)
    memory.write_text(json.dumps({**json.loads(memory.read_bytes()), "etag": etag}))
    assert fornix.pull(url).attrs["version"] == version


@pytest.mark.parametrize("damaged", [0, 1, 2])
@pytest.mark.parametrize(
    "change",
    [{"pointer": "{}"}, {"etag": "\n"}, {"seen": None}, {"seen": float("inf")}, {"seen": 10**400}],
    ids=["pointer", "etag", "never", "infinite", "enormous"],
)
def test_a_damaged_pointer_among_those_remembered_costs_no_other(damaged: int, change: dict[str, Any]) -> None:
    place, memory = "https://host/lab", Memory("https://host/lab")
    for day in (1, 2, 3):
        version = f"2026-05-0{day}-{'0' * 32}"
        memory.keep_pointer(Document(Pointer(version, "", "0" * 64).to_bytes(), f'"{day}"'), place)
    whole = memory.pointers(place)
    assert [kept.document.etag for kept in whole] == ['"3"', '"2"', '"1"']
    (path,) = cache_folder().rglob(LATEST)
    said = json.loads(path.read_bytes())
    (said if damaged == 0 else said["before"][damaged - 1]).update(change)
    path.write_text(json.dumps(said))
    assert memory.pointers(place) == [kept for number, kept in enumerate(whole) if number != damaged]


@pytest.mark.parametrize("before", [5, None, "before", [5], [[]], [None]])
def test_memories_of_earlier_pointers_that_are_none_cost_the_last_one_nothing(before: object) -> None:
    place, memory = "https://host/lab", Memory("https://host/lab")
    memory.keep_pointer(Document(Pointer(f"2026-05-01-{'0' * 32}", "", "0" * 64).to_bytes(), ""), place)
    last = memory.pointers(place)
    (path,) = cache_folder().rglob(LATEST)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "before": before}))
    assert len(last) == 1
    assert memory.pointers(place) == last
