"""Which store is meant: a folder, or ``s3://bucket/prefix``. The one way from what a user names to an open store."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from fornix.errors import UsageError
from fornix.files.addresses import named_place, spoken
from fornix.store.kept import KeptStore

_EXPECTED: Final = "expected a folder or s3://bucket/prefix"


def open_store(place: str | Path | None = None, *, read_only: bool = False) -> KeptStore:
    """The store at a place.

    Parameters
    ----------
    place : str or path, optional
        A folder, or ``s3://bucket/prefix``. Default: ``FORNIX_STORE``, else ``fornix-store`` in the working folder.
    read_only : bool
        Refuse every write.

    Raises
    ------
    StoreError
        If something else lies there, or a store of a newer fornix, or it cannot be reached.
    UsageError
        If nothing can be there: an empty text, another address, an unknown home, a removed working folder, no name of a bucket.
    """
    named = place if place is not None else os.environ.get("FORNIX_STORE") or "fornix-store"
    scheme, text = named_place(named, "store", _EXPECTED)
    if scheme == "s3":
        from fornix.store.bucket import BucketStore

        return BucketStore(text, read_only)
    if scheme:
        raise UsageError(f"{spoken(text)} is no store; {_EXPECTED}")
    from fornix.store.folder import FolderStore

    return FolderStore(text, read_only)
