"""What a place of snapshots holds: the names of its files, its manifest and its pointer. Light: reads and writes nothing.

    latest.json                          which version is the newest
    index.html                           forwards to the site of that version
    snapshots/<version>/manifest.json    what there is, with hashes; its presence makes a version whole
    snapshots/<version>/cells.parquet, matrix.nc, cards.json, layers.json, CITATION.cff
    snapshots/<version>/replicates/<benchmark>.nc, units/<benchmark>.nc
    snapshots/<version>/site/...

A version is named after its data, so the same data have the same version wherever and however often they are published.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NamedTuple

from fornix.errors import FornixError

#: (major, minor): another major cannot be read by what was made for this one, a minor only adds.
SCHEMA: Final = (1, 0)
FORMAT: Final = "fornix-snapshot"
POINTER_FORMAT: Final = "fornix-snapshots"

LATEST: Final = "latest.json"
INDEX: Final = "index.html"
SNAPSHOTS: Final = "snapshots/"
#: Within a version.
MANIFEST: Final = "manifest.json"
CELLS: Final = "cells.parquet"
MATRIX: Final = "matrix.nc"
CARDS: Final = "cards.json"
LAYERS: Final = "layers.json"
CITATION: Final = "CITATION.cff"
UNITS: Final = "units/"
REPLICATES: Final = "replicates/"
SITE: Final = "site/"
#: What a pulled matrix is read from.
PULLED: Final = (CELLS, CARDS)

#: What is made of the rest, and shows the version, which therefore does not depend on it.
_DERIVED: Final = (SITE, CITATION)
#: What of a manifest its version does not depend on. The commit, as ``code`` says which code it was: an installed fornix knows no
#: commit, and one that changed no code changes nothing here.
_BESIDE: Final = ("version", "commit")
#: The arrays of a score that are in its file of units; all others are in that of replicates.
UNIT_ARRAYS: Final = ("units", "ceiling_units")

#: So many digits of its data's hash are in the name of a version: nobody can make other data of the same name, on purpose either.
_DIGITS: Final = 32
#: With fewer digits: as they were published before.
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{10,64}")
_CREATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.+Z-]{1,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\\:\ud800-\udfff\u2028\u2029]{1,500}")


class SnapshotError(FornixError):
    """A snapshot cannot be published or pulled; the message says why and what to do."""


class SnapshotFile(NamedTuple):
    """What a manifest says of a file."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a snapshot says of itself.

    Parameters
    ----------
    created : str
        When the newest of its cells was stored, ISO 8601 in UTC.
    fornix : str
        The version of the code that published it.
    commit : str or None
        Of that code, where it ran from a checkout; it ends in "-dirty" where that had changes.
    code : str
        The first 16 digits of the sha256 over that code's files.
    revisions : mapping
        ``scoring`` and ``extraction``, of the core.
    counts : mapping
        Of models, benchmarks (parents too), cells (all pairs), and of the cells with each status.
    hardware : mapping
        Class of hardware -> how many cells were computed on it.
    private : tuple of str
        The identifiers of private plugins that are in it because they were asked for by name.
    files : mapping
        Path within the version -> its hash and size.
    schema : (int, int)
    version : str
        Empty: not named yet.
    citation : str
        The first 16 digits of the sha256 over its CITATION.cff before that had a version: where libraries differ in what they
        make of BibTeX, versions do.
    """

    created: str
    fornix: str
    commit: str | None
    code: str
    revisions: Mapping[str, int]
    counts: Mapping[str, int]
    hardware: Mapping[str, int]
    private: tuple[str, ...]
    files: Mapping[str, SnapshotFile] = field(default_factory=dict)
    schema: tuple[int, int] = SCHEMA
    version: str = ""
    citation: str = ""

    def named(self) -> Manifest:
        """The same with the version that follows from its data."""
        return replace(self, version=f"{self.created[:10]}-{self.data_sha256()[:_DIGITS]}")

    def data_sha256(self) -> str:
        """Over all that it says but version and commit, and without site and citation, which are made of the rest and show it."""
        return _data_sha256(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """As its file has it."""
        said = asdict(self)
        files = {path: {"sha256": of.sha256, "bytes": of.bytes} for path, of in sorted(self.files.items())}
        said |= {"schema": list(self.schema), "private": list(self.private), "files": files}
        return {"format": FORMAT, **said}

    def to_bytes(self) -> bytes:
        """Its file, the same bytes for the same manifest."""
        return _file_of(self.to_json())

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Manifest:
        """Read a manifest, also one that says more than this fornix knows.

        Parameters
        ----------
        where : str
            Where it lies, as errors name it.

        Raises
        ------
        SnapshotError
            If it is no manifest, is damaged, or is that of a newer fornix.
        """
        said = _read(content, FORMAT, where)
        try:
            files = {_checked_path(path): SnapshotFile(of["sha256"], of["bytes"]) for path, of in said["files"].items()}
            counts = {str(name): int(number) for name, number in said["counts"].items()}
            manifest = cls(
                created=_checked_time(said["created"]),
                fornix=str(said["fornix"]),
                commit=None if said.get("commit") is None else str(said["commit"]),
                code=str(said.get("code", "")),
                citation=str(said.get("citation", "")),
                revisions={str(name): int(number) for name, number in said.get("revisions", {}).items()},
                counts=counts,
                hardware={str(name): int(number) for name, number in said.get("hardware", {}).items()},
                private=tuple(str(name) for name in said.get("private", ())),
                files=files,
                schema=(int(said["schema"][0]), int(said["schema"][1])),
                version=check_version(said["version"]),
            )
        except (KeyError, ValueError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise SnapshotError(f"{where} is damaged ({_described(error)}); it cannot be used") from error
        for path, file in files.items():
            if (
                not (isinstance(file.sha256, str) and _SHA256.fullmatch(file.sha256))
                or type(file.bytes) is not int
                or file.bytes < 0
            ):
                raise SnapshotError(f"{where} is damaged (it states no hash and size of {path}); it cannot be used")
        return manifest


@dataclass(frozen=True)
class Pointer:
    """Which version is the newest of a place.

    Parameters
    ----------
    version : str
    created : str
        As the manifest of that version has it: a pointer does not go back to an older one.
    manifest_sha256 : str
        Of the bytes of that manifest.
    """

    version: str
    created: str
    manifest_sha256: str

    def to_bytes(self) -> bytes:
        """The content of latest.json."""
        return _file_of({"format": POINTER_FORMAT, "schema": list(SCHEMA), **asdict(self)})

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Pointer:
        """Read latest.json; raises as :meth:`Manifest.from_bytes`."""
        said = _read(content, POINTER_FORMAT, where)
        try:
            created = _checked_time(said["created"]) if said.get("created") else ""
            pointer = cls(check_version(said["version"]), created, str(said["manifest_sha256"]))
        except (KeyError, ValueError, TypeError) as error:
            raise SnapshotError(f"{where} is damaged ({_described(error)}); it cannot be used") from error
        if not _SHA256.fullmatch(pointer.manifest_sha256):
            raise SnapshotError(f"{where} is damaged (it states no hash of a manifest); it cannot be used")
        return pointer


def is_version(content: bytes, version: str, sha256: str | None = None) -> bool:
    """Whether a manifest says that it is of this version, and what it says gives it that, to as many digits as it has; and
    whether it has this hash, where one is given."""
    if sha256 not in (None, hashlib.sha256(content).hexdigest()):
        return False
    try:
        digits = len(check_version(version)) - len("2026-05-13-")
        return bool(json.loads(content.decode("utf-8"))["version"] == version == _version_of(content, digits))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def check_version(version: Any) -> str:
    """The version, if it is one; raises ValueError."""
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is no version of a snapshot; one looks like 2026-05-13-{'0123456789abcdef' * 2}")
    return version


def folder_of(version: str) -> str:
    """Where a version lies in its place, with a ``/`` at its end."""
    return f"{SNAPSHOTS}{version}/"


def array_files(benchmark: str) -> dict[str, str]:
    """The paths of a leaf's arrays within a version: ``{"replicates": ..., "units": ...}``."""
    return {"replicates": f"{REPLICATES}{benchmark}.nc", "units": f"{UNITS}{benchmark}.nc"}


