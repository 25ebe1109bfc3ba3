"""Writing so that a file is either whole on the disk or not there, whatever happens: sync first, then give it its name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def replace(part: Path, target: Path) -> None:
    """Give a finished file its name; whatever had that name is gone."""
    _sync(part)
    os.replace(part, target)
    _sync(target.parent)


def link(part: Path, target: Path) -> bool:
    """Give a finished file its name unless the name is taken (False): of several writers exactly one is first.

    ``part`` is gone afterwards.
    """
    _sync(part)
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    finally:
        part.unlink()
    _sync(target.parent)
    return True


def write(contents: Mapping[Path, bytes]) -> None:
    """Write files anew that belong together: none is touched until all are whole on the disk, then they get their names in order.

    Each is written beside its target, under the hidden name of :func:`part_of`, so two writers at once must keep each other out;
    what a killed one has left is written over. A link is followed, and the permissions of what was there stay.

    Raises
    ------
    OSError
        If one cannot be written, with its target as ``filename``; all after it, in the order given, are as they were.
    """
    targets = {target: Path(os.path.realpath(target)) for target in contents}
    try:
        for name, target in targets.items():
            with _named(name):
                part_of(target).unlink(missing_ok=True)  # of a writer that was killed, and maybe not to be written into
                part_of(target).write_bytes(contents[name])
                if target.exists():
                    shutil.copymode(target, part_of(target))
                _sync(part_of(target))
        for name, target in targets.items():
            with _named(name):
                replace(part_of(target), target)
    finally:
        for target in targets.values():
            with suppress(OSError):
                part_of(target).unlink(missing_ok=True)


def check_writable(target: Path) -> None:
    """See that :func:`write` can write a file, without touching it; raises OSError with its name.

    Whoever has made the file itself read-only, or immutable, wants it to stay.
    """
    with _named(target):
        place = Path(os.path.realpath(target))
        if place.exists():
            place.open("r+b").close()
        part_of(place).touch()
        part_of(place).unlink()


def part_of(target: Path) -> Path:
    """Where a file is written before it gets its name: beside it, hidden."""
    return target.with_name(f".{target.name}.part")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Have an OSError name the file that is meant, also where it names none, or the one it was to be made of."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
