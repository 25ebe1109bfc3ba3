"""What every store does with its objects, wherever they lie: what comes first, what decides, and what is believed.

Records are JSON, arrays netCDF. Which objects there are is :mod:`~fornix.store.layout`'s, which of them count as absent
:mod:`~fornix.store.reading`'s; a file of arrays is believed if it has the hash that its record states.
"""

from __future__ import annotations

import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fornix.store import layout, records
from fornix.store.index import Index, listed_from
from fornix.store.interface import ArrayFileError, Attempt, Cell, Kind, Listed, StoredResponse, StoreError
from fornix.store.objects import Objects
from fornix.store.reading import read_record
from fornix.store.records import Record
from fornix.store.writing import sha256_of, written

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Gram

Written = TypeVar("Written", Cell, StoredResponse)


class KeptStore:
    """A store whose objects lie in a folder or a bucket; see :class:`~fornix.store.interface.Store`.

    Parameters
    ----------
    objects : Objects
    """

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.index = Index(objects)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.place!r}{', read_only=True' if self.objects.read_only else ''})"

    @property
    def place(self) -> str:
        return self.objects.place

    def cell(self, key: str) -> Cell | None:
        return self._record(Cell, layout.cell(key), key=key)

    def put_cell(self, cell: Cell, units: Mapping[str, xr.DataArray] | None = None) -> Cell:
        layout.check_identifier(cell.model)
        layout.check_identifier(cell.benchmark)
        name = layout.cell(cell.key)
        with self.objects.writing(f"the cell {cell.model} x {cell.benchmark}") as scratch:
            arrays = scratch / "units.nc"
            if units:
                from fornix.store.netcdf import write_arrays

                write_arrays(arrays, units)
            cell = replace(cell, units_sha256=sha256_of(arrays) if units else None, created=_now())
            record = written(scratch, records.to_text(cell))
            if cell.units_sha256 is not None:
                self.objects.put_hashed(layout.units(cell), arrays, cell.units_sha256)
            stored = self._decide(record, name, self._noted_cell, cell)
            if cell.units_sha256 not in (None, stored.units_sha256):
                self.objects.remove(layout.units(cell))
        return stored

    def cells(self) -> Iterator[Cell]:
        for _, cell in self.versioned_cells():
            yield cell

    def versioned_cells(self, *, note: bool = True) -> Iterator[tuple[str, Cell]]:
        """All results, and the version of each as its object has it; ``note``: those that the index lacks are to go into it."""
        versions = self._versions_of_cells()
        for version, cell in self.index.cells():
            if versions.get(cell.key) == version:
                del versions[cell.key]
                yield version, cell
        yield from self._cells_beside_index(versions, note)

    def listing(self) -> Iterator[Listed]:
        versions = self._versions_of_cells()
        for version, listed in self.index.listed():
            if versions.get(listed.key) == version:
                del versions[listed.key]
                yield listed
        for _, cell in self._cells_beside_index(versions):
            yield listed_from(cell)

    def _versions_of_cells(self) -> dict[str, str]:
        begin, end = len(f"{layout.CELLS}ab/"), -len(".json")
        return {name[begin:end]: version for name, version, _ in self.objects.entries(layout.CELLS) if name.endswith(".json")}

    def _cells_beside_index(self, versions: Mapping[str, str], note: bool = True) -> Iterator[tuple[str, Cell]]:
        """The results of these keys, from their own records, for the next segment of the index, too."""
        unknown = []
        for key, version in versions.items():
            cell = self.index.noted(key, version)
            if cell is None:
                unknown.append(key)
            else:
                yield version, cell

        def read(key: str) -> tuple[Cell, str] | None:
            return read_record(self.objects, Cell, f"{layout.CELLS}{key[:2]}/{key}.json", key=key)

        for found in self.objects.each(read, unknown):
            if found is not None:
                cell, version = found
                if note:
                    self.index.note(cell, version)
                yield version, cell

    def units(self, key: str) -> dict[str, xr.DataArray]:
        from fornix.store.netcdf import read_arrays

        cell = self.cell(key)
        if cell is None:
            raise StoreError(f"the store {self.place} holds no cell {key}")
        if cell.units_sha256 is None:
            return {}
        name = layout.units(cell)
        path = self.objects.sound(name, cell.units_sha256)
        what = f"the arrays of {cell.model} x {cell.benchmark} in the store {self.place}"
        if path is None:
            how = "damaged" if self.objects.holds(name) else "missing"
            raise StoreError(
                f"{what} are {how} ({self.place}/{name}); its scalars are intact. "
                f"To have it computed again, remove {self.place}/{layout.cell(key)}"
            )
        try:
            return read_arrays(path)
        except ArrayFileError as error:
            raise StoreError(f"{what} cannot be read: {error}") from error

    def has_response(self, key: str) -> bool:
        return self._sound_response(key) is not None

    def response_record(self, key: str) -> StoredResponse | None:
        return self._record(StoredResponse, layout.response_record(key), key=key)

    def response(self, key: str) -> xr.DataArray | Gram:
        from fornix.store.netcdf import read_response

        record, path = self._need_response(key)
        return read_response(path, record.kind)

    def response_path(self, key: str) -> Path:
        return self._need_response(key)[1]

    def put_response_file(self, key: str, path: Path, kind: Kind, about: Mapping[str, Any]) -> StoredResponse:
        from fornix.store.netcdf import read_response

        name = layout.response_record(key)
        try:
            read_response(path, kind)
        except ArrayFileError as error:
            raise ArrayFileError(f"a response was not stored: {error}") from error
        with self.objects.writing("a response") as scratch:
            arrays = scratch / "response.nc"
            _link_or_copy(path, arrays)
            response = StoredResponse(key, kind, about, sha256_of(arrays), _now())
            record = written(scratch, records.to_text(response))
            self.objects.put_hashed(layout.response(response), arrays, response.sha256)
            stored = self._decide(record, name, self._stored_response, response)
            if stored.sha256 != response.sha256:
                self.objects.remove(layout.response(response))
            path.unlink()
        return stored

    def add_attempt(self, attempt: Attempt, log: str | Path = "") -> Attempt:
        folder = layout.attempts_at(attempt.model, attempt.benchmark)
        started = datetime.fromisoformat(attempt.started).astimezone(UTC)
        attempt = replace(attempt, identifier=f"{started:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}")
        with self.objects.writing(f"the attempt at {attempt.model} x {attempt.benchmark}") as scratch:
            text = scratch / "log"
            if isinstance(log, Path):
                shutil.copyfile(log, text)
            else:
                text.write_text(log, encoding="utf-8", errors="backslashreplace")
            record = written(scratch, records.to_text(attempt))
            self.objects.put(f"{folder}{attempt.identifier}.log", text)
            self.objects.put(f"{folder}{attempt.identifier}.json", record)
        return attempt

    def attempts(self, model: str | None = None, benchmark: str | None = None) -> Iterator[Attempt]:
        found = [name for folder in self._attempt_folders(model, benchmark) for name in self._records_below(folder)]
        found.sort(key=layout.stem)
        for attempt in self.objects.each(lambda name: self._record(Attempt, name, identifier=layout.stem(name)), found):
            if attempt is not None:
                yield attempt

    def log(self, attempt: Attempt) -> str:
        found = self.objects.read(f"{layout.attempts_at(attempt.model, attempt.benchmark)}{attempt.identifier}.log")
        if found is None:
            raise StoreError(f"the store {self.place} has no log of attempt {attempt.identifier!r}")
        return found.content.decode("utf-8", errors="replace")

    def claim(self, key: str) -> AbstractContextManager[bool]:
        return self.objects.claim(layout.claim(key))

    # reading

    def _records_below(self, folder: str) -> Iterator[str]:
        return (entry.name for entry in self.objects.entries(folder) if entry.name.endswith(".json"))

    def _attempt_folders(self, model: str | None, benchmark: str | None) -> list[str]:
        for name in (model, benchmark):
            if name is not None:
                layout.check_identifier(name)
        if model is not None:
            return [f"{layout.ATTEMPTS}{model}/" if benchmark is None else layout.attempts_at(model, benchmark)]
        if benchmark is None:
            return [layout.ATTEMPTS]
        return [f"{layout.ATTEMPTS}{folder}{benchmark}/" for folder in self.objects.children(layout.ATTEMPTS)]

    def _record(self, kind: type[Record], name: str, **named: str) -> Record | None:
        """The record of this name; None where there is none, and, with a warning, where it is damaged."""
        found = read_record(self.objects, kind, name, **named)
        return None if found is None else found[0]

    def _noted_cell(self, key: str) -> Cell | None:
        found = read_record(self.objects, Cell, layout.cell(key), key=key)
        if found is None:
            return None
        self.index.note(*found)
        return found[0]

    def _stored_response(self, key: str) -> StoredResponse | None:
        found = self._sound_response(key)
        return None if found is None else found[0]

    def _sound_response(self, key: str) -> tuple[StoredResponse, Path] | None:
        record = self.response_record(key)
        if record is None:
            return None
        path = self.objects.sound(layout.response(record), record.sha256)
        if path is not None:
            return record, path
        warnings.warn(
            f"the response {key} in the store {self.place} is damaged; it is removed and will be computed again", stacklevel=3
        )
        with suppress(OSError):
            if not self.objects.read_only:
                self.objects.remove(layout.response_record(key))
                self.objects.remove(layout.response(record))
        return None

    def _need_response(self, key: str) -> tuple[StoredResponse, Path]:
        found = self._sound_response(key)
        if found is None:
            raise StoreError(f"the store {self.place} holds no response {key}")
        return found

    # writing

    def _decide(self, record: Path, name: str, stored: Callable[[str], Written | None], mine: Written) -> Written:
        """Write a record unless there is one; returns the one that is there now."""
        self.objects.put_new(name, record)
        now = stored(mine.key)
        if now is None:
            # What was there is damaged, so it does not count as first.
            self.objects.put(name, written(record.parent, records.to_text(mine)))
            now = stored(mine.key)
        if now is None:
            raise StoreError(f"what was written to {self.place}/{name} cannot be read back; is its disk sound?")
        return now


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another disk, or a file of another owner.
        shutil.copyfile(source, target)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