def _version_of(content: bytes, digits: int) -> str:
    try:
        said = json.loads(content.decode("utf-8"))
        return f"{said['created'][:10]}-{_data_sha256(said)[:digits]}"
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(_described(error)) from error


def _data_sha256(said: Mapping[str, Any]) -> str:
    """See :meth:`Manifest.data_sha256`."""
    data = {name: value for name, value in said.items() if name not in _BESIDE}
    data["files"] = {path: of for path, of in data["files"].items() if not path.startswith(_DERIVED)}
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _file_of(said: Mapping[str, Any]) -> bytes:
    return (json.dumps(said, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _read(content: bytes, form: str, where: str) -> dict[str, Any]:
    """A JSON object of this format, of a schema that can be read."""
    try:
        said = json.loads(content.decode("utf-8"))
        if not isinstance(said, dict) or said.get("format") != form:
            raise ValueError(f"it does not say format {form!r}")
        major = said["schema"][0]
        if type(major) is not int:
            raise ValueError("its schema is no number")
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise SnapshotError(
            f"{where} is not what fornix publishes ({_described(error)}); is this the right place, and did it arrive whole?"
        ) from error
    if major > SCHEMA[0]:
        raise SnapshotError(
            f"{where} was published by a newer fornix (its schema is {major}, this one reads up to {SCHEMA[0]}); "
            "update with pip install --upgrade fornix"
        )
    return said


def _checked_path(path: Any) -> str:
    """A path that stays within its version."""
    if not isinstance(path, str) or not _NAME.fullmatch(path) or any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError(f"its file {path!r} lies outside of it")
    return path


def _checked_time(time: Any) -> str:
    if not isinstance(time, str) or not _CREATED.fullmatch(time):
        raise ValueError(f"it was created at {time!r}, which is no time")
    return time


def _described(error: BaseException) -> str:
    return f"it lacks {error}" if isinstance(error, KeyError) else str(error)
