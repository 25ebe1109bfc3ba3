"""The folder that a run works in: locked for as long as the run lives, so that later runs can tell and remove dead ones'."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from fornix.files.held import held, lacks_locks

_PREFIX: Final = "fornix-run-"
_LOCK: Final = "run.lock"


@contextmanager
def run_folder() -> Iterator[Path]:
    """A new folder among the temporary ones, removed in the end; first those that killed runs of this user left."""
    _remove_dead()
    with ExitStack() as stack:
        folder = _locked(stack)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _locked(stack: ExitStack) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = folder / _LOCK
        try:
            mine = stack.enter_context(held(lock))
        except FileNotFoundError:
            continue  # taken for dead before it was locked
        except OSError as error:
            if not lacks_locks(error):
                raise
            lock.unlink(missing_ok=True)  # what has no lock is nobody's to remove
            return folder
        if mine and lock.exists():
            return folder
        # another run looked between the making and the locking, and removes it


def _remove_dead() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or not (folder / _LOCK).exists():
                continue
            with held(folder / _LOCK) as dead:
                if dead:
                    shutil.rmtree(folder, ignore_errors=True)
