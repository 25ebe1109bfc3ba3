"""Copies of files for a plugin's process: what it writes into one reaches nobody else's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from fornix.engine.events import version
from fornix.engine.run_folder import lacks_room
from fornix.errors import FornixError

#: Bytes asked of the system at a time.
_BLOCK: Final = 1 << 30


class CopyError(FornixError):
    """A plugin's copy of a file cannot be made; the message says why and what to do."""


def copy(source: Path, target: Path) -> None:
    """Copy a file by its content: without moving a byte where the file system can share blocks until one is written.

    Never a hard link, which is the same file under two names.
    """
    with source.open("rb") as reading, target.open("wb") as writing:
        if not _copied_by_the_system(reading, writing):
            reading.seek(0)
            writing.seek(0)
            writing.truncate()
            shutil.copyfileobj(reading, writing, 1 << 20)


def _copied_by_the_system(reading: BinaryIO, writing: BinaryIO) -> bool:
    if not hasattr(os, "copy_file_range"):
        return False
    size = copied = os.fstat(reading.fileno()).st_size
    try:
        while copied and (n := os.copy_file_range(reading.fileno(), writing.fileno(), min(copied, _BLOCK))):
            copied -= n
    except OSError as error:
        if lacks_room(error):
            raise
        return False
    return os.fstat(writing.fileno()).st_size == size


class _Made(NamedTuple):
    path: Path
    version: tuple[int, ...]
    source: Path


class Copies:
    """Copies of the files of cards in one folder, each made anew where a plugin has changed it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, _Made] = {}

    def of(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Copies of verified files, by hash.

        Raises
        ------
        CopyError
            If the disk is full, or cannot be written.
        """
        return {hash_: str(self._copy(hash_, path)) for hash_, path in files.items()}

    def source(self, hash_: str) -> Path | None:
        """What the file was copied from, if there is a copy of it that no plugin has changed since; else None."""
        made = self._made.get(hash_)
        return made.source if made is not None and version(made.path) == made.version else None

    def _copy(self, hash_: str, source: Path) -> Path:
        if self.source(hash_) is not None:
            return self._made[hash_].path
        target = self._folder / f"{hash_[:16]}-{source.name}"
        part = self._folder / f"{target.name}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            copy(source, part)
            os.replace(part, target)  # who has the former one open keeps it
        except OSError as error:
            todo = (
                "free some space, or set TMPDIR to a folder on a larger disk"
                if lacks_room(error)
                else "set TMPDIR to another folder"
            )
            why = f"{error.strerror or error}, in {self._folder}"
            raise CopyError(f"{source.name} could not be copied for the plugin that reads it ({why}): {todo}") from error
        self._made[hash_] = _Made(target, version(target), source)
        return target
