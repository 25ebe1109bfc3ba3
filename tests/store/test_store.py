"""A store keeps what it is given, once, wherever it lies, and says in a sentence when it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tests.store.places import Place, contents

from fornix.interfaces import Gram
from fornix.store.interface import Attempt, Cell, Store, StoreError
from fornix.store.kept import KeptStore
from fornix.store.netcdf import write_array, write_gram
from fornix.store.writing import SCHEMA

KEY = "5f" * 32
OTHER_KEY = "a0" * 32


def response(values: float = 1.0) -> xr.DataArray:
    return xr.DataArray(
        np.full((2, 3), values), dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ["a", "b"])}
    )


def written(path: Path, array: xr.DataArray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_array(path, response() if array is None else array)
    return path


def test_every_store_is_one_to_the_types(store: KeptStore, place: Place) -> None:
    as_store: Store = store
    assert list(as_store.cells()) == []
    assert as_store.place == place.named


def test_opening_writes_nothing(place: Place, store: KeptStore, cell: Cell) -> None:
    assert (list(store.cells()), list(store.attempts()), store.cell(KEY), store.has_response(KEY)) == ([], [], None, False)
    assert place.names() == []
    store.put_cell(cell)
    assert json.loads(place.read("store.json"))["schema"] == SCHEMA


def test_a_cell_comes_back_with_its_arrays(place: Place, store: KeptStore, cell: Cell, units: dict[str, xr.DataArray]) -> None:
    before = datetime.now(UTC)
    stored = store.put_cell(cell, units)
    for opened in (store, place.open(), place.open(read_only=True)):
        assert opened.cell(KEY) == stored
        assert list(opened.cells()) == [stored]
        assert opened.cell(KEY) is not None
        found = opened.units(KEY)
        assert list(found) == list(units)
        for name in units:
            xr.testing.assert_identical(found[name], units[name])
    assert stored.scalars == {**cell.scalars, "error": None}  # strict JSON knows no NaN
    assert before <= datetime.fromisoformat(stored.created) <= datetime.now(UTC)
    expected = replace(cell, scalars=stored.scalars, created=stored.created, units_sha256=stored.units_sha256)
    assert stored == expected


def test_a_dataset_of_arrays_will_do(store: KeptStore, cell: Cell) -> None:
    units = xr.Dataset({"units": ("neuroid", [1.0, 2.0])})
    store.put_cell(cell, units)  # type: ignore[arg-type]
    xr.testing.assert_identical(store.units(KEY)["units"], units["units"])


def test_a_cell_without_arrays_has_none(store: KeptStore, cell: Cell) -> None:
    assert store.put_cell(cell).units_sha256 is None
    assert store.units(KEY) == {}


def test_what_is_not_there_is_said(place: Place, store: KeptStore, cell: Cell) -> None:
    store.put_cell(cell)
    assert store.cell(OTHER_KEY) is None
    assert store.cell(OTHER_KEY) is None
    with pytest.raises(StoreError, match=f"the store {place.named} holds no cell {OTHER_KEY}"):
        store.units(OTHER_KEY)
    with pytest.raises(StoreError, match=f"the store {place.named} holds no response {OTHER_KEY}"):
        store.response(OTHER_KEY)


def test_the_first_result_under_a_key_stays(place: Place, store: KeptStore, cell: Cell, units: dict[str, xr.DataArray]) -> None:
    first = store.put_cell(cell, units)
    before = contents(place)
    second = store.put_cell(replace(cell, scalars={"value": 0.75}), {"units": units["units"] + 1})
    assert second == first
    assert contents(place) == before
    xr.testing.assert_identical(place.open().units(KEY)["units"], units["units"])
    assert store.put_cell(cell, units) == first
    assert contents(place) == before


def test_a_damaged_cell_counts_as_absent_and_is_replaced(place: Place, store: KeptStore, cell: Cell) -> None:
    store.put_cell(cell)
    name = f"cells/{KEY[:2]}/{KEY}.json"
    whole = place.read(name).decode()
    flipped = whole.replace("0.25", "0.75")
    assert flipped != whole
    by_hand = json.dumps({"key": KEY, "model": cell.model, "benchmark": cell.benchmark})
    for damage in (whole[:100], "[]", '"x"', "", by_hand, whole.replace(KEY, OTHER_KEY), flipped, "[" * 10**5):
        place.write(name, damage.encode())
        with pytest.warns(UserWarning, match="counts as absent"):
            assert store.cell(KEY) is None
        with pytest.warns(UserWarning, match="counts as absent"):
            assert list(store.cells()) == []
        with pytest.warns(UserWarning, match="counts as absent"):
            assert store.put_cell(cell).scalars["value"] == 0.25
        assert store.cell(KEY) is not None


def test_damaged_or_lost_arrays_of_a_cell_are_said(
    place: Place, store: KeptStore, cell: Cell, units: dict[str, xr.DataArray]
) -> None:
    store.put_cell(cell, units)
    (name,) = (name for name in contents(place) if name.startswith("units/"))
    content = bytearray(place.read(name))
    content[-1] ^= 1
    place.write(name, bytes(content))
    with pytest.raises(StoreError, match=r"the arrays of gabor x Cowley2023\.V4-ridge\.190923 in .* are damaged .*remove .*json"):
        store.units(KEY)
    assert store.cell(KEY) is not None
    record = f"cells/{KEY[:2]}/{KEY}.json"
    place.remove(record)
    store.put_cell(cell, units)
    assert set(store.units(KEY)) == set(units)
    place.remove(name)
    with pytest.raises(StoreError, match="are missing"):
        store.units(KEY)
    place.remove(record)
    store.put_cell(cell, units)
    assert set(store.units(KEY)) == set(units)


def test_many_cells_are_listed(place: Place, store: KeptStore, cell: Cell) -> None:
    n = 300 if place.kind == "folder" else 30
    keys = {f"{i:064x}" for i in range(0, n * 7, 7)} | {f"{i:02x}" + "0" * 62 for i in range(1, 20)}
    for key in keys:
        store.put_cell(replace(cell, key=key))
    assert {found.key for found in place.open().cells()} == keys


def test_a_record_that_json_cannot_hold_is_refused(place: Place, store: KeptStore, cell: Cell) -> None:
    with pytest.raises(StoreError, match=r"JSON cannot hold it .Object of type ndarray"):
        store.put_cell(replace(cell, scalars={"value": np.zeros(2)}))
    assert contents(place) == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", KEY.upper(), KEY[:15], KEY + "\n"])
def test_a_key_is_hexadecimal(store: KeptStore, cell: Cell, key: str) -> None:
    for call in (lambda: store.cell(key), lambda: store.has_response(key), lambda: store.put_cell(replace(cell, key=key))):
        with pytest.raises(ValueError, match="a key is 16 to 128 lower-case hexadecimal digits"):
            call()


@pytest.mark.parametrize("identifier", ["", "../x", "a/b", ".hidden", "a" * 101, "a\n", "*"])
def test_an_identifier_is_safe_as_a_file_name(
    place: Place, store: KeptStore, cell: Cell, attempt: Attempt, identifier: str
) -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        store.put_cell(replace(cell, model=identifier))
    with pytest.raises(ValueError, match="is no identifier"):
        store.add_attempt(replace(attempt, benchmark=identifier))
    with pytest.raises(ValueError, match="is no identifier"):
        list(store.attempts(model=identifier))
    assert place.names() == []


def test_a_response_is_moved_into_the_store(store: KeptStore, tmp_path: Path) -> None:
    path = written(tmp_path / "job" / "response.nc")
    record = store.put_response_file(KEY, path, "array", {"model": "gabor", "asked": {"region": "V4"}})
    assert not path.exists()
    assert store.response_record(KEY) == record
    assert (record.kind, record.about) == ("array", {"model": "gabor", "asked": {"region": "V4"}})
    assert store.has_response(KEY)
    assert not store.has_response(OTHER_KEY)
    found = store.response(KEY)
    assert isinstance(found, xr.DataArray)
    xr.testing.assert_identical(found, response())
    assert store.response_path(KEY).is_file()


def test_a_gram_is_a_response_too(store: KeptStore, tmp_path: Path) -> None:
    gram = Gram(np.eye(2), np.zeros(2), 0.5, np.ones(2), 7, np.array(["a", "b"]))
    write_gram(tmp_path / "g.nc", gram)
    store.put_response_file(KEY, tmp_path / "g.nc", "gram", {})
    found = store.response(KEY)
    assert isinstance(found, Gram)
    np.testing.assert_array_equal(found.products, np.eye(2))


def test_the_first_response_stays(place: Place, store: KeptStore, tmp_path: Path) -> None:
    first = store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {"who": 1})
    before = contents(place)
    assert store.put_response_file(KEY, written(tmp_path / "2.nc", response(2.0)), "array", {"who": 2}) == first
    assert contents(place) == before
    assert not (tmp_path / "2.nc").exists()
    xr.testing.assert_identical(store.response(KEY), response())


def test_what_cannot_be_read_is_not_stored(store: KeptStore, tmp_path: Path) -> None:
    path = tmp_path / "x.nc"
    with pytest.raises(StoreError, match="a response was not stored: there is no file"):
        store.put_response_file(KEY, path, "array", {})
    path.write_bytes(b"half a file")
    with pytest.raises(StoreError, match=r"a response was not stored: .*x.nc is damaged"):
        store.put_response_file(KEY, path, "array", {})
    written(path)
    with pytest.raises(StoreError, match=r"a response was not stored: .* holds 'array', expected 'gram'"):
        store.put_response_file(KEY, path, "gram", {})
    assert not store.has_response(KEY)
    assert path.exists()


@pytest.mark.parametrize("damage", ["flipped", "cut", "lost", "other"])
def test_a_damaged_response_is_removed_with_a_warning(place: Place, store: KeptStore, tmp_path: Path, damage: str) -> None:
    store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {})
    (name,) = (name for name in contents(place) if name.endswith(".nc"))
    content = bytearray(place.read(name))
    if damage == "flipped":
        content[-1] ^= 1
        place.write(name, bytes(content))
    elif damage == "cut":
        place.write(name, bytes(content[:-10]))
    elif damage == "other":
        place.write(name, written(tmp_path / "other.nc", response(2.0)).read_bytes())
    else:
        place.remove(name)
    opened = place.open()
    with pytest.warns(UserWarning, match=f"the response {KEY} .* is damaged; it is removed and will be computed again"):
        assert not opened.has_response(KEY)
    assert contents(place) == []
    with pytest.raises(StoreError, match="holds no response"):
        opened.response(KEY)
    opened.put_response_file(KEY, written(tmp_path / "2.nc"), "array", {})
    xr.testing.assert_identical(opened.response(KEY), response())


def test_a_read_only_store_does_not_remove_what_is_damaged(place: Place, store: KeptStore, tmp_path: Path) -> None:
    store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {})
    (name,) = (name for name in contents(place) if name.endswith(".nc"))
    place.write(name, b"")
    before = contents(place)
    with pytest.warns(UserWarning, match="is damaged"):
        assert not place.open(read_only=True).has_response(KEY)
    assert contents(place) == before


def test_an_attempt_comes_back_with_its_log(place: Place, store: KeptStore, attempt: Attempt, tmp_path: Path) -> None:
    stored = store.add_attempt(attempt, "Traceback ...\nMemoryError: größe \ud800\n")
    assert stored == replace(attempt, identifier=stored.identifier)
    assert stored.identifier.startswith("20260513T081530.250000Z-")
    assert list(place.open(read_only=True).attempts()) == [stored]
    assert store.log(stored) == "Traceback ...\nMemoryError: größe \\ud800\n"
    (tmp_path / "worker.log").write_bytes(b"bytes \xff that are no text\n")
    from_file = store.add_attempt(attempt, tmp_path / "worker.log")
    assert store.log(from_file) == "bytes � that are no text\n"
    assert (tmp_path / "worker.log").exists()
    assert contents(place) == sorted(
        f"attempts/gabor/Digits-accuracy/{a.identifier}.{kind}" for a in (stored, from_file) for kind in ("json", "log")
    )


def test_attempts_are_listed_by_time_the_latest_last(store: KeptStore, attempt: Attempt) -> None:
    for started, model, benchmark in [
        ("2026-05-13T12:00:00+00:00", "b", "y"),
        ("2026-05-13T13:30:00+02:00", "a", "x"),  # half past eleven in UTC
        ("2026-05-13T12:30:00+00:00", "a", "y"),
        ("2026-05-12T23:00:00+00:00", "c", "x"),
    ]:
        store.add_attempt(replace(attempt, started=started, model=model, benchmark=benchmark))
    assert [(a.model, a.benchmark) for a in store.attempts()] == [("c", "x"), ("a", "x"), ("b", "y"), ("a", "y")]
    assert [(a.model, a.benchmark) for a in store.attempts(model="a")] == [("a", "x"), ("a", "y")]
    assert [(a.model, a.benchmark) for a in store.attempts(benchmark="x")] == [("c", "x"), ("a", "x")]
    assert [(a.model, a.benchmark) for a in store.attempts("a", "y")] == [("a", "y")]
    assert list(store.attempts("nobody")) == []


def test_attempts_of_one_moment_are_all_kept(store: KeptStore, attempt: Attempt) -> None:
    for _ in range(5):
        store.add_attempt(attempt)
    assert len(list(store.attempts())) == 5


def test_an_attempt_has_one_of_four_ends(attempt: Attempt) -> None:
    with pytest.raises(ValueError, match="one of ok, failed, oom, timeout, not 'skipped'"):
        replace(attempt, status="skipped")  # type: ignore[arg-type]


def test_a_log_that_is_not_there_is_said(store: KeptStore, attempt: Attempt) -> None:
    with pytest.raises(StoreError, match="has no log of attempt"):
        store.log(attempt)


def test_a_store_of_a_newer_fornix_is_refused(place: Place, store: KeptStore, cell: Cell) -> None:
    store.put_cell(cell)
    place.write("store.json", json.dumps({"schema": SCHEMA + 1}).encode())
    with pytest.raises(StoreError) as caught:
        place.open()
    assert str(caught.value) == (
        f"the store {place.named} was written by a newer fornix (its schema is 2, this one reads up to 1); upgrade fornix, or "
        "use another store"
    )


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"schema": "x"}', '{"schema": null}', '{"schema": 1e999}', "[" * 10**5])
def test_a_damaged_description_is_said(place: Place, text: str) -> None:
    place.write("store.json", text.encode())
    with pytest.raises(StoreError, match=r"store.json is damaged; expected"):
        place.open()


def every_write(store: KeptStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path) -> list[tuple[str, Any]]:
    path = written(tmp_path / "job" / "response.nc")
    return [
        ("the cell gabor x Cowley2023.V4-ridge.190923", lambda: store.put_cell(replace(cell, key=OTHER_KEY), units)),
        ("a response", lambda: store.put_response_file(OTHER_KEY, path, "array", {})),
        ("the attempt at gabor x Digits-accuracy", lambda: store.add_attempt(attempt, "log")),
    ]


def test_a_store_opened_read_only_refuses_every_write(
    place: Place, store: KeptStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path
) -> None:
    store.put_cell(cell)
    before = contents(place)
    opened = place.open(read_only=True)
    for what, write in every_write(opened, cell, units, attempt, tmp_path):
        with pytest.raises(StoreError, match=f"^{what} was not stored: the store .* was opened read-only$"):
            write()
    assert contents(place) == before
    assert opened.cell(KEY) is not None


WRITER = """
import sys
from pathlib import Path
import numpy as np, xarray as xr
from fornix.store.places import open_store
from fornix.store.interface import Attempt, Cell
from fornix.store.netcdf import write_array
store, who, same, job = open_store(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "same", Path(sys.argv[4])
job.mkdir()
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(sys.argv[5])):
    value = i if same else i + who
    units = {"units": xr.DataArray(np.full(2000, value), dims="neuroid")}
    key = f"{i:064x}"
    store.put_cell(Cell(key, "m", "b", scalars={"value": value}, provenance={"who": who}), units)
    write_array(job / "r.nc", units["units"])
    store.put_response_file(key, job / "r.nc", "array", {"who": who, "value": value})
    store.add_attempt(Attempt("m", "b", key, "ok", "", "2026-05-13T10:00:00+00:00", 1.0), f"log {who}")
    print(i, flush=True)
