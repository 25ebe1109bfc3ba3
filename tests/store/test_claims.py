"""Of all who want to work on a key one may, and it is free again when the work is done or the worker dead."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fornix.store.folder import FolderStore
from fornix.store.interface import StoreError

KEY = "5f" * 32
OTHER_KEY = "a0" * 32

HOLDER = """
import subprocess, sys
from fornix.store.folder import FolderStore
with FolderStore(sys.argv[1]).claim(sys.argv[2]) as mine:
    child = subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL)  # a program that the holder started holds nothing
    print(mine, child.pid, flush=True)
    sys.stdin.readline()
"""


def holder(store: FolderStore) -> tuple[subprocess.Popen[str], int]:
    """A process that claims KEY until it is written to, and what it has started."""
    command = [sys.executable, "-c", HOLDER, str(store.path), KEY]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    mine, child = process.stdout.readline().split()
    assert mine == "True"
    return process, int(child)


def test_one_holds_a_claim_until_it_is_done(store: FolderStore) -> None:
    other = FolderStore(store.path)
    with store.claim(KEY) as mine:
        assert mine
        with other.claim(KEY) as also, store.claim(KEY) as again, other.claim(OTHER_KEY) as another:
            assert (also, again, another) == (False, False, True)
    with other.claim(KEY) as mine:
        assert mine


def test_a_claim_ends_with_what_is_raised_in_it(store: FolderStore) -> None:
    with pytest.raises(RuntimeError, match="the work failed"), store.claim(KEY):
        raise RuntimeError("the work failed")
    with store.claim(KEY) as mine:
        assert mine


@pytest.mark.parametrize("killed", [True, False])
def test_a_process_that_ends_or_is_killed_leaves_its_claim_to_others(store: FolderStore, killed: bool) -> None:
    process, child = holder(store)
    try:
        with store.claim(KEY) as mine:
            assert not mine
        if killed:
            process.kill()
        process.communicate("\n")
        with store.claim(KEY) as mine:
            assert mine
    finally:
        os.kill(child, 9)


def test_of_many_threads_one_is_first(store: FolderStore) -> None:
    start, done = threading.Barrier(8), threading.Barrier(8)
    told = []

    def ask() -> None:
        start.wait()
        with store.claim(KEY) as mine:
            told.append(mine)
            done.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


def test_a_claimed_folder_is_a_store(tmp_path: Path) -> None:
    """The second run opens it before the first has stored anything."""
    with FolderStore(tmp_path / "new").claim(KEY), FolderStore(tmp_path / "new").claim(KEY) as also:
        assert not also


def test_a_claim_can_be_had_by_whoever_may_write_into_the_store(store: FolderStore) -> None:
    before = os.umask(0o077)
    try:
        with store.claim(KEY):
            pass
    finally:
        os.umask(before)
    (lock,) = store.path.glob("claims/*/*")
    assert lock.stat().st_mode & 0o777 == 0o666


def test_a_read_only_store_gives_no_claim(store: FolderStore) -> None:
    with pytest.raises(StoreError, match=r"a claim was not stored: the store .* was opened read-only"):
        FolderStore(store.path, read_only=True).claim(KEY).__enter__()
    assert not store.path.exists()


def test_a_key_is_hexadecimal(store: FolderStore) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        store.claim("../../etc").__enter__()


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
