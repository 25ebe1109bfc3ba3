"""``fornix``: reads the command line, calls one verb, and turns how it went into an exit status.

0: every requested cell is ok or skipped for a reason of the closed list; 1: something failed; 2: the request makes no
sense as asked; 130: interrupted.
"""

from __future__ import annotations

import argparse
import errno
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Any, NoReturn

from fornix import __version__
from fornix.cli.streams import open_closed_streams, say, silence
from fornix.errors import FornixError, UsageError

_VERBS = (
    "list",
    "show",
    "doctor",
    "plan",
    "commit",
    "run",
    "rescore",
    "matrix",
    "compare",
    "rank",
    "log",
    "store",
    "publish",
    "pull",
    "site",
    "plot",
    "test",
)


class _Parser(argparse.ArgumentParser):
    """An argument parser that suggests what was meant."""

    def error(self, message: str) -> NoReturn:
        wrong = re.findall(r"invalid choice: '([^']+)'", message)
        offered = re.findall(r"[\w-]+", message.partition("(choose from ")[2])
        close = get_close_matches(wrong[0], offered, n=1) if wrong else []
        super().error(message + (f" (did you mean {close[0]!r}?)" if close else ""))

    def read(self, arguments: Sequence[str] | None) -> argparse.Namespace:
        """What was asked for; the verb refuses what it does not know, as it knows what may have been meant."""
        parsed, unknown = self.parse_known_args(arguments)
        if unknown:
            self._chosen(parsed)._refuse(unknown, self._options())
        return parsed

    def _chosen(self, parsed: argparse.Namespace) -> _Parser:
        """The parser of the verb that was given, and of its action where it has some."""
        chosen = [action.choices[getattr(parsed, action.dest)] for action in self._below()]
        return chosen[0]._chosen(parsed) if chosen else self

    def _refuse(self, unknown: list[str], known: set[str]) -> NoReturn:
        """Refuse arguments that this parser does not know; ``known``: the options of all verbs."""
        own = self._options()
        wrong = next((word.partition("=")[0] for word in unknown if word.startswith("--")), "")
        close = get_close_matches(wrong, sorted(own), n=1)
        if wrong in own:  # argparse reads options of a verb behind it only
            hint = f" (give {wrong} behind {self.prog!r})"
        elif wrong in known:  # so it is spelt as it should be
            hint = f" (this verb has no {wrong})"
        else:
            hint = f" (did you mean {close[0]!r}?)" if close else ""
        super().error(f"unrecognized arguments: {' '.join(unknown)}{hint}")

    def _options(self) -> set[str]:
        """Its long options, and those of its verbs."""
        below = (verb._options() for action in self._below() for verb in action.choices.values())
        return {name for name in self._option_string_actions if name.startswith("--")}.union(*below)

    def _below(self) -> list[argparse._SubParsersAction[_Parser]]:
        return [action for action in self._actions if isinstance(action, argparse._SubParsersAction)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    # a scheduler that ends a job is an interruption like any other
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    open_closed_streams()
    try:
        return _run(_parse(arguments))
    except UsageError as error:
        say(f"fornix: {error}")
        return 2
    except FornixError as error:
        say(f"fornix: {error}")
        return 1
    except KeyboardInterrupt:
        say("fornix: interrupted; what was finished is kept, and the next run does the rest")
        return 130
    except BrokenPipeError:  # the reader of our output went away (| head)
        silence(sys.stdout)
        return 0
    except OSError as error:
        say(f"fornix: {error}")
        if error.errno == errno.ENOSPC:
            silence(sys.stdout)
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(prog="fornix", description="Models scored against brains and behaviour.")
    parser.add_argument("--version", action="version", version=f"fornix {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="{" + ",".join(_VERBS) + "}", parser_class=_Parser)
    for verb in _VERBS:
        import_module(f"fornix.cli.{verb}").add(verbs)
    return parser.read(arguments)


def _run(parsed: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character is shown its number
            stream.reconfigure(errors="backslashreplace")
    with _warnings_as_sentences():
        status: int = parsed.call(parsed)
    sys.stdout.flush()
    return status


@contextmanager
def _warnings_as_sentences() -> Iterator[None]:
    """Within the block, what fornix warns of is printed as a line of its own, without the place in its code."""
    as_python_does = warnings.formatwarning

    def formatted(message: Warning | str, category: type[Warning], *place: Any, **named: Any) -> str:
        if category is UserWarning:
            return f"fornix: warning: {message}\n"
        return as_python_does(message, category, *place, **named)

    warnings.formatwarning = formatted
    try:
        yield
    finally:
        warnings.formatwarning = as_python_does


if __name__ == "__main__":
    sys.exit(main())
