"""The matrix as cells.parquet, which holds all of it, and as matrix.nc, numbers for readers in other languages; and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr

from fornix.errors import UsageError
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
#: Bytes that the table may have unpacked, besides those for each of its rows, and that one of its texts may take in memory.
_LARGEST: Final = 1 << 28
_LARGEST_ROW: Final = 1 << 14
_LARGEST_TEXTS: Final = 1 << 33
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

    Raises
    ------
    SnapshotError
        If it holds so much that :func:`read_cells` would refuse it.
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
            values = matrix[name].transpose(*_DIMS).values.ravel()
            if kind is str and _fills_memory(longest := max(map(len, values), default=0), len(values)):
                raise SnapshotError(
                    f"a text in {name} has {longest} characters, which takes too much memory for {len(values)} cells; nobody "
                    "could pull it: publish fewer models or benchmarks, or have the plugin say less"
                )
            values = values.astype(_DTYPES[kind], copy=False)
        else:
            values = np.full(len(models) * len(benchmarks), _ABSENT[kind], dtype=_DTYPES[kind])
        columns[name] = pyarrow.array(values)
    part = durable.part_of(path)
    pyarrow.parquet.write_table(pyarrow.table(columns), part, compression="zstd", compression_level=9)
    try:
        _check_unpacked(pyarrow.parquet.read_metadata(part), len(models) * len(benchmarks))
    except ValueError as error:
        part.unlink()
        raise SnapshotError(
            f"the cells take too much room ({error}); nobody could pull them: publish fewer models or benchmarks, or have the "
            "plugins say less (details, notes)"
        ) from None
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
        about = pyarrow.parquet.read_metadata(path)
        there = about.schema.to_arrow_schema()
        _check_size(about, registry)
        wanted = [name for name in (*_DIMS, *COLUMNS) if name in there.names]
        for name in wanted:
            _check_kind(there, name)
        texts = [name for name in wanted if COLUMNS.get(name, str) is str]
        table = pyarrow.parquet.read_table(path, columns=wanted, read_dictionary=texts, use_threads=False)
        of_models, of_benchmarks = (_column(table.column(name), str) for name in _DIMS)
        rows, columns = (list(dict.fromkeys(names.tolist())) for names in (of_models, of_benchmarks))
        shape = (len(rows), len(columns))
        if table.num_rows != shape[0] * shape[1]:
            raise ValueError(f"it has {table.num_rows} rows for {shape[0]} models and {shape[1]} benchmarks")
        if (of_models != np.repeat(rows, shape[1])).any() or (of_benchmarks != np.tile(columns, shape[0])).any():
            raise ValueError("its rows are not in the order of models and, for each, benchmarks")
        kept = places_of("model", rows, models), places_of("benchmark", columns, with_children(registry, benchmarks))
        variables = {
            name: (_DIMS, _column(table.column(name), kind).reshape(shape)[np.ix_(*kept)])
            if name in there.names
            else (_DIMS, np.full((len(kept[0]), len(kept[1])), _ABSENT[kind], dtype=_DTYPES[kind]))
            for name, kind in COLUMNS.items()
        }
    except (pyarrow.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise SnapshotError(f"{path} cannot be read as the cells of a snapshot ({error}); tell who keeps it") from error
    names = [rows[i] for i in kept[0]], [columns[i] for i in kept[1]]
    try:
        found = {**coordinates(registry, *names), **card_coordinates(registry, *names)}
    except (UsageError, OverflowError, RecursionError) as error:
        raise SnapshotError(f"the cards of the snapshot do not go with its cells ({error}); tell who keeps it") from error
    return xr.Dataset(variables, coords=found)


def write_matrix(path: Path, matrix: xr.Dataset) -> None:
    """Write matrix.nc: the numbers and the status of every cell, with the coordinates, as netCDF-4."""
    from fornix.store.netcdf import write_dataset

    numbers = [name for name, kind in COLUMNS.items() if name in matrix and (kind is not str or name == "status")]
    write_dataset(path, matrix[numbers])


def _repeated(names: Any, where: Any) -> Any:
    """A column that repeats few names."""
    import pyarrow

    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(where.astype(np.int32)), pyarrow.array(names)).cast(pyarrow.string())


def _check_size(about: Any, registry: Registry) -> None:
    """Refuse a small file that would fill the memory: each of its rows is of a model and a benchmark that have a card."""
    most = len(registry.cards("model")) * len(registry.cards("benchmark"))
    if about.num_rows > most:
        raise ValueError(f"it has {about.num_rows} rows, and the cards of the snapshot are of {most} cells")
    _check_unpacked(about, most)


def _check_unpacked(about: Any, most: int) -> None:
    unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if unpacked > _LARGEST + _LARGEST_ROW * most:
        raise ValueError(f"it unpacks to {unpacked} bytes")


def _fills_memory(longest: int, texts: int) -> bool:
    """Whether an array of so many texts, each of which takes the room of the longest, is too large."""
    return 4 * longest * texts > _LARGEST_TEXTS


def _check_kind(schema: pyarrow.Schema, name: str) -> None:
    """Refuse a column that holds something else than it should; whatever could be made of it would be no cell that was scored."""
    from pyarrow import types

    kind, there = COLUMNS.get(name, str), schema.field(name).type
    expected: dict[type, tuple[Any, ...]] = {
        float: (types.is_floating,),
        int: (types.is_integer,),
        bool: (types.is_boolean,),
        str: (types.is_string, types.is_large_string),
    }
    if types.is_dictionary(there):
        there = there.value_type
    if not any(is_one(there) for is_one in expected[kind]):
        raise ValueError(f"its column {name} is of {there}")


def _column(column: pyarrow.ChunkedArray, kind: type) -> Any:
    if kind is float:
        return column.to_numpy().astype(np.float64, copy=False)
    if column.null_count:
        raise ValueError(f"a value is missing of what is {kind.__name__}")
    if kind is not str:
        return column.to_numpy().astype(_DTYPES[kind], copy=False)
    coded = column.combine_chunks()
    texts = coded.dictionary.to_pylist()
    longest = max(map(len, texts), default=0)
    if _fills_memory(longest, max(len(texts), len(coded))):
        raise ValueError(f"a text has {longest} characters, which takes too much memory for {len(coded)} cells")
    return np.array(texts or [""], dtype=np.str_)[coded.indices.to_numpy()]


def with_children(registry: Registry, benchmarks: Sequence[str] | None) -> list[str] | None:
    """The benchmarks named, and all below them; None stays None."""
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


def places_of(kind: str, there: list[str], wanted: Sequence[str] | None, of: str = "the snapshot") -> list[int]:
    """The places of the names that are wanted (None: all), in the order of what is there.

    Parameters
    ----------
    of : str
        What it is that has no such model or benchmark, as the error says it.

    Raises
    ------
    SnapshotError
        If one is not there.
    """
    if wanted is None:
        return list(range(len(there)))
    for name in wanted:
        if name not in there:
            raise SnapshotError(f"{of} has no {kind} {name!r}{did_you_mean(name, there) or f'; it has {_some(there)}'}")
    chosen = set(wanted)
    return [place for place, name in enumerate(there) if name in chosen]
