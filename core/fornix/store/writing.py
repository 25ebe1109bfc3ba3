"""How a store in a folder is written: what it says of itself, where writers work, and sentences for what the disk refuses."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from fornix import __version__
from fornix.files import durable
from fornix.store.interface import StoreError
from fornix.store.layout import Layout

#: Raised when an older fornix could misread what this one writes.
SCHEMA: Final = 1
_ABANDONED_S: Final = 24 * 3600.0


class Writer:
    """Makes the folder a store before the first write, and gives each write a scratch folder.

    Parameters
    ----------
    layout : Layout
    read_only : bool
        Refuse every write.
    """

    def __init__(self, layout: Layout, read_only: bool) -> None:
        self._layout = layout
        self._read_only = read_only
        self._ready = False

    @contextmanager
    def scratch(self, what: str) -> Iterator[Path]:
        """A scratch folder that goes whatever happens; raises StoreError for what can go wrong while writing."""
        if self._read_only:
            raise StoreError(f"{what} was not stored: the store {self._layout.root} was opened read-only")
        scratch = self._layout.scratch / f"{os.getpid()}-{secrets.token_hex(6)}"
        try:
            scratch.mkdir(parents=True)
            if not self._is_ready():
                self._prepare(scratch)
            yield scratch
        except OSError as error:
            raise self.refusal(what, error) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def prepare(self, what: str) -> None:
        """Make sure that the folder is a store; raises StoreError if it cannot be written."""
        if not self._is_ready():
            with self.scratch(what):
                pass

    def _is_ready(self) -> bool:
        """Whether the folder says what it is, still: somebody may have removed it since."""
        return self._ready and self._layout.description.exists()

    def refusal(self, what: str, error: OSError) -> StoreError:
        """What to raise for an error of the disk."""
        place = self._layout.root
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or (error.errno == errno.EACCES and _is_full(place)):
            why = f"the disk of the store {place} is full; free some space, or give a store on another disk"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            why = f"the store {place} is read-only ({error.strerror}); make it writable, or give another store"
        elif error.errno == errno.EFBIG:
            why = f"a file in the store {place} may not become so large; raise the limit (ulimit -f), or use another disk"
        else:
            why = f"the store {place} cannot be written ({error})"
        return StoreError(f"{what} was not stored: {why}")

    def _prepare(self, scratch: Path) -> None:
        """Say what the folder is, and clear what killed writers left in it."""
        text = json.dumps({"schema": SCHEMA, "fornix": __version__}) + "\n"
        durable.link(written(scratch, text), self._layout.description)
        for abandoned in self._layout.scratch.iterdir():
            with suppress(OSError):
                if time.time() - abandoned.stat().st_mtime > _ABANDONED_S:
                    shutil.rmtree(abandoned, ignore_errors=True)
        self._ready = True


def _is_full(place: Path) -> bool:
    """Whether there is hardly any room: HDF5 says of a full disk that it has no permission."""
    try:
        return shutil.disk_usage(place).free < 1_000_000
    except OSError:
        return False


def written(scratch: Path, text: str) -> Path:
    """A new file in a scratch folder that holds this text."""
    path = scratch / "record.json"
    path.write_text(text, encoding="utf-8")
    return path


def check_schema(layout: Layout) -> None:
    """Raise StoreError if the folder holds something else than a store, or one of a newer fornix."""
    root = layout.root
    try:
        schema = int(json.loads(layout.description.read_text())["schema"])
    except FileNotFoundError:
        # A writer killed before its first write was complete leaves nothing but tmp, and who lost store.json gets it again.
        if root.is_dir() and not layout.is_laid_out():
            raise StoreError(
                f"{root} is a folder with other things in it, not a store; give a new folder, or, if it is a store whose "
                f'{layout.description.name} was removed, write {{"schema": {SCHEMA}}} into that file'
            ) from None
        return
    except NotADirectoryError:
        raise StoreError(f"{root} is a file, not a store; give a folder") from None
    except OSError as error:
        raise StoreError(f"the store {root} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise StoreError(f'{layout.description} is damaged; expected {{"schema": {SCHEMA}}}') from error
    if schema > SCHEMA:
        raise StoreError(
            f"the store {root} was written by a newer fornix (its schema is {schema}, this one reads up to {SCHEMA}); "
            "upgrade fornix, or use another store"
        )
