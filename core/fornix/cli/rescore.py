"""``fornix rescore``: compute the cells whose responses are all in the store, as after a change of a ceiling, a metric or a
benchmark, or when results were lost, then print the matrix. Runs no model: a cell that needs one stays as it is, and is
said with the reason. What was never tried is looked at where benchmarks are named."""

from __future__ import annotations

import argparse

from fornix.cli.arguments import add_json, add_selection
from fornix.cli.matrix import add_outputs
from fornix.cli.run import add_limits, compute


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("rescore", help="score stored responses anew, running no model", description=__doc__)
    add_selection(parser)
    add_limits(parser)
    add_outputs(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    return compute(parsed, ask_models=False)
