"""A store keeps what it is given, once, and says in a sentence when it cannot."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from fornix.errors import UsageError
from fornix.files import durable
from fornix.interfaces import Gram
from fornix.store.folder import FolderStore
from fornix.store.interface import Attempt, Cell, Store, StoreError
from fornix.store.netcdf import write_array, write_gram
from fornix.store.writing import SCHEMA

KEY = "5f" * 32
OTHER_KEY = "a0" * 32


def contents(store: FolderStore) -> list[str]:
    """All files of a store, but for the one that says what it is."""
    files = (path for path in store.path.rglob("*") if path.is_file() and path.name != "store.json")
    return sorted(str(path.relative_to(store.path)) for path in files)


def response(values: float = 1.0) -> xr.DataArray:
    return xr.DataArray(
        np.full((2, 3), values), dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ["a", "b"])}
    )


def written(path: Path, array: xr.DataArray | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_array(path, response() if array is None else array)
    return path


def test_a_folder_is_a_store(store: FolderStore) -> None:
    as_store: Store = store
    assert list(as_store.cells()) == []


def test_opening_writes_nothing(store: FolderStore, cell: Cell) -> None:
    assert not store.path.exists()
    assert (list(store.cells()), list(store.attempts()), store.cell(KEY), store.has_response(KEY)) == ([], [], None, False)
    assert not store.path.exists()
    store.put_cell(cell)
    assert json.loads((store.path / "store.json").read_text())["schema"] == SCHEMA


# cells


def test_a_cell_comes_back_with_its_arrays(store: FolderStore, cell: Cell, units: dict[str, xr.DataArray]) -> None:
    before = datetime.now(UTC)
    stored = store.put_cell(cell, units)
    for opened in (store, FolderStore(store.path), FolderStore(store.path, read_only=True)):
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


def test_a_dataset_of_arrays_will_do(store: FolderStore, cell: Cell) -> None:
    units = xr.Dataset({"units": ("neuroid", [1.0, 2.0])})
    store.put_cell(cell, units)  # type: ignore[arg-type]
    xr.testing.assert_identical(store.units(KEY)["units"], units["units"])


def test_a_cell_without_arrays_has_none(store: FolderStore, cell: Cell) -> None:
    assert store.put_cell(cell).units_sha256 is None
    assert store.units(KEY) == {}


def test_what_is_not_there_is_said(store: FolderStore, cell: Cell) -> None:
    store.put_cell(cell)
    assert store.cell(OTHER_KEY) is None
    assert store.cell(OTHER_KEY) is None
    with pytest.raises(StoreError, match=f"the store .*/store holds no cell {OTHER_KEY}"):
        store.units(OTHER_KEY)
    with pytest.raises(StoreError, match=f"the store .*/store holds no response {OTHER_KEY}"):
        store.response(OTHER_KEY)


def test_the_first_result_under_a_key_stays(store: FolderStore, cell: Cell, units: dict[str, xr.DataArray]) -> None:
    first = store.put_cell(cell, units)
    before = contents(store)
    second = store.put_cell(replace(cell, scalars={"value": 0.75}), {"units": units["units"] + 1})
    assert second == first
    assert contents(store) == before
    xr.testing.assert_identical(FolderStore(store.path).units(KEY)["units"], units["units"])
    assert store.put_cell(cell, units) == first
    assert contents(store) == before


def test_a_damaged_cell_counts_as_absent_and_is_replaced(store: FolderStore, cell: Cell) -> None:
    store.put_cell(cell)
    path = store.path / "cells" / KEY[:2] / f"{KEY}.json"
    whole = path.read_text()
    flipped = whole.replace("0.25", "0.75")
    assert flipped != whole
    by_hand = json.dumps({"key": KEY, "model": cell.model, "benchmark": cell.benchmark})
    for damage in (whole[:100], "[]", '"x"', "", by_hand, whole.replace(KEY, OTHER_KEY), flipped, "[" * 10**5):
        path.write_text(damage)
        with pytest.warns(UserWarning, match="counts as absent"):
            assert store.cell(KEY) is None
        with pytest.warns(UserWarning, match="counts as absent"):
            assert list(store.cells()) == []
        with pytest.warns(UserWarning, match="counts as absent"):
            assert store.put_cell(cell).scalars["value"] == 0.25
        assert store.cell(KEY) is not None


def test_damaged_or_lost_arrays_of_a_cell_are_said(store: FolderStore, cell: Cell, units: dict[str, xr.DataArray]) -> None:
    store.put_cell(cell, units)
    (path,) = store.path.glob("units/*/*.nc")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"the arrays of gabor x Cowley2023\.V4-ridge\.190923 in .* are damaged .*remove .*json"):
        store.units(KEY)
    assert store.cell(KEY) is not None
    record = store.path / "cells" / KEY[:2] / f"{KEY}.json"
    record.unlink()
    store.put_cell(cell, units)
    assert set(store.units(KEY)) == set(units)
    path.unlink()
    with pytest.raises(StoreError, match="are missing"):
        store.units(KEY)
    record.unlink()
    store.put_cell(cell, units)
    assert set(store.units(KEY)) == set(units)


def test_many_cells_are_listed(store: FolderStore, cell: Cell) -> None:
    keys = {f"{i:064x}" for i in range(0, 300 * 7, 7)} | {f"{i:02x}" + "0" * 62 for i in range(1, 20)}
    for key in keys:
        store.put_cell(replace(cell, key=key))
    assert {found.key for found in FolderStore(store.path).cells()} == keys


def test_a_record_that_json_cannot_hold_is_refused(store: FolderStore, cell: Cell) -> None:
    with pytest.raises(StoreError, match=r"JSON cannot hold it .Object of type ndarray"):
        store.put_cell(replace(cell, scalars={"value": np.zeros(2)}))
    assert contents(store) == []


@pytest.mark.parametrize("key", ["", "../../etc/passwd", KEY.upper(), KEY[:15], KEY + "\n"])
def test_a_key_is_hexadecimal(store: FolderStore, cell: Cell, key: str) -> None:
    for call in (lambda: store.cell(key), lambda: store.has_response(key), lambda: store.put_cell(replace(cell, key=key))):
        with pytest.raises(ValueError, match="a key is 16 to 128 lower-case hexadecimal digits"):
            call()


@pytest.mark.parametrize("identifier", ["", "../x", "a/b", ".hidden", "a" * 101, "a\n", "*"])
def test_an_identifier_is_safe_as_a_file_name(store: FolderStore, cell: Cell, attempt: Attempt, identifier: str) -> None:
    with pytest.raises(ValueError, match="is no identifier"):
        store.put_cell(replace(cell, model=identifier))
    with pytest.raises(ValueError, match="is no identifier"):
        store.add_attempt(replace(attempt, benchmark=identifier))
    with pytest.raises(ValueError, match="is no identifier"):
        list(store.attempts(model=identifier))
    assert not store.path.exists()


# responses


def test_a_response_is_moved_into_the_store(store: FolderStore, tmp_path: Path) -> None:
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
    assert store.response_path(KEY).is_relative_to(store.path)


def test_a_gram_is_a_response_too(store: FolderStore, tmp_path: Path) -> None:
    gram = Gram(np.eye(2), np.zeros(2), 0.5, np.ones(2), 7, np.array(["a", "b"]))
    write_gram(tmp_path / "g.nc", gram)
    store.put_response_file(KEY, tmp_path / "g.nc", "gram", {})
    found = store.response(KEY)
    assert isinstance(found, Gram)
    np.testing.assert_array_equal(found.products, np.eye(2))


def test_a_file_from_another_disk_is_copied(store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "job" / "response.nc")
    original = os.link

    def link(source: Any, target: Any) -> None:
        if Path(source).name == "response.nc" and Path(source).parent.name == "job":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        original(source, target)

    monkeypatch.setattr(os, "link", link)
    store.put_response_file(KEY, path, "array", {})
    assert not path.exists()
    assert store.has_response(KEY)


def test_the_first_response_stays(store: FolderStore, tmp_path: Path) -> None:
    first = store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {"who": 1})
    before = contents(store)
    assert store.put_response_file(KEY, written(tmp_path / "2.nc", response(2.0)), "array", {"who": 2}) == first
    assert contents(store) == before
    assert not (tmp_path / "2.nc").exists()
    xr.testing.assert_identical(store.response(KEY), response())


def test_what_cannot_be_read_is_not_stored(store: FolderStore, tmp_path: Path) -> None:
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
def test_a_damaged_response_is_removed_with_a_warning(store: FolderStore, tmp_path: Path, damage: str) -> None:
    store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {})
    path = store.response_path(KEY)
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[-1] ^= 1
        path.write_bytes(content)
    elif damage == "cut":
        path.write_bytes(content[:-10])
    elif damage == "other":
        path.unlink()
        written(path, response(2.0))
    else:
        path.unlink()
    opened = FolderStore(store.path)
    with pytest.warns(UserWarning, match=f"the response {KEY} .* is damaged; it is removed and will be computed again"):
        assert not opened.has_response(KEY)
    assert contents(store) == []
    with pytest.raises(StoreError, match="holds no response"):
        opened.response(KEY)
    opened.put_response_file(KEY, written(tmp_path / "2.nc"), "array", {})
    xr.testing.assert_identical(opened.response(KEY), response())


def test_a_read_only_store_does_not_remove_what_is_damaged(store: FolderStore, tmp_path: Path) -> None:
    store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {})
    store.response_path(KEY).write_bytes(b"")
    before = contents(store)
    with pytest.warns(UserWarning, match="is damaged"):
        assert not FolderStore(store.path, read_only=True).has_response(KEY)
    assert contents(store) == before


def test_a_response_is_hashed_once_per_process_and_version(store: FolderStore, tmp_path: Path, monkeypatch: Any) -> None:
    store.put_response_file(KEY, written(tmp_path / "1.nc"), "array", {})
    from fornix.store import folder

    hashed = []
    original = folder.sha256_of
    monkeypatch.setattr(folder, "sha256_of", lambda path: (hashed.append(path), original(path))[1])
    opened = FolderStore(store.path)
    for _ in range(3):
        assert opened.has_response(KEY)
    assert len(hashed) == 1


# attempts


def test_an_attempt_comes_back_with_its_log(store: FolderStore, attempt: Attempt, tmp_path: Path) -> None:
    stored = store.add_attempt(attempt, "Traceback ...\nMemoryError: größe \ud800\n")
    assert stored == replace(attempt, identifier=stored.identifier)
    assert stored.identifier.startswith("20260513T081530.250000Z-")
    assert list(FolderStore(store.path, read_only=True).attempts()) == [stored]
    assert store.log(stored) == "Traceback ...\nMemoryError: größe \\ud800\n"
    (tmp_path / "worker.log").write_bytes(b"bytes \xff that are no text\n")
    from_file = store.add_attempt(attempt, tmp_path / "worker.log")
    assert store.log(from_file) == "bytes � that are no text\n"
    assert (tmp_path / "worker.log").exists()
    assert contents(store) == sorted(
        f"attempts/gabor/Digits-accuracy/{a.identifier}.{kind}" for a in (stored, from_file) for kind in ("json", "log")
    )


def test_attempts_are_listed_by_time_the_latest_last(store: FolderStore, attempt: Attempt) -> None:
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


def test_attempts_of_one_moment_are_all_kept(store: FolderStore, attempt: Attempt) -> None:
    for _ in range(5):
        store.add_attempt(attempt)
    assert len(list(store.attempts())) == 5


def test_an_attempt_has_one_of_four_ends(attempt: Attempt) -> None:
    with pytest.raises(ValueError, match="one of ok, failed, oom, timeout, not 'skipped'"):
        replace(attempt, status="skipped")  # type: ignore[arg-type]


def test_a_log_that_is_not_there_is_said(store: FolderStore, attempt: Attempt) -> None:
    with pytest.raises(StoreError, match="has no log of attempt"):
        store.log(attempt)


# stores that cannot be used


def test_a_store_of_a_newer_fornix_is_refused(store: FolderStore, cell: Cell) -> None:
    store.put_cell(cell)
    (store.path / "store.json").write_text(json.dumps({"schema": SCHEMA + 1}))
    with pytest.raises(StoreError) as caught:
        FolderStore(store.path)
    assert str(caught.value) == (
        f"the store {store.path} was written by a newer fornix (its schema is 2, this one reads up to 1); upgrade fornix, or use "
        "another store"
    )


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"schema": "x"}', '{"schema": null}', '{"schema": 1e999}', "[" * 10**5])
def test_a_damaged_description_is_said(store: FolderStore, text: str) -> None:
    store.path.mkdir()
    (store.path / "store.json").write_text(text)
    with pytest.raises(StoreError, match=r"store.json is damaged; expected"):
        FolderStore(store.path)


def test_a_store_that_is_removed_under_its_writer_is_a_store_again(store: FolderStore, cell: Cell) -> None:
    store.put_cell(replace(cell, key=OTHER_KEY))
    shutil.rmtree(store.path)
    with store.claim(KEY) as mine:
        assert mine
    store.put_cell(cell)
    assert [found.key for found in FolderStore(store.path).cells()] == [KEY]
    assert json.loads((store.path / "store.json").read_text())["schema"] == SCHEMA


def test_a_store_without_its_description_is_known_by_its_folders(store: FolderStore, cell: Cell, attempt: Attempt) -> None:
    store.put_cell(cell)
    store.add_attempt(attempt)
    (store.path / "store.json").unlink()
    again = FolderStore(store.path)
    assert [found.key for found in again.cells()] == [KEY]
    again.put_cell(replace(cell, key=OTHER_KEY))
    assert (store.path / "store.json").exists()
    (store.path / "store.json").unlink()
    (store.path / "cells" / "HeLa").mkdir()  # somebody else's cells
    with pytest.raises(StoreError, match=r'if it is a store whose store.json was removed, write \{"schema": 1\} into that file'):
        FolderStore(store.path)


def test_a_store_that_no_path_names_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="the store ~no-such-user/s is below the home of a user whom this machine does not know"):
        FolderStore("~no-such-user/s")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(
        UsageError, match="the store s is named from the working folder, and that was removed; give its whole path"
    ):
        FolderStore("s")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match="is a folder with other things in it, not a store"):
        FolderStore(tmp_path)
    with pytest.raises(StoreError, match="is a file, not a store"):
        FolderStore(tmp_path / "thesis.tex")


def every_write(store: FolderStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path) -> list[tuple[str, Any]]:
    path = written(tmp_path / "job" / "response.nc")
    return [
        ("the cell gabor x Cowley2023.V4-ridge.190923", lambda: store.put_cell(replace(cell, key=OTHER_KEY), units)),
        ("a response", lambda: store.put_response_file(OTHER_KEY, path, "array", {})),
        ("the attempt at gabor x Digits-accuracy", lambda: store.add_attempt(attempt, "log")),
    ]


def test_a_store_opened_read_only_refuses_every_write(
    store: FolderStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path
) -> None:
    store.put_cell(cell)
    before = contents(store)
    opened = FolderStore(store.path, read_only=True)
    for what, write in every_write(opened, cell, units, attempt, tmp_path):
        with pytest.raises(StoreError, match=f"^{what} was not stored: the store .* was opened read-only$"):
            write()
    assert contents(store) == before
    assert opened.cell(KEY) is not None


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_store_on_a_read_only_disk_refuses_every_write(
    store: FolderStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    store.put_cell(cell)
    before = contents(store)
    writes = every_write(store, cell, units, attempt, tmp_path)
    original = os.mkdir

    def mkdir(path: Any, *rest: Any, **named: Any) -> None:
        if Path(path).is_relative_to(store.path):
            raise OSError(number, os.strerror(number), str(path))
        original(path, *rest, **named)

    monkeypatch.setattr(os, "mkdir", mkdir)
    for what, write in writes:
        with pytest.raises(StoreError, match=f"^{what} was not stored: the store .* is read-only .{os.strerror(number)}.; "):
            write()
    assert contents(store) == before
    assert store.cell(KEY) is not None


@pytest.mark.parametrize(
    ("number", "free", "says"),
    [
        (errno.EACCES, 0, "the disk of the store .* is full"),
        (errno.EACCES, 10**9, "is read-only"),
        (errno.EFBIG, 10**9, "may not become so large; raise the limit"),
    ],
)
def test_a_refusal_says_what_it_is_about(
    store: FolderStore, cell: Cell, monkeypatch: pytest.MonkeyPatch, number: int, free: int, says: str
) -> None:
    """HDF5 calls a full disk a lack of permission."""
    store.put_cell(cell)

    def link(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=free))
    monkeypatch.setattr(durable, "link", link)
    with pytest.raises(StoreError, match=says):
        store.put_cell(replace(cell, key=OTHER_KEY))


@pytest.mark.parametrize("when", range(6))
def test_a_disk_that_fills_up_leaves_nothing_half_written(
    store: FolderStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    """The disk is full at the n-th sync of each write, which covers every file that is written and every folder."""
    store.put_cell(cell, units)
    stored, cells = contents(store), list(store.cells())
    original = durable._sync
    for what, write in every_write(store, cell, units, attempt, tmp_path):
        syncs = iter(range(100))

        def sync(path: Path, syncs: Any = syncs) -> None:
            if next(syncs) == when:
                raise OSError(errno.ENOSPC, "No space left on device")
            original(path)

        monkeypatch.setattr(durable, "_sync", sync)
        full = f"{what} was not stored: the disk of the store .* is full; free some space, or give a store on another disk"
        # Every write syncs four times, that of a cell with arrays six times.
        with pytest.raises(StoreError, match=full) if when < 4 else suppress(StoreError):
            write()
        monkeypatch.setattr(durable, "_sync", original)
    assert list((store.path / "tmp").iterdir()) == []
    assert set(stored) <= set(contents(store))
    opened = FolderStore(store.path)
    assert [c for c in opened.cells() if c.key == KEY] == cells
    for found in opened.cells():
        assert set(opened.units(found.key)) == set(units)
    assert all(opened.log(a) == "log" for a in opened.attempts())
    opened.has_response(OTHER_KEY)
    for _, write in every_write(opened, cell, units, attempt, tmp_path):
        write()
    assert opened.cell(OTHER_KEY) is not None
    assert opened.has_response(OTHER_KEY)


def test_arrays_that_do_not_fit_on_the_disk_are_said(
    store: FolderStore, cell: Cell, units: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import netCDF4

    class Full:
        def __init__(self, path: Path, *_: object, **__: object) -> None:
            path.write_bytes(b"half")

        def setncattr(self, *_: object) -> None:
            raise RuntimeError("NetCDF: HDF error")

        def close(self) -> None:
            raise RuntimeError("NetCDF: HDF error")

    monkeypatch.setattr(netCDF4, "Dataset", Full)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(StoreError, match=r"the disk of the store .* is full"):
        store.put_cell(cell, units)
    assert contents(store) == []


# killed and simultaneous processes

WRITER = """
import sys
from pathlib import Path
import numpy as np, xarray as xr
from fornix.store.folder import FolderStore
from fornix.store.interface import Attempt, Cell
from fornix.store.netcdf import write_array
store, who, same, job = FolderStore(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "same", Path(sys.argv[4])
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


def writer(store: FolderStore, who: float, same: bool, job: Path, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(store.path), str(who), "same" if same else "different", str(job), str(n)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def check_whole(store: FolderStore) -> None:
    """Every record belongs to its arrays, and nothing in between is left where readers look."""
    opened = FolderStore(store.path, read_only=True)
    for cell in opened.cells():
        assert (opened.units(cell.key)["units"] == cell.scalars["value"]).all()
    for path in (store.path / "responses").glob("*/*.json"):
        record = opened.response_record(path.stem)
        assert record is not None
        assert (opened.response(path.stem) == record.about["value"]).all()
    for attempt in opened.attempts():
        assert opened.log(attempt).startswith("log ")


@pytest.mark.parametrize("same", [True, False])
def test_of_two_processes_that_write_the_same_keys_one_wins_and_both_are_fine(
    store: FolderStore, tmp_path: Path, same: bool
) -> None:
    n = 15
    processes = [writer(store, who, same, tmp_path / f"job{who}", n) for who in (0.25, 0.5)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    check_whole(store)
    assert len(list(store.cells())) == n
    assert len(list(store.path.glob("units/*/*.nc"))) == n
    assert len(list(store.path.glob("responses/*/*.nc"))) == n
    assert len(list(store.attempts())) == 2 * n
    assert list((store.path / "tmp").iterdir()) == []


def test_a_killed_writer_leaves_a_store_that_the_next_one_completes(store: FolderStore, tmp_path: Path) -> None:
    n = 400
    for round_ in range(6):
        process = writer(store, 0.25, False, tmp_path / f"job{round_}", n)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        process.stdout.readline()
        time.sleep(0.013 * round_)  # anywhere within a write
        process.kill()
        process.communicate(timeout=30)
        check_whole(store)
    done = len(list(store.cells()))
    assert 0 < done < n
    process = writer(store, 0.5, False, tmp_path / "last", done + 5)
    assert process.communicate("go\n", timeout=120)[0].splitlines()[-1] == str(done + 4)
    check_whole(store)
    assert len(list(store.cells())) == done + 5


@pytest.mark.parametrize("step", range(17))
def test_a_writer_killed_at_any_step_leaves_a_readable_store(
    store: FolderStore, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path, step: int
) -> None:
    """A real process ends (``os._exit``: no clean-up runs) at the n-th sync, the moments between which nothing gets a name."""
    job = written(tmp_path / "job" / "response.nc", response(1.0))
    child = os.fork()
    if child == 0:
        try:
            syncs = iter(range(100))
            original = durable._sync

            def sync(path: Path) -> None:
                if next(syncs) == step:
                    os._exit(9)
                original(path)

            durable._sync = sync
            store.put_cell(cell, units)
            store.put_response_file(OTHER_KEY, job, "array", {})
            store.add_attempt(attempt, "log")
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (9 if step < 16 else 0)
    opened = FolderStore(store.path)
    for found in opened.cells():
        assert set(opened.units(found.key)) == set(units)
    if opened.has_response(OTHER_KEY):
        xr.testing.assert_identical(opened.response(OTHER_KEY), response())
    assert all(opened.log(a) == "log" for a in opened.attempts())
    opened.put_cell(cell, units)
    opened.put_response_file(OTHER_KEY, written(tmp_path / "again.nc"), "array", {})
    assert opened.cell(KEY) is not None
    assert opened.has_response(OTHER_KEY)


def test_what_killed_writers_left_is_cleared_after_a_day(store: FolderStore, cell: Cell) -> None:
    store.put_cell(cell)
    old, new = store.path / "tmp" / "old", store.path / "tmp" / "new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "units.nc").write_text("half")
    os.utime(old, (time.time() - 25 * 3600,) * 2)
    FolderStore(store.path).put_cell(replace(cell, key=OTHER_KEY))
    assert not old.exists()
    assert new.exists()


def test_listing_is_light(store: FolderStore, cell: Cell, units: Any, attempt: Attempt) -> None:
    store.put_cell(cell, units)
    store.add_attempt(attempt, "log")
    code = (
        "import sys; from fornix.store.folder import FolderStore; s = FolderStore(sys.argv[1]);"
        f"c = list(s.cells()), list(s.attempts()), s.cell('{KEY}') is not None, s.has_response('{KEY}');"
        "assert c[0] and c[1] and c[2];"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "xarray", "netCDF4", "pyarrow", "scipy", "sklearn", "torch", "boto3"}
    assert set(run.stdout.split()) & heavy == set()
