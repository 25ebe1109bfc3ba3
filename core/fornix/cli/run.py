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
    return compute(parsed, done={"ok", "skipped"}, retry=not parsed.no_retry)


def compute(parsed: argparse.Namespace, *, done: set[str], retry: bool = True, ask_models: bool = True) -> int:
    """Compute cells, print the matrix, and say how many that were asked for have no result; returns the exit status.

    Parameters
    ----------
    done : set of str
        The states of cells that are as they were asked for.
    retry, ask_models : bool
        As :func:`fornix.run` takes them.
    """
    from fornix.cli.plan import summary
    from fornix.engine.plan import plan, within_reach
    from fornix.engine.progress import Progress
    from fornix.matrix.api import run

    found, place = registry(parsed), store(parsed)
    planned = plan(found, place, parsed.models, parsed.benchmarks, ask_models=ask_models, seed=parsed.seed)
    if not ask_models:
        planned = within_reach(planned, found, place)
    if not parsed.json:
        say(summary(planned) if planned.cells else f"no answer to these benchmarks is in the store {place.place}")
    todo = [cell for cell in planned.to_compute if retry or cell.state != "failed"]
    progress = Progress()
    without: set[tuple[str, str]] = set()

    def ended(finished: Finished) -> None:
        if finished.status not in ("ok", "left"):
            without.add((finished.model, finished.benchmark))
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
        without |= {
            (model, name) for name, status in zip(leaves["benchmark"].values.tolist(), row, strict=True) if status not in done
        }
    if without:
        have = f"{counted(len(without), 'cell')} {'has' if len(without) == 1 else 'have'}"
        say(f"{have} no result; `fornix log MODEL BENCHMARK` says why")
    return 1 if without else 0
