"""The matrix as cells.parquet, which holds all of it, and as matrix.nc, numbers for readers in other languages; and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr

from fornix.files import durable
from fornix.matrix.coordinates import card_coordinates, coordinates
from fornix.matrix.snapshots.format import SnapshotError
from fornix.registry.discovery import Registry
from fornix.registry.options import did_you_mean

if TYPE_CHECKING:
    import pyarrow

_DIMS: Final = ("model", "benchmark")
#: How many models or benchmarks a sentence names.
_NAMED: Final = 5
#: Every column after model and benchmark, and what its values are. A later minor schema may add some; none goes.
COLUMNS: Final[Mapping[str, type[float] | type[int] | type[bool] | type[str]]] = {
    "status": str,
    "value": float,
    "error": float,
    "interval_low": float,
    "interval_high": float,
    "raw": float,
    "raw_error": float,
    "ceiling": float,
    "ceiling_error": float,
    "chance": float,
    "n_nan": int,
    "ranked": bool,
    "rank": float,
    "rank_low": float,
    "rank_high": float,
    "normalisation": str,
    "resampled": str,
    "coverage": str,
    "flags": str,
    "notes": str,
    "reason": str,
    "why": str,
    "details": str,
    "key": str,
    "model_key": str,
    "benchmark_key": str,
    "created": str,
    "seconds": float,
    "hardware": str,
}
_DTYPES: Final[Mapping[type, Any]] = {float: np.float64, int: np.int64, bool: np.bool_, str: np.str_}
#: What a cell has in a column that an older minor schema lacks.
_ABSENT: Final[Mapping[type, Any]] = {float: np.nan, int: 0, bool: False, str: ""}


def write_cells(path: Path, matrix: xr.Dataset) -> None:
    """Write one row for each (model, benchmark), in the matrix's order; the same bytes for the same matrix.

    Parameters
    ----------
    matrix : Dataset with dims (model, benchmark)
        With every variable of :data:`COLUMNS`; one that it lacks is written as unknown (NaN, "").
    """
    import pyarrow
    import pyarrow.parquet

    models, benchmarks = matrix["model"].values, matrix["benchmark"].values
    columns = {
        "model": _repeated(models, np.repeat(np.arange(len(models)), len(benchmarks))),
        "benchmark": _repeated(benchmarks, np.tile(np.arange(len(benchmarks)), len(models))),
    }
    for name, kind in COLUMNS.items():
        if name in matrix:
            values = matrix[name].transpose(*_DIMS).values.astype(_DTYPES[kind], copy=False).ravel()
        else:
            values = np.full(len(models) * len(benchmarks), _ABSENT[kind], dtype=_DTYPES[kind])
        columns[name] = pyarrow.array(values)
    part = durable.part_of(path)
    pyarrow.parquet.write_table(pyarrow.table(columns), part, compression="zstd", compression_level=9)
    durable.replace(part, path)


def read_cells(
    path: Path,
    registry: Registry,
    models: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
) -> xr.Dataset:
    """The matrix that :func:`write_cells` wrote, with the coordinates that the cards give; of some models and benchmarks, or all.

    Parameters
    ----------
    path : path
        Of a cells.parquet.
    registry : Registry
        The cards of the same snapshot (:func:`fornix.matrix.snapshots.cards.read_registry`).
    models, benchmarks : sequence of str, optional
        Identifiers; the order stays that of the snapshot. A parent brings its children with it.

    Returns
    -------
    Dataset with dims (model, benchmark)
        The variables of :data:`COLUMNS` (one that an older snapshot lacks is NaN, 0, False or ""), and the coordinates of
        :mod:`fornix.matrix.coordinates`.

    Raises
    ------
    SnapshotError
        If the file is damaged, holds something else, or has no such model or benchmark.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        there = pyarrow.parquet.read_schema(path).names
        wanted = [name for name in (*_DIMS, *COLUMNS) if name in there]
        texts = [name for name in wanted if COLUMNS.get(name, str) is str]
        table = pyarrow.parquet.read_table(path, columns=wanted, read_dictionary=texts, use_threads=False)
        rows, columns = (_in_order(table.column(name)) for name in _DIMS)
        shape = (len(rows), len(columns))
        if table.num_rows != shape[0] * shape[1]:
            raise ValueError(f"it has {table.num_rows} rows for {shape[0]} models and {shape[1]} benchmarks")
        kept = _kept("model", rows, models), _kept("benchmark", columns, _with_children(registry, benchmarks))
        variables = {
            name: (_DIMS, _column(table.column(name), kind).reshape(shape)[np.ix_(*kept)])
            if name in there
            else (_DIMS, np.full((len(kept[0]), len(kept[1])), _ABSENT[kind], dtype=_DTYPES[kind]))
            for name, kind in COLUMNS.items()
        }
    except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise SnapshotError(f"{path} cannot be read as the cells of a snapshot ({error})") from error
    names = [rows[i] for i in kept[0]], [columns[i] for i in kept[1]]
    return xr.Dataset(variables, coords={**coordinates(registry, *names), **card_coordinates(registry, *names)})


def write_matrix(path: Path, matrix: xr.Dataset) -> None:
    """Write matrix.nc: the numbers and the status of every cell, with the coordinates, as netCDF-4."""
    from fornix.store.netcdf import write_dataset

    numbers = [name for name, kind in COLUMNS.items() if name in matrix and (kind is not str or name == "status")]
    write_dataset(path, matrix[numbers])


def _repeated(names: Any, where: Any) -> Any:
    """A column that repeats few names."""
    import pyarrow

    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(where.astype(np.int32)), pyarrow.array(names)).cast(pyarrow.string())


def _in_order(column: pyarrow.ChunkedArray) -> list[str]:
    """The names in a column, each once, in the order in which they come."""
    return list(dict.fromkeys(_column(column, str).tolist()))


def _column(column: pyarrow.ChunkedArray, kind: type) -> Any:
    if kind is not str:
        return column.to_numpy().astype(_DTYPES[kind], copy=False)
    coded = column.combine_chunks()
    if coded.null_count:
        raise ValueError("a text is missing")
    words = np.array(coded.dictionary.to_pylist(), dtype=np.str_) if len(coded.dictionary) else np.array([""])
    return words[coded.indices.to_numpy()]


def _with_children(registry: Registry, benchmarks: Sequence[str] | None) -> list[str] | None:
    """The benchmarks named, and all below them."""
    if benchmarks is None:
        return None
    found: dict[str, None] = {}
    left = list(benchmarks)
    while left:
        name = left.pop()
        found[name] = None
        cards = [card for card in registry.cards("benchmark") if card.identifier == name and card.aggregate is not None]
        left += [child for card in cards if card.aggregate is not None for child in card.aggregate.leaves() if child not in found]
    return list(found)


def _some(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more (pulled whole, it shows them)" if more > 0 else "")


def _kept(kind: str, there: list[str], wanted: Sequence[str] | None) -> list[int]:
    """The places of the names that are wanted, in the order of what is there."""
    if wanted is None:
        return list(range(len(there)))
    for name in wanted:
        if name not in there:
            raise SnapshotError(f"the snapshot has no {kind} {name!r}{did_you_mean(name, there) or f'; it has {_some(there)}'}")
    chosen = set(wanted)
    return [place for place, name in enumerate(there) if name in chosen]
