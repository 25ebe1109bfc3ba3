"""The folder that a run works in: locked for as long as the run lives, so that later runs can tell and remove dead ones'."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from fornix.errors import FornixError
from fornix.files.held import held, lacks_locks

_PREFIX: Final = "fornix-run-"
_LOCK: Final = "run.lock"


@contextmanager
def run_folder() -> Iterator[Path]:
    """A new folder among the temporary ones, removed in the end; first those that killed runs of this user left.

    Raises
    ------
    FornixError
        If there is no room for it, or for what is written into it.
    """
    _remove_dead()
    try:
        with ExitStack() as stack:
            folder = _locked(stack)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        if not lacks_room(error):
            raise
        raise FornixError(
            f"the folder for temporary files {tempfile.gettempdir()} has no room for what the run writes ({error.strerror}): "
            "free some space, or set TMPDIR to a folder on a larger disk; what was finished is kept"
        ) from error


def lacks_room(error: OSError) -> bool:
    """Whether a disk is full, or a file may not grow any more."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
