"""``fornix matrix``: print the matrix of a store, or write it to a file. Computes nothing."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_selection, print_json, registry, store, writable_file
from fornix.registry.problems import counted

if TYPE_CHECKING:
    import xarray as xr

    from fornix.store.interface import Store


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
    matrix = assemble(found, plan(found, place, parsed.models, parsed.benchmarks, seed=parsed.seed))
    save(matrix, parsed)
    print_matrix(matrix, parsed, place, untried=parsed.models is None or parsed.benchmarks is None)
    return 0


def save(matrix: xr.Dataset, parsed: argparse.Namespace) -> None:
    """Write the files that the command line asks for."""
    from fornix.matrix.table import write_csv, write_netcdf

    if parsed.csv is not None:
        write_csv(matrix, parsed.csv)
    if parsed.netcdf is not None:
        write_netcdf(matrix, parsed.netcdf)


def print_matrix(matrix: xr.Dataset, parsed: argparse.Namespace, place: Store, *, untried: bool = False) -> None:
    """Print what is empty and why, then a table for each block, then what the marks mean.

    Parameters
    ----------
    untried : bool
        Whether there may be models and benchmarks that nobody asked for; those that were never tried are only counted.
    """
    from fornix.matrix.empty import empty_cells, empty_lines
    from fornix.matrix.table import blocks, heading, legend, markdown, parents_of_hidden_values, rows

    if parsed.json:
        frame = matrix.to_dataframe().reset_index()
        print_json(frame.astype(object).where(frame.notna(), None).to_dict(orient="records"))
        return
    each = empty_cells(matrix)
    tried = _tried(matrix) if untried else {(cell.model, cell.benchmark) for cell in each}
    told = [cell for cell in each if (cell.model, cell.benchmark) in tried]
    lines = empty_lines(matrix, told)
    for line in [cell.line for cell in each] if parsed.verbose else lines:
        print(line)
    if len(lines) < len(told) and not parsed.verbose:
        print(f"({counted(len(told), 'empty cell')}; --verbose gives each a line)")
    if len(told) < len(each) and not parsed.verbose:
        left = counted(len(each) - len(told), "empty cell")
        print(f"({left} of models or benchmarks that were never tried; `fornix plan --all` says how each stands)")
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    # a table is never squeezed: a log or a narrow terminal gets whole lines
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 100_000, soft_wrap=True)
    shown = blocks(matrix, expand=parsed.expand)
    if not shown:
        print(f"no cell asked for has a value in the store {place.place}")
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
    if parents := parents_of_hidden_values(matrix, shown):
        print(f"values on some of the children only, which --expand prints: {', '.join(parents)}")


def _tried(matrix: xr.Dataset) -> set[tuple[str, str]]:
    """The cells of a model and of a benchmark that each have been tried, if only with others."""
    import numpy as np

    tried = matrix["leaf"].values & ~np.isin(matrix["status"].values, ["missing", "skipped"])
    models = matrix["model"].values[tried.any(axis=1)].tolist()
    benchmarks = matrix["benchmark"].values[tried.any(axis=0)].tolist()
    return {(model, benchmark) for model in models for benchmark in benchmarks}
