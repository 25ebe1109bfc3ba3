"""Whole layers spilled to disk once and read back in blocks of features, within a bound that is checked beforehand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from fornix.errors import FornixError


class ScratchError(FornixError):
    """The scratch folder cannot be used, whatever is spilled into it."""


#: What a pass leaves free on the disk of the scratch folder, in bytes.
_RESERVE = 256 * 2**20
_OTHER = "name another by --scratch or FORNIX_SCRATCH"


@dataclass(frozen=True)
class Scratch:
    """Where layers are spilled, and how much of the disk they may take at once.

    Parameters
    ----------
    folder : Path, optional
        By default the environment's ``FORNIX_SCRATCH``, else the system's folder for temporary files.
    limit_bytes : int, optional
        By default ``FORNIX_SCRATCH_GB`` (in 10^9 bytes), else 50 GB. Layers that do not fit together are taken in turns,
        each turn showing the stimuli again.
    block_bytes : int
        Size of a block of features in memory (float32).
    """

    folder: Path | None = None
    limit_bytes: int | None = None
    block_bytes: int = 32 * 2**20

    def place(self) -> Path:
        """The folder, which exists.

        Raises
        ------
        ScratchError
        """
        folder = self.folder or Path(os.environ.get("FORNIX_SCRATCH") or tempfile.gettempdir())
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ScratchError(f"the scratch folder {folder} cannot be made ({error.strerror}); {_OTHER}") from None
        return folder

    def budget(self) -> int:
        """Bytes that may be spilled now: the limit, or what the disk has free less a reserve.

        Raises
        ------
        ScratchError
            If the disk has no more free than the reserve, or the limit is no number.
        """
        limit = self.limit_bytes
        if limit is None:
            setting = os.environ.get("FORNIX_SCRATCH_GB", "50")
            try:
                limit = int(float(setting) * 1e9)
            except ValueError:
                raise ScratchError(f"FORNIX_SCRATCH_GB is {setting!r}; expected a number of gigabytes") from None
        folder = self.place()
        free = shutil.disk_usage(folder).free
        if free <= _RESERVE:
            raise ScratchError(
                f"the disk of the scratch folder {folder} has {free / 1e6:.0f} MB free, and {_RESERVE / 1e6:.0f} MB of a disk "
                f"are left alone: free space there, or {_OTHER}"
            )
        return max(0, min(limit, free - _RESERVE))


class Spill:
    """One layer's features on disk: rows are written batch by batch, and read back in blocks of features.

    The file holds one (rows, width) float32 slab after another, so that a block is one contiguous read. It is read and
    written by plain calls: pages of a memory map would count as this process's memory.

    Parameters
    ----------
    scratch : Scratch
    rows, features : int
        The layer's shape over all presentations.
    """

    def __init__(self, scratch: Scratch, rows: int, features: int) -> None:
        self._rows, self._features = rows, features
        self._width = max(1, min(features, scratch.block_bytes // (4 * rows)))
        self._folder = scratch.place()
        try:
            self._file = tempfile.TemporaryFile(prefix="fornix-", dir=self._folder)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise ScratchError(f"the scratch folder {self._folder} cannot be written to ({error.strerror}); {_OTHER}") from None
        self._written = 0

    def append(self, values: NDArray[np.float32]) -> None:
        """Write the next rows, (batch, features).

        Raises
        ------
        ScratchError
            If the disk is full after all.
        """
        try:
            for start in range(0, self._features, self._width):
                slab = np.ascontiguousarray(values[:, start : start + self._width])
                width = slab.shape[1]
                self._file.seek(4 * (start * self._rows + self._written * width))
                self._file.write(slab.data)
            self._file.flush()  # so that what fails, fails here
        except OSError as error:
            raise ScratchError(
                f"writing features to the scratch folder {self._folder} failed ({error.strerror}); free space there, or {_OTHER}"
            ) from None
        self._written += len(values)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """All rows of some features at a time, (rows, width)."""
        for start in range(0, self._features, self._width):
            width = min(self._width, self._features - start)
            block = np.empty((self._rows, width), dtype=np.float32)
            self._file.seek(4 * start * self._rows)
            if self._file.readinto(block.data.cast("B")) != block.nbytes:
                raise FornixError("the scratch file ended early; was it written by another program?")
            yield block

    def close(self) -> None:
        with suppress(OSError):  # what could not be written is tried once more
            self._file.close()

    def __enter__(self) -> Spill:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
