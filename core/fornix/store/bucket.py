"""A store in an S3 bucket: conditional writes, and arrays kept on this machine once they were read."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from fornix.files.addresses import Location
from fornix.store import layout, uploads
from fornix.store.cached import CachedFiles
from fornix.store.claims import Claims
from fornix.store.interface import StoreError
from fornix.store.kept import KeptStore
from fornix.store.objects import Entry, Found, Result
from fornix.store.requests import AT_ONCE, Absent, Requests, Taken, Trouble
from fornix.store.writing import (
    check_description,
    description,
    something_else,
    written,
)

_BLOCK: Final = 1 << 20
#: How often a file that arrives with another hash than it should have is fetched again.
_READINGS: Final = 3


class BucketStore(KeptStore):
    """A store at ``s3://bucket/prefix``; see :class:`~fornix.store.interface.Store`.

    Endpoint, region and credentials are those that boto3 finds (``AWS_ENDPOINT_URL``, ``AWS_PROFILE``, ...). Files of arrays
    that were read or written are kept in the cache (``stores`` below ``FORNIX_CACHE``), by their hash; they may be removed
    at any time.

    Parameters
    ----------
    url : str
    read_only : bool
        Refuse every write.

    Raises
    ------
    StoreError
        If the bucket cannot be used, or something else lies there, or a store of a newer fornix.
    UsageError
        If the url names no bucket.
    """

    def __init__(self, url: str, read_only: bool = False) -> None:
        super().__init__(Bucket(url, read_only))


class Bucket:
    """The objects of a store below a prefix of a bucket; see :class:`~fornix.store.objects.Objects`."""

    def __init__(self, url: str, read_only: bool) -> None:
        self.place, self._bucket, self._prefix = Location.of(url)
        self.read_only = read_only
        self._requests = Requests(self.place, self._bucket)
        self._claims = Claims(self)
        self._ready = False
        self._preparing = threading.Lock()
        self._cached = CachedFiles()
        found = self.read(layout.DESCRIPTION)
        if found is not None:
            check_description(found.content, self.place, f"{self.place}/{layout.DESCRIPTION}")
        elif not layout.is_laid_out(self.children):
            raise something_else(self.place, "prefix")

    # reading

    def read(self, name: str) -> Found | None:
        def call(client: Any) -> Found:
            answer = client.get_object(**self._at(name))
            return Found(answer["Body"].read(), answer["ETag"])

        with suppress(Absent):
            return self._requests.make(call)
        return None

    def aged(self, name: str) -> tuple[Found, float] | None:
        """A small object, and for how many seconds it has been as it is, by the clock of the endpoint; None if there is none."""

        def call(client: Any) -> tuple[Found, float]:
            answer = client.get_object(**self._at(name))
            found = Found(answer["Body"].read(), answer["ETag"])
            now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
            return found, (now - answer["LastModified"]).total_seconds()

        with suppress(Absent):
            return self._requests.make(call)
        return None

    def sound(self, name: str, sha256: str, *, anew: bool = False) -> Path | None:
        path = self._cached.path(sha256, Path(name).suffix)
        if not anew and self._cached.is_sound(path, sha256):
            return path
        seen: set[str] = set()
        try:
            with self._cached.scratch() as scratch:
                for _ in range(_READINGS):
                    part = scratch / "part"
                    hashed = self._fetch(name, part)
                    if hashed == sha256:
                        self._cached.keep(part, path)
                        return path
                    if hashed is None or hashed in seen:
                        return None
                    seen.add(hashed)  # damaged on its way, or where it lies
        except OSError as error:
            raise self._cached.refusal(self.place, error) from error
        return None

    def _fetch(self, name: str, target: Path) -> str | None:
        """Bring an object to a file; returns the hash of what came, None if there is none."""
        sizes: list[int] = []

        def look(client: Any) -> None:
            sizes.append(client.head_object(**self._at(name))["ContentLength"])

        def call(client: Any) -> str:
            hashed = hashlib.sha256()
            part = target.with_name(f"{target.name}-{threading.get_ident()}")  # a try that is given up may go on writing
            with part.open("wb") as out:
                for block in client.get_object(**self._at(name))["Body"].iter_chunks(_BLOCK):
                    hashed.update(block)
                    out.write(block)
            os.replace(part, target)
            return hashed.hexdigest()

        try:
            self._requests.make(look)
            return self._requests.make(call, sizes[-1])
        except Absent:
            return None

    def holds(self, name: str) -> bool:
        try:
            self._requests.make(lambda client: client.head_object(**self._at(name)))
        except Absent:
            return False
        return True

    def children(self, folder: str) -> Iterator[str]:
        begin = len(self._prefix) + len(folder)
        for page in self._pages(folder, Delimiter="/"):
            yield from (found["Prefix"][begin:] for found in page.get("CommonPrefixes", ()))
            yield from (found["Key"][begin:] for found in page.get("Contents", ()) if len(found["Key"]) > begin)

    def entries(self, folder: str) -> Iterator[Entry]:
        first = next(self._pages(folder))
        if not first.get("IsTruncated"):
            yield from self._entries_of(first)
            return
        # Many: the folders below side by side.
        below = list(self.children(folder))
        alone = {f"{folder}{name}" for name in below if not name.endswith("/")}
        if alone:
            yield from (entry for page in self._pages(folder, Delimiter="/") for entry in self._entries_of(page))
        folders = (f"{folder}{name}" for name in below if name.endswith("/"))
        for found in self.each(lambda name: [e for page in self._pages(name) for e in self._entries_of(page)], folders):
            yield from found

    def each(self, call: Callable[[str], Result], names: Iterable[str]) -> Iterator[Result]:
        names = iter(names)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fornix-bucket") as pool:
            while some := list(islice(names, 16 * AT_ONCE)):
                yield from pool.map(call, some)

    def _pages(self, folder: str, **how: Any) -> Iterator[Any]:
        more: dict[str, str] = {}
        while True:
            asked = {"Bucket": self._bucket, "Prefix": f"{self._prefix}{folder}", **how, **more}
            page = self._requests.make(lambda client, asked=asked: client.list_objects_v2(**asked))  # type: ignore[misc]
            yield page
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _entries_of(self, page: Any) -> Iterator[Entry]:
        for found in page.get("Contents", ()):
            yield Entry(found["Key"][len(self._prefix) :], found["ETag"], found["LastModified"].timestamp())

    # writing

    @contextmanager
    def writing(self, what: str) -> Iterator[Path]:
        if self.read_only:
            raise StoreError(f"{what} was not stored: the store {self.place} was opened read-only")
        try:
            with self._cached.scratch() as scratch:
                with self._preparing:
                    if not self._ready:
                        self._prepare(scratch)
                yield scratch
        except Trouble as error:
            raise StoreError(f"{what} was not stored: {error}") from error
        except OSError as error:
            raise StoreError(f"{what} was not stored: {self._cached.refusal(self.place, error)}") from error

    def _prepare(self, scratch: Path) -> None:
        """Say what the prefix is, and make sure that of two writers of one name the second is told.

        What an endpoint that heeds no conditions overwrites here is the same text.
        """
        self.put_new(layout.DESCRIPTION, written(scratch, description()))
        again = self.put_new(layout.DESCRIPTION, written(scratch, description()))
        if again or self.replace(layout.DESCRIPTION, description().encode(), '"no such version"') is not None:
            raise Trouble(
                f"the endpoint of the store {self.place} heeds no conditions of writes (If-None-Match, If-Match), so two writers "
                "could overwrite each other's results; use an endpoint that does, or a folder"
            )
        self._cached.clear_abandoned(time.time())
        self._ready = True

    def put_new(self, name: str, file: Path) -> bool:
        try:
            uploads.upload(self._requests, self._at(name), file, IfNoneMatch="*")
        except Taken:
            return False
        finally:
            file.unlink()
        return True

    def put_hashed(self, name: str, file: Path, sha256: str) -> None:
        try:
            uploads.upload(self._requests, self._at(name), file, IfNoneMatch="*")
        except Taken:
            if self.sound(name, sha256, anew=True) is None:
                uploads.upload(self._requests, self._at(name), file)
        self._cached.keep(file, self._cached.path(sha256, Path(name).suffix))

    def put(self, name: str, file: Path) -> None:
        uploads.upload(self._requests, self._at(name), file)
        file.unlink()

    def replace(self, name: str, content: bytes, version: str | None) -> str | None:
        """Write a small object if it still has this version (None: if there is none); returns its new version, else None."""
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        tries: list[Any] = []

        def call(client: Any) -> str:
            tries.append(client)
            sent = client.put_object(**self._at(name), Body=content, ContentMD5=uploads.digest(content), **condition)
            return str(sent["ETag"])

        with suppress(Absent, Taken):
            return self._requests.make(call)
        if len(tries) > 1:  # one whose answer was lost may have written it
            found = self.read(name)
            return found.version if found is not None and found.content == content else None
        return None

    def remove(self, name: str) -> None:
        self._requests.make(lambda client: client.delete_object(**self._at(name)))

    def claim(self, name: str) -> AbstractContextManager[bool]:
        return self._claims.claim(name)

    def tidy(self, now: float) -> int:
        removed = self._cached.clear_abandoned(now)
        removed += uploads.abort_abandoned(self._requests, self._bucket, self._prefix, now)
        return removed + self._claims.remove_lapsed(now)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{name}"}
