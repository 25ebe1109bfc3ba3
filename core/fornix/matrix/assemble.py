"""Assembling the matrix (model x benchmark) from a plan, which has the results that the store listed, and the cards."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from fornix.engine.chosen import complete_parents
from fornix.engine.plan import Plan, PlannedCell
from fornix.matrix.aggregate import Entry, add_parents
from fornix.matrix.coordinates import coordinates, shown_below
from fornix.matrix.flags import flags, notes, unpublished
from fornix.registry.card import Card
from fornix.registry.discovery import Registry

_NUMBERS = ("value", "error", "interval_low", "interval_high", "raw", "raw_error", "ceiling", "ceiling_error")
_WORDS = ("status", "reason", "why", "notes", "flags", "normalisation", "resampled", "coverage", "key", "details")


def assemble(registry: Registry, plan: Plan) -> xr.Dataset:
    """The matrix of a plan's cells, and of every parent whose leaves are among them.

    Returns
    -------
    Dataset with dims (model, benchmark)
        Numbers: value, error, interval_low, interval_high, raw, raw_error, ceiling, ceiling_error, n_nan. Words: status (ok,
        failed, oom, timeout, missing, stale, skipped), reason, why, notes, flags (why a cell is out of rankings),
        normalisation, resampled (the factors that the error covers), coverage ("k/K" of a parent), key, details (a leaf's
        further named numbers, as a JSON object). ``ranked`` says whether a cell is in rankings. Coordinates on benchmark:
        parent, leaf, simulated; on model: control, model_title.
    """
    models = list(dict.fromkeys(cell.model for cell in plan.cells))
    planned = list(dict.fromkeys(cell.benchmark for cell in plan.cells))
    order = tree_order(registry, planned)
    entries = {(c.model, c.benchmark): _leaf_entry(c) for c in plan.cells}
    for name in models:
        row = {benchmark: entries[name, benchmark] for benchmark in planned}
        add_parents(registry, order, row)
        entries.update({(name, benchmark): entry for benchmark, entry in row.items()})
    return matrix_of(registry, models, order, entries)


def tree_order(registry: Registry, planned: Sequence[str]) -> list[Card]:
    """Each parent right before the children that are shown below it, by name; parents only if all their leaves are planned."""
    cards = [*complete_parents(registry, planned), *(registry.get("benchmark", name) for name in planned)]
    above = shown_below(cards)
    ordered: dict[str, Card] = {}

    def visit(card: Card) -> None:
        ordered[card.identifier] = card
        for child in card.aggregate.leaves() if card.aggregate is not None else ():
            if above[child] == card.identifier:
                visit(registry.get("benchmark", child))

    for root in sorted(cards, key=lambda card: card.identifier.casefold()):
        if root.identifier not in above:
            visit(root)
    return list(ordered.values())


def _leaf_entry(planned: PlannedCell) -> Entry:
    if planned.state != "ok":
        status = planned.why if planned.state == "failed" and planned.why in ("oom", "timeout") else planned.state
        return Entry(status, reason=planned.reason, why="" if planned.state == "failed" else planned.why, key=planned.key)
    assert planned.result is not None
    return entry_from_scalars(planned.result.scalars, key=planned.key)


def entry_from_scalars(scalars: Mapping[str, Any], key: str = "") -> Entry:
    """The entry of a scored leaf from the scalars of its score."""

    def number(name: str) -> float:
        value = scalars.get(name)
        return math.nan if value is None else float(value)

    return Entry(
        status="ok",
        value=number("value"),
        error=number("error"),
        interval=(number("interval_low"), number("interval_high")),
        raw=number("raw"),
        raw_error=number("raw_error"),
        ceiling=number("ceiling"),
        ceiling_error=number("ceiling_error"),
        normalisation=scalars["normalisation"],
        n_nan=scalars["n_nan"],
        notes=tuple(scalars["notes"]),
        resampled=tuple(scalars["resampled"]),
        details=scalars["details"],
        key=key,
        coverage=(1, 1),
    )


def matrix_of(
    registry: Registry, models: Sequence[str], order: Sequence[Card], entries: Mapping[tuple[str, str], Entry]
) -> xr.Dataset:
    """The matrix of entries, with the flags and notes that follow from the cards.

    Parameters
    ----------
    models : sequence of str
        The rows.
    order : sequence of Card
        The benchmarks of the columns.
    entries : mapping of (model, benchmark) to Entry

    Returns
    -------
    Dataset with dims (model, benchmark), as :func:`assemble` gives it.
    """
    shape = (len(models), len(order))
    numbers = {name: np.full(shape, np.nan) for name in _NUMBERS}
    words: dict[str, list[list[str]]] = {name: [] for name in _WORDS}
    n_nan = np.zeros(shape, dtype=np.int64)
    ranked = np.zeros(shape, dtype=bool)
    for i, name in enumerate(models):
        model = registry.get("model", name)
        rows: dict[str, list[str]] = {word: [] for word in _WORDS}
        for j, card in enumerate(order):
            entry = entries[name, card.identifier]
            flagged = flags(registry, model, card) + (unpublished(entry.error) if entry.status == "ok" else [])
            beside = dict.fromkeys([*entry.notes, *notes(registry, model, card)])
            ranked[i, j] = entry.status == "ok" and not flagged
            n_nan[i, j] = entry.n_nan
            for number in ("value", "error", "raw", "raw_error", "ceiling", "ceiling_error"):
                numbers[number][i, j] = getattr(entry, number)
            numbers["interval_low"][i, j], numbers["interval_high"][i, j] = entry.interval
            text = {
                "status": entry.status,
                "reason": entry.reason,
                "why": entry.why,
                "notes": "; ".join(beside),
                "flags": "; ".join(flagged),
                "normalisation": entry.normalisation,
                "resampled": "; ".join(entry.resampled),
                "coverage": f"{entry.coverage[0]}/{entry.coverage[1]}" if card.aggregate is not None else "",
                "key": entry.key,
                "details": json.dumps(dict(entry.details)) if entry.details else "",
            }
            for word in _WORDS:
                rows[word].append(text[word])
        for word in _WORDS:
            words[word].append(rows[word])
    dims = ("model", "benchmark")
    return xr.Dataset(
        {
            **{name: (dims, values) for name, values in numbers.items()},
            **{name: (dims, np.array(rows, dtype=np.str_)) for name, rows in words.items()},
            "n_nan": (dims, n_nan),
            "ranked": (dims, ranked),
        },
        coords=coordinates(registry, models, [card.identifier for card in order]),
    )
