"""What users name as the place of something: a folder or an address, refused before anything is asked where it can be neither."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from fornix.errors import UsageError

_ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
#: An address with one slash, as a Path has it; as a folder it would be one that nobody means.
_LOST_A_SLASH: Final = re.compile(r"(s3|https?|file):(/(?!/)|$)", re.IGNORECASE)


def named_place(place: Any, what: str, expected: str) -> tuple[str, str]:
    """The scheme of a place (``""``: a folder) in lower case, and how it is written.

    Parameters
    ----------
    place : str or path
        As its user names it.
    what : str
        What it is to be, as errors name it: "store".
    expected : str
        The clause that says what can be one.

    Raises
    ------
    UsageError
        If it is no text or path, empty, or can name nothing on any machine.
    """
    text = os.fspath(place) if isinstance(place, str | os.PathLike) else None
    if not isinstance(text, str):
        raise UsageError(f"{place!r} is no {what}; {expected}, as a str")
    if not text.strip():
        raise UsageError(f"the {what} is empty (is a variable not set?); {expected}, '.' for the working folder")
    _check_written(text, expected)
    if _LOST_A_SLASH.match(text):
        if isinstance(place, Path):
            raise UsageError(f"{spoken(text)} is a path, which has lost a slash of its address; give it as a str")
        raise UsageError(f"{spoken(text)} has lost a slash of its address; {expected}")
    address = _ADDRESS.fullmatch(text)
    if address is None:
        return "", text
    scheme = address[1].lower()
    if scheme == "file":
        raise UsageError(f"{spoken(text)} is an address; give the folder itself")
    return scheme, f"{scheme}://{address[2]}"


class Location(NamedTuple):
    """A place in a bucket.

    Parameters
    ----------
    place : str
        As its user would name it, without a ``/`` at its end.
    bucket : str
    prefix : str
        Of the keys of all that lies there: empty, or with a ``/`` at its end.
    """

    place: str
    bucket: str
    prefix: str

    @classmethod
    def of(cls, url: str) -> Location:
        """What ``s3://bucket/prefix`` names; raises UsageError if that is no place in a bucket."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        prefix = prefix.strip("/")
        if "@" in bucket or (":" in bucket and "@" in prefix):  # of a user, whose password may have a slash
            raise UsageError(
                f"{spoken(url)} is given with a user before it; expected s3://bucket/prefix, and credentials "
                "where boto3 finds them (AWS_PROFILE, AWS_ACCESS_KEY_ID and its secret)"
            )
        if not bucket or any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise UsageError(f"{spoken(url)} names no place in a bucket; expected s3://bucket/prefix")
        return cls(f"s3://{bucket}/{prefix}".rstrip("/"), bucket, f"{prefix}/" if prefix else "")


def spoken(url: str) -> str:
    """An address as it may be printed and kept: without user, password, query and fragment, which may be what opens it.

    A password may hold any character, also those that end a host: all before the last ``@`` may be one.
    """
    address = _ADDRESS.fullmatch(url)
    scheme, rest = (f"{address[1]}://", address[2]) if address else ("", url)
    return scheme + re.split("[?#]", rest.rpartition("@")[2], maxsplit=1)[0]


def _check_written(text: str, expected: str) -> None:
    try:
        whole = os.fsencode(text)
    except UnicodeEncodeError:
        whole = b"\0"
    if any(byte < 32 or byte == 127 for byte in whole):
        shown = spoken(text) if _ADDRESS.match(text) else text
        raise UsageError(f"{shown!r} has characters in it that no place has (a line break?); {expected}")
