"""What one stimulus is in one modality: a file, a member of an archive, an array, a text, or absent; and its hash."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Final

import numpy as np

from fornix.interfaces import fields


def _path(given: Any, what: str) -> Path:
    if not isinstance(given, str | PathLike):
        raise ValueError(f"{what} is {fields.shown(given)}; expected a Path")
    return Path(given)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """The content of a stimulus is a file (an encoded image, video or sound, or UTF-8 text)."""

    path: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", _path(self.path, "the path of a content"))

    def read_bytes(self) -> bytes:
        return self.path.read_bytes()


@dataclass(frozen=True, slots=True)
class Member:
    """The content of a stimulus is one member of a zip archive."""

    archive: Path
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "archive", _path(self.archive, "the archive of a content"))
        object.__setattr__(self, "name", fields.name(self.name, f"the member of {self.archive.name}"))

    def read_bytes(self) -> bytes:
        with zipfile.ZipFile(self.archive) as archive:
            return archive.read(self.name)


#: One stimulus in one modality: a file, a member of an archive, an array, a text, or None where it is absent.
Content = OnDisk | Member | np.ndarray | str | None

#: What an array of each modality looks like: in words, its numbers of axes, its dtype, and the column with its rate.
LAYOUTS: Final = {
    "image": ("(height, width, 3) uint8", (3,), np.uint8, None),
    "video": ("(frame, height, width, 3) uint8", (4,), np.uint8, "frame_rate_hz"),
    "audio": ("(sample,) or (sample, channel) float32", (1, 2), np.float32, "sample_rate_hz"),
}


def fault(modality: str, content: Content, rate: float) -> str | None:
    """What is wrong with one content, as the end of a sentence; ``rate`` is that of its row, NaN where it has none."""
    if content is None or isinstance(content, OnDisk | Member):
        return None
    if modality == "text":
        return _fault_of_text(content)
    if not isinstance(content, np.ndarray):
        return f"is a {type(content).__name__}; expected an array, or OnDisk(path) for a file"
    words, axes, dtype, rate_column = LAYOUTS[modality]
    colour = modality != "audio" and content.shape[-1:] != (3,)
    if content.ndim not in axes or content.dtype != dtype or colour:
        return f"has shape {content.shape} and dtype {content.dtype}; expected {words}"
    if content.size == 0:
        return f"is an empty array, of shape {content.shape}; None says that a content is absent"
    if modality == "audio" and not np.abs(content).max() <= 1:  # so that NaN is refused too
        return "has samples that are NaN or beyond -1 and 1; scale it into [-1, 1]"
    if rate_column and np.isnan(rate):
        return f"is an array without a rate; give the column {rate_column}"
    return None


def _fault_of_text(content: Any) -> str | None:
    if not isinstance(content, str):
        return f"is a {type(content).__name__}; expected a str"
    try:
        content.encode()
    except UnicodeEncodeError as error:
        return f"has at place {error.start} half of a surrogate pair, which is no character; decode its bytes anew"
    return None


def content_hash(content: Content) -> str:
    """Sha256 (hex) of a stimulus's content.

    A file and the same bytes in an archive hash alike; an array hashes by dtype, shape and bytes, a text by its
    UTF-8 bytes. An absent content hashes to a constant: its identity is its ``stimulus_id``.
    """
    digest = hashlib.sha256()
    if content is None:
        digest.update(b"absent")
    elif isinstance(content, str):
        digest.update(b"text\0" + content.encode())
    elif isinstance(content, np.ndarray):
        array = np.ascontiguousarray(content)
        digest.update(f"array\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(array.data)
    else:
        digest.update(b"bytes\0" + content.read_bytes())
    return digest.hexdigest()


def hash_column(contents: Sequence[Content]) -> list[str]:
    """Content hashes of a column, opening each archive once."""
    archives: dict[Path, zipfile.ZipFile] = {}
    hashes = []
    try:
        for content in contents:
            if isinstance(content, Member):
                if content.archive not in archives:
                    archives[content.archive] = zipfile.ZipFile(content.archive)
                data = archives[content.archive].read(content.name)
                hashes.append(hashlib.sha256(b"bytes\0" + data).hexdigest())
            else:
                hashes.append(content_hash(content))
    finally:
        for archive in archives.values():
            archive.close()
    return hashes
