"""What users name as a place of snapshots. What cannot be one is refused before anything is asked."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from fornix.errors import UsageError
from fornix.files import addresses
from fornix.files.addresses import spoken

_EXPECTED: Final = "expected a folder, s3://bucket/prefix, or an http(s):// address"


def named_place(place: Any) -> tuple[str, str]:
    """The scheme of a place of snapshots, and how it is written; see :func:`fornix.files.addresses.named_place`."""
    return addresses.named_place(place, "place of snapshots", _EXPECTED)


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
        # What stands for a port may be the start of a password with a slash in it.
        opened = "@" in parts.netloc or ("@" in parts.path and parts.port is not None)
    except ValueError:  # of ports and IPv6 addresses, which it repeats; UnicodeError is one
        known = False
    if not known or opened or parts.query or parts.fragment:
        raise UsageError(
            f"{spoken(url)} is no address of a place of snapshots; expected https://host/path, with no user, '?' or '#' in it, "
            "an '@' in its path as %40, and after the host, if anything, a ':' and its port"
        )
    return urlunsplit((parts.scheme, host, quote(parts.path, safe="/%:@!$&'()*+,;=~"), "", "")).rstrip("/")
