"""What made the two places in the folder ``frozen``, which stay as they are: a later fornix has to go on reading them.

    python -m tests.matrix.snapshots.freeze FOLDER

``older`` lacks columns of cells.parquet and fields of manifest and cards that schema 1.0 has: it is what a minor schema before it
would have written. ``newer`` is of schema 1.7, with columns, fields, a file and an array that nobody knows yet.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from fornix.matrix.snapshots.format import CARDS, CELLS, MANIFEST, MATRIX
from fornix.matrix.snapshots.publishing import publish
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS, toy_registry
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, V4, fill, lay_out, scored

DROPPED = ("rank", "rank_low", "rank_high", "model_key", "benchmark_key", "hardware", "chance")
SCORES = {(MODEL, IT): (0.5, 1), (MODEL, V4): (0.3, 2), (OTHER, IT): (0.4, 3)}


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        store = FolderStore(Path(scratch) / "store")
        fill(store, {cell: scored(*how) for cell, how in SCORES.items()})
        made = publish(toy_registry(TOYS), store, Path(scratch) / "place")
        version = Path(scratch) / "place" / "snapshots" / made.version
        contents = {
            path.relative_to(version).as_posix(): path.read_bytes()
            for path in version.rglob("*")
            if path.is_file() and path.name not in (MANIFEST, MATRIX)
        }
        said = json.loads((version / MANIFEST).read_bytes())
    _freeze(target / "older", said, contents, _older)
    _freeze(target / "newer", said, contents, _newer)


Change = Callable[[dict[str, Any], dict[str, Any], pyarrow.Table], pyarrow.Table]


def _freeze(folder: Path, said: dict[str, Any], contents: dict[str, bytes], change: Change) -> None:
    said, contents = json.loads(json.dumps(said)), dict(contents)
    cards = json.loads(contents[CARDS])
    table = change(said, cards, pyarrow.parquet.read_table(io.BytesIO(contents[CELLS])))
    written = io.BytesIO()
    pyarrow.parquet.write_table(table, written)
    contents |= {CELLS: written.getvalue(), CARDS: json.dumps(cards).encode()}
    if change is _newer:
        contents["profiles/toy.csv"] = b"layer,score\n"
    said["files"] = {
        path: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} for path, content in contents.items()
    }
    lay_out(folder, said, contents)


def _older(said: dict[str, Any], cards: dict[str, Any], table: pyarrow.Table) -> pyarrow.Table:
    for name in ("code", "commit", "hardware", "private"):
        del said[name]
    for card in cards["benchmark"].values():
        for name in ("note", "superseded_by"):
            del card[name]
    return table.drop_columns(list(DROPPED))


def _newer(said: dict[str, Any], cards: dict[str, Any], table: pyarrow.Table) -> pyarrow.Table:
    said["schema"] = [1, 7]
    said["funding"] = {"grant": "to come"}
    for card in cards["model"].values():
        card["energy_kwh"] = 3.5
        card["training"] = [{"dataset": "Pictures", "kind": "stimuli", "subset": "", "epochs": 90}]
    return table.append_column("energy_kwh", pyarrow.array([3.5] * table.num_rows)).append_column(
        "reviewed", pyarrow.array(["yes"] * table.num_rows)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
