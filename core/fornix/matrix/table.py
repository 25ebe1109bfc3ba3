"""The matrix as something to read or to save: blocks of rows and their legend, Markdown, CSV, netCDF."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray


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
    """The cells of a block as text, a row for each model in the order of the matrix: nothing is sorted by rank."""
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


def legend(matrix: xr.Dataset, shown: Sequence[Block]) -> list[str]:
    """What the marks in these tables mean, and what must be known of their values; of what they show only."""
    cells = _cells(matrix, shown)
    status, words = matrix["status"].values, {name: matrix[name].values for name in ("reason", "flags", "notes")}
    ok = cells & (status == "ok")
    found = []
    skipped = cells & (status == "skipped")
    if skipped.any():
        found.append("· skipped: " + ", ".join(sorted(set(words["reason"][skipped].tolist()))))
    if (cells & (status == "missing")).any():
        found.append("blank: not computed yet")
    flagged = sorted({flag for flag in words["flags"][ok].tolist() if flag})
    if flagged:
        found.append("† out of rankings: " + " | ".join(flagged))
    for what, where in (
        ("unceiled (raw) values", ok & (matrix["normalisation"].values == "none")),
        ("simulated data", ok & matrix["simulated"].values),
    ):
        names = matrix["benchmark"].values[where.any(axis=0)].tolist()
        if names:
            found.append(f"{what}: {', '.join(names)}")
    for note in ("map selected on same subject", "ceiling unreliable"):
        models = matrix["model"].values[(ok & (np.char.find(words["notes"], note) >= 0)).any(axis=1)].tolist()
        if models:
            found.append(f"{note}: {', '.join(models)}")
    return found


def parents_of_hidden_values(matrix: xr.Dataset, shown: Sequence[Block]) -> list[str]:
    """The parents below which a model has a value that these tables do not show, and that no mean above it stands for."""
    cells = _cells(matrix, shown)
    names = matrix["benchmark"].values.tolist()
    column, parent = {name: j for j, name in enumerate(names)}, dict(zip(names, matrix["parent"].values.tolist(), strict=True))
    filled = np.isfinite(matrix["value"].values)
    found = set()
    for name, j in column.items():
        hidden, above = filled[:, j] & ~cells[:, j], name
        while parent.get(above, "") in column:
            above = parent[above]
            hidden &= ~filled[:, column[above]]
        if above != name and hidden.any():
            found.add(above)
    return sorted(found)


def _cells(matrix: xr.Dataset, shown: Sequence[Block]) -> NDArray[np.bool_]:
    """Which cells are in these tables."""
    cells = np.zeros(matrix["status"].shape, dtype=bool)
    for block in shown:
        cells |= np.outer(np.isin(matrix["model"].values, block.models), np.isin(matrix["benchmark"].values, block.benchmarks))
    return cells


def write_csv(matrix: xr.Dataset, path: Path) -> None:
    """A tidy table: one row for each (model, benchmark)."""
    matrix.to_dataframe().reset_index().to_csv(path, index=False)


def write_parquet(matrix: xr.Dataset, path: Path) -> None:
    """The same table as Parquet, with the types of its columns."""
    matrix.to_dataframe().reset_index().to_parquet(path, index=False, compression="zstd")


def write_netcdf(matrix: xr.Dataset, path: Path) -> None:
    """The matrix as netCDF-4."""
    from fornix.store.netcdf import write_dataset

    write_dataset(path, matrix)


def read_matrix(path: str | Path) -> xr.Dataset:
    """The matrix that :func:`write_netcdf` wrote (``fornix run --netcdf matrix.nc``), identical.

    Raises
    ------
    ArrayFileError
        If the file is missing, damaged, or something else.
    """
    from fornix.store.netcdf import read_dataset

    return read_dataset(Path(path))
