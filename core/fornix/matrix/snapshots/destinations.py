"""Where snapshots are written to: a folder or a bucket, with writes that take place only if things are as they were."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from fornix.errors import UsageError
from fornix.files import durable
from fornix.files.addresses import spoken
from fornix.files.held import held, lacks_locks
from fornix.files.settings import named_folder
from fornix.matrix.snapshots.format import SNAPSHOTS, SnapshotError, SnapshotFile
from fornix.matrix.snapshots.named import named_place
from fornix.store.objects import Found
from fornix.store.writing import clear_abandoned, lacks_room, scratch_below, sha256_of

#: Seconds for which another publisher may hold the lock of a folder, which it needs for one rename.
_LOCKED_S: Final = 30.0
#: The end of a sentence about a write that failed.
STILL_WHOLE: Final = "; what was published before is whole, and publishing again goes on from here"
_AGAIN: Final = "publishing again moves it and writes nothing else"


class Destination(Protocol):
    """A place of snapshots, to be written. Everything raises SnapshotError, with a sentence, where it cannot be done."""

    @property
    def name(self) -> str:
        """As its user would name it."""

    def scratch(self) -> AbstractContextManager[Path]:
        """A context: a local folder to make files in, which goes whatever happens."""

    def read(self, name: str) -> Found | None:
        """A small file as it is now, or None."""

    def check_conditions(self, name: str, file: Path) -> bool:
        """See, by a file that is to be written anyhow, that of two writers of one name the second is told.

        Returns
        -------
        whether the file was written
        """

    def put_all(self, files: list[tuple[str, Path, SnapshotFile]]) -> list[str]:
        """Write files that have these hashes; returns the names of those that were not there as they should be."""

    def put_new(self, name: str, content: bytes) -> bool:
        """Write a small file unless the name is taken (False): of several writers exactly one is first."""

    def move(self, name: str, content: bytes, version: str | None) -> bool:
        """Write a small file anew if it still has this version (None: if there is none); False if it has another."""


def open_destination(place: str | os.PathLike[str]) -> Destination:
    """The place that a user names: a folder, or ``s3://bucket/prefix``.

    Raises
    ------
    UsageError
        If it cannot be written to, whatever lies there.
    """
    scheme, text = named_place(place)
    if scheme == "s3":
        from fornix.matrix.snapshots.into_bucket import IntoBucket

        return IntoBucket(text)
    if scheme:
        raise UsageError(
            f"{spoken(text)} can be pulled from and not published to; give the folder that it serves, or s3://bucket/prefix"
        )
    return IntoFolder(text)


class IntoFolder:
    """A folder of this machine, or one that it shares with others."""

    def __init__(self, path: str) -> None:
        self._root = named_folder(path, "the place of snapshots")
        self.name = str(self._root)
        try:
            mode = self._root.stat().st_mode
        except FileNotFoundError:
            return
        except OSError as error:
            raise SnapshotError(f"nothing can be published to {self.name} ({error.strerror}); give another folder") from error
        if not stat.S_ISDIR(mode):
            raise SnapshotError(f"{self.name} is a file; give a folder to publish to")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with ExitStack() as leaving:
            with self._writing():
                folder = leaving.enter_context(self._scratch())
            try:
                yield folder
            except OSError as error:  # of files made in it, unless it is that of a store or a plugin, which say so themselves
                if not (is_of(error, folder) or lacks_room(error, self._root)):
                    raise
                raise self._refused(error) from error

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        parent = self._root / SNAPSHOTS / ".tmp"
        parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(parent, time.time())
        try:
            with scratch_below(parent) as folder:
                yield folder
        finally:
            for empty in (parent, parent.parent):
                with suppress(OSError):
                    empty.rmdir()

    def read(self, name: str) -> Found | None:
        try:
            if not stat.S_ISREG((self._root / name).stat().st_mode):
                raise SnapshotError(f"{self._root / name} is no file, and what is published has its name; remove it")
            content = (self._root / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SnapshotError(f"{self._root / name} cannot be read ({error.strerror})") from error
        return Found(content, hashlib.sha256(content).hexdigest())

    def check_conditions(self, name: str, file: Path) -> bool:
        return False  # of links and renames they always hold

    def put_all(self, files: list[tuple[str, Path, SnapshotFile]]) -> list[str]:
        written = []
        with self._writing():
            for name, path, of in files:
                target = self._root / name
                if not _is(target, of):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    durable.replace(path, target)
                    written.append(name)
        return written

    def put_new(self, name: str, content: bytes) -> bool:
        with self._writing(), self._scratch() as folder:
            part = folder / "new"
            part.write_bytes(content)
            (self._root / name).parent.mkdir(parents=True, exist_ok=True)
            return durable.link(part, self._root / name)

    def move(self, name: str, content: bytes, version: str | None) -> bool:
        with self._writing(moved=name), self._scratch() as folder, self._alone():
            found = self.read(name)
            if (None if found is None else found.version) != version:
                return False
            part = folder / "moved"
            part.write_bytes(content)
            durable.replace(part, self._root / name)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """While nobody else moves anything here; a file system without locks has to do without."""
        lock = self._root / SNAPSHOTS / ".lock"
        until = time.monotonic() + _LOCKED_S
        while True:
            with ExitStack() as holding:
                if _hold(lock, holding):
                    yield
                    return
            if time.monotonic() > until:
                raise SnapshotError(f"another publisher holds {lock}; see what it waits for, and publish again")
            time.sleep(0.02)

    @contextmanager
    def _writing(self, moved: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._refused(error, moved) from error

    def _refused(self, error: OSError, moved: str = "") -> SnapshotError:
        """What to raise for an error of the disk: a snapshot is not there, or is whole, but this file was not moved to it."""
        if lacks_room(error, self._root):
            why = "its disk is full; free some space"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            why = f"it is read-only ({error.strerror}); make it writable, or give another place"
        else:
            why = f"it cannot be written ({error})"
        if moved:
            return SnapshotError(f"the snapshot is at {self.name} and whole, but {moved} could not be moved: {why}; {_AGAIN}")
        return SnapshotError(f"nothing was published to {self.name}: {why}{STILL_WHOLE}")


def is_of(error: OSError, folder: Path) -> bool:
    """Whether an error of a disk is of a file in this folder."""
    return isinstance(error.filename, str) and Path(error.filename).is_relative_to(folder)


def _hold(lock: Path, holding: ExitStack) -> bool:
    """Whether nobody else holds this lock, or there are none; it is held until the context ends."""
    try:
        return holding.enter_context(held(lock))
    except OSError as error:
        if not lacks_locks(error):
            raise
        return True


def _is(path: Path, file: SnapshotFile) -> bool:
    try:
        return path.stat().st_size == file.bytes and sha256_of(path) == file.sha256
    except FileNotFoundError:
        return False
