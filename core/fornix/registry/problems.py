"""What can be wrong with a plugin: found while looking for cards (:class:`Problem`), or met while using it (errors)."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from fornix.errors import FornixError


def counted(number: int, noun: str) -> str:
    """``1 cell``, ``2 cells``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


#: How many names a line has before it counts the rest.
NAMED: Final = 3


def listed(names: Sequence[str]) -> str:
    """``a, b, c and 7 more``."""
    left = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {left} more" if left > 0 else "")


@dataclass(frozen=True)
class Problem:
    """Something that discovery noticed and worked around.

    Parameters
    ----------
    level : {"error", "warning", "info"}
        error: a card or identifier cannot be used; warning: it can, but something should be mended; info: by design.
    sentence : str
        What is wrong, where, what was expected.
    where : tuple of Path
        The files concerned.
    distribution : str
        The distribution concerned, where its name is known.
    """

    level: Literal["error", "warning", "info"]
    sentence: str
    where: tuple[Path, ...] = ()
    distribution: str = ""

    def __str__(self) -> str:
        return self.sentence


class PluginError(FornixError):
    """A plugin cannot be used; everything else keeps working.

    Parameters
    ----------
    sentence : str
    original : BaseException, optional
        What the plugin raised; chained, and kept with its traceback in :attr:`traceback`.
    """

    def __init__(self, sentence: str, original: BaseException | None = None) -> None:
        super().__init__(sentence)
        self.__cause__ = original
        #: The traceback of what the plugin raised, as Python prints it; empty where it raised nothing.
        self.traceback = "".join(traceback.format_exception(original)) if original is not None else ""


class EnvironmentBuildError(FornixError):
    """An environment for a plugin could not be built; the message ends with the installer's output."""
