"""A listing shows each stored cell as it is and none that was removed, whatever the index says."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.store.places import Place, contents
from tests.store.test_store import KEY

from fornix.store import index
from fornix.store.interface import Cell
from fornix.store.kept import KeptStore

KEYS = [f"{i:02x}" + "7" * 62 for i in range(12)]


@pytest.fixture(autouse=True)
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "SEGMENT", 4)


@pytest.fixture
def many(place: Place, store: KeptStore, cell: Cell) -> list[Cell]:
    """Twelve cells, eight of which are in two segments and four in a third."""
    part = {"identifier": "Data", "behaviour": "ab"}
    return [
        store.put_cell(
            replace(
                cell,
                key=key,
                benchmark=f"b{i}",
                scalars={"value": i / 7, "notes": ["naïve"]},
                key_parts={"datasets": {"Data": part, "More": part}},
                provenance={"seconds": 1.5},
            )
        )
        for i, key in enumerate(KEYS)
    ]


def segments(place: Place) -> list[str]:
    return [name for name in contents(place) if name.startswith("index/")]


def cells_read(store: KeptStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the cells that are read one by one from now on."""
    read: list[str] = []
    original = store.objects.read
    monkeypatch.setattr(store.objects, "read", lambda name: (read.append(name), original(name))[1])
    return read


def check(place: Place, expected: list[Cell]) -> None:
    """What a process that has just started lists is what is there."""
    store = place.open(read_only=True)
    by_key = {cell.key: cell for cell in expected}
    assert {cell.key: cell for cell in store.cells()} == by_key
    listed = list(store.listing())
    assert len(listed) == len(expected)
    for found in listed:
        cell = by_key[found.key]
        assert (found.model, found.benchmark, found.created) == (cell.model, cell.benchmark, cell.created)
        assert found.scalars == cell.scalars
        assert found.datasets == list(cell.key_parts["datasets"])
        assert found.seconds == cell.provenance.get("seconds")


def test_what_the_writer_has_added_to_the_index_is_not_read_one_by_one(
    place: Place, many: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(segments(place)) == 3
    check(place, many)
    store = place.open(read_only=True)
    read = cells_read(store, monkeypatch)
    assert len(list(store.listing())) == len(list(store.cells())) == len(many)
    assert read == []


def test_a_cell_that_no_segment_has_is_listed(place: Place, many: list[Cell], cell: Cell) -> None:
    more = place.open().put_cell(replace(cell, key=KEY, key_parts={"datasets": {}}))
    assert len(segments(place)) == 3
    check(place, [*many, more])


def test_a_cell_that_was_removed_is_not_listed(place: Place, many: list[Cell]) -> None:
    place.remove(f"cells/{KEYS[5][:2]}/{KEYS[5]}.json")
    check(place, many[:5] + many[6:])


def test_a_cell_that_was_removed_and_computed_again_is_listed_as_it_is(place: Place, many: list[Cell]) -> None:
    place.remove(f"cells/{KEYS[5][:2]}/{KEYS[5]}.json")
    again = place.open().put_cell(replace(many[5], scalars={"value": 0.75, "notes": []}))
    check(place, [*many[:5], again, *many[6:]])


def test_a_damaged_cell_is_not_listed(place: Place, many: list[Cell]) -> None:
    place.write(f"cells/{KEYS[5][:2]}/{KEYS[5]}.json", b"{}")
    with pytest.warns(UserWarning, match="counts as absent"):
        check(place, many[:5] + many[6:])


@pytest.mark.parametrize("damage", ["lost", "cut", "other", "no parquet"])
def test_without_a_sound_index_the_cells_are_read(place: Place, many: list[Cell], damage: str) -> None:
    first, second, _ = segments(place)
    whole = place.read(first)
    if damage == "lost":
        place.remove(first)
    elif damage == "no parquet":
        import hashlib

        place.remove(first)
        place.write(f"index/{hashlib.sha256(b'PAR?').hexdigest()}.parquet", b"PAR?")
    else:
        place.write(first, whole[:-9] if damage == "cut" else place.read(second))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(place, many)


def test_a_listing_adds_what_it_had_to_read(place: Place, many: list[Cell], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in segments(place):
        place.remove(name)
    assert len(list(place.open(read_only=True).listing())) == 12
    assert segments(place) == []
    assert len(list(place.open().listing())) == 12
    assert len(segments(place)) == 3
    store = place.open()
    read = cells_read(store, monkeypatch)
    list(store.listing())
    assert read == []


def test_an_index_that_cannot_be_written_costs_nothing_else(
    place: Place, store: KeptStore, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fornix.store.interface import StoreError

    def full(rows: Any) -> str:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.index, "write", full)
    stored = [store.put_cell(replace(cell, key=key, key_parts={"datasets": {}})) for key in KEYS[:5]]
    check(place, stored)


def test_two_writers_add_segments_of_their_own(place: Place, cell: Cell, tmp_path: Path) -> None:
    one, other = place.open(), place.open()
    mine = replace(cell, key_parts={"datasets": {}})
    stored = [(one, other)[i % 2].put_cell(replace(mine, key=key)) for i, key in enumerate(KEYS)]
    assert len(segments(place)) == 2
    check(place, stored)
