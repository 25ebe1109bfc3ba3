"""A lab's own results, as they are laid over a published matrix: those of its models as their plugins are now."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fornix.engine.keys import CellKeys, digest_json, sides
from fornix.errors import UsageError
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.options import did_you_mean
from fornix.store.interface import Cell, Store


@dataclass(frozen=True)
class LocalModel:
    """A model of which a store has results.

    Parameters
    ----------
    card : Card
    model_key : str
        The digest of its part of cell keys (:func:`fornix.engine.keys.sides`), as its plugin is now.
    cells : mapping of str to list of Cell
        Its results on each benchmark.
    stale : frozenset of str
        Benchmarks on which the store has results of other code of the model only.
    """

    card: Card
    model_key: str
    cells: Mapping[str, list[Cell]]
    stale: frozenset[str]

    def chosen(self, benchmark: str, scored: set[str]) -> Cell | None:
        """The newest of its results that were scored in one of these ways (:func:`scored_by`), else the newest, if any."""
        cells = self.cells.get(benchmark, [])
        alike = [cell for cell in cells if scored_by(cell) in scored]
        return max(alike or cells, key=lambda cell: cell.created, default=None)


def scored_by(cell: Cell) -> str:
    """The digest of all that makes the key of a cell but its model: how it was scored."""
    return sides(cell.key_parts)[1]


def local_models(
    store: Store, own: Registry, models: Sequence[str] | None, benchmarks: Sequence[str] | None, seed: int
) -> dict[str, LocalModel]:
    """The models of a store's results, by identifier; what no plugin here provides is left out, with a warning.

    Parameters
    ----------
    own : Registry
        The plugins that are here.
    models, benchmarks : sequence of str, optional
        These models and leaves only.

    Raises
    ------
    UsageError
        If the store has no result of one that is named.
    """
    listed = list(store.listing())
    _check_named(store, "model", models, {cell.model for cell in listed})
    _check_named(store, "benchmark", benchmarks, {cell.benchmark for cell in listed})
    listed = [c for c in listed if (models is None or c.model in models) and (benchmarks is None or c.benchmark in benchmarks)]
    known = {card.identifier for card in own.cards("model")}
    wanted = sorted({cell.model for cell in listed})
    if unknown := [name for name in wanted if name not in known]:
        warnings.warn(
            f"left out, as no plugin here provides these models: {', '.join(unknown)}; name the folders of their plugins",
            stacklevel=3,
        )
    keys = CellKeys(own, seed)
    found = {}
    for name in wanted:
        if name in known:
            card = own.get("model", name)
            read = (store.cell(cell.key) for cell in listed if cell.model == name)
            found[name] = _local_model(
                card, digest_json(keys.part(card)), [c for c in read if c is not None and _seed(c) == seed]
            )
    return found


def _check_named(store: Store, kind: str, named: Sequence[str] | None, there: set[str]) -> None:
    for name in named or ():
        if name not in there:
            raise UsageError(f"the store {store.place} has no result of a {kind} {name!r}{did_you_mean(name, sorted(there))}")


def _seed(cell: Cell) -> object:
    return cell.key_parts.get("seed")


def _local_model(card: Card, model_key: str, cells: Sequence[Cell]) -> LocalModel:
    current: dict[str, list[Cell]] = {}
    for cell in cells:
        if sides(cell.key_parts)[0] == model_key:
            current.setdefault(cell.benchmark, []).append(cell)
    return LocalModel(card, model_key, current, frozenset(cell.benchmark for cell in cells) - set(current))
