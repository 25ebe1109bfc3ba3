"""A store in a local folder: JSON for what is listed, netCDF for arrays, every file written whole or not at all.

    store.json                                       schema version
    cells/<2 hex>/<key>.json                         one result
    units/<2 hex>/<key>.<16 hex of sha256>.nc        the arrays of its score
    responses/<2 hex>/<key>.json                     what is known of one response
    responses/<2 hex>/<key>.<16 hex of sha256>.nc    the response
    attempts/<model>/<benchmark>/<identifier>.json   one attempt, its log beside it (.log)
    claims/<2 hex>/<key>.lock                        locked while someone works on what goes under the key; empty
    tmp/                                             what is being written

The JSON file of a cell or response is written last and decides: the netCDF file that it names by hash is there by then,
and one that none names is the trace of a writer that was killed or came second.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fornix.files import durable
from fornix.files.held import held, lacks_locks
from fornix.files.settings import named_folder
from fornix.store import records
from fornix.store.interface import ArrayFileError, Attempt, Cell, Kind, StoredResponse, StoreError
from fornix.store.layout import Layout, check_identifier
from fornix.store.writing import Writer, check_schema, written

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Gram

Written = TypeVar("Written", Cell, StoredResponse)


def default_folder() -> Path:
    """The folder of the store that is used where none is named: ``FORNIX_STORE``, else ``fornix-store`` in the working folder."""
    return Path(os.environ.get("FORNIX_STORE") or "fornix-store")


class FolderStore:
    """A store in a local folder; see :class:`~fornix.store.interface.Store`.

    Opening it writes nothing: a folder that is not there, or empty, is an empty store until the first write.

    Parameters
    ----------
    path : path
    read_only : bool
        Refuse every write.

    Raises
    ------
    StoreError
        If the folder holds something else, or a store of a newer fornix.
    UsageError
        If it is named from a home or a working folder that is not there.
    """

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        self.path = named_folder(path, "the store")
        self.read_only = read_only
        self._layout = Layout(self.path)
        self._writer = Writer(self._layout, read_only)
        #: Path -> (size, time of change in ns) of the files whose hash this process has checked.
        self._sound: dict[Path, tuple[int, int]] = {}
        check_schema(self._layout)

    def __repr__(self) -> str:
        return f"FolderStore({str(self.path)!r}{', read_only=True' if self.read_only else ''})"

    def cell(self, key: str) -> Cell | None:
        return records.read(Cell, self._layout.cell(key), key=key)

    def put_cell(self, cell: Cell, units: Mapping[str, xr.DataArray] | None = None) -> Cell:
        check_identifier(cell.model)
        check_identifier(cell.benchmark)
        path = self._layout.cell(cell.key)
        with self._writer.scratch(f"the cell {cell.model} x {cell.benchmark}") as scratch:
            arrays = scratch / "units.nc"
            if units:
                from fornix.store.netcdf import write_arrays

                write_arrays(arrays, units)
            cell = replace(cell, units_sha256=_sha256(arrays) if units else None, created=_now())
            record = written(scratch, records.to_text(cell))
            if cell.units_sha256 is not None:
                self._place(arrays, self._layout.units(cell), cell.units_sha256)
            stored = self._decide(record, path, self.cell, cell)
            if cell.units_sha256 not in (None, stored.units_sha256):
                self._layout.units(cell).unlink(missing_ok=True)
        return stored

    def cells(self) -> Iterator[Cell]:
        for path in self._layout.cells.glob("*/*.json"):
            cell = records.read(Cell, path, key=path.stem)
            if cell is not None:
                yield cell

    def units(self, key: str) -> dict[str, xr.DataArray]:
        from fornix.store.netcdf import read_arrays

        cell = self.cell(key)
        if cell is None:
            raise StoreError(f"the store {self.path} holds no cell {key}")
        if cell.units_sha256 is None:
            return {}
        path = self._layout.units(cell)
        what = f"the arrays of {cell.model} x {cell.benchmark} in the store {self.path}"
        if not self._is_sound(path, cell.units_sha256):
            raise StoreError(
                f"{what} are {'damaged' if path.exists() else 'missing'} ({path}); its scalars are intact. To have it computed "
                f"again, remove {self._layout.cell(key)}"
            )
        try:
            return read_arrays(path)
        except ArrayFileError as error:
            raise StoreError(f"{what} cannot be read: {error}") from error

    def has_response(self, key: str) -> bool:
        return self._sound_response(key) is not None

    def response_record(self, key: str) -> StoredResponse | None:
        return records.read(StoredResponse, self._layout.response_record(key), key=key)

    def response(self, key: str) -> xr.DataArray | Gram:
        from fornix.store.netcdf import read_response

        record = self._need_response(key)
        return read_response(self._layout.response(record), record.kind)

    def response_path(self, key: str) -> Path:
        return self._layout.response(self._need_response(key))

    def put_response_file(self, key: str, path: Path, kind: Kind, about: Mapping[str, Any]) -> StoredResponse:
        from fornix.store.netcdf import read_response

        target = self._layout.response_record(key)
        try:
            read_response(path, kind)
        except ArrayFileError as error:
            raise ArrayFileError(f"a response was not stored: {error}") from error
        with self._writer.scratch("a response") as scratch:
            arrays = scratch / "response.nc"
            _link_or_copy(path, arrays)
            response = StoredResponse(key, kind, about, _sha256(arrays), _now())
            record = written(scratch, records.to_text(response))
            self._place(arrays, self._layout.response(response), response.sha256)
            stored = self._decide(record, target, self._sound_response, response)
            if stored.sha256 != response.sha256:
                self._layout.response(response).unlink(missing_ok=True)
            path.unlink()
        return stored

    def add_attempt(self, attempt: Attempt, log: str | Path = "") -> Attempt:
        folder = self._layout.attempts_at(attempt.model, attempt.benchmark)
        started = datetime.fromisoformat(attempt.started).astimezone(UTC)
        attempt = replace(attempt, identifier=f"{started:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}")
        with self._writer.scratch(f"the attempt at {attempt.model} x {attempt.benchmark}") as scratch:
            text = scratch / "log"
            if isinstance(log, Path):
                shutil.copyfile(log, text)
            else:
                text.write_text(log, encoding="utf-8", errors="backslashreplace")
            record = written(scratch, records.to_text(attempt))
            folder.mkdir(parents=True, exist_ok=True)
            durable.replace(text, folder / f"{attempt.identifier}.log")
            durable.replace(record, folder / f"{attempt.identifier}.json")
        return attempt

    def attempts(self, model: str | None = None, benchmark: str | None = None) -> Iterator[Attempt]:
        pattern = "/".join("*" if name is None else check_identifier(name) for name in (model, benchmark))
        paths = self._layout.attempts.glob(f"{pattern}/*.json")
        for path in sorted(paths, key=lambda path: path.name):
            attempt = records.read(Attempt, path, identifier=path.stem)
            if attempt is not None:
                yield attempt

    def log(self, attempt: Attempt) -> str:
        path = self._layout.attempts_at(attempt.model, attempt.benchmark) / f"{attempt.identifier}.log"
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise StoreError(f"the store {self.path} has no log of attempt {attempt.identifier!r}") from None

    @contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        with ExitStack() as stack:
            try:
                self._writer.prepare("a claim")
                path = self._layout.claim(key)
                path.parent.mkdir(parents=True, exist_ok=True)
                mine = stack.enter_context(held(path))
            except OSError as error:
                if not lacks_locks(error):
                    raise self._writer.refusal("a claim", error) from error
                warnings.warn(
                    f"the file system of the store {self.path} has no locks: two runs at once may compute the same cell twice",
                    stacklevel=3,
                )
                mine = True
            yield mine

    # soundness

    def _is_sound(self, path: Path, sha256: str) -> bool:
        try:
            status = path.stat()
            version = (status.st_size, status.st_mtime_ns)
            if self._sound.get(path) != version and _sha256(path) != sha256:
                return False
        except OSError:
            return False
        self._sound[path] = version
        return True

    def _sound_response(self, key: str) -> StoredResponse | None:
        record = self.response_record(key)
        if record is None or self._is_sound(self._layout.response(record), record.sha256):
            return record
        warnings.warn(
            f"the response {key} in the store {self.path} is damaged; it is removed and will be computed again", stacklevel=3
        )
        with suppress(OSError):
            if not self.read_only:
                self._layout.response_record(key).unlink(missing_ok=True)
                self._layout.response(record).unlink(missing_ok=True)
        return None

    def _need_response(self, key: str) -> StoredResponse:
        record = self._sound_response(key)
        if record is None:
            raise StoreError(f"the store {self.path} holds no response {key}")
        return record

    # writing

    def _place(self, arrays: Path, target: Path, sha256: str) -> None:
        """Put a file of arrays where its hash says, unless the same bytes are there already."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self._is_sound(target, sha256):
            durable.replace(arrays, target)

    def _decide(self, record: Path, target: Path, stored: Callable[[str], Written | None], mine: Written) -> Written:
        """Write a record unless there is one; returns the one that is there now."""
        target.parent.mkdir(parents=True, exist_ok=True)
        durable.link(record, target)
        now = stored(mine.key)
        if now is None:
            # What was there is damaged, so it does not count as first.
            durable.replace(written(record.parent, records.to_text(mine)), target)
            now = stored(mine.key)
        if now is None:
            raise StoreError(f"what was written to {target} cannot be read back; is its disk sound?")
        return now


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another disk, or a file of another owner.
        shutil.copyfile(source, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
