"""Where a store in a folder keeps what: every path, made from a key or from identifiers that are safe as file names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fornix.store.interface import Cell, StoredResponse

_KEY = re.compile(r"[0-9a-f]{16,128}")
_SHARD = re.compile(r"[0-9a-f]{2}")
_SHARDED = ("cells", "units", "responses", "claims")
_FOLDERS = (*_SHARDED, "attempts", "tmp")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Layout:
    """The paths below the folder of a store; raises ValueError for what is no key or no identifier."""

    root: Path

    @property
    def description(self) -> Path:
        return self.root / "store.json"

    def is_laid_out(self) -> bool:
        """Whether the folder holds nothing but what a store keeps, as far as names tell; an empty one does."""
        for place in self.root.iterdir():
            if place.name.startswith("."):
                continue
            if place.name not in _FOLDERS or not place.is_dir():
                return False
            if place.name in _SHARDED and any(
                not (_SHARD.fullmatch(shard.name) or shard.name.startswith(".")) for shard in place.iterdir()
            ):
                return False
        return True

    @property
    def scratch(self) -> Path:
        return self.root / "tmp"

    @property
    def cells(self) -> Path:
        return self.root / "cells"

    @property
    def attempts(self) -> Path:
        return self.root / "attempts"

    def cell(self, key: str) -> Path:
        return self.cells / _shard(key) / f"{key}.json"

    def units(self, cell: Cell) -> Path:
        return self.root / "units" / _shard(cell.key) / f"{cell.key}.{str(cell.units_sha256)[:16]}.nc"

    def response_record(self, key: str) -> Path:
        return self.root / "responses" / _shard(key) / f"{key}.json"

    def response(self, record: StoredResponse) -> Path:
        return self.root / "responses" / _shard(record.key) / f"{record.key}.{record.sha256[:16]}.nc"

    def claim(self, key: str) -> Path:
        return self.root / "claims" / _shard(key) / f"{key}.lock"

    def attempts_at(self, model: str, benchmark: str) -> Path:
        return self.attempts / check_identifier(model) / check_identifier(benchmark)


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
