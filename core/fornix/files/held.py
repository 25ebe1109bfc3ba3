"""A lock that the system takes back when its holder dies, however it dies: nothing to clear up, nothing to wait out."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock file while the context lasts: True for one holder at a time, False, at once, for everybody else.

    The lock belongs to the open file: two threads of one process exclude each other as two machines on a shared file system
    do, and a program that the holder starts does not inherit it. The file stays: who removed it would split those who come
    later from those who have it open.

    Raises
    ------
    OSError
        If the file cannot be opened for writing, or its file system has no such locks (ENOSYS, EOPNOTSUPP or ENOLCK).
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        with suppress(PermissionError):  # whoever made it, everyone who may write in its folder may lock it
            os.fchmod(descriptor, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # also for a fork that still has it open
    finally:
        os.close(descriptor)


def lacks_locks(error: OSError) -> bool:
    """Whether this is what :func:`held` raises where the file system has no locks."""
    return error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)
