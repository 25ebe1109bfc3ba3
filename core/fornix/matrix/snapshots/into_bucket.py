"""A bucket as the place that snapshots are published to; see :class:`~fornix.matrix.snapshots.destinations.Destination`."""

from __future__ import annotations

import hashlib
import mimetypes
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from fornix.files.addresses import Location
from fornix.matrix.snapshots.destinations import STILL_WHOLE, is_of
from fornix.matrix.snapshots.format import INDEX, LATEST, SnapshotError, SnapshotFile
from fornix.store import uploads
from fornix.store.interface import StoreError
from fornix.store.objects import Found
from fornix.store.requests import AT_ONCE, Absent, Requests, Taken

Result = TypeVar("Result")

_BLOCK: Final = 1 << 20
_TYPES: Final = {
    ".parquet": "application/vnd.apache.parquet",
    ".nc": "application/x-netcdf",
    ".cff": "application/yaml",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}


class IntoBucket:
    """A prefix of a bucket of S3."""

    def __init__(self, url: str) -> None:
        self.name, self._bucket, self._prefix = Location.of(url)
        self._requests = Requests(self.name, self._bucket, "the place of snapshots")

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="fornix-publish-") as folder:
            try:
                yield Path(folder)
            except OSError as error:
                if not is_of(error, Path(folder)):
                    raise
                raise SnapshotError(
                    f"nothing was published to {self.name}: temporary files cannot be written ({error}); free some space, or "
                    f"set TMPDIR to another folder{STILL_WHOLE}"
                ) from error

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
            raise SnapshotError(f"{error}{STILL_WHOLE}") from error

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{name}"}
