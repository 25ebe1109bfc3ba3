"""What publishing a large matrix costs, and what its table weighs, beside naive ways to write the same table.

    python benchmarks/publishing.py [--models 1000] [--benchmarks 200] [--place FOLDER]

Makes a store of a result for every model on every benchmark (kept in the place for the next time), publishes it without units,
replicates and ranks into a folder, and prints seconds, the largest memory of the process and the size of cells.parquet; then the
same matrix as netCDF with all its texts, and as CSV, a cell at a time. The bounds of the project are 60 s and 30 MB for 200,000
cells.
"""

from __future__ import annotations

import argparse
import csv
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from fornix.engine.exchange import score_scalars
from fornix.engine.plan import plan
from fornix.files import durable
from fornix.interfaces import Score
from fornix.matrix.snapshots.cards import read_registry
from fornix.matrix.snapshots.format import CARDS, CELLS, folder_of
from fornix.matrix.snapshots.publishing import publish
from fornix.matrix.snapshots.tables import read_cells
from fornix.registry.discovery import Registry, discover
from fornix.store import records
from fornix.store.interface import Cell
from fornix.store.kept import KeptStore
from fornix.store.netcdf import write_dataset
from fornix.store.places import open_store

Result = TypeVar("Result")

HEAD = 'schema = 1\n[defaults]\nversion = 1\nauthors = ["Nobody"]\nlicence = "MIT"\ncitation = "@misc{m, title = {Many}}"\n'
#: Leaves of one parent.
FAMILY = 10


def write_plugins(folder: Path, models: int, benchmarks: int) -> None:
    """One distribution of each kind, with many cards."""
    leaves = [f"Study.{number}-ridge" for number in range(benchmarks)]
    parents = {f"Study-{k}": leaves[k : k + FAMILY] for k in range(0, benchmarks, FAMILY)}
    shown = 'modalities = ["image"]\nregions = ["IT"]\n'
    cards = {
        "model": [f'identifier = "model-{n}"\ntitle = "Model {n}"\nparameters = {n}\n{shown}' for n in range(models)],
        "dataset": [f'identifier = "Study"\ntitle = "A study"\n{shown}'],
        "metric": ['identifier = "ridge"\ntitle = "Ridge"\naccepts = ["values"]\n'],
        "benchmark": [
            *(
                f'identifier = "{n}"\ntitle = "{n}"\n{shown}uses = {{ datasets = ["Study"], metrics = ["ridge"] }}\n'
                for n in leaves
            ),
            *(
                f'identifier = "{n}"\ntitle = "{n}"\n{shown}aggregate = {{ of = "value", children = {list(below)!r} }}\n'
                for n, below in parents.items()
            ),
        ],
    }
    for kind, texts in cards.items():
        package = folder / f"{kind}s" / "many" / f"fornix_{kind}_many"
        package.mkdir(parents=True)
        for name in ("__init__.py", "plugin.py"):
            (package / name).write_text("")
        (package / "plugin.toml").write_text(HEAD + "".join(f"[[{kind}]]\n{text}" for text in texts))
        (package.parent / "pyproject.toml").write_text(
            f'[project]\nname = "fornix-{kind}-many"\nversion = "1"\n'
            f'[project.entry-points.fornix]\nmany = "{package.name}.plugin"\n'
        )


def fill(registry: Registry, store: KeptStore) -> None:
    """Put a result for every cell, each with numbers of its own, without the syncs that make each last; then an index of them."""
    durable._sync = lambda path: None
    rng = np.random.default_rng(0)
    hardware = {side: {"system": "Linux", "machine": "x86_64", "cpus": 16} for side in ("model", "scoring")}
    with store.objects.writing("many cells") as scratch:
        for number, planned in enumerate(plan(registry, store, look_for_data=False).cells):
            value, error, ceiling = rng.uniform(0.1, 0.9), rng.uniform(0.01, 0.05), rng.uniform(0.8, 0.9)
            score = Score(
                value,
                error=error,
                interval=(value - 2 * error, value + 2 * error),
                raw=value * ceiling,
                ceiling=Score(ceiling, error=0.01),
                normalisation="s/c",  # type: ignore[arg-type]
                resampled=("stimuli", "neuroids"),
                details={"nadeau_bengio_error": error * rng.uniform(0.5, 2)},
            )
            cell = Cell(
                planned.key,
                planned.model,
                planned.benchmark,
                key_parts=planned.key_parts,
                scalars=score_scalars(score),
                provenance={
                    "seconds": rng.uniform(1, 100),
                    "hardware": hardware,
                    "versions": {"model": {f"library-{i}": "1.2.3" for i in range(10)}},
                },
                created=f"2026-05-13T10:15:30.{number:06d}+00:00",
            )
            path = scratch / "cell.json"
            path.write_text(records.to_text(cell))
            store.objects.put(f"cells/{cell.key[:2]}/{cell.key}.json", path)
    for _ in store.listing():
        pass


def timed(what: str, call: Callable[[], Result], file: Path) -> Result:
    before, used = time.perf_counter(), time.process_time()
    result = call()
    wall, cpu = time.perf_counter() - before, time.process_time() - used
    size = sum(path.stat().st_size for path in (file.rglob("*") if file.is_dir() else [file])) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what:<40} {wall:7.1f} s ({cpu:6.1f} s of CPU), {size:7.1f} MB, memory up to {peak:.2f} GB", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--benchmarks", type=int, default=200)
    parser.add_argument("--place", type=Path, help="where plugins and store are kept (default: a temporary folder)")
    parsed = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = (parsed.place or Path(temporary)).absolute()
        plugins = place / "plugins"
        if not plugins.exists():
            write_plugins(plugins, parsed.models, parsed.benchmarks)
        found = discover([plugins])
        registry = Registry([each for each in found.distributions if each.root is not None and plugins in each.root.parents])
        store = open_store(place / "store")
        if next(iter(store.objects.children("cells/")), None) is None:
            fill(registry, store)
        to = Path(temporary) / "published"
        reading = open_store(place / "store", read_only=True)
        published = timed("fornix publish", lambda: publish(registry, reading, to, arrays=False, ranks=False), to)
        version = to / folder_of(published.version)
        cards = read_registry((version / CARDS).read_bytes(), CARDS)
        matrix = timed("reading it back", lambda: read_cells(version / CELLS, cards), version / CELLS)
        print(f"{published.manifest.counts['ok']} scores in {published.manifest.counts['cells']} cells")

        def as_csv() -> None:
            with (Path(temporary) / "cells.csv").open("w", newline="") as out:
                writer = csv.writer(out)
                for model in matrix["model"].values[:10]:  # the rest would take a hundred times as long
                    for benchmark in matrix["benchmark"].values:
                        cell = matrix.sel(model=model, benchmark=benchmark)
                        writer.writerow([model, benchmark, *(cell[name].item() for name in matrix.data_vars)])

        as_netcdf = Path(temporary) / "cells.nc"
        timed("naive: netCDF with its texts", lambda: write_dataset(as_netcdf, matrix), as_netcdf)
        timed("naive: CSV of 10 models, a cell at a time", as_csv, Path(temporary) / "cells.csv")


if __name__ == "__main__":
    main()
