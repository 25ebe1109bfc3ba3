"""``fornix rank``: the models of each benchmark in order, with the ranks that ties allow, from a store or a published matrix."""

from __future__ import annotations

import argparse

from fornix.cli.arguments import add_json, add_overlay, add_selection, add_snapshot, print_json, source
from fornix.cli.streams import say


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("rank", help="rank models, with ties", description=__doc__)
    add_snapshot(parser)
    add_overlay(parser)
    add_selection(parser)
    parser.add_argument("--common", action="store_true", help="rank on the children of a parent that all of the models have")
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.comparing.orders import order, order_text, passed_text, tops
    from fornix.matrix.comparing.ranking import published_ranks

    # those of a snapshot are among all of its models, as they were compared when it was made, or with a store over it
    among_all = parsed.models is None and not parsed.common
    scores = source(parsed, parsed.models, parsed.benchmarks, ranks=among_all)
    matrix = scores.matrix
    if among_all and "rank" in matrix and matrix["rank"].notnull().any():
        matrix = matrix.assign(published_ranks(matrix).data_vars)
    else:
        matrix = scores.ranked("common" if parsed.common else "complete")
    shown, passed = (parsed.benchmarks, {}) if parsed.benchmarks else tops(matrix)
    orders = [order(matrix, benchmark) for benchmark in shown]
    said = passed_text(passed, common=parsed.common)
    if not orders:
        said.insert(0, "no benchmark has a score that could be ranked" + ("" if said else ": no model has a score"))
    if parsed.json:
        print_json(orders)
        for sentence in said:
            say(f"fornix: {sentence}")
    else:
        print("\n\n".join([*map(order_text, orders), *(["\n".join(said)] if said else [])]))
    return 0
