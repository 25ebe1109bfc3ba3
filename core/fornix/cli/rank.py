"""``fornix rank``: the models of each benchmark in order, with the ranks that ties allow, from a store or a published matrix."""

from __future__ import annotations

import argparse

from fornix.cli.arguments import add_json, add_selection, add_snapshot, print_json, source


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("rank", help="rank models, with ties", description=__doc__)
    add_snapshot(parser)
    add_selection(parser)
    parser.add_argument("--common", action="store_true", help="rank on the children of a parent that all of the models have")
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.comparing.orders import order, order_text, tops
    from fornix.matrix.comparing.ranking import ranks

    scores = source(parsed, parsed.models, parsed.benchmarks)
    missing = "common" if parsed.common else "complete"
    matrix = scores.matrix.assign(ranks(scores.matrix, scores.score_of, scores.registry, missing=missing).data_vars)
    found = [order(matrix, benchmark) for benchmark in parsed.benchmarks or tops(matrix)]
    if parsed.json:
        print_json(found)
    elif found:
        print("\n\n".join(map(order_text, found)))
    else:
        print("no benchmark has a score that could be ranked")
    return 0
