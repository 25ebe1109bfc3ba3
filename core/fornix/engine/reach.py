"""What of a plan can be computed without running a model, and what is said of the rest. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from fornix.engine.plan import Plan, PlannedCell
from fornix.registry.discovery import Registry
from fornix.store.interface import Store


def within_reach(found: Plan, registry: Registry, store: Store, *, named: bool) -> Plan:
    """The part of a plan that may be computed from stored responses: all of it where its benchmarks were named, else the
    cells of models of which there is a trace on the same data: a result, or an attempt, which outlives its result.

    Whether all responses of a cell are stored, only its benchmark can tell: it is asked for its experiments, which takes
    its data. So benchmarks that nobody named, and that no trace leads to, are left alone.
    """
    if named:
        return found
    datasets = {cell.benchmark: registry.get("benchmark", cell.benchmark).uses.datasets for cell in found.cells}
    traces = {(cell.model, name) for cell in store.listing() for name in cell.datasets}
    traces |= {(cell.model, name) for cell in found.cells if cell.tried for name in datasets[cell.benchmark]}

    def reached(cell: PlannedCell) -> bool:
        return cell.state != "missing" or any((cell.model, name) in traces for name in datasets[cell.benchmark])

    return replace(found, cells=tuple(cell for cell in found.cells if reached(cell)))


def unanswered(found: Plan, left: Set[tuple[str, str]]) -> Plan:
    """A plan made after a run that asked no model, in which each missing cell says why it still is.

    Parameters
    ----------
    left : set of (model, benchmark)
        The cells whose responses were looked for, and of which some were not there.
    """

    def said(cell: PlannedCell) -> PlannedCell:
        if cell.state != "missing":
            return cell
        if (cell.model, cell.benchmark) in left:
            return replace(
                cell,
                reason="answers not stored",
                why=f"the store lacks answers of {cell.model} to it, and no model was run; `fornix run` asks for them",
            )
        return replace(
            cell,
            reason="not looked up",
            why=f"nothing in the store says that {cell.model} ever answered it; `fornix run` asks for it",
        )

    return replace(found, cells=tuple(map(said, found.cells)))
