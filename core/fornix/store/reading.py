"""Reading the records of a store: one that is not as it was written counts as absent."""

from __future__ import annotations

import warnings
from typing import Final

from fornix.store import records
from fornix.store.objects import Objects
from fornix.store.records import Record

#: How often a record that is not as it was written is read before it is taken to lie there like that.
_READINGS: Final = 4


def read_record(objects: Objects, kind: type[Record], name: str, **named: str) -> tuple[Record, str] | None:
    """The record of this name, and the version of its object; None where there is none, and, with a warning, where it is damaged.

    A record that is not as it was written is read again: it may have been damaged on its way here.

    Parameters
    ----------
    objects : Objects
    kind : type
        Cell, Attempt or StoredResponse.
    name : str
        Of the object.
    **named : str
        Fields of the record that its name states.
    """
    before, why = None, ""
    for _ in range(_READINGS):
        try:
            found = objects.read(name)
        except OSError as error:
            why = f"cannot be read and counts as absent ({error})"
            break
        if found is None:
            return None
        try:
            return records.from_text(kind, found.content, **named), found.version
        except records.Damaged as error:
            why = str(error)
        if found.content == before:
            break
        before = found.content
    warnings.warn(f"{objects.place}/{name} {why}", stacklevel=3)
    return None
