"""Where files are kept and looked for, from the environment: ``FORNIX_CACHE`` and ``FORNIX_MIRROR``."""

from __future__ import annotations

import os
from pathlib import Path

from fornix.errors import UsageError


def named_folder(place: str | os.PathLike[str], what: str) -> Path:
    """The absolute path of a folder as its user names it, also below a home (``~``).

    Parameters
    ----------
    place : path
    what : str
        What it is to be, as errors name it: "the store".

    Raises
    ------
    UsageError
        If it is below the home of a user whom this machine does not know, or named from a working folder that is gone.
    """
    try:
        return Path(place).expanduser().absolute()
    except RuntimeError:
        raise UsageError(
            f"{what} {place} is below the home of a user whom this machine does not know; give its whole path"
        ) from None
    except FileNotFoundError:
        raise UsageError(f"{what} {place} is named from the working folder, and that was removed; give its whole path") from None


def cache_folder() -> Path:
    """The folder of downloaded files: ``FORNIX_CACHE``, else the user's cache folder of this platform."""
    chosen = os.environ.get("FORNIX_CACHE", "")
    if chosen:
        return named_folder(chosen, "the cache")
    from platformdirs import user_cache_path

    return user_cache_path("fornix", appauthor=False)


def mirrors() -> tuple[str, ...]:
    """The mirrors in the order they are asked: ``FORNIX_MIRROR``, separated by white space.

    Each is a folder, or ``s3://bucket/prefix``, laid out as ``<host>/<path of the url>``.
    """
    return tuple(os.environ.get("FORNIX_MIRROR", "").split())


def for_another_folder() -> dict[str, str]:
    """The settings as variables of the environment that mean the same to a process that works in another folder."""
    places = [place if place.startswith("s3://") else os.path.abspath(os.path.expanduser(place)) for place in mirrors()]
    return {"FORNIX_CACHE": str(cache_folder()), "FORNIX_MIRROR": " ".join(places)}
