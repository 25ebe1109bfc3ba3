"""A store is checked, tidied and copied, from and to any place."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from tests.store.endpoint import Endpoint, flipped, refusing
from tests.store.places import InBucket, InFolder, Place, contents
from tests.store.test_store import KEY, OTHER_KEY, response, written

from fornix.store import claims, index, upkeep, writing
from fornix.store.interface import Attempt, Cell
from fornix.store.kept import KeptStore

THIRD_KEY = "3c" * 32


@pytest.fixture
def full(place: Place, store: KeptStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path) -> Place:
    """A place with two cells, one of which has arrays, a response and an attempt."""
    fill(store, cell, units, attempt, tmp_path)
    return place


def fill(store: KeptStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path) -> None:
    store.put_cell(cell, units)
    store.put_cell(replace(cell, key=THIRD_KEY))
    store.put_response_file(OTHER_KEY, written(tmp_path / "r.nc"), "array", {"model": "gabor"})
    store.add_attempt(attempt, "log")


def named(place: Place, start: str, end: str) -> str:
    """The name of the only object that starts and ends like this."""
    (found,) = (name for name in contents(place) if name.startswith(start) and name.endswith(end))
    return found


def test_a_sound_store_has_no_damage(full: Place) -> None:
    read: list[str] = []
    assert list(upkeep.verify(full.open(read_only=True), read.append)) == []
    assert sorted(read) == [name for name in contents(full) if name.endswith(".json")]


@pytest.mark.parametrize(
    ("start", "end", "how"),
    [
        (f"cells/{KEY[:2]}/", ".json", "cut"),
        ("units/", ".nc", "flipped"),
        ("units/", ".nc", "lost"),
        ("responses/", ".json", "flipped"),
        ("responses/", ".nc", "cut"),
        ("attempts/", ".json", "flipped"),
        ("attempts/", ".log", "lost"),
    ],
)
def test_what_is_damaged_is_found_whatever_was_read_of_it_before(full: Place, start: str, end: str, how: str) -> None:
    store = full.open(read_only=True)
    store.units(KEY)
    store.response(OTHER_KEY)
    name = named(full, start, end)
    whole = full.read(name)
    if how == "lost":
        full.remove(name)
    else:
        full.write(name, flipped(whole) if how == "flipped" else whole[:-7])
    (damage,) = upkeep.verify(store)
    assert damage.name == name
    assert damage.wrong.startswith("is missing" if how == "lost" else ("is damaged", "cannot be read"))


def test_a_damaged_segment_of_the_index_is_found(full: Place, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SEGMENT", 2)
    list(full.open().listing())
    name = named(full, "index/", ".parquet")
    full.write(name, flipped(full.read(name)))
    assert [damage.name for damage in upkeep.verify(full.open(read_only=True))] == [name]


def test_an_index_that_says_otherwise_is_found(full: Place, cell: Cell) -> None:
    store = full.open()
    (entry,) = (e for e in store.objects.entries("cells/") if KEY in e.name)
    store.index.write([(entry.version, replace(cell, scalars={"value": 0.75}))])
    (damage,) = upkeep.verify(full.open(read_only=True))
    assert damage.wrong == f"says otherwise than cells/{KEY[:2]}/{KEY}.json; remove it, the next listing makes it anew"


def test_arrays_that_no_record_names_go_after_a_day(full: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(full)
    unnamed = [f"units/{KEY[:2]}/{KEY}.{'0' * 16}.nc", f"responses/{THIRD_KEY[:2]}/{THIRD_KEY}.{'0' * 16}.nc"]
    for name in unnamed:
        full.write(name, b"a writer that was second, and killed")
    assert upkeep.collect(full.open()) == upkeep.Removed(0, 0, 0)
    assert set(contents(full)) == {*before, *unnamed}
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: now + 25 * 3600)
        assert upkeep.collect(full.open()).unnamed == 2
    assert contents(full) == before
    assert list(upkeep.verify(full.open(read_only=True))) == []


def test_what_a_killed_writer_left_in_a_folder_goes_after_a_day(tmp_path: Path) -> None:
    place = InFolder(tmp_path / "store")
    place.write("tmp/1-ab/units.nc", b"half")
    assert upkeep.collect(place.open()).left == 0
    old = time.time() - writing.ABANDONED_S - 60
    os.utime(tmp_path / "store" / "tmp" / "1-ab", (old, old))
    store = place.open()
    with store.objects.writing("something"):  # which tidies, too
        pass
    assert not (tmp_path / "store" / "tmp" / "1-ab").exists()


def test_claims_that_lapsed_go_after_a_day_and_no_others(bucket: InBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = bucket.open(), bucket.open()
    with store.claim(KEY):
        pass
    assert store.objects.tidy(time.time()) == 0
    with other.claim(OTHER_KEY):
        # As if both were a day old: the one that is held is written anew, so it is not.
        later = time.time() + 25 * 3600
        entries = store.objects.entries
        held = f"claims/{OTHER_KEY[:2]}/{OTHER_KEY}.lock"
        monkeypatch.setattr(
            store.objects, "entries", lambda f: (e._replace(changed=later) if e.name == held else e for e in entries(f))
        )
        assert store.objects.tidy(later) == 1
        assert [name for name in bucket.names() if name.startswith("claims/")] == [held]
    assert claims.LAPSE_S * 3 < writing.ABANDONED_S


def test_the_index_is_compacted(full: Place, store: KeptStore, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SEGMENT", 2)
    keys = [f"{i:02x}" + "1" * 62 for i in range(7)]
    store = full.open()
    for key in keys:
        store.put_cell(replace(cell, key=key))
    assert len([name for name in contents(full) if name.startswith("index/")]) == 3
    assert upkeep.collect(full.open()).segments == 3
    named(full, "index/", ".parquet")
    assert {found.key for found in full.open(read_only=True).listing()} == {KEY, THIRD_KEY, *keys}
    assert upkeep.collect(full.open()).segments == 0
    assert list(upkeep.verify(full.open(read_only=True))) == []


# copying


@pytest.fixture
def other(place: Place, tmp_path: Path, request: pytest.FixtureRequest) -> Place:
    """A place of the other kind."""
    if place.kind == "bucket":
        return InFolder(tmp_path / "other")
    found: InBucket = request.getfixturevalue("bucket")
    return found


def how(source: Place, target: Place) -> list[str]:
    return sorted(copied.how for copied in upkeep.copy(source.open(read_only=True), target.open()))


def test_a_copy_is_the_same_store(full: Place, other: Place, units: Any) -> None:
    assert how(full, other) == ["copied"] * 4
    assert contents(other) == contents(full)
    assert all(other.read(name) == full.read(name) for name in contents(full))
    copied = other.open(read_only=True)
    for name, array in copied.units(KEY).items():
        xr.testing.assert_identical(array, units[name])
    xr.testing.assert_identical(copied.response(OTHER_KEY), response())
    assert [copied.log(attempt) for attempt in copied.attempts()] == ["log"]


def test_a_copy_goes_on_where_it_was(full: Place, other: Place) -> None:
    for _, _ in zip(upkeep.copy(full.open(read_only=True), other.open()), range(2), strict=False):
        pass
    there = len([name for name in contents(other) if name.endswith(".json")])
    assert there >= 2
    assert how(full, other) == ["copied"] * (4 - there) + ["there"] * there
    assert how(full, other) == ["there"] * 4
    assert contents(other) == contents(full)


def test_what_another_store_holds_stays(full: Place, other: Place, cell: Cell) -> None:
    theirs = other.open().put_cell(replace(cell, scalars={"value": 0.75}))
    assert how(full, other) == ["copied"] * 3 + ["other"]
    assert other.open().cell(KEY) == theirs


def test_what_is_damaged_is_not_copied_and_what_is_damaged_there_is_replaced(full: Place, other: Place) -> None:
    arrays, record = named(full, "units/", ".nc"), named(full, f"cells/{THIRD_KEY[:2]}/", ".json")
    full.write(arrays, flipped(full.read(arrays)))
    other.open().add_attempt(Attempt("m", "b", KEY, "ok", "", "2026-05-13T10:00:00+00:00", 1.0))
    other.write(record, b"{}")
    assert how(full, other) == ["copied"] * 3 + ["damaged"]
    assert other.read(record) == full.read(record)
    assert named(full, f"cells/{KEY[:2]}/", ".json") not in contents(other)
    assert list(upkeep.verify(other.open(read_only=True))) == []


def test_a_copy_to_a_faulty_endpoint_is_whole_or_a_sentence(
    bucket: InBucket, endpoint: Endpoint, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path
) -> None:
    place = InFolder(tmp_path / "store")
    fill(place.open(), cell, units, attempt, tmp_path)
    seen: set[tuple[str, str]] = set()

    def first(request: Any) -> bool:
        made = (request.method, request.path)
        new = made not in seen
        seen.add(made)
        return new

    endpoint.order(refusing(503, "SlowDown"), first)
    assert how(place, bucket) == ["copied"] * 4
    endpoint.mend()
    assert list(upkeep.verify(bucket.open(read_only=True))) == []
