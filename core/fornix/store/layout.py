"""What is kept where in a store: the name of every object, made from a key or from identifiers that are safe as file names.

    store.json                                       schema version
    cells/<2 hex>/<key>.json                         one result
    units/<2 hex>/<key>.<16 hex of sha256>.nc        the arrays of its score
    responses/<2 hex>/<key>.json                     what is known of one response
    responses/<2 hex>/<key>.<16 hex of sha256>.nc    the response
    attempts/<model>/<benchmark>/<identifier>.json   one attempt, its log beside it (.log)
    claims/<2 hex>/<key>.lock                        who works on what goes under the key
    index/<sha256>.parquet                           many results at once, for listings
    tmp/                                             what is being written (in a folder)

Names are the same in a folder, where they are paths, and in a bucket, where they are keys below the store's prefix. The JSON
object of a cell or response is written last and decides: the netCDF file that it names by hash is there by then, and one
that none names is the trace of a writer that was killed or came second.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from fornix.store.interface import Cell, StoredResponse

_KEY = re.compile(r"[0-9a-f]{16,128}")
_SHARD = re.compile(r"[0-9a-f]{2}/")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

DESCRIPTION: Final = "store.json"
CELLS: Final = "cells/"
UNITS: Final = "units/"
RESPONSES: Final = "responses/"
CLAIMS: Final = "claims/"
ATTEMPTS: Final = "attempts/"
INDEX: Final = "index/"
SCRATCH: Final = "tmp/"
_SHARDED = (CELLS, UNITS, RESPONSES, CLAIMS)
_FOLDERS = (*_SHARDED, ATTEMPTS, INDEX, SCRATCH)


def is_laid_out(children: Callable[[str], Iterable[str]]) -> bool:
    """Whether a place holds nothing but what a store keeps, as far as names tell; an empty one does.

    Parameters
    ----------
    children : callable
        What lies right below a folder (``""``: the place itself), the names of folders with a ``/`` at their end.
    """
    for name in children(""):
        if name.startswith("."):
            continue
        if name not in _FOLDERS:
            return False
        if name in _SHARDED and any(not (_SHARD.fullmatch(shard) or shard.startswith(".")) for shard in children(name)):
            return False
    return True


def cell(key: str) -> str:
    return f"{CELLS}{_shard(key)}/{key}.json"


def units(cell: Cell) -> str:
    return f"{UNITS}{_shard(cell.key)}/{cell.key}.{str(cell.units_sha256)[:16]}.nc"


def response_record(key: str) -> str:
    return f"{RESPONSES}{_shard(key)}/{key}.json"


def response(record: StoredResponse) -> str:
    return f"{RESPONSES}{_shard(record.key)}/{record.key}.{record.sha256[:16]}.nc"


def claim(key: str) -> str:
    return f"{CLAIMS}{_shard(key)}/{key}.lock"


def attempts_at(model: str, benchmark: str) -> str:
    return f"{ATTEMPTS}{check_identifier(model)}/{check_identifier(benchmark)}/"


def stem(name: str) -> str:
    """The key or identifier that the name of a record states."""
    return name.rpartition("/")[2].removesuffix(".json")


def check_identifier(identifier: str) -> str:
    """The identifier, if it is one."""
    if not _IDENTIFIER.fullmatch(identifier):
        raise ValueError(
            f"{identifier!r} is no identifier: those are letters, digits, '.', '_' and '-', at most 100, the first no sign"
        )
    return identifier


def _shard(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(f"a key is 16 to 128 lower-case hexadecimal digits, not {key!r}")
    return key[:2]
