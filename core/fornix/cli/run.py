"""``fornix run``: compute the missing and stale cells, then print the matrix. Run it again and it does only the rest."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_selection, amount, count, registry, store
from fornix.cli.matrix import add_outputs, print_matrix, save
from fornix.cli.progress import reporting
from fornix.cli.streams import say, silence
from fornix.registry.problems import counted

if TYPE_CHECKING:
    from fornix.engine.work import Finished


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("run", help="compute what is missing", description=__doc__)
    add_selection(parser)
    add_limits(parser)
    parser.add_argument("--no-retry", action="store_true", help="leave cells alone whose latest attempt failed")
    parser.add_argument("--scratch", metavar="FOLDER", help="where models spill whole layers (default: a temporary folder)")
    add_outputs(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Where the work is done, and what it may use."""
    parser.add_argument(
        "--engine",
        choices=["workers", "in-process"],
        default="workers",
        help="separate processes, or this one, for debugging (default: workers)",
    )
    parser.add_argument("--workers", type=count, metavar="N", help="models worked on at once (default: CPUs, at most 4)")
    parser.add_argument("--time-limit", type=amount, default=3600.0, metavar="SECONDS", help="for each step (default: 3600)")
    parser.add_argument("--memory-limit", type=amount, metavar="GB", help="for each worker")


def call(parsed: argparse.Namespace) -> int:
    if parsed.scratch is not None:
        os.environ["FORNIX_SCRATCH"] = os.path.abspath(parsed.scratch)
    return compute(parsed, retry=not parsed.no_retry)


def compute(parsed: argparse.Namespace, *, retry: bool = True, ask_models: bool = True) -> int:
    """Compute cells, print the matrix, and say how many that were asked for have no result; returns the exit status.

    Where no model is run, cells that were never tried are not asked for, unless their benchmarks were named: a matrix may have
    many of them.

    Parameters
    ----------
    retry, ask_models : bool
        As :func:`fornix.run` takes them.
    """
    from fornix.cli.plan import summary
    from fornix.engine.plan import plan
    from fornix.engine.progress import Progress
    from fornix.engine.reach import within_reach
    from fornix.matrix.api import run

    found, place = registry(parsed), store(parsed)
    planned = plan(found, place, parsed.models, parsed.benchmarks, ask_models=ask_models, seed=parsed.seed)
    unasked: set[tuple[str, str]] = set()
    if not ask_models:
        named = parsed.benchmarks is not None
        unasked = {(c.model, c.benchmark) for c in planned.in_state("missing") if not (named or c.tried)}
        planned = within_reach(planned, found, place, named=named)
    if not parsed.json:
        say(
            summary(planned)
            if ask_models or planned.in_state("ok", "missing", "stale", "failed")
            else f"nothing in the store {place.place} says that these models ever answered; benchmarks that are named "
            "(--benchmarks) are looked up all the same"
        )
    todo = [cell for cell in planned.to_compute if retry or cell.state != "failed"]
    progress = Progress()
    without: set[tuple[str, str]] = set()
    left: set[tuple[str, str]] = set()

    def ended(finished: Finished) -> None:
        if finished.status != "ok":
            (left if finished.status == "left" else without).add((finished.model, finished.benchmark))
        report(finished)

    with nullcontext(lambda finished: None) if parsed.json else reporting(progress, len(todo)) as report:
        matrix = run(
            parsed.models,
            parsed.benchmarks,
            place,
            plugins=parsed.plugins,
            engine=parsed.engine,
            workers=parsed.workers,
            retry=retry,
            ask_models=ask_models,
            time_limit_s=parsed.time_limit,
            memory_limit_gb=parsed.memory_limit,
            seed=parsed.seed,
            report=ended,
            progress=progress,
        )
    save(matrix, parsed)
    try:
        print_matrix(matrix, parsed, place)
        sys.stdout.flush()
    except BrokenPipeError:  # who has seen enough of the matrix has not asked for another status
        silence(sys.stdout)
    # what failed in this run is no success, even if it is skipped from now on, as where its file turned out to be another
    leaves = matrix.isel(benchmark=matrix["leaf"].values)
    for model, row in zip(leaves["model"].values.tolist(), leaves["status"].values.tolist(), strict=True):
        states = zip(leaves["benchmark"].values.tolist(), row, strict=True)
        without |= {(model, name) for name, status in states if status not in ("ok", "skipped")} - unasked
    if without:
        have = f"{counted(len(without), 'cell')} {'has' if len(without) == 1 else 'have'}"
        how = "`fornix log MODEL BENCHMARK` says why" if without - left else "`fornix run` asks the models for what is lacking"
        say(f"{have} no result; {how}")
    return 1 if without else 0
