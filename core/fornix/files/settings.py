"""Where files are kept and looked for, from the environment: ``FORNIX_CACHE`` and ``FORNIX_MIRROR``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from fornix.errors import UsageError
from fornix.files.addresses import Location, named_place, spoken

_MIRROR: Final = "expected a folder or s3://bucket/prefix"


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

    Each is a folder, or ``s3://bucket/prefix``, laid out as ``<host>/<path of the url>``; raises as :func:`named_mirror`.
    """
    return tuple(named_mirror(place) for place in os.environ.get("FORNIX_MIRROR", "").split())


def named_mirror(place: str) -> str:
    """A mirror as it is asked, and as errors name it: a folder, or ``s3://bucket/prefix`` without a ``/`` at its end.

    Raises
    ------
    UsageError
        If it can be neither, or is an address with a user, whose password would be printed with it.
    """
    scheme, text = named_place(place, "mirror", _MIRROR)
    if scheme == "s3":
        return Location.of(text).place
    if scheme:
        raise UsageError(f"{spoken(text)} is no mirror; {_MIRROR}")
    return text


def is_bucket(mirror: str) -> bool:
    """Whether a mirror is a prefix of a bucket; else it is a folder."""
    return mirror.startswith("s3://")


def for_another_folder() -> dict[str, str]:
    """The settings as variables of the environment that mean the same to a process that works in another folder."""
    places = [place if is_bucket(place) else os.path.abspath(os.path.expanduser(place)) for place in mirrors()]
    return {"FORNIX_CACHE": str(cache_folder()), "FORNIX_MIRROR": " ".join(places)}
