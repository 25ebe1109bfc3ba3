"""What a file is: a url, a size in bytes and a hash that says which bytes are meant."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

_HEX = {"sha256": re.compile(r"[0-9a-f]{64}"), "git_blob": re.compile(r"[0-9a-f]{40}")}
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,16}")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class File:
    """A file that can be had from several places and is the same bytes in each.

    Parameters
    ----------
    name : str
        How the card calls it.
    url : str
        Where it is published (http or https; s3 for files of snapshots in a bucket, which no card names).
    bytes : int
        Its size; 0 with a git_blob where it is not known (the blob's identifier covers it).
    sha256 : str
        Its sha256, 64 lower-case hexadecimal digits.
    git_blob : str
        In place of sha256, for a file of a git repository whose sha256 is not known yet: the identifier of its blob,
        sha1 over ``b"blob <bytes>\\0"`` and the content.

    Raises
    ------
    ValueError
        If a field is malformed, or not exactly one of sha256 and git_blob is given.
    """

    name: str
    url: str
    bytes: int
    sha256: str = ""
    git_blob: str = ""

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError(f"the file at {self.url!r} has no name")
        if bool(self.sha256) == bool(self.git_blob):
            raise ValueError(f"file {self.name!r} has {'two hashes' if self.sha256 else 'no hash'}; give sha256 or git_blob")
        for kind, pattern in _HEX.items():
            value = getattr(self, kind)
            if value and not pattern.fullmatch(value):
                raise ValueError(f"{kind} of file {self.name!r} is {value!r}; expected lower-case hexadecimal digits in full")
        if isinstance(self.bytes, bool) or not isinstance(self.bytes, int) or self.bytes < 0:
            raise ValueError(f"bytes of file {self.name!r} is {self.bytes!r}; expected its size, a whole number")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https", "s3") or not parts.hostname:
            raise ValueError(f"url of file {self.name!r} is {self.url!r}; expected one that starts with https:// or http://")
        segments = unquote(parts.path).split("/")
        if segments[-1] == "" or any(s in (".", "..") or "\0" in s or "\\" in s for s in segments):
            raise ValueError(f"url of file {self.name!r} is {self.url!r}; its path does not name a file")

    @property
    def hash(self) -> str:
        """The hash that names the bytes: sha256 or git blob, whichever was given."""
        return self.sha256 or self.git_blob

    @property
    def sized(self) -> bool:
        """Whether its size is known before it is there."""
        return bool(self.bytes or self.sha256)

    def fits(self, size: int | None) -> bool:
        """Whether a file of this size (None: no file) may be this one."""
        return size is not None and (size == self.bytes or not self.sized)

    @property
    def host(self) -> str:
        """The url's host, without port."""
        return urlsplit(self.url).hostname or ""

    @property
    def mirror_path(self) -> PurePosixPath:
        """Where a mirror keeps the file: ``<host>/<path of the url>``."""
        return PurePosixPath(self.host, unquote(urlsplit(self.url).path).lstrip("/"))

    @property
    def suffix(self) -> str:
        """The last suffix of the url's path (``.zip``), or nothing; some readers go by it."""
        suffix = self.mirror_path.suffix
        return suffix if _SUFFIX.fullmatch(suffix) else ""

    def wrong_with(self, path: Path) -> str | None:
        """None if the content at ``path`` is this file, else what is wrong with it ("has 3 bytes, expected 5").

        Raises
        ------
        OSError
            If it cannot be read.
        """
        size = path.stat().st_size
        if not self.fits(size):
            return f"has {size} bytes, expected {self.bytes}"
        kind = "sha256" if self.sha256 else "git blob"
        digest = hashlib.sha256() if self.sha256 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != self.hash:
            return f"has {kind} {digest.hexdigest()}, expected {self.hash}"
        return None
