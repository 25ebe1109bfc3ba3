"""Which store is meant: a folder, or ``s3://bucket/prefix``. The one way from what a user names to an open store."""

from __future__ import annotations

import os
from pathlib import Path

from fornix.errors import UsageError
from fornix.store.kept import KeptStore

#: How a place in a bucket starts.
_BUCKET = "s3://"


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
        If nothing can be there: an unknown home, a removed working folder, no name of a bucket.
    """
    named = place or os.environ.get("FORNIX_STORE") or "fornix-store"
    if isinstance(named, Path) and named.parts[:1] == ("s3:",):
        raise UsageError(f"{named} is a path, which has lost a slash of its place in a bucket; give it as a str: 's3://...'")
    if str(named).startswith(_BUCKET):
        from fornix.store.bucket import BucketStore

        return BucketStore(str(named), read_only)
    from fornix.store.folder import FolderStore

    return FolderStore(named, read_only)
