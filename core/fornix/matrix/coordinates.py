"""What the cards say of the matrix's models and benchmarks, as coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fornix.engine.chosen import leaves
from fornix.matrix.flags import datasets_of
from fornix.registry.card import Card
from fornix.registry.discovery import Registry

#: name -> (dimension, values)
Coordinates = dict[str, Any]


def coordinates(registry: Registry, models: Sequence[str], benchmarks: Sequence[str]) -> Coordinates:
    """Those that every matrix has: on model ``model_title``, ``control``; on benchmark ``parent``, ``leaf``, ``simulated``.

    Parameters
    ----------
    models, benchmarks : sequence of str
        In the matrix's order; a benchmark's parent is one that is in the matrix, too.
    """
    of_models = [registry.get("model", name) for name in models]
    of_benchmarks = [registry.get("benchmark", name) for name in benchmarks]
    parents = shown_below(of_benchmarks)
    return {
        "model": ("model", _texts(models)),
        "benchmark": ("benchmark", _texts(benchmarks)),
        "model_title": ("model", _texts(card.title for card in of_models)),
        "control": ("model", np.array([card.control for card in of_models], dtype=bool)),
        "parent": ("benchmark", _texts(parents.get(name, "") for name in benchmarks)),
        "leaf": ("benchmark", np.array([card.aggregate is None for card in of_benchmarks], dtype=bool)),
        "simulated": (
            "benchmark",
            np.array([any(d.simulated for d in datasets_of(registry, card)) for card in of_benchmarks], dtype=bool),
        ),
    }


def shown_below(benchmarks: Iterable[Card]) -> dict[str, str]:
    """The one parent below which each benchmark is shown that is a child of some of these, by identifiers.

    A benchmark may be a child of several, as where a lab has a mean of its own over published ones. It is shown below the one
    that its own card names, where that is among them, else below the first by name.
    """
    by_name = {card.identifier: card for card in sorted(benchmarks, key=lambda card: card.identifier.casefold())}
    parents: dict[str, list[str]] = {}
    for card in by_name.values():
        for child in card.aggregate.leaves() if card.aggregate is not None else ():
            parents.setdefault(child, []).append(card.identifier)
    named = {child: by_name[child].parent for child in parents if child in by_name}
    return {child: own if (own := named.get(child)) in of else of[0] for child, of in parents.items()}


def card_coordinates(registry: Registry, models: Sequence[str], benchmarks: Sequence[str]) -> Coordinates:
    """Those that a published matrix has beside them; lists are joined by "; ", a number that no card states is NaN.

    On model: ``model_modalities``, ``parameters`` (count), ``model_year``, ``authors``, ``licence``. On benchmark:
    ``benchmark_title``, ``benchmark_modalities``, ``region``, ``species``, ``technique``, ``dataset``, ``metric``,
    ``benchmark_year``. What a benchmark measures is what its datasets say, and of a parent those of the leaves that take part;
    its year is its own, else that of its newest dataset.
    """
    of_models = [registry.get("model", name) for name in models]
    of_benchmarks = [registry.get("benchmark", name) for name in benchmarks]
    below = [leaves(registry, card) for card in of_benchmarks]
    datasets = [datasets_of(registry, card) for card in of_benchmarks]
    of_parent_too = list(zip(of_benchmarks, below, strict=True))
    years = [_year(card.year, (d.year for d in used)) for card, used in zip(of_benchmarks, datasets, strict=True)]
    return {
        "model_modalities": ("model", _texts(_joined(card.modalities) for card in of_models)),
        "parameters": ("model", _numbers(card.parameters for card in of_models)),
        "model_year": ("model", _numbers(card.year for card in of_models)),
        "authors": ("model", _texts(_joined(card.authors) for card in of_models)),
        "licence": ("model", _texts(card.licence for card in of_models)),
        "benchmark_title": ("benchmark", _texts(card.title for card in of_benchmarks)),
        "benchmark_modalities": ("benchmark", _texts(_of_leaves(card, some, "modalities") for card, some in of_parent_too)),
        "region": ("benchmark", _texts(_of_leaves(card, some, "regions") for card, some in of_parent_too)),
        "species": ("benchmark", _texts(_joined(d.species for d in used) for used in datasets)),
        "technique": ("benchmark", _texts(_joined(d.technique for d in used) for used in datasets)),
        "dataset": ("benchmark", _texts(_joined(d.identifier for d in used) for used in datasets)),
        "metric": ("benchmark", _texts(_joined(m for leaf in some for m in leaf.uses.metrics) for some in below)),
        "benchmark_year": ("benchmark", _numbers(years)),
    }


def _of_leaves(card: Card, below: Iterable[Card], field: str) -> str:
    """What a card says itself, else what its leaves say."""
    own: tuple[str, ...] = getattr(card, field)
    return _joined(own or (item for leaf in below for item in getattr(leaf, field)))


def _year(own: int | None, others: Iterable[int | None]) -> int | None:
    return own if own is not None else max((year for year in others if year is not None), default=None)


def _joined(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(word for word in words if word))


def _texts(words: Iterable[str]) -> Any:
    return np.array(list(words), dtype=np.str_)


def _numbers(numbers: Iterable[float | None]) -> Any:
    return np.array([math.nan if number is None else number for number in numbers], dtype=np.float64)
