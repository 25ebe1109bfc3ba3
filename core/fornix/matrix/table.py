"""The matrix as something to read or to save: blocks of rows, Markdown, CSV, netCDF, and lines that say what was skipped."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr


@dataclass(frozen=True)
class Block:
    """Models and benchmarks that share filled cells: one table to print."""

    models: tuple[str, ...]
    benchmarks: tuple[str, ...]


def blocks(matrix: xr.Dataset, *, expand: bool = False) -> list[Block]:
    """Split the matrix into tables without empty rows or columns.

    Two models are in one block if they share a benchmark on which both have a value.

    Parameters
    ----------
    expand : bool
        Whether the children of a parent are shown too.
    """
    shown = np.ones(matrix.sizes["benchmark"], dtype=bool) if expand else matrix["parent"].values == ""
    filled = np.isfinite(matrix["value"].values)
    # a model that has values on some children only is shown with those
    for i in np.flatnonzero(filled.any(axis=1) & ~(filled & shown).any(axis=1)):
        shown = shown | filled[i]
    filled = filled & shown
    left = [i for i in range(matrix.sizes["model"]) if filled[i].any()]
    found = []
    while left:
        rows, columns = {left[0]}, np.flatnonzero(filled[left[0]])
        while True:
            grown = {i for i in left if filled[i, columns].any()}
            columns = np.flatnonzero(filled[sorted(grown)].any(axis=0))
            if grown == rows:
                break
            rows = grown
        left = [i for i in left if i not in rows]
        found.append(
            Block(
                tuple(matrix["model"].values[sorted(rows)].tolist()),
                tuple(matrix["benchmark"].values[columns].tolist()),
            )
        )
    return found


def cell_text(cell: xr.Dataset, *, flag: str = "†") -> str:
    """One cell: value ± standard error, marked where it is out of rankings; a short word where there is none."""
    value, error = float(cell["value"]), float(cell["error"])
    if not math.isfinite(value):
        status = str(cell["status"].item())
        return {"skipped": "·", "missing": "", "ok": "nan"}.get(status, status)
    text = f"{value:.3f}" + (f" ±{error:.3f}" if math.isfinite(error) else "")
    return text + (flag if str(cell["flags"].item()) else "")


def rows(matrix: xr.Dataset, block: Block) -> list[list[str]]:
    """The cells of a block as text, best mean rank first left to the reader: rows are in the order of the matrix."""
    return [
        [model, *(cell_text(matrix.sel(model=model, benchmark=benchmark)) for benchmark in block.benchmarks)]
        for model in block.models
    ]


def heading(identifier: str) -> str:
    """An identifier broken over lines at its dots and dashes, for narrow columns."""
    return re.sub(r"(?<=[.-])(?=\w)", "\n", identifier)


def markdown(matrix: xr.Dataset, block: Block) -> str:
    """A block as a Markdown table."""
    lines = ["| model | " + " | ".join(block.benchmarks) + " |", "| --- |" + " --- |" * len(block.benchmarks)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(matrix, block)]
    return "\n".join(lines)


def legend(matrix: xr.Dataset) -> list[str]:
    """What the marks in the tables mean, as far as they occur."""
    found = []
    flagged = sorted({f for f in np.unique(matrix["flags"].values[matrix["status"].values == "ok"]).tolist() if f})
    if flagged:
        found.append("† out of rankings: " + " | ".join(flagged))
    unceiled = (matrix["normalisation"].values == "none") & (matrix["status"].values == "ok")
    names = matrix["benchmark"].values[unceiled.any(axis=0)].tolist()
    if names:
        found.append("unceiled (raw) values: " + ", ".join(names))
    simulated = matrix["benchmark"].values[matrix["simulated"].values].tolist()
    if simulated:
        found.append("simulated data: " + ", ".join(simulated))
    for note in ("map selected on same subject", "ceiling unreliable"):
        models = matrix["model"].values[(np.char.find(matrix["notes"].values, note) >= 0).any(axis=1)].tolist()
        if models:
            found.append(f"{note}: {', '.join(models)}")
    return found


def empty_lines(matrix: xr.Dataset) -> list[str]:
    """Why cells of leaves are empty: a line for each leaf that is empty for one reason in all models, then for each model and
    reason."""
    words = {name: matrix[name].values for name in ("status", "reason", "why")}
    benchmarks, models = matrix["benchmark"].values.tolist(), matrix["model"].values.tolist()
    empty = (words["status"] != "ok") & matrix["leaf"].values
    lines = []
    for j, benchmark in enumerate(benchmarks):
        states = {(words["status"][i, j], words["reason"][i, j], words["why"][i, j]) for i in range(len(models))}
        if len(models) > 1 and empty[:, j].all() and len(states) == 1:
            lines.append(f"all models: {_because(benchmark, *states.pop())}")
            empty[:, j] = False
    for i, model in enumerate(models):
        grouped: dict[tuple[str, str], list[int]] = {}
        for j in np.flatnonzero(empty[i]).tolist():
            grouped.setdefault((words["status"][i, j], words["reason"][i, j]), []).append(j)
        for (status, reason), columns in grouped.items():
            first = benchmarks[columns[0]]
            listed = first if len(columns) == 1 else f"{first} and {len(columns) - 1} more"
            lines.append(f"{model}: {_because(listed, status, reason, words['why'][i, columns[0]])}")
    return lines


def _because(benchmarks: str, status: str, reason: str, why: str) -> str:
    return f"{status} on {benchmarks}{': ' + reason if reason else ''}{' (' + why + ')' if why else ''}"


def write_csv(matrix: xr.Dataset, path: Path) -> None:
    """A tidy table: one row for each (model, benchmark)."""
    matrix.to_dataframe().reset_index().to_csv(path, index=False)


def write_netcdf(matrix: xr.Dataset, path: Path) -> None:
    """The matrix as netCDF-4."""
    from fornix.store.netcdf import write_dataset

    write_dataset(path, matrix)
