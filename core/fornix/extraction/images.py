"""Images as models see them: decoding one content, and decoding many in background threads ahead of the forward pass."""

from __future__ import annotations

import io
import os
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fornix.errors import FornixError, lacks
from fornix.interfaces import Content, Member, OnDisk

T = TypeVar("T")


class Archives:
    """Zip archives, each opened once for each thread that reads from it; closed together."""

    def __init__(self) -> None:
        self._here = threading.local()
        self._opened: list[zipfile.ZipFile] = []

    def read(self, archive: Path, name: str) -> bytes:
        """The bytes of one member."""
        mine: dict[Path, zipfile.ZipFile] = self._here.__dict__.setdefault("archives", {})
        if archive not in mine:
            mine[archive] = zipfile.ZipFile(archive)
            self._opened.append(mine[archive])
        return mine[archive].read(name)

    def close(self) -> None:
        for archive in self._opened:
            archive.close()
        self._opened.clear()
        self._here = threading.local()


def decode(content: Content, archives: Archives | None = None) -> NDArray[np.uint8]:
    """One image as an array.

    Parameters
    ----------
    content : OnDisk, Member or array
        An encoded image (any format Pillow reads), or an array: (height, width) grey, (height, width, 1), (height, width, 3)
        or (height, width, 4), of integers in [0, 255], floats in [0, 1], or bool. An alpha channel is dropped.
    archives : Archives, optional
        Where members are read; None opens the member's archive for this call.

    Returns
    -------
    (height, width, 3) uint8

    Raises
    ------
    FornixError
        If the content is not an image as described.
    """
    if isinstance(content, np.ndarray):
        return _from_array(content)
    if isinstance(content, Member) and archives is not None:
        return _from_bytes(archives.read(content.archive, content.name), f"{content.name} in {content.archive.name}")
    if isinstance(content, Member | OnDisk):
        name = content.name if isinstance(content, Member) else content.path.name
        return _from_bytes(content.read_bytes(), name)
    raise FornixError(f"an image is a file, a member of an archive or an array, not {type(content).__name__}")


def _from_array(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or 0 in array.shape:
        raise FornixError(
            f"an image array has shape {array.shape}; expected (height, width), or (height, width, channels) of 1, 3 or 4"
        )
    if array.dtype.kind == "b":
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "f":
        low, high = float(np.min(array)), float(np.max(array))
        if not (low >= 0.0 and high <= 1.0):
            raise FornixError(f"an image array of floats lies in [{low:g}, {high:g}]; expected [0, 1] (or integers in [0, 255])")
        array = np.rint(array * 255.0).astype(np.uint8)
    elif array.dtype.kind in "iu":
        if array.dtype != np.uint8 and not (array.min() >= 0 and array.max() <= 255):
            raise FornixError(f"an image array of integers lies in [{array.min()}, {array.max()}]; expected [0, 255]")
        array = array.astype(np.uint8, copy=False)
    else:
        raise FornixError(f"an image array has dtype {array.dtype}; expected integers, floats or bool")
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)) if array.shape[2] == 1 else array[:, :, :3])


def _from_bytes(data: bytes, name: str) -> NDArray[np.uint8]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise lacks("decoding images", "pillow", "image") from None
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.mode.startswith("I"):
                # Pillow clips 16-bit grey to 255 when it converts; 65535 / 257 = 255.
                return _from_array(np.rint(np.asarray(image, dtype=np.float64) / 257.0).astype(np.int64))
            return np.array(image.convert("RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise FornixError(f"{name} could not be decoded as an image: {error}") from None


def decode_ahead(
    contents: Iterable[Content],
    *,
    ahead: int,
    prepare: Callable[[NDArray[np.uint8]], T],
    workers: int | None = None,
) -> Iterator[T]:
    """Decode and prepare images in background threads, in order.

    Parameters
    ----------
    contents : iterable of Content
    ahead : int
        How many images may be decoded and not yet taken (the bound on memory).
    prepare : callable
        Applied to each decoded image in the same thread.
    workers : int, optional
        Number of threads; by default the cores, at most 8.

    Yields
    ------
    What ``prepare`` returned, in the order of ``contents``; an error is raised at the place of its image.
    """
    archives = Archives()
    upcoming = iter(contents)
    waiting: deque[Future[T]] = deque()

    def work(content: Content) -> T:
        return prepare(decode(content, archives))

    with ThreadPoolExecutor(workers or min(8, os.cpu_count() or 1), thread_name_prefix="decode") as pool:
        try:
            waiting.extend(pool.submit(work, content) for content in islice(upcoming, ahead))
            while waiting:
                image = waiting.popleft().result()
                waiting.extend(pool.submit(work, content) for content in islice(upcoming, 1))
                yield image
        finally:
            for future in waiting:
                future.cancel()
            pool.shutdown()
            archives.close()
