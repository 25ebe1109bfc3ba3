"""Joining a published matrix and the rows of local models: a cell is the published one, as it was published, or a local one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import xarray as xr

from fornix.engine.chosen import leaves
from fornix.engine.plan import skip_reason
from fornix.matrix.aggregate import Entry, add_parents
from fornix.matrix.assemble import entry_from_scalars, tree_order
from fornix.matrix.comparing.children import shares
from fornix.matrix.coordinates import card_coordinates, coordinates
from fornix.matrix.snapshots.local import LocalModel, scored_by, scored_otherwise
from fornix.matrix.snapshots.rows import block
from fornix.matrix.snapshots.tables import COLUMNS
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.store.interface import Cell

_DIMS: Final = ("model", "benchmark")
_VARIABLES: Final = (*COLUMNS, "origin")
#: Of a published cell, what an entry has under the same name.
_TOLD_ALIKE: Final = (
    "value",
    "error",
    "raw",
    "raw_error",
    "ceiling",
    "ceiling_error",
    "normalisation",
    "n_nan",
    "reason",
    "why",
    "key",
)
_NOT_COMPUTED: Final = "the store has no result of it"
_NOT_PUBLISHED: Final = "the snapshot has no such benchmark"
_OTHER_MODEL: Final = "its results in the store are those of other code of the model than there is now"
_OTHER_SCORING: Final = "its results in the store were scored neither as the published ones nor as the plugins here would score"


@dataclass(frozen=True)
class Row:
    """A local model in the overlay: its name there, and the place of the published row that it belongs to, if any."""

    name: str
    model: LocalModel
    same: int | None = None


class Overlaid:
    """Joins the published matrix and the rows of local models.

    Parameters
    ----------
    published : Dataset
    registry : Registry
        The cards of both.
    rows : list of Row
    scored_here : mapping of str to str
        How leaves are scored by the plugins here (:func:`~fornix.matrix.snapshots.local.scored_by`).
    revisions : mapping
        Of fornix, when the snapshot was published.
    """

    def __init__(
        self,
        published: xr.Dataset,
        registry: Registry,
        rows: list[Row],
        scored_here: Mapping[str, str],
        revisions: Mapping[str, int],
    ) -> None:
        self._published = published
        self._old = {name: published[name].values for name in COLUMNS}
        self._old["origin"] = np.full(published["value"].shape, "public")
        self._registry = registry
        self._rows = rows
        self._scored_here = scored_here
        self._revisions = revisions
        #: The (row, leaf) of local cells that are not shown, as a published one is.
        self.hidden: list[tuple[str, str]] = []
        there = published["benchmark"].values.tolist()
        known = {card.identifier for card in registry.cards("benchmark")}
        results = {benchmark for row in rows for benchmark in row.model.cells}
        #: Benchmarks with local results that have no card.
        self.unknown = sorted(results - known)
        old = [registry.get("benchmark", name) for name in there]
        ordered = tree_order(
            registry, [*(card.identifier for card in old if card.aggregate is None), *sorted(results & known - set(there))]
        )
        self._new = [
            card
            for card in ordered
            if card.identifier not in there and {leaf.identifier for leaf in leaves(registry, card)} & results
        ]
        self._columns = [*old, *self._new]
        self._scored = self._how_scored()

    def _how_scored(self) -> dict[str, set[str]]:
        """How the cells of each leaf were scored that are compared: as the published, else as the plugins here score, else as the
        newest one here was."""
        keys = self._published["benchmark_key"].values
        found = {name: set(keys[:, j].tolist()) - {""} for j, name in enumerate(self._published["benchmark"].values.tolist())}
        for card in self._columns:
            name = card.identifier
            cells = [cell for row in self._rows for cell in row.model.cells.get(name, ())]
            if cells and not found.get(name):
                found[name] = {self._scored_here.get(name) or scored_by(max(cells, key=lambda cell: cell.created))}
        return found

    def matrix(self) -> xr.Dataset:
        """The whole of it, without ranks where a local value came in."""
        names = self._published["model"].values.tolist()
        own = {row.name: self._local_row(row) for row in self._rows}
        columns = [card.identifier for card in self._columns]
        order = [*names, *(row.name for row in self._rows if row.same is None)]
        beside = self._beside([name for name in names if name not in own]) if self._new else None

        def stacked(name: str) -> Any:
            rows = self._old[name]
            if beside is not None:
                wide = np.full((len(names), len(self._new)), _empty_of(beside[name]), dtype=beside[name].dtype)
                wide[~np.isin(names, list(own))] = beside[name].values
                rows = np.concatenate([rows, wide], axis=1)
            parts = [own[n][name].values if n in own else rows[[i]] for i, n in enumerate(order)]
            return np.concatenate(parts, axis=0)

        return xr.Dataset(
            {name: (_DIMS, stacked(name)) for name in _VARIABLES},
            coords={
                **coordinates(self._registry, order, columns),
                **card_coordinates(self._registry, order, columns),
                "parent": ("benchmark", self._parents(columns)),
            },
        )

    def _parents(self, columns: Sequence[str]) -> Any:
        """The parent of each benchmark: the published one before one of the lab's own."""
        published = dict(
            zip(self._published["benchmark"].values.tolist(), self._published["parent"].values.tolist(), strict=True)
        )
        _, found = coordinates(self._registry, [], columns)["parent"]
        return np.array(
            [published.get(name) or parent for name, parent in zip(columns, found.tolist(), strict=True)], dtype=np.str_
        )

    def _local_row(self, row: Row) -> xr.Dataset:
        """The row of a local model: its own cells, and those published of it."""
        entries: dict[str, Entry] = {}
        cells: dict[str, Cell] = {}
        for card in self._columns:
            leaf = card.identifier
            if card.aggregate is not None:
                continue
            published = None if row.same is None else self._published_entry(row.same, leaf)
            cell = row.model.chosen(leaf, self._scored.get(leaf, set()), self._scored_here.get(leaf))
            if published is not None and (published.status == "ok" or cell is None):
                entries[leaf] = published
                if cell is not None and cell.key != published.key:
                    self.hidden.append((row.name, leaf))
            elif cell is not None:
                cells[leaf] = cell
                entries[leaf] = entry_from_scalars(cell.scalars, key=cell.key)
            else:
                entries[leaf] = self._empty(row, card)
        add_parents(self._registry, self._columns, entries)
        made = block(self._registry, {row.name: row.model.model_key}, self._columns, {row.name: entries}, cells)
        made = self._with_flags(made, cells)
        return made if row.same is None else self._as_published(row.same, made, cells)

    def _as_published(self, place: int, made: xr.Dataset, cells: Mapping[str, Cell]) -> xr.Dataset:
        """A row with what was published as it was published: all columns that have no local cell in or below them."""
        there = self._columns[: self._published.sizes["benchmark"]]
        kept = [j for j, card in enumerate(there) if not {leaf.identifier for leaf in leaves(self._registry, card)} & set(cells)]
        joined = {}
        for name in _VARIABLES:
            own, old = made[name].values, self._old[name][[place]]
            joined[name] = own.astype(np.result_type(own.dtype, old.dtype))
            joined[name][:, kept] = old[:, kept]
        return xr.Dataset({name: (_DIMS, values) for name, values in joined.items()})

    def _beside(self, models: Sequence[str]) -> xr.Dataset:
        """The cells of published models, of which nothing is here, on benchmarks that the snapshot lacks."""
        needed = list({leaf.identifier: leaf for card in self._new for leaf in leaves(self._registry, card)}.values())
        places = {name: i for i, name in enumerate(self._published["model"].values.tolist())}
        entries: dict[str, dict[str, Entry]] = {}
        for model in models:
            entries[model] = {
                leaf.identifier: self._published_entry(places[model], leaf.identifier)
                or self._skipped(model, leaf)
                or Entry("missing", why=_NOT_PUBLISHED)
                for leaf in needed
            }
            add_parents(self._registry, self._new, entries[model])
        known = self._published["model_key"].values
        model_keys = {model: next(filter(None, known[places[model]].tolist()), "") for model in models}
        return block(self._registry, model_keys, self._new, entries, {})

    # cells

    def _published_entry(self, place: int, leaf: str) -> Entry | None:
        """What is published of a model on a leaf; None if the leaf is not."""
        if leaf not in self._published.get_index("benchmark"):
            return None
        j = self._published.get_index("benchmark").get_loc(leaf)
        said = {name: self._old[name][place, j].item() for name in COLUMNS}
        return Entry(
            status=said["status"],
            interval=(said["interval_low"], said["interval_high"]),
            notes=tuple(filter(None, said["notes"].split("; "))),
            resampled=tuple(filter(None, said["resampled"].split("; "))),
            details=json.loads(said["details"] or "{}"),
            coverage=(1, 1),
            **{name: said[name] for name in _TOLD_ALIKE},
        )

    def _empty(self, row: Row, card: Card) -> Entry:
        if card.identifier in row.model.stale:
            return Entry("stale", why=_OTHER_MODEL)
        if row.model.cells.get(card.identifier):
            return Entry("stale", why=_OTHER_SCORING)
        return self._skipped(row.name, card) or Entry("missing", why=_NOT_COMPUTED)

    def _skipped(self, model: str, card: Card) -> Entry | None:
        """What the cards say of a cell that cannot be."""
        of_model = self._registry.get("model", model)
        told = skip_reason(self._registry, of_model, card, model_named=True, benchmark_named=True, unavailable=lambda file: None)
        return None if told is None else Entry("skipped", reason=told[0], why=told[1])

    def _with_flags(self, made: xr.Dataset, cells: Mapping[str, Cell]) -> xr.Dataset:
        """A local row out of rankings where its cells, or those below a parent, were scored otherwise than the published."""
        otherwise = {
            leaf: scored_otherwise(cell, self._registry.get("benchmark", leaf), self._revisions)
            for leaf, cell in cells.items()
            if scored_by(cell) not in self._scored[leaf]
        }
        flags, ranked = made["flags"].values.astype(object), made["ranked"].values.copy()
        for j, card in enumerate(self._columns):
            reasons = [otherwise[leaf] for leaf in shares(self._registry, card) if leaf in otherwise]
            flags[0, j] = "; ".join(dict.fromkeys(filter(None, [flags[0, j], *reasons])))
            ranked[0, j] &= not reasons
        return made.assign(flags=(_DIMS, flags.astype(np.str_)), ranked=(_DIMS, ranked))


def _empty_of(array: xr.DataArray) -> Any:
    """What stands where a row of the model itself is put in: a value of the right kind."""
    return np.zeros((), dtype=array.dtype).item()
