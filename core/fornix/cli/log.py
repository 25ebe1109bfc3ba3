"""``fornix log``: the latest attempt at a cell: how it ended, why, its key, the score it left and everything it printed; with
--json also with which libraries and on what hardware."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fornix.cli.arguments import add_json, add_plugins, add_store, print_json, registry, store
from fornix.engine.chosen import leaves
from fornix.errors import UsageError

if TYPE_CHECKING:
    from fornix.store.interface import Attempt, Store

#: So many digits of a key name a cell in a store of any size.
_SHORTEST_KEY = 6


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("log", help="show how a cell's latest attempt went", description=__doc__)
    parser.add_argument("model", metavar="MODEL | KEY", help="an identifier; alone, a cell key or its first digits")
    parser.add_argument(
        "benchmark", nargs="?", metavar="BENCHMARK", help="a leaf (the attempts of a parent are those of its leaves)"
    )
    parser.add_argument("--all", action="store_true", help="every attempt, oldest first")
    add_plugins(parser)
    add_store(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    place = store(parsed, read_only=True)
    attempts = _by_key(place, parsed.model) if parsed.benchmark is None else _by_name(place, parsed)
    shown = attempts if parsed.all else attempts[-1:]
    scores = {attempt.key: cell.scalars for attempt in shown if (cell := place.cell(attempt.key)) is not None}
    if parsed.json:
        print_json([{**asdict(a), "score": scores.get(a.key), "log": place.log(a)} for a in shown])
        return 0
    for attempt in shown:
        print(f"{attempt.model} on {attempt.benchmark}")
        print(f"{attempt.started}  {attempt.status}{': ' + attempt.reason if attempt.reason else ''}")
        print(f"took {attempt.seconds:.1f} s; cell key {attempt.key}")
        for line in _score_lines(scores[attempt.key]) if attempt.key in scores else ():
            print(line)
        log = place.log(attempt)
        if log:
            print(log.rstrip())
    return 0


def _by_name(place: Store, parsed: argparse.Namespace) -> list[Attempt]:
    model, benchmark = parsed.model, parsed.benchmark
    try:
        attempts = list(place.attempts(model, benchmark))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if attempts:
        return attempts
    found = registry(parsed)  # what was tried once may have no card any more; what was never tried has one, or is misspelt
    card = found.get("benchmark", benchmark)
    if card.aggregate is not None:
        below = ", ".join(leaf.identifier for leaf in leaves(found, card))
        raise UsageError(f"{card.identifier} is a parent, made of {below}: name one of these")
    model = found.get("model", model).identifier
    raise UsageError(
        f"there is no attempt at {model} on {card.identifier} in {place.place}; "
        f"`fornix plan --all --models {model} --benchmarks {card.identifier}` says how its cells stand"
    )


def _by_key(place: Store, start: str) -> list[Attempt]:
    if not re.fullmatch(rf"[0-9a-fA-F]{{{_SHORTEST_KEY},}}", start):
        raise UsageError(
            f"{start!r} alone names no cell: give a model and a benchmark, or the first {_SHORTEST_KEY} digits or more of a key"
        )
    attempts = [attempt for attempt in place.attempts() if attempt.key.startswith(start.casefold())]
    if not attempts:
        raise UsageError(f"there is no attempt at a cell with a key that starts with {start} in {place.place}")
    if len({attempt.key for attempt in attempts}) > 1:
        found = ", ".join(dict.fromkeys(f"{a.key[:16]} ({a.model} on {a.benchmark})" for a in attempts))
        raise UsageError(f"the keys of several cells start with {start}: {found}; give more digits")
    return attempts


def _score_lines(scalars: Mapping[str, Any]) -> list[str]:
    """The score of a cell with its details, which no other table shows."""
    shown = {name: scalars[name] for name in ("value", "error", "raw", "ceiling") if scalars[name] is not None}
    found = ["score: " + ", ".join([*(f"{k} {v:.4g}" for k, v in shown.items()), scalars["normalisation"]])]
    if scalars["notes"]:
        found.append("notes: " + "; ".join(scalars["notes"]))
    for what, details in (("details", scalars["details"]), ("details of the ceiling", scalars.get("ceiling_details"))):
        if details:  # cells of older stores have none of their ceilings
            found.append(f"{what}: " + ", ".join(f"{k} {'nan' if v is None else f'{v:.4g}'}" for k, v in details.items()))
    return found
