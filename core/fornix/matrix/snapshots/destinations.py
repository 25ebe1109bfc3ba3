"""Where snapshots are written to: a folder or a bucket, with writes that take place only if things are as they were."""

from __future__ import annotations

import errno
import hashlib
import mimetypes
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from fornix.errors import UsageError
from fornix.files import durable
from fornix.files.held import held, lacks_locks
from fornix.files.settings import named_folder
from fornix.matrix.snapshots.format import INDEX, LATEST, SNAPSHOTS, SnapshotError, SnapshotFile
from fornix.store import uploads
from fornix.store.interface import StoreError
from fornix.store.objects import Found
from fornix.store.requests import AT_ONCE, Absent, Requests, Taken
from fornix.store.writing import clear_abandoned, lacks_room, scratch_below, sha256_of

Result = TypeVar("Result")

_BLOCK: Final = 1 << 20
#: Seconds for which another publisher may hold the lock of a folder, which it needs for one rename.
_LOCKED_S: Final = 30.0
_TYPES: Final = {
    ".parquet": "application/vnd.apache.parquet",
    ".nc": "application/x-netcdf",
    ".cff": "application/yaml",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}
_STILL_WHOLE: Final = "; what was published before is whole, and publishing again goes on from here"


class Destination(Protocol):
    """A place of snapshots, to be written. Everything raises SnapshotError, with a sentence, where it cannot be done."""

    @property
    def name(self) -> str:
        """As its user would name it."""

    def scratch(self) -> Any:
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
    text = os.fspath(place)
    if isinstance(place, Path) and place.parts[:1] == ("s3:",):
        raise UsageError(f"{text} is a path, which has lost a slash of its place in a bucket; give it as a str: 's3://...'")
    if text.startswith("s3://"):
        return IntoBucket(text)
    if "://" in text:
        raise UsageError(f"{text} can be pulled from and not published to; give the folder that it serves, or s3://bucket/prefix")
    return IntoFolder(text)


class IntoFolder:
    """A folder of this machine, or one that it shares with others."""

    def __init__(self, path: str) -> None:
        self._root = named_folder(path, "the place of snapshots")
        self.name = str(self._root)
        if self._root.exists() and not self._root.is_dir():
            raise SnapshotError(f"{self.name} is a file; give a folder to publish to")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        parent = self._root / SNAPSHOTS / ".tmp"
        with self._writing():
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
        with self._writing(), self.scratch() as folder:
            part = folder / "new"
            part.write_bytes(content)
            (self._root / name).parent.mkdir(parents=True, exist_ok=True)
            return durable.link(part, self._root / name)

    def move(self, name: str, content: bytes, version: str | None) -> bool:
        with self._writing(), self.scratch() as folder, self._alone():
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
            try:
                with held(lock) as mine:
                    if mine:
                        yield
                        return
            except OSError as error:
                if not lacks_locks(error):
                    raise
                yield
                return
            if time.monotonic() > until:
                raise SnapshotError(f"another publisher holds {lock}; see what it waits for, and publish again")
            time.sleep(0.02)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if lacks_room(error, self._root):
                why = "its disk is full; free some space"
            elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                why = f"it is read-only ({error.strerror}); make it writable, or give another place"
            else:
                why = f"it cannot be written ({error})"
            raise SnapshotError(f"nothing was published to {self.name}: {why}{_STILL_WHOLE}") from error


class IntoBucket:
    """A prefix of a bucket of S3."""

    def __init__(self, url: str) -> None:
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        if not bucket or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise UsageError(f"{url} names no place in a bucket; expected s3://bucket/prefix")
        self.name = f"s3://{bucket}/{prefix}".rstrip("/")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._requests = Requests(self.name, bucket, "the place of snapshots")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="fornix-publish-") as folder:
            yield Path(folder)

    def read(self, name: str) -> Found | None:
        def call(client: Any) -> Found:
            answer = client.get_object(**self._at(name))
            return Found(answer["Body"].read(), answer["ETag"])

        with suppress(Absent):
            return self._make(call)
        return None

    def check_conditions(self, name: str, file: Path) -> bool:
        heeded = []
        for condition in ({"IfNoneMatch": "*"}, {"IfNoneMatch": "*"}, {"IfMatch": '"no such version"'}):
            try:
                self._upload(name, file, **condition)
                heeded.append(False)
            except (Taken, Absent):
                heeded.append(True)
        if not all(heeded[1:]):
            raise SnapshotError(
                f"the endpoint of {self.name} heeds no conditions of writes (If-None-Match, If-Match), so two publishers could "
                "overwrite each other; use an endpoint that does, or publish to a folder and copy that"
            )
        return not heeded[0]

    def put_all(self, files: list[tuple[str, Path, SnapshotFile]]) -> list[str]:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fornix-publish") as pool:
            written = list(pool.map(self._put, files))
        return [name for (name, _, _), is_new in zip(files, written, strict=True) if is_new]

    def put_new(self, name: str, content: bytes) -> bool:
        with self.scratch() as folder:
            path = folder / "new"
            path.write_bytes(content)
            try:
                self._upload(name, path, IfNoneMatch="*")
            except Taken:
                return False
        return True

    def move(self, name: str, content: bytes, version: str | None) -> bool:
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        with self.scratch() as folder:
            path = folder / "moved"
            path.write_bytes(content)
            try:
                self._upload(name, path, **condition)
            except (Taken, Absent):  # also where the answer to a write that took place was lost
                return False
        return True

    def _put(self, file: tuple[str, Path, SnapshotFile]) -> bool:
        name, path, of = file
        if self._holds(name, path, of):
            return False
        try:
            self._upload(name, path, IfNoneMatch="*")
        except Taken:  # by another publisher, or by this one, whose answer was lost; or it is damaged
            if not self._holds(name, path, of):
                self._upload(name, path)
        return True

    def _holds(self, name: str, path: Path, of: SnapshotFile) -> bool:
        """Whether an object is this file: by its MD5 where its ETag is that, else by its bytes."""

        def hashed(client: Any) -> str:
            digest = hashlib.sha256()
            for block in client.get_object(**self._at(name))["Body"].iter_chunks(_BLOCK):
                digest.update(block)
            return digest.hexdigest()

        try:
            head = self._make(lambda client: client.head_object(**self._at(name)))
            if head["ContentLength"] != of.bytes:
                return False
            with path.open("rb") as stream:
                if head["ETag"].strip('"') == hashlib.file_digest(stream, "md5").hexdigest():
                    return True
            return self._make(hashed, of.bytes) == of.sha256
        except Absent:
            return False

    def _upload(self, name: str, path: Path, **condition: str) -> None:
        moves = name in (LATEST, INDEX)
        suffix = Path(name).suffix
        about = {
            "ContentType": _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream",
            "CacheControl": "no-cache" if moves else "public, max-age=31536000, immutable",
        }
        with self._explaining():
            uploads.upload(self._requests, self._at(name), path, about, **condition)

    def _make(self, call: Callable[[Any], Result], carrying: int = 0) -> Result:
        with self._explaining():
            return self._requests.make(call, carrying)

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            raise SnapshotError(f"{error}{_STILL_WHOLE}") from error

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{name}"}


def _is(path: Path, file: SnapshotFile) -> bool:
    try:
        return path.stat().st_size == file.bytes and sha256_of(path) == file.sha256
    except FileNotFoundError:
        return False
