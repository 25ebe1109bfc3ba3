"""Files of arrays from buckets, kept on this machine by their hash: each is verified, and appears whole or not at all.

They are in the folder ``stores`` of the cache (``FORNIX_CACHE``), and may be removed at any time: they are fetched again.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from fornix.files.settings import cache_folder
from fornix.store.interface import StoreError
from fornix.store.writing import clear_abandoned, lacks_room, scratch_below, sha256_of


class CachedFiles:
    """The files of one process; several processes may use one cache at once."""

    def __init__(self) -> None:
        self._folder = cache_folder() / "stores"
        #: Path -> (size, time of change in ns) of the files whose hash this process has checked.
        self._checked: dict[Path, tuple[int, int]] = {}

    def path(self, sha256: str, suffix: str) -> Path:
        """Where the file with this hash is kept."""
        return self._folder / sha256[:2] / f"{sha256}{suffix}"

    def is_sound(self, path: Path, sha256: str) -> bool:
        """Whether a file is there and has the hash that it should have."""
        try:
            status = path.stat()
            version = (status.st_size, status.st_mtime_ns)
            if self._checked.get(path) != version and sha256_of(path) != sha256:
                return False
        except OSError:
            return False
        self._checked[path] = version
        return True

    def keep(self, file: Path, path: Path) -> None:
        """Move a file whose hash was checked to its place; of two processes either may be first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, path)
        status = path.stat()
        self._checked[path] = (status.st_size, status.st_mtime_ns)

    def scratch(self) -> AbstractContextManager[Path]:
        """A new folder on the same disk, which goes whatever happens."""
        return scratch_below(self._folder / "tmp")

    def clear_abandoned(self, now: float) -> int:
        """Remove what killed processes left in such folders; returns how many of them."""
        return clear_abandoned(self._folder / "tmp", now)

    def refusal(self, place: str, error: OSError) -> StoreError:
        """What to raise for an error of the disk, for the store at ``place``."""
        full = lacks_room(error, self._folder)
        todo = (
            "free some space, or set FORNIX_CACHE to a folder on a larger disk" if full else "set FORNIX_CACHE to another folder"
        )
        why = f"{error.strerror or error}"
        return StoreError(f"the files of the store {place} cannot be kept on this machine, in {self._folder} ({why}): {todo}")
