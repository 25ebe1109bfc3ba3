"""A worker's processes: all that descend from it, what memory they use, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Set

import psutil


def kill(process: subprocess.Popen[bytes], family: Set[psutil.Process]) -> None:
    """End the worker and whatever it started, also in sessions of their own."""
    family = {*family, *family_of(process.pid)}
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()  # refused where the number has gone to another process
    process.wait()


def family_of(pid: int) -> list[psutil.Process]:
    """A process and its descendants."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def resident_bytes(process: psutil.Process) -> int:
    """The resident memory of one process, 0 if it is gone."""
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
