"""Rows of local models with all that a published matrix has of a cell, and where the cell is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import xarray as xr

from fornix.matrix.aggregate import Entry
from fornix.matrix.assemble import matrix_of
from fornix.matrix.snapshots.local import scored_by
from fornix.matrix.snapshots.provenance import hardware_class
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.store.interface import Cell

RANKS: Final = ("rank", "rank_low", "rank_high")
_DIMS: Final = ("model", "benchmark")


def block(
    registry: Registry,
    model_keys: Mapping[str, str],
    columns: Sequence[Card],
    entries: Mapping[str, Mapping[str, Entry]],
    cells: Mapping[str, Cell],
) -> xr.Dataset:
    """Rows of models with all variables of a pulled matrix and ``origin``, which is "local"; the ranks are not known.

    Parameters
    ----------
    registry : Registry
        The cards of the models and benchmarks.
    model_keys : mapping of str to str
        The models, and the digest of each one's part of cell keys.
    columns : sequence of Card
        The benchmarks.
    entries : mapping of model to mapping of benchmark to Entry
    cells : mapping of str to Cell
        The results that entries are of, by leaf; empty for rows of several models.

    Returns
    -------
    Dataset with dims (model, benchmark)
    """
    models = list(model_keys)
    names = [card.identifier for card in columns]
    flat = {(model, name): entries[model][name] for model in models for name in names}
    own = [cells.get(name) for name in names]
    beside: dict[str, list[Any]] = {
        "chance": [
            _number(_chance(card) if cell is None else cell.scalars.get("chance"))
            for card, cell in zip(columns, own, strict=True)
        ],
        "created": ["" if cell is None else cell.created for cell in own],
        "seconds": [_number(None if cell is None else cell.provenance.get("seconds")) for cell in own],
        "hardware": ["" if cell is None else hardware_class(cell.provenance) for cell in own],
        "benchmark_key": ["" if cell is None else scored_by(cell) for cell in own],
        "origin": ["local"] * len(names),
        **{name: [np.nan] * len(names) for name in RANKS},
    }
    rows = matrix_of(registry, models, columns, flat)
    rows = rows.assign({name: (_DIMS, np.array([row] * len(models))) for name, row in beside.items()})
    return rows.assign(model_key=(_DIMS, np.array([[model_keys[model]] * len(names) for model in models])))


def _chance(card: Card) -> float | None:
    """What a model of nothing scores on a leaf by its card; that of a parent no card states."""
    return card.chance if card.aggregate is None else None


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
