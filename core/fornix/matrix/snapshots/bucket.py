"""Snapshots in a prefix of a bucket, read by the requests that stores make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fornix.files.addresses import Location
from fornix.files.file import File
from fornix.files.network import LARGEST_DOCUMENT, Document
from fornix.files.source import Interrupted, NotThere, SourceTrouble, Stream, other_size
from fornix.matrix.snapshots.format import SNAPSHOTS, SnapshotError, SnapshotFile
from fornix.matrix.snapshots.sources import Away, as_file, fetched, no_such
from fornix.store.interface import StoreError
from fornix.store.requests import Absent, Requests, Taken, Unanswered

_BLOCK: Final = 1 << 20


class InBucket:
    """A prefix of a bucket; see :class:`~fornix.matrix.snapshots.sources.Place`."""

    is_here = False

    def __init__(self, url: str) -> None:
        self.name, self._bucket, self._prefix = Location.of(url)
        self._requests = Requests(self.name, self._bucket, "the place of snapshots")

    def document(self, name: str, etag: str = "") -> Document | None:
        asked = {**self._at(name), **({"IfNoneMatch": etag} if etag else {})}

        def call(client: Any) -> Document | None:
            try:
                answer = client.get_object(**asked)
            except client.exceptions.ClientError as error:
                if etag and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 304:
                    return None
                raise
            if answer["ContentLength"] > LARGEST_DOCUMENT:
                answer["Body"].close()
                raise SnapshotError(f"{self.name}/{name} has {answer['ContentLength']} bytes, and is not what fornix publishes")
            return Document(answer["Body"].read(), answer["ETag"])

        try:
            return self._requests.make(call)
        except Absent:
            raise no_such(name, self.name) from None
        except StoreError as error:
            raise _of_bucket(error) from error

    def file(self, name: str, entry: SnapshotFile) -> Path:
        source = _Object(self._requests, self._at(name))
        try:
            return fetched(source, as_file(f"{self.name}/{name}", entry), lambda trouble: self._told(name, trouble))
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
            return no_such(name, self.name)
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
