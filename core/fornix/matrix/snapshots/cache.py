"""What this machine remembers of a place of snapshots: its pointers as they were seen, and the manifests of versions it had.

The files of a version are in the cache by their hash, as every other file (:mod:`fornix.files.fetch`). All of it may be removed
at any time. Two processes may remember at once: each file is replaced whole, and says the same of the same version.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import secrets
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from fornix.files import durable
from fornix.files.network import Document
from fornix.files.places import cache_path, size_of
from fornix.files.settings import cache_folder
from fornix.matrix.snapshots.format import (
    LATEST,
    PULLED,
    Manifest,
    Pointer,
    SnapshotError,
    check_version,
    folder_of,
    is_version,
)
from fornix.matrix.snapshots.sources import as_file
from fornix.registry.problems import counted

#: So many pointers are remembered beside the last: of the last, the files may never have come.
_BEFORE: Final = 8
#: What reading may raise of what was damaged since it was remembered.
_DAMAGED: Final = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, SnapshotError)


class Remembered(NamedTuple):
    """A pointer, and when its place was last seen to have it (seconds since the epoch)."""

    document: Document
    seen: float


class Memory:
    """What is remembered of one place.

    Parameters
    ----------
    place : str
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._warned = False
        self._folder = cache_folder() / "snapshots" / hashlib.sha256(place.encode()).hexdigest()[:16]

    def pointers(self, where: str) -> list[Remembered]:
        """The pointers that were seen, the last one first, but for those of which what is there is damaged.

        Parameters
        ----------
        where : str
            Where the pointer itself lies.
        """
        found: list[Remembered] = []
        with suppress(OSError, *_DAMAGED):
            said = json.loads((self._folder / LATEST).read_bytes())
            before = said.get("before")
            for each in (said, *(before if isinstance(before, list) else ())) if said["place"] == self._place else ():
                with suppress(*_DAMAGED):
                    found.append(_remembered(each, where))
        return found

    def keep_pointer(self, document: Document, where: str) -> None:
        """Remember what a place points to now, and some of what it pointed to before."""
        before = [kept for kept in self.pointers(where) if kept.document.content != document.content][:_BEFORE]
        said = {
            "place": self._place,
            **_as_json(Remembered(document, time.time())),
            "before": [_as_json(kept) for kept in before],
        }
        self._keep(LATEST, json.dumps(said).encode())

    def manifest(self, version: str) -> bytes | None:
        """The manifest of a version, as it came; whoever reads it checks it."""
        with suppress(OSError):
            return self._manifest(version).read_bytes()
        return None

    def keep_manifest(self, version: str, content: bytes) -> None:
        """Remember a manifest that was checked."""
        self._keep(self._manifest(version).name, content)

    def has_matrix(self, pointer: Pointer) -> bool:
        """Whether what the matrix of a version is read from is in the cache, with its manifest."""
        manifest = self.manifest(pointer.version)
        if manifest is None or not is_version(manifest, pointer.version, pointer.manifest_sha256):
            return False
        files, at = Manifest.from_bytes(manifest, pointer.version).files, f"{self._place}/{folder_of(pointer.version)}"
        if not files.keys() >= set(PULLED):
            return False
        return all(file.fits(size_of(cache_path(file))) for file in (as_file(f"{at}{path}", files[path]) for path in PULLED))

    def versions(self) -> list[str]:
        """The versions whose manifests are remembered, the newest last."""
        found = []
        for path in self._folder.glob("*.json"):
            with suppress(ValueError):
                found.append(check_version(path.stem))
        return sorted(found)

    def _manifest(self, version: str) -> Path:
        return self._folder / f"{version}.json"

    def _keep(self, name: str, content: bytes) -> None:
        part = self._folder / f".{name}.{secrets.token_hex(6)}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(content)
                durable.replace(part, self._folder / name)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
                self._warn_if_empty(error)
                return  # others filled it, for this user to read; what is not there is asked for again
            raise SnapshotError(
                f"the cache {cache_folder()} cannot be used ({error.strerror or error}): make it writable, or set FORNIX_CACHE "
                "to another folder"
            ) from error

    def _warn_if_empty(self, error: OSError) -> None:
        """Once; where others have filled the cache, that they alone can is as it should be."""
        if not self._warned and not any(self._folder.glob("*.json")):
            self._warned = True
            warnings.warn(
                f"the cache {cache_folder()} cannot be written ({error.strerror or error}), so that {self._place} cannot be "
                "pulled without a network later: make it writable, or set FORNIX_CACHE to another folder",
                stacklevel=8,
            )


def _remembered(said: Any, where: str) -> Remembered:
    document = Document(str(said["pointer"]).encode(), str(said["etag"]))
    Pointer.from_bytes(document.content, where)
    if not (document.etag.isascii() and document.etag.isprintable()):
        raise ValueError("no server gave such an ETag")
    seen = float(said["seen"])
    if not math.isfinite(seen):
        raise ValueError("no clock says so")
    return Remembered(document, seen)


def _as_json(kept: Remembered) -> dict[str, Any]:
    return {"pointer": kept.document.content.decode(), "etag": kept.document.etag, "seen": kept.seen}


def ago(seconds: float) -> str:
    """A time in words: "3 days"."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return counted(int(seconds // length), unit)
    return "less than a minute"
