"""``fornix plan``: which cells are missing, stale, failed or skipped, why, and what computing them costs. Runs nothing."""

from __future__ import annotations

import argparse
from collections import Counter
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_selection, print_json, registry, store
from fornix.cli.progress import duration
from fornix.errors import UsageError
from fornix.registry.problems import counted

if TYPE_CHECKING:
    from fornix.engine.plan import Plan, PlannedCell
    from fornix.registry.discovery import Registry
    from fornix.store.interface import Store


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("plan", help="say what a run would compute", description=__doc__)
    add_selection(parser)
    parser.add_argument(
        "--all", action="store_true", help="list every cell, also those that are ok or skipped, in a line of its own"
    )
    parser.add_argument("--verbose", action="store_true", help="list each cell to be computed in a line of its own")
    parser.add_argument(
        "--stale-if", metavar="LIBRARY", help="list only the cells that were computed with another version of it than is here"
    )
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.engine.plan import plan
    from fornix.matrix.empty import planned_cell

    plugins, place = registry(parsed), store(parsed, read_only=True)
    found = plan(plugins, place, parsed.models, parsed.benchmarks, seed=parsed.seed)
    if parsed.stale_if is not None:
        return _list_by_version(found, place, parsed)
    if parsed.json:
        print_json(
            {
                "cells": [_fields(cell) for cell in found.cells],
                "download_bytes": found.download_bytes,
                "seconds": found.seconds,
            }
        )
        return 0
    each = [planned_cell(cell).line for cell in (found.cells if parsed.all else found.to_compute)]
    lines = each if parsed.all or parsed.verbose else _lines(plugins, found)
    for line in lines:
        print(line)
    if len(lines) < len(each):
        print(f"({counted(len(each), 'cell')} to compute; --verbose gives each a line)")
    print(summary(found))
    return 0


def _lines(plugins: Registry, found: Plan) -> list[str]:
    """A line for each set of cells to be computed for the same reason."""
    from fornix.engine.chosen import complete_parents
    from fornix.matrix.empty import lines_of, planned_cell

    models = list(dict.fromkeys(cell.model for cell in found.cells))
    planned = list(dict.fromkeys(cell.benchmark for cell in found.cells))
    complete = complete_parents(plugins, planned)
    parents = {child: card.identifier for card in complete if card.aggregate is not None for child in card.aggregate.leaves()}
    return lines_of([planned_cell(cell) for cell in found.to_compute], models, planned, parents)


def _list_by_version(found: Plan, place: Store, parsed: argparse.Namespace) -> int:
    from fornix.engine.plan import computed_with

    try:
        here = version(parsed.stale_if)
    except PackageNotFoundError:
        raise UsageError(f"{parsed.stale_if!r} is not installed here; --stale-if takes the name of a library that is") from None
    others = [(cell, side, then) for cell, side, then in computed_with(place, found.cells, parsed.stale_if) if then != here]
    if parsed.json:
        print_json([{"model": c.model, "benchmark": c.benchmark, "side": side, "version": then} for c, side, then in others])
        return 0
    for cell, side, then in others:
        print(f"{cell.model} {cell.benchmark} ({side} side: {parsed.stale_if} {then}, here {here})")
    print(f"{len({cell.key for cell, *_ in others})} of {counted(len(found.cells), 'cell')}")
    return 0


def summary(found: Plan) -> str:
    """One line: how many cells are in which state, and the cost of the rest."""
    counts = Counter(cell.state for cell in found.cells)
    states = ", ".join(f"{counts[state]} {state}" for state in ("ok", "missing", "stale", "failed", "skipped") if counts[state])
    cost = [f"{len(found.to_compute)} to compute"]
    if found.seconds is not None:
        cost.append(f"about {duration(found.seconds)} the last time")
    if found.download_bytes:
        cost.append(f"{found.download_bytes / 1e6:.1f} MB to download")
    return f"{counted(len(found.cells), 'cell')}: {states}; {', '.join(cost)}"


def _fields(cell: PlannedCell) -> dict[str, object]:
    return {
        "model": cell.model,
        "benchmark": cell.benchmark,
        "state": cell.state,
        "key": cell.key,
        "reason": cell.reason,
        "why": cell.why,
        "seconds": cell.seconds,
    }
