"""A store in a local folder: every file written whole or not at all, of several writers of one name the first wins."""

from __future__ import annotations

import errno
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fornix.files import durable
from fornix.files.held import held, lacks_locks
from fornix.files.settings import named_folder
from fornix.store import layout
from fornix.store.interface import StoreError
from fornix.store.kept import KeptStore
from fornix.store.objects import Entry, Found, Result
from fornix.store.writing import (
    check_description,
    clear_abandoned,
    description,
    lacks_room,
    scratch_below,
    sha256_of,
    something_else,
    written,
)


class FolderStore(KeptStore):
    """A store in a local folder; see :class:`~fornix.store.interface.Store`.

    Opening it writes nothing: a folder that is not there, or empty, is an empty store until the first write.

    Parameters
    ----------
    path : path
    read_only : bool
        Refuse every write.

    Raises
    ------
    StoreError
        If the folder holds something else, or a store of a newer fornix.
    UsageError
        If it is named from a home or a working folder that is not there.
    """

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        self.path = named_folder(path, "the store")
        super().__init__(Folder(self.path, read_only))


class Folder:
    """The objects of a store as files below a folder; see :class:`~fornix.store.objects.Objects`."""

    def __init__(self, root: Path, read_only: bool) -> None:
        self.place = str(root)
        self.read_only = read_only
        self._root = root
        self._ready = False
        #: Path -> (size, time of change in ns) of the files whose hash this process has checked.
        self._checked: dict[Path, tuple[int, int]] = {}
        self._check()

    def _check(self) -> None:
        """Raise StoreError if the folder holds something else than a store, or one of a newer fornix."""
        path = self._root / layout.DESCRIPTION
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            # A writer killed before its first write was complete leaves nothing but tmp, and who lost store.json gets it again.
            if self._root.is_dir() and not layout.is_laid_out(self.children):
                raise something_else(self.place, "folder") from None
            return
        except NotADirectoryError:
            raise StoreError(f"{self.place} is a file, not a store; give a folder") from None
        except OSError as error:
            raise StoreError(f"the store {self.place} cannot be read ({error.strerror})") from error
        check_description(content, self.place, str(path))

    # reading

    def read(self, name: str) -> Found | None:
        try:
            with (self._root / name).open("rb") as stream:
                return Found(stream.read(), _version(stream.fileno()))
        except FileNotFoundError:
            return None

    def sound(self, name: str, sha256: str, *, anew: bool = False) -> Path | None:
        path = self._root / name
        try:
            status = path.stat()
            version = (status.st_size, status.st_mtime_ns)
            if (anew or self._checked.get(path) != version) and sha256_of(path) != sha256:
                return None
        except OSError:
            return None
        self._checked[path] = version
        return path

    def holds(self, name: str) -> bool:
        return (self._root / name).exists()

    def children(self, folder: str) -> Iterator[str]:
        try:
            with os.scandir(self._root / folder) as found:
                yield from (f"{entry.name}/" if entry.is_dir() else entry.name for entry in found)
        except FileNotFoundError:
            return

    def entries(self, folder: str) -> Iterator[Entry]:
        below = [folder]
        while below:
            folder = below.pop()
            try:
                here = os.open(self._root / folder, os.O_RDONLY)
            except FileNotFoundError:
                continue
            try:
                with os.scandir(here) as found:  # of a descriptor: the system need not find the folder again for every name
                    for entry in found:
                        if entry.is_dir():
                            below.append(f"{folder}{entry.name}/")
                            continue
                        try:
                            status = entry.stat()
                        except FileNotFoundError:  # removed meanwhile
                            continue
                        yield Entry(folder + entry.name, f"{status.st_size}-{status.st_mtime_ns}", status.st_mtime)
            finally:
                os.close(here)

    def each(self, call: Callable[[str], Result], names: Iterable[str]) -> Iterator[Result]:
        return map(call, names)

    # writing

    @contextmanager
    def writing(self, what: str) -> Iterator[Path]:
        if self.read_only:
            raise StoreError(f"{what} was not stored: the store {self.place} was opened read-only")
        try:
            with scratch_below(self._root / layout.SCRATCH) as scratch:
                if not self._is_ready():
                    durable.link(written(scratch, description()), self._root / layout.DESCRIPTION)
                    clear_abandoned(self._root / layout.SCRATCH, time.time())
                    self._ready = True
                yield scratch
        except OSError as error:
            raise self._refusal(what, error) from error

    def put_new(self, name: str, file: Path) -> bool:
        return durable.link(file, self._made_room(name))

    def put_hashed(self, name: str, file: Path, sha256: str) -> None:
        target = self._made_room(name)
        if self.sound(name, sha256) is None:
            durable.replace(file, target)

    def put(self, name: str, file: Path) -> None:
        durable.replace(file, self._made_room(name))

    def remove(self, name: str) -> None:
        (self._root / name).unlink(missing_ok=True)

    @contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        with ExitStack() as stack:
            if not self._is_ready():
                with self.writing("a claim"):
                    pass
            try:
                mine = stack.enter_context(held(self._made_room(name)))
            except OSError as error:
                if not lacks_locks(error):
                    raise self._refusal("a claim", error) from error
                warnings.warn(
                    f"the file system of the store {self.place} has no locks: two runs at once may compute the same cell twice",
                    stacklevel=4,
                )
                mine = True
            yield mine

    def tidy(self, now: float) -> int:
        # The files of claims stay: see docs/architecture.md. The system takes a lock back when its holder dies.
        return clear_abandoned(self._root / layout.SCRATCH, now)

    def _made_room(self, name: str) -> Path:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _is_ready(self) -> bool:
        """Whether the folder says what it is, still: somebody may have removed it since."""
        return self._ready and self.holds(layout.DESCRIPTION)

    def _refusal(self, what: str, error: OSError) -> StoreError:
        """What to raise for an error of the disk."""
        if lacks_room(error, self._root):
            why = f"the disk of the store {self.place} is full; free some space, or give a store on another disk"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            why = f"the store {self.place} is read-only ({error.strerror}); make it writable, or give another store"
        elif error.errno == errno.EFBIG:
            why = f"a file in the store {self.place} may not become so large; raise the limit (ulimit -f), or use another disk"
        else:
            why = f"the store {self.place} cannot be written ({error})"
        return StoreError(f"{what} was not stored: {why}")


def _version(descriptor: int) -> str:
    """The version of an open file, as :meth:`Folder.entries` has it."""
    status = os.fstat(descriptor)
    return f"{status.st_size}-{status.st_mtime_ns}"
