"""What users name as a place of snapshots. What cannot be one is refused before anything is asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from fornix.errors import UsageError
from fornix.files.network import spoken

_EXPECTED: Final = "expected a folder, s3://bucket/prefix, or an http(s):// address"


def named_place(place: Any) -> tuple[str, str]:
    """The scheme of a place (``""``: a folder) in lower case, and how it is written.

    Raises
    ------
    UsageError
        If it is no text or path, empty, or can name nothing on any machine.
    """
    text = os.fspath(place) if isinstance(place, str | os.PathLike) else None
    if not isinstance(text, str):
        raise UsageError(f"{place!r} is no place of snapshots; {_EXPECTED}, as a str")
    if not text.strip():
        raise UsageError(f"the place of snapshots is empty (is a variable not set?); {_EXPECTED}, '.' for the working folder")
    if isinstance(place, Path) and "".join(place.parts[:1]).lower() in ("s3:", "http:", "https:"):
        raise UsageError(f"{text} is a path, which has lost a slash of its address; give it as a str")
    scheme, mark, rest = text.partition("://")
    if not mark:
        _check_written(text, text)
        return "", text
    _check_written(rest, spoken(text))
    if scheme.lower() == "file":
        raise UsageError(f"{spoken(text)} is an address; give the folder itself")
    return scheme.lower(), f"{scheme.lower()}://{rest}"


def named_address(url: str) -> str:
    """An http(s) address as it is asked for, without a ``/`` at its end: what a request cannot hold is escaped.

    Raises
    ------
    UsageError
        If it cannot be one, or holds what opens it, which must be neither printed nor kept.
    """
    try:
        parts = urlsplit(url)
        host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
        known = bool(parts.hostname) and parts.port != 0
    except ValueError as error:  # of ports and IPv6 addresses; UnicodeError is one
        raise UsageError(f"{spoken(url)} is no address of a place of snapshots ({error})") from None
    if not known or "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"{spoken(url)} is no address of a place of snapshots; expected https://host/path, with no user, '?' or '#' in it"
        )
    return urlunsplit((parts.scheme, host, quote(parts.path, safe="/%:@!$&'()*+,;=~"), "", "")).rstrip("/")


def _check_written(text: str, spoken_of: str) -> None:
    try:
        whole = os.fsencode(text)
    except UnicodeEncodeError:
        whole = b"\0"
    if any(byte < 32 or byte == 127 for byte in whole):
        raise UsageError(f"{spoken_of!r} has characters in it that no place has (a line break?); {_EXPECTED}")
