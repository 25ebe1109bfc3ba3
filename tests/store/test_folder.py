"""A store in a folder writes each file whole or not at all, whatever the disk or a killer does."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import xarray as xr
from tests.store.places import InFolder, contents
from tests.store.test_store import every_write, response, written

from fornix.errors import UsageError
from fornix.files import durable
from fornix.store.folder import FolderStore
from fornix.store.interface import Attempt, Cell, StoreError
from fornix.store.writing import SCHEMA


@pytest.fixture
def place(tmp_path: Path) -> InFolder:
    return InFolder(tmp_path / "store")


@pytest.fixture
def store(place: InFolder) -> FolderStore:
    return FolderStore(place.path)


KEY = "5f" * 32
OTHER_KEY = "a0" * 32


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


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_store_on_a_read_only_disk_refuses_every_write(
    place: InFolder,
    store: FolderStore,
    cell: Cell,
    units: Any,
    attempt: Attempt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    store.put_cell(cell)
    before = contents(place)
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
    assert contents(place) == before
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
    place: InFolder,
    store: FolderStore,
    cell: Cell,
    units: Any,
    attempt: Attempt,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    when: int,
) -> None:
    """The disk is full at the n-th sync of each write, which covers every file that is written and every folder."""
    store.put_cell(cell, units)
    stored, cells = contents(place), list(store.cells())
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
    assert set(stored) <= set(contents(place))
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
    place: InFolder, store: FolderStore, cell: Cell, units: Any, monkeypatch: pytest.MonkeyPatch
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
    assert contents(place) == []


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
        f"c = list(s.listing()), list(s.cells()), list(s.attempts()), s.cell('{KEY}') is not None, s.has_response('{KEY}');"
        "assert c[0] and c[1] and c[2];"
        "print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "xarray", "netCDF4", "pyarrow", "scipy", "sklearn", "torch", "boto3"}
    assert set(run.stdout.split()) & heavy == set()


def test_a_claim_can_be_had_by_whoever_may_write_into_the_store(store: FolderStore) -> None:
    before = os.umask(0o077)
    try:
        with store.claim(KEY):
            pass
    finally:
        os.umask(before)
    (lock,) = store.path.glob("claims/*/*")
    assert lock.stat().st_mode & 0o777 == 0o666


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_where_there_are_no_locks_everyone_may_work_and_is_told(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.warns(UserWarning, match="has no locks: two runs at once may compute the same cell twice"),
        store.claim(KEY) as mine,
    ):
        assert mine


def test_a_disk_that_refuses_is_said(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StoreError, match=r"a claim was not stored: the store .* cannot be written"):
        store.claim(KEY).__enter__()
