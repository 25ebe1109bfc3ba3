"""``fornix matrix``: print the matrix of a store, or write it to a file. Computes nothing."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_selection, print_json, registry, store, writable_file
from fornix.registry.problems import counted

if TYPE_CHECKING:
    import xarray as xr

    from fornix.store.folder import FolderStore


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("matrix", help="print or save the matrix", description=__doc__)
    add_selection(parser)
    add_outputs(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", type=writable_file, metavar="FILE", help="write a tidy table")
    parser.add_argument("--netcdf", type=writable_file, metavar="FILE", help="write the matrix as netCDF-4")
    parser.add_argument("--expand", action="store_true", help="print the children of parents too")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--verbose", action="store_true", help="say why of each empty cell in a line of its own")


def call(parsed: argparse.Namespace) -> int:
    from fornix.engine.plan import plan
    from fornix.matrix.assemble import assemble

    found, place = registry(parsed), store(parsed, read_only=True)
    matrix = assemble(found, place, plan(found, place, parsed.models, parsed.benchmarks, seed=parsed.seed))
    save(matrix, parsed)
    print_matrix(matrix, parsed, place)
    return 0


def save(matrix: xr.Dataset, parsed: argparse.Namespace) -> None:
    """Write the files that the command line asks for."""
    from fornix.matrix.table import write_csv, write_netcdf

    if parsed.csv is not None:
        write_csv(matrix, parsed.csv)
    if parsed.netcdf is not None:
        write_netcdf(matrix, parsed.netcdf)


def print_matrix(matrix: xr.Dataset, parsed: argparse.Namespace, place: FolderStore) -> None:
    """Print what is empty and why, then a table for each block, then what the marks mean."""
    from fornix.matrix.empty import empty_lines, every_empty_line
    from fornix.matrix.table import blocks, heading, legend, markdown, rows

    if parsed.json:
        frame = matrix.to_dataframe().reset_index()
        print_json(frame.astype(object).where(frame.notna(), None).to_dict(orient="records"))
        return
    lines, each = empty_lines(matrix), every_empty_line(matrix)
    for line in each if parsed.verbose else lines:
        print(line)
    if len(lines) < len(each) and not parsed.verbose:
        print(f"({counted(len(each), 'empty cell')}; --verbose gives each a line)")
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    # a table is never squeezed: a log or a narrow terminal gets whole lines
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 100_000, soft_wrap=True)
    shown = blocks(matrix, expand=parsed.expand)
    if not shown:
        print(f"no cell asked for has a value in the store {place.path}")
    for block in shown:
        print()
        if parsed.markdown:
            print(markdown(matrix, block))
            continue
        table = Table(box=SIMPLE, pad_edge=False)
        table.add_column("model", no_wrap=True)
        for benchmark in block.benchmarks:
            table.add_column(heading(benchmark), justify="right", no_wrap=True, vertical="bottom")
        for row in rows(matrix, block):
            table.add_row(*row)
        console.print(table, markup=False, highlight=False)
    for line in legend(matrix, shown):
        print(line)
