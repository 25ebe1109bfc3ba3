"""``fornix pull``: fetches a published matrix, verified against its manifest, and writes it as a table or as netCDF."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix.cli.arguments import add_json, add_overlay, add_plugins, own_store, print_json, registry, writable_file
from fornix.errors import UsageError
from fornix.registry.problems import counted, listed

if TYPE_CHECKING:
    import xarray as xr

    from fornix.matrix.snapshots.pulling import Snapshot
    from fornix.store.interface import Store


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser(
        "pull",
        help="fetch a published matrix",
        description="Fetches a published matrix, verified against its manifest. The cache keeps it, and has it without "
        "a network, too.",
    )
    parser.add_argument("place", metavar="PLACE", help="an http(s) address, s3://bucket/prefix, or a folder")
    parser.add_argument("-o", "--output", type=_table, metavar="FILE", help="write it as FILE.csv, FILE.parquet or FILE.nc")
    parser.add_argument("--version", default="latest", help="a version (default: the latest)")
    parser.add_argument(
        "--models", nargs="+", metavar="MODEL", help="these models (default: all); with --overlay as they are called there"
    )
    parser.add_argument(
        "--benchmarks", nargs="+", metavar="BENCHMARK", help="these benchmarks, and those below them (default: all)"
    )
    parser.add_argument(
        "--units", type=Path, metavar="FOLDER", help="copy the files of units and replicates of these benchmarks there, too"
    )
    add_overlay(parser)
    parser.add_argument("--seed", type=int, help="of the runs whose results --overlay means (default: 0)")
    add_plugins(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def _table(text: str) -> Path:
    path = writable_file(text)
    if path.suffix not in (".csv", ".parquet", ".nc"):
        raise argparse.ArgumentTypeError(f"{text} ends neither in .csv nor in .parquet nor in .nc")
    return path


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.snapshots.pulling import open_snapshot

    if parsed.overlay is None:
        if parsed.plugins:
            raise UsageError(
                "--plugins has the models of a store, and what is published needs none; give --overlay STORE with it"
            )
        if parsed.seed is not None:
            raise UsageError("--seed says which results of a store are meant; give --overlay STORE with it")
        snapshot = open_snapshot(parsed.place, parsed.version)
        published = matrix = snapshot.matrix(parsed.models, parsed.benchmarks)
    else:
        own = own_store(parsed.overlay)
        snapshot = open_snapshot(parsed.place, parsed.version)
        published, matrix = _with_own(snapshot, own, parsed)
    if parsed.output is not None:
        _write(matrix, parsed.output)
    copied = [] if parsed.units is None else _copy_arrays(snapshot, published, parsed.units)
    told = _summary(snapshot, published, parsed.output, copied)
    if parsed.overlay is not None:
        told["local"] = _local(matrix)
    if parsed.json:
        print_json(told)
    else:
        _say(told)
    return 0


def _with_own(snapshot: Snapshot, own: Store, parsed: argparse.Namespace) -> tuple[xr.Dataset, xr.Dataset]:
    """What is asked for of a snapshot, and the same with a store over it."""
    from fornix.matrix.snapshots.overlay import laid_over
    from fornix.matrix.snapshots.part import Part

    part = Part(parsed.models, parsed.benchmarks)
    published = snapshot.matrix()
    matrix = laid_over(snapshot, published, own, registry(parsed), part, seed=parsed.seed or 0)
    there = {name: [label for label in matrix[name].values if label in published.get_index(name)] for name in published.dims}
    return published.sel(there), matrix


def _write(matrix: xr.Dataset, path: Path) -> None:
    from fornix.matrix.table import write_csv, write_netcdf, write_parquet

    {".csv": write_csv, ".parquet": write_parquet, ".nc": write_netcdf}[path.suffix](matrix, path)


def _copy_arrays(snapshot: Snapshot, matrix: xr.Dataset, folder: Path) -> list[Path]:
    """Copies of the files of arrays of a matrix's leaves, under the names that they have in the snapshot."""
    from fornix.files import durable

    copied = []
    for benchmark in matrix["benchmark"].values[matrix["leaf"].values].tolist():
        for name, path in snapshot.array_files(benchmark).items():
            target = folder / name / f"{benchmark}.nc"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, durable.part_of(target))
            durable.replace(durable.part_of(target), target)
            copied.append(target)
    return copied


def _summary(snapshot: Snapshot, matrix: xr.Dataset, output: Path | None, copied: list[Path]) -> dict[str, Any]:
    return {
        "place": snapshot.place.name,
        "version": snapshot.version,
        "manifest_sha256": snapshot.manifest_sha256,
        "created": snapshot.manifest.created,
        "models": matrix.sizes["model"],
        "benchmarks": matrix.sizes["benchmark"],
        "ok": int((matrix["status"].values == "ok").sum()),
        "output": None if output is None else str(output),
        "arrays": [str(path) for path in copied],
    }


def _local(matrix: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Of each model with local values: how many there are, and its ranks, first those on benchmarks without a parent."""
    found = {}
    local = (matrix["origin"] == "local") & matrix["value"].notnull()
    order = sorted(range(matrix.sizes["benchmark"]), key=lambda column: matrix["parent"].values[column] != "")
    for model in matrix["model"].values[local.any("benchmark").values].tolist():
        row = matrix.sel(model=model).isel(benchmark=order)
        there = local.sel(model=model).isel(benchmark=order).values
        ranked = there & row["rank"].notnull().values
        ranks = zip(*(row[name].values[ranked].astype(int).tolist() for name in ("rank", "rank_low", "rank_high")), strict=True)
        found[model] = {
            "scores": int(there.sum()),
            "ranks": dict(zip(row["benchmark"].values[ranked].tolist(), map(list, ranks), strict=True)),
        }
    return found


def _say(told: dict[str, Any]) -> None:
    print(
        f"snapshot {told['version']} of {told['place']}: {counted(told['models'], 'model')} on "
        f"{counted(told['benchmarks'], 'benchmark')}, {counted(told['ok'], 'score')}, newest result of {told['created']}"
    )
    for model, of in told.get("local", {}).items():
        ranks = [f"{low if low == high else f'{low}-{high}'} on {name}" for name, (_, low, high) in of["ranks"].items()]
        where = f"rank {listed(ranks)}" if ranks else "none of them ranked"
        print(f"over it {model}: {counted(of['scores'], 'score')}, {where}")
    if "local" in told and not told["local"]:
        print("no result of the store is shown over it")
    if told["output"] is not None:
        print(f"written to {told['output']}")
    if told["arrays"]:
        print(f"{counted(len(told['arrays']), 'file')} of units and replicates copied")
    if told["output"] is None and not told["arrays"]:
        print("-o FILE.csv (.parquet, .nc) writes it")
