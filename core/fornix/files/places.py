"""Where a file is looked for on this machine, and what lies there: the cache by hash, mirrors by url. Nothing is transferred."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fornix.files.file import File
from fornix.files.settings import cache_folder, is_bucket, mirrors
from fornix.files.source import OtherFile, SourceTrouble, Unreachable, other_size


@dataclass(frozen=True)
class Misplaced:
    """What lies in a file's place and is not that file.

    Parameters
    ----------
    place : str
        A path, or what a bucket calls it.
    wrong : str
        How it differs, as a clause.
    cached : bool
        Whether it lies in the cache, where it is replaced by the right one when that is fetched.
    fields : str
        What a card would say of it, ``bytes = 3, sha256 = "..."``; empty where it was not read.
    """

    place: str
    wrong: str
    cached: bool = False
    fields: str = ""


def cache_path(file: File) -> Path:
    """Where the cache keeps the file: by its hash, never by its name (the suffix is there for readers that go by it)."""
    return cache_folder() / "files" / file.hash[:2] / f"{file.hash}{file.suffix}"


def folder_path(mirror: str, file: File) -> Path:
    """Where a mirror that is a folder keeps the file."""
    return Path(os.path.expanduser(mirror)).absolute() / file.mirror_path


def paths(file: File) -> list[Path]:
    """Where on this machine the file is looked for: in the cache, then in mirrors that are folders."""
    return [cache_path(file), *(folder_path(mirror, file) for mirror in mirrors() if not is_bucket(mirror))]


def size_of(path: Path) -> int | None:
    """The size in bytes of what lies at a path; None where nothing can be seen there."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def look_into_mirror(mirror: str, file: File) -> None:
    """Raise SourceTrouble unless the mirror holds a file of the right size."""
    if is_bucket(mirror):
        from fornix.files.bucket import bucket

        bucket(mirror).look(file)
        return
    if not is_folder(mirror):
        raise Unreachable("is not a folder on this machine")
    size = size_of(folder_path(mirror, file))
    if size is None:
        raise SourceTrouble("does not hold it")
    if not file.fits(size):
        raise other_size(size, file)


def is_folder(mirror: str) -> bool:
    """Whether a mirror is a folder that is there."""
    try:
        return Path(os.path.expanduser(mirror)).is_dir()
    except OSError:  # too long for a path
        return False


def not_the_file(file: File, read_up_to: float) -> Iterator[Misplaced]:
    """What lies in the cache or a mirror under the file's name and is another file.

    Parameters
    ----------
    read_up_to : float
        Contents of so many bytes or fewer are read and hashed; of others only the size is compared.
    """
    for path in paths(file):
        cached, size = path == cache_path(file), size_of(path)
        if size is None or (file.fits(size) and size > read_up_to):
            continue
        try:
            wrong = file.wrong_with(path)
            if wrong is not None:
                yield Misplaced(str(path), wrong, cached, _fields(path, size) if size <= read_up_to else "")
        except OSError as error:
            yield Misplaced(str(path), f"cannot be read ({error.strerror})", cached)
    for mirror in filter(is_bucket, mirrors()):
        try:
            look_into_mirror(mirror, file)
        except OtherFile as trouble:
            yield Misplaced(f"{mirror}, at {file.mirror_path}", str(trouble))
        except SourceTrouble:
            continue


def _fields(path: Path, size: int) -> str:
    with path.open("rb") as stream:
        return f'bytes = {size}, sha256 = "{hashlib.file_digest(stream, "sha256").hexdigest()}"'
