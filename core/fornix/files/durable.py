"""Writing so that a file is either whole on the disk or not there, whatever happens: sync first, then give it its name."""

from __future__ import annotations

import os
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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
