"""Why cells of leaves are empty, in lines: one for many cells that are empty for the same reason, or one for each.

Imports nothing heavy: a plan is told in these lines, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fornix.registry.problems import listed

if TYPE_CHECKING:
    import xarray as xr

    from fornix.engine.plan import PlannedCell

#: Characters of one sentence that stands for others.
LONGEST: Final = 160
#: What is printed last is read first: what went wrong comes after what is as it must be.
_ORDER: Final = ("skipped", "missing", "stale")


@dataclass(frozen=True)
class CellState:
    """How a cell of a leaf stands: its status, the reason, and a sentence more."""

    model: str
    benchmark: str
    status: str
    reason: str = ""
    why: str = ""

    @property
    def line(self) -> str:
        """A line of its own, with the reason in full."""
        reason = ": ".join(part for part in (self.reason, self.why) if part)
        return f"{self.status:<8} {self.model} {self.benchmark}{' (' + reason + ')' if reason else ''}"


def empty_cells(matrix: xr.Dataset) -> list[CellState]:
    """The cells of a matrix's leaves that have no result, model by model."""
    models, benchmarks = matrix["model"].values.tolist(), matrix["benchmark"].values.tolist()
    words = zip(*(matrix[name].values.tolist() for name in ("status", "reason", "why")), strict=True)
    leaf = matrix["leaf"].values.tolist()
    return [
        CellState(model, benchmark, status, reason, why)
        for model, row in zip(models, words, strict=True)
        for benchmark, is_leaf, status, reason, why in zip(benchmarks, leaf, *row, strict=True)
        if is_leaf and status != "ok"
    ]


def planned_cell(cell: PlannedCell) -> CellState:
    """A cell of a plan, whose failure of a kind of its own (``timeout``, ``oom``) is its status."""
    if cell.state != "failed":
        return CellState(cell.model, cell.benchmark, cell.state, cell.reason, cell.why)
    return CellState(cell.model, cell.benchmark, cell.why or cell.state, cell.reason)


def empty_lines(matrix: xr.Dataset, cells: Sequence[CellState] | None = None) -> list[str]:
    """The lines of :func:`lines_of` for these cells of a matrix (default: all that are empty)."""
    named = zip(
        matrix["benchmark"].values.tolist(), matrix["parent"].values.tolist(), matrix["leaf"].values.tolist(), strict=True
    )
    benchmarks = list(named)
    return lines_of(
        empty_cells(matrix) if cells is None else cells,
        matrix["model"].values.tolist(),
        [name for name, _, is_leaf in benchmarks if is_leaf],
        {name: parent for name, parent, _ in benchmarks if parent},
    )


def lines_of(cells: Sequence[CellState], models: Sequence[str], leaves: Sequence[str], parents: Mapping[str, str]) -> list[str]:
    """A line for each set of models that are empty on the same leaves for the same reason (or of leaves, in the same models:
    whichever takes fewer lines). A parent stands for its leaves where all of them are among those.

    Parameters
    ----------
    models, leaves : sequence of str
        All there are, in order, with those that are not empty: where a set is all of them, that is said.
    parents : mapping of str to str
        Benchmark -> parent, for parents whose leaves are all among these.
    """
    states: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
    for cell in cells:
        states.setdefault((cell.status, cell.reason), {})[cell.model, cell.benchmark] = cell.why
    found = []
    for (status, reason), whys in sorted(states.items(), key=lambda state: _place(state[0][0])):
        by_model = [(rows, columns) for columns, rows in _alike(whys)]
        by_leaf = _alike([(leaf, model) for model, leaf in whys])
        for rows, columns in by_model if len(by_model) <= len(by_leaf) else by_leaf:
            rows, columns = _in_order(rows, models), _in_order(columns, leaves)
            who = "all models" if 1 < len(rows) == len(models) else listed(rows)
            on = "all benchmarks" if 1 < len(columns) == len(leaves) else listed(_families(columns, parents))
            because = _because(list(dict.fromkeys(whys[row, column] for row in rows for column in columns)))
            found.append(f"{who}: {status} on {on}{': ' + reason if reason else ''}{because}")
    return found


def _place(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)


def _alike(cells: Iterable[tuple[str, str]]) -> list[tuple[tuple[str, ...], list[str]]]:
    """Rows with the same columns, together: (columns, rows)."""
    columns: dict[str, list[str]] = {}
    for row, column in cells:
        columns.setdefault(row, []).append(column)
    groups: dict[tuple[str, ...], list[str]] = {}
    for row, own in columns.items():
        groups.setdefault(tuple(sorted(own)), []).append(row)
    return list(groups.items())


def _in_order(names: Iterable[str], order: Sequence[str]) -> list[str]:
    place = {name: number for number, name in enumerate(order)}
    return sorted(names, key=place.__getitem__)


def _families(names: Sequence[str], parents: Mapping[str, str]) -> list[str]:
    """These leaves, with a parent in place of its children where all are there."""
    children: dict[str, set[str]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, set()).add(child)
    shown = list(names)
    while complete := [parent for parent, own in children.items() if own <= set(shown)]:
        own = children.pop(complete[0])
        place = min(map(shown.index, own))
        shown[place] = complete[0]
        shown = [name for name in shown if name not in own]
    return shown


def _because(whys: Sequence[str]) -> str:
    """The sentence that all cells share, or the beginning of the first cell's."""
    if len(whys) == 1:
        return f" ({whys[0]})" if whys[0] else ""
    first = whys[0].split(". ")[0]
    return f" (such as: {first if len(first) <= LONGEST else first[: LONGEST - 3] + '...'})"
