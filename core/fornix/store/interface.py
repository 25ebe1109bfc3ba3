"""What a store holds, and what every store offers, be it a folder or a bucket. No file is read or written here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from fornix.errors import FornixError

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Gram

Status = Literal["ok", "failed", "oom", "timeout"]
STATUSES: Final = ("ok", "failed", "oom", "timeout")
Kind = Literal["array", "gram"]


class StoreError(FornixError):
    """A store cannot do what was asked; the message says why and what to do."""


class ArrayFileError(StoreError):
    """An array cannot be written as it is, or a file does not hold what it should; the message says what."""


@dataclass(frozen=True)
class Cell:
    """One result: a model on a benchmark, with everything about it that is not an array.

    Parameters
    ----------
    key : str
        The cell key, hexadecimal.
    model, benchmark : str
        Identifiers.
    options : {"model": options, "benchmark": options}
    key_parts : mapping
        What was hashed to make the key.
    scalars : mapping
        value, error, interval_low, interval_high, raw, ceiling, ceiling_error, normalisation, chance, n_nan, resampled,
        notes, details, ceiling_details. A number that is not finite is None.
    provenance : mapping
        Versions, hardware, device, threads: what is not part of the key.
    units_sha256 : str or None
        Of the file with the arrays of the score; set by the store.
    created : str
        When it was stored, ISO 8601 in UTC; set by the store.
    """

    key: str
    model: str
    benchmark: str
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    key_parts: Mapping[str, Any] = field(default_factory=dict)
    scalars: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    units_sha256: str | None = None
    created: str = ""


class Listed(NamedTuple):
    """What a listing says of a result.

    Parameters
    ----------
    key, model, benchmark, created : str
        As the cell has them.
    seconds : float or None
        What it cost, if that is known.
    dataset_names : str
        The datasets in its key, separated by blanks.
    scalars_text : str
        Its scalars, as JSON.
    """

    key: str
    model: str
    benchmark: str
    created: str
    seconds: float | None
    dataset_names: str
    scalars_text: str

    @property
    def datasets(self) -> list[str]:
        """The datasets in its key."""
        return self.dataset_names.split()

    @property
    def scalars(self) -> dict[str, Any]:
        """As the cell has them."""
        return dict(json.loads(self.scalars_text))


@dataclass(frozen=True)
class Attempt:
    """One try at a cell, ended well or not.

    Parameters
    ----------
    model, benchmark : str
        Identifiers.
    key : str
        The key of the cell that was tried; empty if the try ended before it was known.
    status : {"ok", "failed", "oom", "timeout"}
    reason : str
        One sentence; empty if it ended well.
    started : str
        ISO 8601, with its offset from UTC.
    seconds : float
        How long it took.
    resources : mapping
        What was used, for example ``peak_rss_bytes``.
    versions, hardware : mapping
        Of libraries and the interpreter; of the machine.
    identifier : str
        Names the attempt within its store; sorts by time; set by the store.
    """

    model: str
    benchmark: str
    key: str
    status: Status
    reason: str
    started: str
    seconds: float
    resources: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    hardware: Mapping[str, Any] = field(default_factory=dict)
    identifier: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"the status of an attempt is one of {', '.join(STATUSES)}, not {self.status!r}")


@dataclass(frozen=True)
class StoredResponse:
    """What is known of a stored response without reading it.

    Parameters
    ----------
    key : str
        The response key, hexadecimal.
    kind : {"array", "gram"}
    about : mapping
        The model's identifier, what was asked, on which stimuli.
    sha256 : str
        Of its file.
    created : str
        ISO 8601 in UTC.
    """

    key: str
    kind: Kind
    about: Mapping[str, Any]
    sha256: str
    created: str


class Store(Protocol):
    """Cells, responses and attempts. Cells and responses are write-once: of several writers of one key the first wins.

    Everything that writes raises :class:`StoreError` if the store is read-only or its disk is full, and then leaves no
    trace of what it was about to write.
    """

    @property
    def place(self) -> str:
        """Where it is, as its user would name it: the path of a folder, or ``s3://bucket/prefix``."""

    def cell(self, key: str) -> Cell | None:
        """The result under a key, or None."""

    def put_cell(self, cell: Cell, units: Mapping[str, xr.DataArray] | None = None) -> Cell:
        """Store a result and the arrays of its score; returns what is stored now, which is the first writer's."""

    def cells(self) -> Iterator[Cell]:
        """All results, in no particular order."""

    def listing(self) -> Iterator[Listed]:
        """What is known of all results without their keys' parts and provenance, in no particular order; fast for many.

        It has every result that was there when it began and none that was removed before. A store that may be written
        adds to its index on the way, so that the next listing is fast.
        """

    def units(self, key: str) -> dict[str, xr.DataArray]:
        """The arrays of a score, units and replicates of all kinds, and the same of its ceiling, ``ceiling_units``...

        Each is an array of its own, not a variable of one Dataset: replicates of score and ceiling differ in shape.

        Raises
        ------
        StoreError
            If there is no such cell, or its arrays are damaged.
        """

    def has_response(self, key: str) -> bool:
        """Whether there is a sound response under a key; a damaged one is removed, with a warning, and is not there."""

    def response_record(self, key: str) -> StoredResponse | None:
        """What is known of a response, or None."""

    def response(self, key: str) -> xr.DataArray | Gram:
        """The response under a key; raises StoreError if there is no sound one."""

    def response_path(self, key: str) -> Path:
        """The netCDF file of the response, to be read only; raises StoreError if there is no sound one."""

    def put_response_file(self, key: str, path: Path, kind: Kind, about: Mapping[str, Any]) -> StoredResponse:
        """Move a netCDF file into the store, after reading it once; returns what is stored now.

        Raises
        ------
        StoreError
            Also if the file cannot be read as what ``kind`` says.
        """

    def add_attempt(self, attempt: Attempt, log: str | Path = "") -> Attempt:
        """Record an attempt and its log (a text, or the file that holds it); returns it with its identifier."""

    def attempts(self, model: str | None = None, benchmark: str | None = None) -> Iterator[Attempt]:
        """The attempts at a model, at a benchmark, or all; the latest last. Reads JSON only."""

    def log(self, attempt: Attempt) -> str:
        """The log of an attempt that came from this store."""

    def claim(self, key: str) -> AbstractContextManager[bool]:
        """Claim the work that ends in this key: of all who ask at once, one is told True, everybody else False.

        It never waits. Who is told False leaves the work to the holder, and may ask again. A claim ends with its context, and
        also when its holder dies, however it dies, so that the work can be taken over. Look whether the result is there after
        claiming it, not before. Claims keep the same thing from being computed twice; what is stored is write-once without them.

        A folder has a lock that the system takes back, on every machine that shares the file system. A store without such
        locks (a bucket) writes an object that only the first can create (``If-None-Match: *``), with its owner and the seconds
        after which it lapses, counted from its last write by the clock of the endpoint. A thread of the holder writes it
        anew while it works, and a claim that has lapsed is replaced (``If-Match``), again by one alone. A holder that was
        away for so long is told by a warning; what it stores is write-once all the same.

        Raises
        ------
        StoreError
            If the store is read-only.
        """
