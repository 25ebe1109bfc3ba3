"""The index of a store: segments in Parquet with many results each, so that a listing need not read every cell.

The index is a cache of the cells and decides nothing. A row counts if the cell that it was made of is there still, in the same
version, which a listing of names tells; what no segment has is read from the cells themselves. Segments are named by
their hash, so writers do not collide, and one that is damaged, or removed by somebody who compacts, costs time alone.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fornix.store import layout
from fornix.store.interface import Cell, Listed, StoreError
from fornix.store.objects import Objects
from fornix.store.writing import sha256_of

#: So many results that no segment has make a segment.
SEGMENT: Final = 1_000
#: Results in a segment of those that compacting leaves.
COMPACTED: Final = 20_000

_REST: Final = ("options", "key_parts", "provenance")
_COLUMNS: Final = ("version", *Listed._fields, "units_sha256", *_REST)


class Index:
    """The segments of a store, and what this process has seen that none of them has."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        #: Key -> (version, cell) of results that are to go into the next segment.
        self._unwritten: dict[str, tuple[str, Cell]] = {}

    def note(self, cell: Cell, version: str) -> None:
        """Keep a result that no segment has for the next one, which is written when it is full."""
        if self._objects.read_only:
            return
        with self._lock:
            self._unwritten[cell.key] = (version, cell)
            if len(self._unwritten) < SEGMENT:
                return
            full, self._unwritten = self._unwritten, {}
        with suppress(StoreError):  # a cache: whoever lists next reads the cells
            self.write(list(full.values()))

    def noted(self, key: str, version: str) -> Cell | None:
        """A result that this process keeps for the next segment, if it is there in this version."""
        found = self._unwritten.get(key)
        return found[1] if found is not None and found[0] == version else None

    def segments(self) -> list[str]:
        """The names of all segments."""
        return [entry.name for entry in self._objects.entries(layout.INDEX) if entry.name.endswith(".parquet")]

    def listed(self) -> Iterator[tuple[str, Listed]]:
        """The version and the row of each result that a segment has, some twice, some of cells that are gone."""
        for table in self._tables(("version", *Listed._fields)):
            # to_numpy is several times as fast, and makes NaN of a number that is missing
            columns = [c.to_pylist() if c.type == "double" else c.to_numpy().tolist() for c in table.columns]
            yield from zip(columns[0], map(Listed._make, zip(*columns[1:], strict=True)), strict=True)

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """The version and the result itself of each, as :meth:`listed`."""
        as_they_are = ("key", "model", "benchmark", "created", "units_sha256")
        for table in self._tables(("version", *as_they_are, "scalars_text", *_REST)):
            for batch in table.to_batches(max_chunksize=SEGMENT):
                for row in batch.to_pylist():
                    texts = {"scalars": row["scalars_text"], **{name: row[name] for name in _REST}}
                    data = {name: json.loads(text) for name, text in texts.items()}
                    yield row["version"], Cell(**{name: row[name] for name in as_they_are}, **data)

    def write(self, rows: Sequence[tuple[str, Cell]]) -> str:
        """Write a segment; returns its name."""
        import pyarrow
        import pyarrow.parquet

        lines = [
            (version, *listed_from(cell), cell.units_sha256, *(_text(getattr(cell, name)) for name in _REST))
            for version, cell in rows
        ]
        types = [pyarrow.float64() if name == "seconds" else pyarrow.string() for name in _COLUMNS]
        columns = [pyarrow.array(list(column), kind) for column, kind in zip(zip(*lines, strict=True), types, strict=True)]
        table = pyarrow.table(columns, names=list(_COLUMNS))
        with self._objects.writing("the index of the store") as scratch:
            path = scratch / "segment.parquet"
            pyarrow.parquet.write_table(table, path, compression="zstd")
            sha256 = sha256_of(path)
            name = f"{layout.INDEX}{sha256}.parquet"
            self._objects.put_hashed(name, path, sha256)
        return name

    def _tables(self, columns: Sequence[str]) -> Iterator[Any]:
        names = self.segments()
        if not names:
            return  # and pyarrow is not needed
        import pyarrow
        import pyarrow.parquet

        for name, path in zip(names, self._objects.each(self._sound, names), strict=True):
            if path is None:
                continue
            try:
                yield pyarrow.parquet.read_table(path, columns=list(columns), use_threads=False)
            except (pyarrow.ArrowException, OSError, KeyError) as error:
                warnings.warn(f"{self._objects.place}/{name} cannot be read and is left out ({error})", stacklevel=2)

    def _sound(self, name: str) -> Path | None:
        """The local file of a segment; None if it is gone or damaged."""
        return self._objects.sound(name, name.removeprefix(layout.INDEX).removesuffix(".parquet"))


def listed_from(cell: Cell) -> Listed:
    """What a listing says of a result."""
    seconds = cell.provenance.get("seconds")
    names = " ".join(cell.key_parts.get("datasets", ()))
    known = float(seconds) if isinstance(seconds, int | float) else None
    return Listed(cell.key, cell.model, cell.benchmark, cell.created, known, names, _text(cell.scalars))


def _text(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"))
