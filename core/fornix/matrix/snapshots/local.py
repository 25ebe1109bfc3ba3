"""A lab's own results, as they are laid over a published matrix: those of its models as their plugins are now."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fornix.engine.keys import CellKeys, sides
from fornix.errors import FornixError, UsageError
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

    def chosen(self, benchmark: str, published: Collection[str], here: str | None) -> Cell | None:
        """Its result on a benchmark that is to be shown: the newest of those scored as the published ones, else of those scored
        as the plugins here would score it; where these are not here, the newest of all.

        Parameters
        ----------
        published : collection of str
            How the published results were scored (:func:`scored_by`).
        here : str or None
            How it is scored by the plugins here.
        """
        cells = self.cells.get(benchmark, [])
        for wanted in (published, [here]):
            alike = [cell for cell in cells if scored_by(cell) in wanted]
            if alike:
                return max(alike, key=_created)
        return max(cells, key=_created, default=None) if here is None else None


@dataclass(frozen=True)
class Local:
    """What is laid over a published matrix.

    Parameters
    ----------
    models : mapping of str to LocalModel
        By identifier.
    scored_here : mapping of str to str
        How the leaves are scored whose plugins are all here (:func:`scored_by`).
    """

    models: Mapping[str, LocalModel]
    scored_here: Mapping[str, str]


def scored_by(cell: Cell) -> str:
    """The digest of all that makes the key of a cell but its model: how it was scored."""
    return sides(cell.key_parts)[1]


def scored_otherwise(cell: Cell, card: Card, revisions: Mapping[str, int]) -> str:
    """Why a cell that was not scored as the published ones cannot be ranked among them.

    Parameters
    ----------
    card : Card
        Of its benchmark.
    revisions : mapping
        Of fornix, when the snapshot was published.
    """
    version = cell.key_parts["benchmark"]["version"]
    if version != card.version:
        return f"scored by version {version} of the benchmark, not {card.version}"
    for name, published in revisions.items():
        here = cell.key_parts.get(f"{name}_revision")
        if here is not None and here != published:
            return f"scored by {name} revision {here} of fornix, not {published}"
    return "not scored as the other cells of the benchmark: code, data, options or seed differ"


def local_results(
    store: Store, own: Registry, models: Sequence[str] | None, benchmarks: Sequence[str] | None, seed: int
) -> Local:
    """The results of a store whose models have a plugin here, of runs with a seed; others are left out, with a warning.

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
    if not listed:
        warnings.warn(f"the store {store.place} has no result to lay over a published matrix", stacklevel=4)
    _check_named(store, "model", models, {cell.model for cell in listed})
    _check_named(store, "benchmark", benchmarks, {cell.benchmark for cell in listed})
    listed = [c for c in listed if (models is None or c.model in models) and (benchmarks is None or c.benchmark in benchmarks)]
    known = {card.identifier for card in own.cards("model")}
    wanted = sorted({cell.model for cell in listed})
    if unknown := [name for name in wanted if name not in known]:
        warnings.warn(
            f"left out, as no plugin here provides these models: {', '.join(unknown)}; name the folders of their plugins",
            stacklevel=4,
        )
    keys = CellKeys(own, seed)
    found: dict[str, LocalModel] = {}
    otherwise: dict[str, str] = {}
    for name in wanted:
        if name in known:
            card = own.get("model", name)
            read = [store.cell(cell.key) for cell in listed if cell.model == name]
            whole = [cell for cell in read if cell is not None]
            if cells := [cell for cell in whole if _seed(cell) == seed]:
                found[name] = _local_model(card, sides({"model": keys.part(card)})[0], cells)
            elif whole:
                otherwise[name] = f"{name} ({', '.join(sorted({str(_seed(cell)) for cell in whole}))})"
    if otherwise:
        warnings.warn(
            f"left out, as the store has results of these models with other seeds than {seed} only: "
            f"{', '.join(otherwise.values())}; give the seed that is meant",
            stacklevel=4,
        )
    return Local(found, _scored_here(keys, own, found.values(), {cell.benchmark for cell in listed}))


def _scored_here(keys: CellKeys, own: Registry, models: Iterable[LocalModel], benchmarks: Iterable[str]) -> dict[str, str]:
    """How each benchmark is scored by the plugins here, where these are."""
    found: dict[str, str] = {}
    model = next((model.card for model in models), None)
    for name in benchmarks:
        with suppress(FornixError):  # its plugin, or one that it uses, is not here or cannot be read
            if model is not None:
                found[name] = sides(keys.parts(model, own.get("benchmark", name)))[1]
    return found


def _created(cell: Cell) -> str:
    return cell.created


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
