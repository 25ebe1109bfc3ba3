"""What every place that streams a file looks like (the network, a bucket), and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from fornix.files.file import File


class SourceTrouble(Exception):
    """A source cannot give the file; the message is a clause whose subject is the source ("answers 404 Not Found")."""


class Interrupted(SourceTrouble):
    """The transfer broke off; asking again may help."""


class OtherFile(SourceTrouble):
    """The source has a file there, but not the one that is meant."""


class NotThere(SourceTrouble):
    """The source answers, and has nothing under this name."""


class Unreachable(SourceTrouble):
    """The source as a whole cannot be used, whatever is asked of it; asking again does not help."""


@dataclass(frozen=True)
class Stream:
    """The bytes of a file from ``start`` on.

    Parameters
    ----------
    start : int
        The offset of the first byte: what was asked for, or 0 if the source begins anew.
    blocks : iterator of bytes
        Raises :class:`SourceTrouble` if it breaks off.
    validator : str
        Names this version of the file at the source, so that a later request resumes the same one; may be empty.
    doubt : str
        A clause about the source that explains it if what comes is not the file; may be empty.
    """

    start: int
    blocks: Iterator[bytes]
    validator: str
    doubt: str = ""


class Source(Protocol):
    """Somewhere a file can be streamed from."""

    def open(self, file: File, start: int, validator: str) -> Stream:
        """The file from byte ``start`` on, provided that it still is the version that ``validator`` names.

        Raises
        ------
        SourceTrouble
        """


def other_size(offered: int, file: File) -> OtherFile:
    """The trouble of a source whose file has another size."""
    return OtherFile(f"offers another file ({offered} bytes, expected {file.bytes})")
