"""Where snapshots are read from: a folder, a bucket (:mod:`~fornix.matrix.snapshots.bucket`), or what serves a folder over HTTP.

Nothing is believed here: what is small is handed over as it came, files only if they are those that the manifest means.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from fornix.errors import UsageError
from fornix.files.addresses import spoken
from fornix.files.fetch import FileUnavailable, fetch_from
from fornix.files.file import File
from fornix.files.network import LARGEST_DOCUMENT, Document, Network, read_document, unreachable
from fornix.files.settings import named_folder
from fornix.files.source import Interrupted, NotThere, OtherFile, Source, SourceTrouble
from fornix.matrix.snapshots.format import LATEST, MANIFEST, SNAPSHOTS, SnapshotError, SnapshotFile
from fornix.matrix.snapshots.named import named_address, named_place

#: What browsers show in the address bar of a published site, below the place itself.
_WITHIN: Final = re.compile(r"(?P<place>.+?)/(?:snapshots(?:/(?P<version>[^/]+)(?:/.*)?)?|latest\.json|index\.html)/*")


class Away(SnapshotError):
    """A place does not answer now, and may do so later."""


class Missing(SnapshotError):
    """A place answers, and has nothing under a name."""


class Place(Protocol):
    """A place of snapshots, to be read."""

    @property
    def name(self) -> str:
        """As its user would name it."""

    @property
    def is_here(self) -> bool:
        """Whether it is a folder of this machine, of which no copy is kept."""

    def document(self, name: str, etag: str = "") -> Document | None:
        """A small object as it is now; None if it still has this ETag.

        Raises
        ------
        Missing, Away, SnapshotError
            If there is none, if it cannot be asked now, if it refuses.
        """

    def file(self, name: str, entry: SnapshotFile) -> Path:
        """The path, to be read only, of a file that is what its entry says; raises as :meth:`document`."""

    def versions(self) -> list[str] | None:
        """The versions that lie there, some maybe not whole; None where nothing can list them."""


def open_place(place: str | os.PathLike[str]) -> Place:
    """The place that a user names: a folder, ``s3://bucket/prefix``, or an http(s) address.

    Raises
    ------
    UsageError
        If it cannot be one.
    """
    scheme, text = named_place(place)
    if scheme in ("http", "https"):
        return Web(text)
    if scheme == "s3":
        from fornix.matrix.snapshots.bucket import InBucket

        return InBucket(text)
    if scheme:
        raise UsageError(
            f"{spoken(text)} is no place of snapshots; expected a folder, s3://bucket/prefix, or an http(s):// address"
        )
    return InFolder(text)


def is_place(place: str | os.PathLike[str]) -> bool:
    """Whether snapshots were published at a place; what is at an http(s) address can be nothing else."""
    if named_place(place)[0] in ("http", "https"):
        return True
    try:
        open_place(place).document(LATEST)
    except Missing:
        return False
    return True


def hint_within(name: str) -> str:
    """The end of a sentence about a place that has no snapshots, for one that lies within a place that may have some."""
    found = _WITHIN.fullmatch(name)
    if found is None:
        return ""
    version = f", version={found['version']!r}" if found["version"] else ""
    return f"; did you mean {found['place']!r}{version}?"


def no_such(what: str, place: str) -> Missing:
    """What to raise for an object that a place has not."""
    return Missing(f"there is no {what} at {place}")


# folders


class InFolder:
    """A folder of this machine, read where it lies."""

    is_here = True

    def __init__(self, path: str) -> None:
        self._root = named_folder(path, "the place of snapshots")
        self.name = str(self._root)
        #: Path -> (hash, size, time of change in ns) of the files whose hash this object has checked.
        self._checked: dict[Path, tuple[str, int, int]] = {}

    def document(self, name: str, etag: str = "") -> Document:
        try:
            self._check_file(self._root / name, LARGEST_DOCUMENT)
            return Document((self._root / name).read_bytes(), "")
        except (FileNotFoundError, NotADirectoryError):
            raise no_such(name, self.name) from None
        except OSError as error:
            raise self._refusal(name, error) from error

    def file(self, name: str, entry: SnapshotFile) -> Path:
        path = self._root / name
        try:
            status = self._check_file(path, entry.bytes)
            version = (entry.sha256, status.st_size, status.st_mtime_ns)
            if self._checked.get(path) != version:
                with path.open("rb") as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
                if status.st_size != entry.bytes:
                    raise self._other(path, f"has {status.st_size} bytes, expected {entry.bytes}")
                if found != entry.sha256:
                    raise self._other(path, f"has sha256 {found}, expected {entry.sha256}")
        except (FileNotFoundError, NotADirectoryError):
            raise no_such(name, self.name) from None
        except OSError as error:
            raise self._refusal(name, error) from error
        self._checked[path] = version
        return path

    def versions(self) -> list[str]:
        try:
            return sorted(path.parent.name for path in (self._root / SNAPSHOTS).glob(f"*/{MANIFEST}"))
        except OSError as error:
            raise self._refusal(SNAPSHOTS, error) from error

    def _check_file(self, path: Path, size: int) -> os.stat_result:
        """Look at a file before it is read, which might have no end: a pipe, say."""
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SnapshotError(f"{path} is no file (a folder, or a pipe?), so this is not what fornix published")
        if status.st_size > size:
            raise self._other(path, f"has {status.st_size} bytes, expected {size} or fewer")
        return status

    def _other(self, path: Path, wrong: str) -> SnapshotError:
        return SnapshotError(f"{path} is not as it was published ({wrong}); copy the snapshot anew, or publish it again")

    def _refusal(self, name: str, error: OSError) -> SnapshotError:
        if error.errno == errno.ENAMETOOLONG:
            return no_such(name, self.name)
        return SnapshotError(f"{self._root / name} cannot be read ({error.strerror or error})")


# addresses


class Web:
    """An address below which a web server has the files."""

    is_here = False

    def __init__(self, url: str) -> None:
        self.name = named_address(url)
        self._source = Network()

    def document(self, name: str, etag: str = "") -> Document | None:
        url = self._url(name)
        self._check_reachable(url)
        try:
            return read_document(url, etag)
        except SourceTrouble as trouble:
            raise self._told(name, trouble) from None

    def file(self, name: str, entry: SnapshotFile) -> Path:
        return fetched(self._source, as_file(self._url(name), entry), lambda trouble: self._told(name, trouble))

    def versions(self) -> None:
        return None

    def _url(self, name: str) -> str:
        return f"{self.name}/{quote(name)}"

    def _check_reachable(self, url: str) -> None:
        """Looking up a name may take half a minute, so the host is probed; it may be there again since it was not."""
        if unreachable(url) is not None and (down := unreachable(url, ask_again=True)) is not None:
            raise Away(f"{self.name} {down}")

    def _told(self, name: str, trouble: SourceTrouble) -> SnapshotError:
        if isinstance(trouble, NotThere):
            return Missing(f"there is no {name} at {self.name} (it {trouble})")
        kind = Away if isinstance(trouble, Interrupted) else SnapshotError
        return kind(f"{self._url(name)} {trouble}")


# those that are elsewhere


def as_file(url: str, entry: SnapshotFile) -> File:
    """A file of a manifest at its url."""
    try:
        return File(url.rsplit("/", 1)[1], url, entry.bytes, sha256=entry.sha256)
    except ValueError as error:
        raise SnapshotError(f"the manifest of the snapshot is damaged: {error}") from None


def fetched(source: Source, file: File, told: Callable[[SourceTrouble], SnapshotError]) -> Path:
    """The file from the cache or its source; one that arrives as another is asked for twice, as the fault may lie on the way."""
    for again in (True, False):
        try:
            return fetch_from(source, file)
        except OtherFile as trouble:
            if not again:
                raise SnapshotError(
                    f"{told(trouble)}: it was changed after it was published, or damaged; tell who keeps it, and do not use it"
                ) from None
        except SourceTrouble as trouble:
            raise told(trouble) from None
        except FileUnavailable as error:
            raise SnapshotError(str(error)) from error
    raise AssertionError("unreachable")
