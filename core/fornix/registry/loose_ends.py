"""What the cards of benchmarks name and cannot be had, and means that cannot be: of themselves, or of one leaf twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cache
from typing import Final

from fornix.registry.card import Card, Kind

#: How many generations of benchmarks there may be.
DEEPEST: Final = 20


def loose_end(card: Card, founded: Set[str], usable: Callable[[Kind, str], bool]) -> tuple[Kind, str] | None:
    """What a benchmark's card names and cannot be had, if anything; ``founded`` benchmarks are known to be usable."""
    named: list[tuple[Kind, str]] = [("dataset", name) for name in card.uses.datasets]
    named += [("metric", name) for name in card.uses.metrics]
    for kind, name in named:
        if not usable(kind, name):
            return kind, name
    for name in card.aggregate.leaves() if card.aggregate is not None else ():
        if name not in founded:
            return "benchmark", name
    return None


def below_itself(name: str, below: Mapping[str, str]) -> str:
    """Why a benchmark cannot be used to which the names of its children lead back; empty where they do not."""
    path, child = {name: None}, below.get(name)
    while child is not None and child not in path:
        path[child] = None
        child = below.get(child)
    if child != name:
        return ""
    return f"it would be a mean of itself ({' of '.join(map(repr, [*path, name]))}); take a child out of one of these"


def founded(cards: Sequence[Card], usable: Callable[[Kind, str], bool]) -> frozenset[str]:
    """The benchmarks that name nothing which cannot be had, themselves and all below them."""
    known = frozenset[str]()
    for _ in range(DEEPEST):  # from the leaves up, so that a parent below itself is never reached
        known = frozenset(card.identifier for card in cards if loose_end(card, known, usable) is None)
    return known


def counted_twice(usable: Iterable[Card]) -> dict[str, str]:
    """A leaf of each parent that reaches it by several of its children; their errors would not be independent."""
    cards = {card.identifier: card for card in usable}
    found: dict[str, str] = {}

    @cache
    def below(name: str) -> frozenset[str]:
        aggregate = cards[name].aggregate
        if aggregate is None:
            return frozenset({name})
        times = Counter(leaf for child in aggregate.leaves() for leaf in below(child))
        if twice := sorted(leaf for leaf in times if times[leaf] > 1):
            found[name] = twice[0]
        return frozenset(times)

    for name in cards:
        below(name)
    return found
