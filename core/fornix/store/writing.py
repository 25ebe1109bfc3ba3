"""What every store says of itself and how files are made for it: the description, scratch folders, and what disks refuse."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from fornix import __version__
from fornix.store.interface import StoreError

#: Raised when an older fornix could misread what this one writes.
SCHEMA: Final = 1
#: After so many seconds nobody goes on with what was begun.
ABANDONED_S: Final = 24 * 3600.0


def description() -> str:
    """What a store says of itself."""
    return json.dumps({"schema": SCHEMA, "fornix": __version__}) + "\n"


def check_description(content: bytes, place: str, where: str) -> None:
    """Raise StoreError if a store's description is damaged, or that of a newer fornix.

    Parameters
    ----------
    place, where : str
        Of the store, and of the description.
    """
    try:
        schema = int(json.loads(content)["schema"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise StoreError(f'{where} is damaged; expected {{"schema": {SCHEMA}}}') from error
    if schema > SCHEMA:
        raise StoreError(
            f"the store {place} was written by a newer fornix (its schema is {schema}, this one reads up to {SCHEMA}); "
            "upgrade fornix, or use another store"
        )


def something_else(place: str, kind: str) -> StoreError:
    """What to raise for a folder (``kind``) that holds other things than a store."""
    return StoreError(
        f"{place} is a {kind} with other things in it, not a store; give a new {kind}, or, if it is a store whose "
        f'store.json was removed, write {{"schema": {SCHEMA}}} into that file'
    )


@contextmanager
def scratch_below(parent: Path) -> Iterator[Path]:
    """A new folder that goes whatever happens."""
    scratch = parent / f"{os.getpid()}-{secrets.token_hex(6)}"
    try:
        scratch.mkdir(parents=True)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def clear_abandoned(parent: Path, now: float) -> int:
    """Remove the scratch folders of killed writers; returns how many."""
    removed = 0
    with suppress(FileNotFoundError):
        for abandoned in parent.iterdir():
            with suppress(OSError):
                if now - abandoned.stat().st_mtime > ABANDONED_S:
                    shutil.rmtree(abandoned, ignore_errors=True)
                    removed += 1
    return removed


def written(scratch: Path, text: str) -> Path:
    """A new file in a scratch folder that holds this text."""
    path = scratch / "record.json"
    path.write_text(text, encoding="utf-8")
    return path


def sha256_of(path: Path) -> str:
    """Of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def is_full(place: Path) -> bool:
    """Whether there is hardly any room: HDF5 says of a full disk that it has no permission."""
    try:
        return shutil.disk_usage(place).free < 1_000_000
    except OSError:
        return False


def lacks_room(error: OSError, place: Path) -> bool:
    """Whether this error of a disk means that it is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT) or (error.errno == errno.EACCES and is_full(place))
