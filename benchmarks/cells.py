"""What a listing of a store costs, beside the naive way: reading the record of every cell.

    python benchmarks/cells.py [--cells 200000] [--place FOLDER | s3://bucket/prefix]

Fills the place with cells as large as real ones, unless it has as many already. Prints seconds for reading each cell, for a
listing without an index, for one from the index, and for all cells in full. The bound of the project is 3 s for a listing of
200,000 cells in a local folder.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fornix.files import durable
from fornix.store import index, records
from fornix.store.interface import Cell
from fornix.store.kept import KeptStore
from fornix.store.places import open_store

BENCHMARKS = 200


def cell(number: int) -> Cell:
    """A cell with as much in it as those of regressions have (3 kB)."""
    model, benchmark = f"model-{number // BENCHMARKS}", f"Benchmark.{number % BENCHMARKS}-ridge"
    behaviour = [hashlib.sha256(f"{model} {i}".encode()).hexdigest() for i in range(5)]
    part = {"files": [], "options": {"seed": 0, "definition": "default"}, "version": 1}
    numbers = ("value", "error", "interval_low", "interval_high", "raw", "raw_error", "ceiling", "ceiling_error", "chance")
    return Cell(
        key=hashlib.sha256(f"{model} {benchmark}".encode()).hexdigest(),
        model=model,
        benchmark=benchmark,
        options={"model": {}, "benchmark": {}},
        key_parts={
            "schema": 1,
            "model": {"identifier": model, "behaviour": behaviour[0], **part},
            "benchmark": {"identifier": benchmark, "behaviour": behaviour[1], **part},
            "datasets": {"Data": {"identifier": "Data", "behaviour": behaviour[2], **part}},
            "metrics": {n: {"identifier": n, "behaviour": behaviour[3], **part} for n in ("ridge", "internal_consistency")},
            "policy": "float32 forward; float64 scoring",
        },
        scalars={
            **{name: number / 7 for name in numbers},
            "normalisation": "ceiling",
            "n_nan": 0,
            "resampled": ["stimulus"],
            "notes": [],
            "details": {},
        },
        provenance={"seconds": 12.5, "versions": {"model": {f"library-{i}": "1.2.3" for i in range(20)}}, "responses": behaviour},
        created="2026-05-13T10:15:30.250000+00:00",
    )


def fill(store: KeptStore, cells: int) -> None:
    """Write the records of cells, without the syncs that make each of them last."""
    durable._sync = lambda path: None

    with store.objects.writing("many cells") as scratch:

        def put(number: str) -> None:
            made = cell(int(number))
            path = scratch / f"{threading.get_ident()}.json"
            path.write_text(records.to_text(made))
            store.objects.put(f"cells/{made.key[:2]}/{made.key}.json", path)

        for _ in store.objects.each(put, map(str, range(cells))):
            pass


def seconds(what: str, call: Callable[[], int], cells: int) -> None:
    before = time.perf_counter()
    found = call()
    assert found == cells, f"{found} cells, not {cells}"
    print(f"{what:<48} {time.perf_counter() - before:8.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--place", help="a store to fill (default: a temporary folder)")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place, n = parsed.place or str(Path(folder) / "store"), parsed.cells
        store = open_store(place)
        if sum(1 for _ in store.objects.entries("cells/")) != n:
            fill(store, n)
        for name in store.index.segments():
            store.objects.remove(name)
        reading = open_store(place, read_only=True)
        names = [entry.name for entry in reading.objects.entries("cells/")]
        seconds("naive: the record of every cell", lambda: len(list(reading.objects.each(reading.objects.read, names))), n)
        seconds("listing without an index, which makes one", lambda: sum(1 for _ in open_store(place).listing()), n)
        print(f"  {len(store.index.segments())} segments of up to {index.SEGMENT} cells")
        seconds("listing", lambda: sum(1 for _ in open_store(place, read_only=True).listing()), n)
        seconds("the same cells in full", lambda: sum(1 for _ in open_store(place, read_only=True).cells()), n)


if __name__ == "__main__":
    main()
