"""A worker's processes: all that descend from it, what memory they use, and their end, also after ours."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Set
from contextlib import contextmanager
from typing import Final

import psutil

#: Has the C library of Linux keep up to 256 MiB that were freed for what is asked for next (arrays up to 32 MiB, the most it
#: takes). By itself it may hand memory back after each layer of a network, or each matrix, and take it anew for the next: of the
#: processor time of alexnet-seeded that is a tenth.
KEPT_MEMORY: Final = {"MALLOC_MMAP_THRESHOLD_": str(32 * 2**20), "MALLOC_TRIM_THRESHOLD_": str(256 * 2**20)}


@contextmanager
def ended_with_us(group: int) -> Iterator[None]:
    """Within the block, a group of processes dies when this process does, however it does.

    A worker leaves by itself when its parent has died (:mod:`fornix.engine.worker`), but not while a plugin's C code holds the
    interpreter's lock. So a shell waits for the end of a pipe that nobody but this process has open.
    """
    command = ["/bin/sh", "-c", 'read -r _; kill -s KILL -- "-$0"', str(group)]
    try:
        shell = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True
        )
    except FileNotFoundError:  # a container without a shell
        yield
        return
    try:
        yield
    finally:
        shell.kill()  # before the pipe ends
        shell.communicate()


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


def signal_name(number: int) -> str:
    """What a signal is called; real-time signals have numbers only."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