"""


def writer(place: Place, who: float, same: bool, job: Path, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, place.named, str(who), "same" if same else "different", str(job), str(n)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check_whole(place: Place) -> None:
    """Every record belongs to its arrays, and nothing in between is left where readers look."""
    opened = place.open(read_only=True)
    for cell in opened.cells():
        assert (opened.units(cell.key)["units"] == cell.scalars["value"]).all()
    for key in {name[13:77] for name in contents(place) if name.startswith("responses/") and name.endswith(".json")}:
        record = opened.response_record(key)
        assert record is not None
        assert (opened.response(key) == record.about["value"]).all()
    for attempt in opened.attempts():
        assert opened.log(attempt).startswith("log ")


@pytest.mark.slow
@pytest.mark.parametrize("same", [True, False])
def test_of_two_processes_that_write_the_same_keys_one_wins_and_both_are_fine(
    place: Place, store: KeptStore, tmp_path: Path, same: bool
) -> None:
    n = 15 if place.kind == "folder" else 6
    processes = [writer(place, who, same, tmp_path / f"job{who}", n) for who in (0.25, 0.5)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    check_whole(place)
    assert len(list(store.cells())) == n
    for kind in ("units/", "responses/"):
        assert len([name for name in contents(place) if name.startswith(kind) and name.endswith(".nc")]) == n
    assert len(list(store.attempts())) == 2 * n
    assert not [name for name in contents(place) if name.startswith("tmp/")]


@pytest.mark.slow
def test_a_killed_writer_leaves_a_store_that_the_next_one_completes(place: Place, store: KeptStore, tmp_path: Path) -> None:
    n, rounds, pause = (400, 6, 0.013) if place.kind == "folder" else (40, 3, 0.07)
    for round_ in range(rounds):
        process = writer(place, 0.25, False, tmp_path / f"job{round_}", n)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        process.stdout.readline()
        time.sleep(pause * round_)  # anywhere within a write
        process.kill()
        process.communicate(timeout=30)
        check_whole(place)
    done = len(list(store.cells()))
    assert 0 < done < n
    process = writer(place, 0.5, False, tmp_path / "last", done + 5)
    assert process.communicate("go\n", timeout=120)[0].splitlines()[-1] == str(done + 4)
    check_whole(place)
    assert len(list(store.cells())) == done + 5
