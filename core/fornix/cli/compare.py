"""``fornix compare``: which of two models is better, on each benchmark and over all of them."""

from __future__ import annotations

import argparse
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fornix.cli.arguments import add_json, add_overlay, add_plugins, add_snapshot, add_store, print_json, source

if TYPE_CHECKING:
    from fornix.matrix.comparing.result import Comparison


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("compare", help="compare two models in pairs", description=__doc__)
    parser.add_argument("a", metavar="A", help="a model")
    parser.add_argument("b", metavar="B", help="another model")
    add_snapshot(parser)
    add_overlay(parser)
    parser.add_argument("--benchmarks", nargs="+", metavar="BENCHMARK", help="these benchmarks, parents or leaves (default: all)")
    parser.add_argument("--common", action="store_true", help="compare on the children of a parent that both models have")
    parser.add_argument("--seed", type=int, default=0, help="of the runs whose cells are meant (default: 0)")
    add_plugins(parser)
    add_store(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.comparing.pairwise import compare_models

    missing = "common" if parsed.common else "complete"
    scores = source(parsed, [parsed.a, parsed.b], parsed.benchmarks, units=True)
    comparison = compare_models(parsed.a, parsed.b, scores, benchmarks=parsed.benchmarks, missing=missing)
    if parsed.json:
        print_json(_plain(comparison))
    else:
        print(comparison)
    return 0


def _plain(comparison: Comparison) -> dict[str, Any]:
    """As strict JSON: a number that is not known is null."""

    def plain(of: dict[str, Any]) -> dict[str, Any]:
        return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in of.items()}

    return {
        "a": comparison.a,
        "b": comparison.b,
        "together": plain(asdict(comparison.together)),
        "benchmarks": [plain(asdict(row)) for row in comparison.rows],
    }
