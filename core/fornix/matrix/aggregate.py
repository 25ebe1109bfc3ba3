"""Scores of parents from those of their children: the mean that a parent's card states, with its error and coverage."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fornix.matrix.flags import excluded_from_aggregates
from fornix.registry.card import Card
from fornix.registry.discovery import Registry

#: A child in a parent's card: an identifier, or a group that is averaged first (the sessions of one animal).
Children = Sequence[Any]


@dataclass(frozen=True)
class Entry:
    """One entry of the matrix: a leaf's stored result, or a parent's aggregate, or the reason why there is neither."""

    status: str
    value: float = math.nan
    error: float = math.nan
    interval: tuple[float, float] = (math.nan, math.nan)
    raw: float = math.nan
    raw_error: float = math.nan
    ceiling: float = math.nan
    ceiling_error: float = math.nan
    normalisation: str = ""
    n_nan: int = 0
    reason: str = ""
    why: str = ""
    notes: tuple[str, ...] = ()
    resampled: tuple[str, ...] = ()
    key: str = ""
    coverage: tuple[int, int] = (0, 0)
    details: Mapping[str, float | None] = field(default_factory=dict)


def aggregate(registry: Registry, parent: Card, entries: Mapping[str, Entry]) -> Entry:
    """The entry of a parent.

    The value is the mean of the children (of their raw values where the card says ``of = "raw"``), nested lists averaged
    first. Children are fixed effects with independent errors: variance = sum of w_i^2 SE_i^2 with w_i a child's weight in
    the nested mean; it covers every factor that was resampled for one of them. The interval uses the widest t factor among
    the children. What must be known of one of them (its notes) must be known of the mean. There is a value only if every
    child that is not retired, defective or private is ok; the coverage counts those that are.

    Parameters
    ----------
    entries : mapping of identifier to Entry
        At least the children's.
    """
    assert parent.aggregate is not None
    raw = parent.aggregate.of == "raw"
    shares = weights(registry, parent.aggregate.children)
    ok = [name for name in shares if entries[name].status == "ok"]
    coverage = (len(ok), len(shares))
    if not shares or len(ok) < len(shares):
        return _incomplete([entries[name] for name in shares], coverage)
    normalisations = {entries[name].normalisation for name in ok}
    if not raw and len(normalisations) > 1:
        return Entry(
            "failed", reason=f"children of different normalisations: {', '.join(sorted(normalisations))}", coverage=coverage
        )
    value = sum(shares[n] * (entries[n].raw if raw else entries[n].value) for n in ok)
    error = math.sqrt(sum((shares[n] * (entries[n].raw_error if raw else entries[n].error)) ** 2 for n in ok))
    half = error * max((_t_factor(entries[n]) for n in ok), default=math.nan)
    notes = dict.fromkeys(note for n in ok for note in entries[n].notes)
    return Entry(
        status="ok",
        value=value,
        error=error,
        interval=(value - half, value + half),
        raw=sum(shares[n] * entries[n].raw for n in ok),
        raw_error=math.sqrt(sum((shares[n] * entries[n].raw_error) ** 2 for n in ok)),
        ceiling=math.nan if raw else sum(shares[n] * entries[n].ceiling for n in ok),
        normalisation="none" if raw else normalisations.pop(),
        n_nan=sum(entries[n].n_nan for n in ok),
        notes=tuple(notes),
        resampled=tuple(dict.fromkeys(factor for n in ok for factor in entries[n].resampled)),
        coverage=coverage,
    )


def add_parents(registry: Registry, cards: Iterable[Card], entries: dict[str, Entry]) -> None:
    """Add the entries of those of these benchmarks that are parents, and of the parents below them, each after its children.

    Parameters
    ----------
    entries : dict of identifier to Entry
        Those of all leaves below; the parents are added.
    """
    for card in cards:
        if card.aggregate is not None and card.identifier not in entries:
            add_parents(registry, (registry.get("benchmark", child) for child in card.aggregate.leaves()), entries)
            entries[card.identifier] = aggregate(registry, card, entries)


def weights(registry: Registry, children: Children, among: Container[str] | None = None) -> dict[str, float]:
    """The weight of each child that takes part in the nested mean; a group without children that do is left out.

    Parameters
    ----------
    among : container of str, optional
        Of these only; None: of all that are not retired, defective or private.
    """
    groups: list[dict[str, float]] = []
    for child in children:
        if isinstance(child, str):
            if (among is None or child in among) and not excluded_from_aggregates(registry, registry.get("benchmark", child)):
                groups.append({child: 1.0})
        else:
            group = weights(registry, child, among)
            if group:
                groups.append(group)
    return {name: weight / len(groups) for group in groups for name, weight in group.items()}


def _incomplete(children: Sequence[Entry], coverage: tuple[int, int]) -> Entry:
    """No value: skipped if every empty child is skipped for the same kind of reason, else what the first other one is."""
    empty = [child for child in children if child.status != "ok"]
    others = [child for child in empty if child.status != "skipped"]
    if not empty:
        return Entry("skipped", reason="data not available", why="no child takes part in the mean", coverage=coverage)
    first = others[0] if others else empty[0]
    return Entry(first.status, reason=first.reason, why=first.why, coverage=coverage)


def _t_factor(entry: Entry) -> float:
    low, high = entry.interval
    return (high - low) / (2 * entry.error) if entry.error > 0 else 0.0
