"""A store in a local folder: JSON for what is listed, netCDF for arrays, every file written whole or not at all.

    store.json                                       schema version
    cells/<2 hex>/<key>.json                         one result
    units/<2 hex>/<key>.<16 hex of sha256>.nc        the arrays of its score
    responses/<2 hex>/<key>.json                     what is known of one response
    responses/<2 hex>/<key>.<16 hex of sha256>.nc    the response
    attempts/<model>/<benchmark>/<identifier>.json   one attempt, its log beside it (.log)
    tmp/                                             what is being written

The JSON file of a cell or response is written last and decides: the netCDF file that it names by hash is there by then,
and one that none names is the trace of a writer that was killed or came second.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from fornix import __version__
from fornix.files import durable
from fornix.store import records
from fornix.store.interface import Attempt, Cell, Kind, StoredResponse, StoreError

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Gram

#: Raised when an older fornix could misread what this one writes.
SCHEMA: Final = 1
Written = TypeVar("Written", Cell, StoredResponse)
_KEY = re.compile(r"[0-9a-f]{16,128}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ABANDONED_S = 24 * 3600.0


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
    """

    def __init__(self, path: str | Path, read_only: bool = False) -> None:
        self.path = Path(path).expanduser().absolute()
        self.read_only = read_only
        self._ready = False
        #: Path -> (size, time of change in ns) of the files whose hash this process has checked.
        self._sound: dict[Path, tuple[int, int]] = {}
        self._check_schema()

    def __repr__(self) -> str:
        return f"FolderStore({str(self.path)!r}{', read_only=True' if self.read_only else ''})"

    def cell(self, key: str) -> Cell | None:
        return records.read(Cell, self._cell_path(key), key=key)

    def has_cell(self, key: str) -> bool:
        return self.cell(key) is not None

    def put_cell(self, cell: Cell, units: Mapping[str, xr.DataArray] | None = None) -> Cell:
        _check_identifier(cell.model)
        _check_identifier(cell.benchmark)
        path = self._cell_path(cell.key)
        with self._writing(f"the cell {cell.model} x {cell.benchmark}") as scratch:
            arrays = scratch / "units.nc"
            if units:
                from fornix.store.netcdf import write_arrays

                write_arrays(arrays, units)
            cell = replace(cell, units_sha256=_sha256(arrays) if units else None, created=_now())
            record = _written(scratch, records.to_text(cell))
            if cell.units_sha256 is not None:
                self._place(arrays, self._units_path(cell), cell.units_sha256)
            stored = self._decide(record, path, self.cell, cell)
            if cell.units_sha256 not in (None, stored.units_sha256):
                self._units_path(cell).unlink(missing_ok=True)
        return stored

    def cells(self) -> Iterator[Cell]:
        for path in (self.path / "cells").glob("*/*.json"):
            cell = records.read(Cell, path, key=path.stem)
            if cell is not None:
                yield cell

    def units(self, key: str) -> dict[str, xr.DataArray]:
        from fornix.store.netcdf import ArrayFileError, read_arrays

        cell = self.cell(key)
        if cell is None:
            raise StoreError(f"the store {self.path} holds no cell {key}")
        if cell.units_sha256 is None:
            return {}
        path = self._units_path(cell)
        what = f"the arrays of {cell.model} x {cell.benchmark} in the store {self.path}"
        if not self._is_sound(path, cell.units_sha256):
            raise StoreError(
                f"{what} are {'damaged' if path.exists() else 'missing'} ({path}); its scalars are intact. To have it computed "
                f"again, remove {self._cell_path(key)}"
            )
        try:
            return read_arrays(path)
        except ArrayFileError as error:
            raise StoreError(f"{what} cannot be read: {error}") from error

    def has_response(self, key: str) -> bool:
        return self._sound_response(key) is not None

    def response_record(self, key: str) -> StoredResponse | None:
        return records.read(StoredResponse, self._response_record_path(key), key=key)

    def response(self, key: str) -> xr.DataArray | Gram:
        from fornix.store.netcdf import read_response

        record = self._need_response(key)
        return read_response(self._response_file(record), record.kind)

    def response_path(self, key: str) -> Path:
        return self._response_file(self._need_response(key))

    def put_response_file(self, key: str, path: Path, kind: Kind, about: Mapping[str, Any]) -> StoredResponse:
        from fornix.store.netcdf import ArrayFileError, read_response

        target = self._response_record_path(key)
        try:
            read_response(path, kind)
        except ArrayFileError as error:
            raise ArrayFileError(f"a response was not stored: {error}") from error
        with self._writing("a response") as scratch:
            arrays = scratch / "response.nc"
            _link_or_copy(path, arrays)
            response = StoredResponse(key, kind, about, _sha256(arrays), _now())
            record = _written(scratch, records.to_text(response))
            self._place(arrays, self._response_file(response), response.sha256)
            stored = self._decide(record, target, self._sound_response, response)
            if stored.sha256 != response.sha256:
                self._response_file(response).unlink(missing_ok=True)
            path.unlink()
        return stored

    def add_attempt(self, attempt: Attempt, log: str | Path = "") -> Attempt:
        folder = self._attempts_folder(attempt.model, attempt.benchmark)
        started = datetime.fromisoformat(attempt.started).astimezone(UTC)
        attempt = replace(attempt, identifier=f"{started:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}")
        with self._writing(f"the attempt at {attempt.model} x {attempt.benchmark}") as scratch:
            text = scratch / "log"
            if isinstance(log, Path):
                shutil.copyfile(log, text)
            else:
                text.write_text(log, encoding="utf-8", errors="backslashreplace")
            record = _written(scratch, records.to_text(attempt))
            folder.mkdir(parents=True, exist_ok=True)
            durable.replace(text, folder / f"{attempt.identifier}.log")
            durable.replace(record, folder / f"{attempt.identifier}.json")
        return attempt

    def attempts(self, model: str | None = None, benchmark: str | None = None) -> Iterator[Attempt]:
        pattern = "/".join("*" if name is None else _check_identifier(name) for name in (model, benchmark))
        paths = (self.path / "attempts").glob(f"{pattern}/*.json")
        for path in sorted(paths, key=lambda path: path.name):
            attempt = records.read(Attempt, path, identifier=path.stem)
            if attempt is not None:
                yield attempt

    def log(self, attempt: Attempt) -> str:
        path = self._attempts_folder(attempt.model, attempt.benchmark) / f"{attempt.identifier}.log"
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            raise StoreError(f"the store {self.path} has no log of attempt {attempt.identifier!r}") from None

    # where things are

    def _cell_path(self, key: str) -> Path:
        return self.path / "cells" / _shard(key) / f"{key}.json"

    def _units_path(self, cell: Cell) -> Path:
        return self.path / "units" / _shard(cell.key) / f"{cell.key}.{str(cell.units_sha256)[:16]}.nc"

    def _response_record_path(self, key: str) -> Path:
        return self.path / "responses" / _shard(key) / f"{key}.json"

    def _response_file(self, record: StoredResponse) -> Path:
        return self.path / "responses" / _shard(record.key) / f"{record.key}.{record.sha256[:16]}.nc"

    def _attempts_folder(self, model: str, benchmark: str) -> Path:
        return self.path / "attempts" / _check_identifier(model) / _check_identifier(benchmark)

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
        if record is None or self._is_sound(self._response_file(record), record.sha256):
            return record
        warnings.warn(
            f"the response {key} in the store {self.path} is damaged; it is removed and will be computed again", stacklevel=3
        )
        with suppress(OSError):
            if not self.read_only:
                self._response_record_path(key).unlink(missing_ok=True)
                self._response_file(record).unlink(missing_ok=True)
        return None

    def _need_response(self, key: str) -> StoredResponse:
        record = self._sound_response(key)
        if record is None:
            raise StoreError(f"the store {self.path} holds no response {key}")
        return record

    # writing

    def _check_schema(self) -> None:
        try:
            schema = int(json.loads((self.path / "store.json").read_text())["schema"])
        except FileNotFoundError:
            # A writer killed before its first write was complete leaves nothing but tmp.
            if self.path.is_dir() and any(name != "tmp" and not name.startswith(".") for name in os.listdir(self.path)):
                raise StoreError(f"{self.path} is a folder with other things in it, not a store; give a new folder") from None
            return
        except NotADirectoryError:
            raise StoreError(f"{self.path} is a file, not a store; give a folder") from None
        except OSError as error:
            raise StoreError(f"the store {self.path} cannot be read ({error.strerror})") from error
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise StoreError(f'{self.path / "store.json"} is damaged; expected {{"schema": {SCHEMA}}}') from error
        if schema > SCHEMA:
            raise StoreError(
                f"the store {self.path} was written by a newer fornix (its schema is {schema}, this one reads up to {SCHEMA}); "
                "upgrade fornix, or use another store"
            )

    @contextmanager
    def _writing(self, what: str) -> Iterator[Path]:
        """A scratch folder that goes whatever happens, and sentences for what can go wrong while writing."""
        if self.read_only:
            raise StoreError(f"{what} was not stored: the store {self.path} was opened read-only")
        scratch = self.path / "tmp" / f"{os.getpid()}-{secrets.token_hex(6)}"
        try:
            scratch.mkdir(parents=True)
            if not self._ready:
                self._prepare(scratch)
            yield scratch
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                why = f"the disk of the store {self.path} is full; free some space, or give a store on another disk"
            elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
                why = f"the store {self.path} is read-only ({error.strerror}); make it writable, or give another store"
            else:
                why = f"the store {self.path} cannot be written ({error})"
            raise StoreError(f"{what} was not stored: {why}") from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _prepare(self, scratch: Path) -> None:
        """Make the folder a store, and clear what killed writers left in it."""
        durable.link(_written(scratch, json.dumps({"schema": SCHEMA, "fornix": __version__}) + "\n"), self.path / "store.json")
        for abandoned in (self.path / "tmp").iterdir():
            with suppress(OSError):
                if time.time() - abandoned.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(abandoned, ignore_errors=True)
        self._ready = True

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
            durable.replace(_written(record.parent, records.to_text(mine)), target)
            now = stored(mine.key)
        if now is None:
            raise StoreError(f"what was written to {target} cannot be read back; is its disk sound?")
        return now


def _written(scratch: Path, text: str) -> Path:
    path = scratch / "record.json"
    path.write_text(text, encoding="utf-8")
    return path


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        # Another disk, or a file of another owner.
        shutil.copyfile(source, target)


def _shard(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"a key is 16 to 128 lower-case hexadecimal digits, not {key!r}")
    return key[:2]


def _check_identifier(identifier: str) -> str:
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(
            f"{identifier!r} is no identifier: those are letters, digits, '.', '_' and '-', at most 100, the first no sign"
        )
    return identifier


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
