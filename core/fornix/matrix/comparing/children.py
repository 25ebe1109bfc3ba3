"""Which leaves a parent is compared on, and how much each of them weighs."""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum
from typing import NamedTuple

from fornix.engine.chosen import leaves
from fornix.matrix.aggregate import weights
from fornix.registry.card import Card
from fornix.registry.discovery import Registry


class MissingCells(StrEnum):
    """What becomes of models that lack a value on some children of a parent."""

    COMPLETE = "complete"  # they are not compared on it: models are compared on all of its children
    COMMON = "common"  # all are compared on the children that each of them has


class Share(NamedTuple):
    """How a leaf enters the mean of a parent.

    Parameters
    ----------
    weight : float
        The weights of the leaves of a parent sum to 1.
    raw : bool
        Whether its raw value is averaged, not the reported one.
    """

    weight: float
    raw: bool


def shares(registry: Registry, benchmark: Card, among: Container[str] | None = None) -> dict[str, Share]:
    """How each leaf enters the mean of a benchmark; of a leaf, that is itself alone.

    Parameters
    ----------
    among : container of str, optional
        The mean is taken over these leaves only, nested lists being averaged first as ever; None: over all that take part.
    """
    if benchmark.aggregate is None:
        return {benchmark.identifier: Share(1.0, raw=False)}
    kept = None
    if among is not None:
        children = {name: registry.get("benchmark", name) for name in benchmark.aggregate.leaves()}
        kept = [name for name, card in children.items() if any(leaf.identifier in among for leaf in leaves(registry, card))]
    found = {}
    for child, weight in weights(registry, benchmark.aggregate.children, kept).items():
        for leaf, share in shares(registry, registry.get("benchmark", child), among).items():
            found[leaf] = Share(weight * share.weight, share.raw or benchmark.aggregate.of == "raw")
    return found
