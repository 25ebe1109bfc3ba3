"""Where snapshots are read from: a folder, a bucket, or whatever serves such a folder over HTTP. Nothing is believed here that
has no hash: what is small is handed over as it came, files only if they are those that the manifest means."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from fornix.errors import UsageError
from fornix.files.fetch import FileUnavailable, fetch_from
from fornix.files.file import File
from fornix.files.network import Document, Network, read_document, unreachable
from fornix.files.settings import named_folder
from fornix.files.source import Interrupted, NotThere, OtherFile, Source, SourceTrouble, Stream, other_size
from fornix.matrix.snapshots.format import MANIFEST, SNAPSHOTS, SnapshotError, SnapshotFile
from fornix.store.interface import StoreError
from fornix.store.requests import Absent, Requests, Taken, Unanswered

_BLOCK: Final = 1 << 20
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
    text = os.fspath(place)
    if isinstance(place, Path) and place.parts[:1] in (("s3:",), ("http:",), ("https:",)):
        raise UsageError(f"{text} is a path, which has lost a slash of its address; give it as a str")
    scheme = text.partition("://")[0] if "://" in text else ""
    if scheme in ("http", "https"):
        return Web(text)
    if scheme == "s3":
        return InBucket(text)
    if scheme:
        raise UsageError(f"{text} is no place of snapshots; expected a folder, s3://bucket/prefix, or an http(s):// address")
    return InFolder(text)


def hint_within(name: str) -> str:
    """The end of a sentence about a place that has no snapshots, for one that lies within a place that may have some."""
    found = _WITHIN.fullmatch(name)
    if found is None:
        return ""
    version = f", version={found['version']!r}" if found["version"] else ""
    return f"; did you mean {found['place']!r}{version}?"


def _no_such(what: str, place: str) -> Missing:
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
            return Document((self._root / name).read_bytes(), "")
        except (FileNotFoundError, NotADirectoryError):
            raise _no_such(name, self.name) from None
        except OSError as error:
            raise self._refusal(name, error) from error

    def file(self, name: str, entry: SnapshotFile) -> Path:
        path = self._root / name
        try:
            status = path.stat()
            version = (entry.sha256, status.st_size, status.st_mtime_ns)
            if self._checked.get(path) != version:
                with path.open("rb") as stream:
                    found = hashlib.file_digest(stream, "sha256").hexdigest()
                if found != entry.sha256:
                    wrong = f"has sha256 {found}, expected {entry.sha256}"
                    if status.st_size != entry.bytes:
                        wrong = f"has {status.st_size} bytes, expected {entry.bytes}"
                    raise SnapshotError(
                        f"{path} is not as it was published ({wrong}); copy the snapshot anew, or publish it again"
                    )
        except (FileNotFoundError, NotADirectoryError):
            raise _no_such(name, self.name) from None
        except OSError as error:
            raise self._refusal(name, error) from error
        self._checked[path] = version
        return path

    def versions(self) -> list[str]:
        try:
            return sorted(path.parent.name for path in (self._root / SNAPSHOTS).glob(f"*/{MANIFEST}"))
        except OSError as error:
            raise self._refusal(SNAPSHOTS, error) from error

    def _refusal(self, name: str, error: OSError) -> SnapshotError:
        if error.errno == errno.ENAMETOOLONG:
            return _no_such(name, self.name)
        return SnapshotError(f"{self._root / name} cannot be read ({error.strerror or error})")


# addresses


class Web:
    """An address below which a web server has the files."""

    is_here = False

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
            raise UsageError(
                f"{url} is no address of a place of snapshots; expected https://host/path, with no user, '?' or '#' in it"
            )
        self.name = url.rstrip("/")
        self._source = Network()

    def document(self, name: str, etag: str = "") -> Document | None:
        url = self._url(name)
        self._check_reachable(url)
        try:
            return read_document(url, etag)
        except SourceTrouble as trouble:
            raise self._told(name, trouble) from None

    def file(self, name: str, entry: SnapshotFile) -> Path:
        return _fetched(self._source, _as_file(self._url(name), entry), lambda trouble: self._told(name, trouble))

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


# buckets


class InBucket:
    """A prefix of a bucket, through the requests that stores make."""

    is_here = False

    def __init__(self, url: str) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        if not bucket or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise UsageError(f"{url} names no place in a bucket; expected s3://bucket/prefix")
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._requests = Requests(self.name, bucket, "the place of snapshots")

    def document(self, name: str, etag: str = "") -> Document:
        def call(client: Any) -> Document:
            answer = client.get_object(**self._at(name))
            return Document(answer["Body"].read(), answer["ETag"])

        try:
            return self._requests.make(call)
        except Absent:
            raise _no_such(name, self.name) from None
        except StoreError as error:
            raise _of_bucket(error) from error

    def file(self, name: str, entry: SnapshotFile) -> Path:
        source = _Object(self._requests, self._at(name))
        try:
            return _fetched(source, _as_file(f"{self.name}/{name}", entry), lambda trouble: self._told(name, trouble))
        except StoreError as error:
            raise _of_bucket(error) from error

    def versions(self) -> list[str]:
        start = f"{self._prefix}{SNAPSHOTS}"

        def call(client: Any) -> list[str]:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start, Delimiter="/")
            return [found["Prefix"][len(start) : -1] for page in pages for found in page.get("CommonPrefixes", ())]

        try:
            return sorted(self._requests.make(call))
        except StoreError as error:
            raise _of_bucket(error) from error

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{name}"}

    def _told(self, name: str, trouble: SourceTrouble) -> SnapshotError:
        if isinstance(trouble, NotThere):
            return _no_such(name, self.name)
        kind = Away if isinstance(trouble, Interrupted) else SnapshotError
        return kind(f"{self.name}/{name} {trouble}")


class _Object:
    """One object as a source of its bytes; see :class:`~fornix.files.source.Source`."""

    def __init__(self, requests: Requests, at: dict[str, str]) -> None:
        self._requests = requests
        self._at = at

    def open(self, file: File, start: int, validator: str) -> Stream:
        if not validator:
            start = 0
        how = {"Range": f"bytes={start}-", "IfMatch": validator} if start else {}
        try:
            answer = self._requests.make(lambda client: client.get_object(**self._at, **how))
        except Taken:  # another version than that of which a part is there
            return self.open(file, 0, "")
        except Absent:
            raise NotThere("is not there") from None
        begin = start if "ContentRange" in answer else 0
        if begin + answer["ContentLength"] != file.bytes:
            answer["Body"].close()
            raise other_size(begin + answer["ContentLength"], file)
        return Stream(begin, _chunks(answer["Body"]), answer["ETag"])


def _chunks(body: Any) -> Iterator[bytes]:
    from botocore.exceptions import BotoCoreError
    from urllib3.exceptions import ProtocolError  # which botocore lets through up to 1.36

    try:
        yield from body.iter_chunks(_BLOCK)
    except (BotoCoreError, ProtocolError) as error:
        raise Interrupted(f"broke off ({error})") from None
    finally:
        body.close()


def _of_bucket(error: StoreError) -> SnapshotError:
    return (Away if isinstance(error, Unanswered) else SnapshotError)(str(error))


# both


def _as_file(url: str, entry: SnapshotFile) -> File:
    try:
        return File(url.rsplit("/", 1)[1], url, entry.bytes, sha256=entry.sha256)
    except ValueError as error:
        raise SnapshotError(f"the manifest of the snapshot is damaged: {error}") from None


def _fetched(source: Source, file: File, told: Callable[[SourceTrouble], SnapshotError]) -> Path:
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
