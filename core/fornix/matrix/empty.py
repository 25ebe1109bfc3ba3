"""Why cells of leaves are empty, in lines: one for many cells that are empty for the same reason, or one for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

#: How many models or benchmarks a line names before it counts the rest, and characters of one sentence that stands for others.
NAMED: Final = 3
LONGEST: Final = 160
#: What is printed last is read first: what went wrong comes after what is as it must be.
_ORDER: Final = ("skipped", "missing", "stale")


def empty_lines(matrix: xr.Dataset) -> list[str]:
    """A line for each set of models that are empty on the same leaves for the same reason (or of leaves, in the same models:
    whichever takes fewer lines). A parent stands for its leaves where all of them are among those."""
    leaf = matrix["leaf"].values
    states: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}
    for i, j in _empty_cells(matrix):
        state = (str(matrix["status"].values[i, j]), str(matrix["reason"].values[i, j]))
        states.setdefault(state, np.zeros(matrix["status"].shape, dtype=bool))[i, j] = True
    lines = []
    for (status, reason), cells in sorted(states.items(), key=lambda state: _place(state[0][0])):
        by_model = [(rows, columns) for columns, rows in _alike(cells)]
        by_benchmark = list(_alike(cells.T))
        for rows, columns in by_model if len(by_model) <= len(by_benchmark) else by_benchmark:
            models = _listed(matrix["model"].values[rows].tolist(), matrix.sizes["model"], "models")
            on = "all benchmarks" if 1 < len(columns) == leaf.sum() else _listed(_families(matrix, columns))
            whys = list(dict.fromkeys(matrix["why"].values[np.ix_(rows, columns)].ravel().tolist()))
            lines.append(f"{models}: {status} on {on}{': ' + reason if reason else ''}{_because(whys)}")
    return lines


def every_empty_line(matrix: xr.Dataset) -> list[str]:
    """A line for each empty cell of a leaf, with its reason in full."""
    words = {name: matrix[name].values for name in ("status", "reason", "why")}
    lines = []
    for i, j in _empty_cells(matrix):
        reason = ": ".join(part for part in (words["reason"][i, j], words["why"][i, j]) if part)
        cell = f"{matrix['model'].values[i]} {matrix['benchmark'].values[j]}"
        lines.append(f"{words['status'][i, j]:<8} {cell}{' (' + reason + ')' if reason else ''}")
    return lines


def _empty_cells(matrix: xr.Dataset) -> list[tuple[int, int]]:
    empty = (matrix["status"].values != "ok") & matrix["leaf"].values
    return [(int(i), int(j)) for i, j in np.argwhere(empty)]


def _place(status: str) -> int:
    return _ORDER.index(status) if status in _ORDER else len(_ORDER)


def _alike(cells: npt.NDArray[np.bool_]) -> list[tuple[list[int], list[int]]]:
    """Rows with the same columns set, together: (columns, rows)."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for i in np.flatnonzero(cells.any(axis=1)).tolist():
        groups.setdefault(tuple(np.flatnonzero(cells[i]).tolist()), []).append(i)
    return [(list(columns), rows) for columns, rows in groups.items()]


def _families(matrix: xr.Dataset, columns: Sequence[int]) -> list[str]:
    """The names of these leaves, with a parent in place of its children where all are there."""
    names, parents = matrix["benchmark"].values.tolist(), matrix["parent"].values.tolist()
    chosen = set(columns)
    for j in reversed(range(len(names))):  # a parent stands right before its children
        children = {k for k, parent in enumerate(parents) if parent == names[j]}
        if children and children <= chosen:
            chosen = (chosen - children) | {j}
    return [names[j] for j in sorted(chosen)]


def _listed(names: Sequence[str], of: int = 0, what: str = "") -> str:
    """``a, b, c and 7 more``; ``all models`` where these are all of several."""
    if 1 < len(names) == of:
        return f"all {what}"
    left = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {left} more" if left > 0 else "")


def _because(whys: Sequence[str]) -> str:
    """The sentence that all cells share, or the beginning of the first cell's."""
    if len(whys) == 1:
        return f" ({whys[0]})" if whys[0] else ""
    first = whys[0].split(". ")[0]
    return f" (such as: {first if len(first) <= LONGEST else first[: LONGEST - 3] + '...'})"
