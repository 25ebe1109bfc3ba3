"""Where files are kept and looked for, from the environment: ``FORNIX_CACHE`` and ``FORNIX_MIRROR``."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder of downloaded files: ``FORNIX_CACHE``, else the user's cache folder of this platform."""
    chosen = os.environ.get("FORNIX_CACHE", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("fornix", appauthor=False)


def mirrors() -> tuple[str, ...]:
    """The mirrors in the order they are asked: ``FORNIX_MIRROR``, separated by white space.

    Each is a folder, or ``s3://bucket/prefix``, laid out as ``<host>/<path of the url>``.
    """
    return tuple(os.environ.get("FORNIX_MIRROR", "").split())


def for_another_folder() -> dict[str, str]:
    """The settings as variables of the environment that mean the same to a process that works in another folder."""
    places = [place if place.startswith("s3://") else str(Path(place).expanduser().absolute()) for place in mirrors()]
    return {"FORNIX_CACHE": str(cache_folder()), "FORNIX_MIRROR": " ".join(places)}
