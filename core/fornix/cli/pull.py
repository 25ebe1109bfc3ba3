"""``fornix pull``: fetches a published matrix, verified against its manifest, and writes it as a table or as netCDF."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix.cli.arguments import add_json, print_json, writable_file
from fornix.registry.problems import counted

if TYPE_CHECKING:
    import xarray as xr

    from fornix.matrix.snapshots.pulling import Snapshot


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
    parser.add_argument("--models", nargs="+", metavar="MODEL", help="these models (default: all)")
    parser.add_argument(
        "--benchmarks", nargs="+", metavar="BENCHMARK", help="these benchmarks, and those below them (default: all)"
    )
    parser.add_argument(
        "--units", type=Path, metavar="FOLDER", help="copy the files of units and replicates of these benchmarks there, too"
    )
    add_json(parser)
    parser.set_defaults(call=call)


def _table(text: str) -> Path:
    path = writable_file(text)
    if path.suffix not in (".csv", ".parquet", ".nc"):
        raise argparse.ArgumentTypeError(f"{text} ends neither in .csv nor in .parquet nor in .nc")
    return path


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.snapshots.pulling import open_snapshot

    snapshot = open_snapshot(parsed.place, parsed.version)
    matrix = snapshot.matrix(parsed.models, parsed.benchmarks)
    if parsed.output is not None:
        _write(matrix, parsed.output)
    copied = [] if parsed.units is None else _copy_arrays(snapshot, matrix, parsed.units)
    if parsed.json:
        print_json(_summary(snapshot, matrix, parsed.output, copied))
    else:
        _say(snapshot, matrix, parsed.output, copied)
    return 0


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


def _say(snapshot: Snapshot, matrix: xr.Dataset, output: Path | None, copied: list[Path]) -> None:
    told = _summary(snapshot, matrix, output, copied)
    print(
        f"snapshot {snapshot.version} of {snapshot.place.name}: {counted(told['models'], 'model')} on "
        f"{counted(told['benchmarks'], 'benchmark')}, {counted(told['ok'], 'score')}, newest result of {told['created']}"
    )
    if output is not None:
        print(f"written to {output}")
    if copied:
        print(f"{counted(len(copied), 'file')} of units and replicates copied")
    if output is None and not copied:
        print("-o FILE.csv (.parquet, .nc) writes it")
