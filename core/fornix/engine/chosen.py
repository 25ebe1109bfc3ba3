"""Which models and benchmarks are asked for, by name or all of them, and which cards a leaf is scored with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fornix.errors import UsageError
from fornix.registry.card import Card, Kind
from fornix.registry.discovery import Registry


def leaves(registry: Registry, benchmark: Card) -> list[Card]:
    """The leaves below a benchmark, in the order of its card; the benchmark itself if it is one."""
    if benchmark.aggregate is None:
        return [benchmark]
    found: list[Card] = []
    for child in benchmark.aggregate.leaves():
        found.extend(leaf for leaf in leaves(registry, registry.get("benchmark", child)) if leaf not in found)
    return found


def complete_parents(registry: Registry, planned: Iterable[str]) -> list[Card]:
    """The parents whose leaves are all among these."""
    there = set(planned)
    parents = [card for card in registry.cards("benchmark") if card.aggregate is not None]
    return [card for card in parents if {leaf.identifier for leaf in leaves(registry, card)} <= there]


def scoring_cards(registry: Registry, leaf: Card) -> list[Card]:
    """A leaf's card, and those of the datasets and metrics it uses."""
    uses = leaf.uses
    datasets = [registry.get("dataset", name) for name in uses.datasets]
    return [leaf, *datasets, *(registry.get("metric", name) for name in uses.metrics)]


def choose_models(registry: Registry, names: Sequence[str] | None) -> list[Card]:
    """The cards of the models named, or of all that need no option.

    Raises
    ------
    UsageError
        If a name is unknown, or is an alias that stands for options, or the model needs an option, which no cell can give.
    """
    if names is None:
        return [card for card in registry.cards("model") if not _needed_options(card)]
    cards = _unique(_named(registry, "model", name) for name in names)
    for card in cards:
        if needed := _needed_options(card):
            given = ", ".join(f"{name!r}: ..." for name in needed)
            raise UsageError(
                f"model {card.identifier!r} needs its option{'s' if len(needed) > 1 else ''} {' and '.join(needed)}, and a "
                "cell is of a model as its card has it: give it a card of its own in which they have defaults, or use "
                f"fornix.score({card.identifier!r}, BENCHMARK, options={{{given}}})"
            )
    return cards


def choose_benchmarks(registry: Registry, names: Sequence[str] | None) -> list[Card]:
    """The leaves of the benchmarks named, or of all; raises as :func:`choose_models`."""
    chosen = registry.cards("benchmark") if names is None else [_named(registry, "benchmark", name) for name in names]
    return _unique(leaf for card in chosen for leaf in leaves(registry, card))


def _named(registry: Registry, kind: Kind, name: str) -> Card:
    card, options = registry.resolve(kind, name)
    if options:
        raise UsageError(
            f"{kind} {name!r} is {card.identifier!r} with other options, and a cell is of a {kind} as its card has it; give it a "
            f"card of its own, or use fornix.load_{kind}({name!r})"
        )
    return card


def _needed_options(card: Card) -> list[str]:
    """The options of a model that have no default."""
    return [option.name for option in card.options.values() if option.default is None]


def _unique(cards: Iterable[Card]) -> list[Card]:
    return list({card.identifier: card for card in cards}.values())
