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
        If a name is unknown, or is an alias that stands for options.
    """
    if names is not None:
        return _unique(_named(registry, "model", name) for name in names)
    return [c for c in registry.cards("model") if all(o.default is not None for o in c.options.values())]


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


def _unique(cards: Iterable[Card]) -> list[Card]:
    return list({card.identifier: card for card in cards}.values())
