"""``fornix log``: the latest attempt at a cell: how it ended, why, its key, and everything it printed; with --json also
with which libraries and on what hardware."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from fornix.cli.arguments import add_json, add_store, print_json, store
from fornix.errors import UsageError


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("log", help="show how a cell's latest attempt went", description=__doc__)
    parser.add_argument("model", help="an identifier")
    parser.add_argument("benchmark", help="a leaf (the attempts of a parent are those of its leaves)")
    parser.add_argument("--all", action="store_true", help="every attempt, oldest first")
    add_store(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    place = store(parsed, read_only=True)
    try:
        attempts = list(place.attempts(parsed.model, parsed.benchmark))
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not attempts:
        raise UsageError(
            f"there is no attempt at {parsed.model} on {parsed.benchmark} in {place.path}; "
            f"`fornix plan --all --models {parsed.model} --benchmarks {parsed.benchmark}` says how its cells stand"
        )
    shown = attempts if parsed.all else attempts[-1:]
    if parsed.json:
        print_json([{**asdict(attempt), "log": place.log(attempt)} for attempt in shown])
        return 0
    for attempt in shown:
        print(f"{attempt.started}  {attempt.status}{': ' + attempt.reason if attempt.reason else ''}")
        print(f"took {attempt.seconds:.1f} s; cell key {attempt.key}")
        log = place.log(attempt)
        if log:
            print(log.rstrip())
    return 0
