"""Standard output and error whatever has become of them: closed by who started us, left by their reader, or on a full disk."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final, TextIO

_NAMES: Final = ("stdin", "stdout", "stderr")


def open_closed_streams() -> None:
    """Open nothing in the place of each stream that is closed.

    Else the next file that is opened takes its number, and what any library prints goes into that file.
    """
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r"))  # noqa: SIM115 - for as long as the process lives


def silence(stream: TextIO | None) -> None:
    """Send nowhere what is printed from now on, and what could not be printed: it would fail again on the way out."""
    if stream is not None:
        with suppress(OSError, ValueError):  # as where it is no file at all
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(line: str, stream: TextIO | None = None) -> None:
    """Print a line on standard error, if anybody hears it: it is no reason to give up a run.

    Parameters
    ----------
    line : str
    stream : file, optional
        What standard error was before it was sent elsewhere.
    """
    heard = sys.stderr if stream is None else stream
    try:
        print(line, file=heard, flush=True)
    except OSError:
        silence(heard)
