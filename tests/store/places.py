"""Places for stores, as tests see them behind a store's back: what lies there, and other things put in its stead."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Protocol

from fornix.store.kept import KeptStore
from fornix.store.places import open_store


class Place(Protocol):
    """Where a store lies."""

    kind: str
    #: What its user names.
    named: str

    def open(self, read_only: bool = False) -> KeptStore:
        """The store as a process sees it that has just started, on another machine."""

    def names(self) -> list[str]:
        """Of all files or objects."""

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, content: bytes) -> None: ...

    def remove(self, name: str) -> None: ...


def contents(place: Place) -> list[str]:
    """The names of what is stored, but for what says what it is, and claims."""
    return [name for name in place.names() if name != "store.json" and not name.startswith("claims/")]


class InFolder:
    kind = "folder"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.named = str(path)

    def open(self, read_only: bool = False) -> KeptStore:
        return open_store(self.path, read_only=read_only)

    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.path)) for path in self.path.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_bytes(content)

    def remove(self, name: str) -> None:
        (self.path / name).unlink()


class InBucket:
    """A prefix of a bucket; ``client`` goes around the proxy that orders faults."""

    kind = "bucket"

    def __init__(self, client: Any, bucket: str, cache: Path) -> None:
        self.client = client
        self.bucket = bucket
        self.named = f"s3://{bucket}/some/prefix"
        self._cache = cache

    def open(self, read_only: bool = False) -> KeptStore:
        shutil.rmtree(self._cache, ignore_errors=True)
        return open_store(self.named, read_only=read_only)

    def names(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return sorted(found["Key"].removeprefix("some/prefix/") for page in pages for found in page.get("Contents", ()))

    def read(self, name: str) -> bytes:
        content: bytes = self.client.get_object(Bucket=self.bucket, Key=f"some/prefix/{name}")["Body"].read()
        return content

    def write(self, name: str, content: bytes) -> None:
        shutil.rmtree(self._cache, ignore_errors=True)
        self.client.put_object(Bucket=self.bucket, Key=f"some/prefix/{name}", Body=content)

    def remove(self, name: str) -> None:
        shutil.rmtree(self._cache, ignore_errors=True)
        self.client.delete_object(Bucket=self.bucket, Key=f"some/prefix/{name}")
