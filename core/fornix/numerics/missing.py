"""What a score may lack: how many of its units can be without a value before what is left no longer stands for them."""

from __future__ import annotations

from typing import Final

#: More units without a value than this part of all, and there is no score: who leaves the hard ones out would choose his own.
MOST_NAN: Final = 0.2


def too_many(n_nan: int, n: int) -> bool:
    """Whether so many of n units are without a value that the others make no score."""
    return n_nan > MOST_NAN * n


def lacking(n_nan: int, n: int, what: str, estimate: str) -> str:
    """The note of a score some of whose units have no value.

    Parameters
    ----------
    n_nan, n : int
        How many units have none, and how many there are.
    what : str
        The units, and why they have none: goes on after "3 of 60".
    estimate : str
        What the others are too few for, with its article.
    """
    end = f": more than {MOST_NAN:.0%}, too many for {estimate}" if too_many(n_nan, n) else ": left out"
    return f"{n_nan} of {n} {what}{end}"
