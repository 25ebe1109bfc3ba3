"""The results that are published: which of a store's, what is beside their numbers, and their scores, whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from sys import intern
from typing import Any, Final, NamedTuple

from fornix.engine.plan import Plan, PlannedCell
from fornix.matrix.snapshots import provenance
from fornix.matrix.snapshots.arrays import Parts
from fornix.store.interface import Cell, Store, StoreError

_WITHOUT_ERROR: Final = "its score has no standard error, and such a score is not published"
_LOST: Final = "the store has lost it while it was published"


class Result(NamedTuple):
    """What is published of a cell beside the matrix: of many cells no more than that is kept in memory."""

    created: str
    seconds: float
    hardware: str
    chance: float
    has_error: bool


def results_of(store: Store, planned: Plan) -> dict[str, Result]:
    """What is known of the cells that are ok, by key."""
    keys = {cell.key for cell in planned.in_state("ok")}
    return {cell.key: _from(cell) for cell in store.cells() if cell.key in keys} if keys else {}


def _from(cell: Cell) -> Result:
    return Result(
        cell.created,
        _number(cell.provenance.get("seconds")),
        intern(provenance.hardware_class(cell.provenance)),
        _number(cell.scalars.get("chance")),
        cell.scalars.get("error") is not None,
    )


def score_parts(store: Store, key: str, what: str) -> Parts:
    """The scalars and arrays of a result; raises StoreError where they are damaged or gone."""
    cell = store.cell(key)
    if cell is None:
        raise StoreError(f"the store {store.place} has lost the result of {what} while it was published; publish again")
    return cell.scalars, store.units(key) if cell.units_sha256 is not None else {}


def without_errors(planned: Plan, results: Mapping[str, Result]) -> Plan:
    """The plan without the scores whose uncertainty is not known, and without those that the store has lost meanwhile."""

    def kept(cell: PlannedCell) -> PlannedCell:
        if cell.state != "ok" or (cell.key in results and results[cell.key].has_error):
            return cell
        if cell.key not in results:
            return replace(cell, state="missing", why=_LOST)
        return replace(cell, state="missing", reason="no uncertainty", why=_WITHOUT_ERROR)

    return Plan(tuple(kept(cell) for cell in planned.cells))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
