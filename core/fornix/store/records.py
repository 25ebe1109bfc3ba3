"""Records as strict JSON: what is written can be read by any JSON reader, and a damaged file is never half believed."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from fornix.store.interface import Attempt, Cell, StoredResponse, StoreError

Record = TypeVar("Record", Cell, Attempt, StoredResponse)


def to_text(record: Cell | Attempt | StoredResponse) -> str:
    """The record as strict JSON: numbers that are not finite become null.

    Raises
    ------
    StoreError
        If it holds something that JSON cannot.
    """
    try:
        data = _strict(asdict(record))
        return json.dumps({**data, "checksum": _checksum(data)}, allow_nan=False, indent=1, sort_keys=True) + "\n"
    except TypeError as error:
        raise StoreError(f"{type(record).__name__} {record!r} was not stored: JSON cannot hold it ({error})") from None


class Damaged(StoreError):
    """A record is not as it was written; the message says how, as a clause about it."""


def from_text(kind: type[Record], text: bytes, **named: str) -> Record:
    """The record that :func:`to_text` made this text of.

    ``named`` are the fields that the record's name itself states: a record that says otherwise is not what it should be.

    Raises
    ------
    Damaged
        If it is not as it was written, or that of another name.
    """
    try:
        data = json.loads(text.decode("utf-8"))
        if data.pop("checksum", None) != _checksum(data):
            raise ValueError("it is not as it was written")
        record = kind(**{f.name: data[f.name] for f in fields(kind) if f.name in data})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Damaged(f"cannot be read and counts as absent ({error})") from error
    for name, value in named.items():
        if getattr(record, name) != value:
            raise Damaged(f"is that of another {name} ({getattr(record, name)}) and counts as absent")
    return record


def _checksum(data: Mapping[str, Any]) -> str:
    """Of all that a record says: a changed digit is valid JSON, too."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_strict(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
