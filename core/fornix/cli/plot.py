"""``fornix plot``: draws figures for papers from a store or a snapshot: .pdf and .svg, whose text stays text, or .png."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from fornix.cli.arguments import (
    add_json,
    add_overlay,
    add_plugins,
    add_selection,
    add_snapshot,
    amount,
    print_json,
    registry,
    snapshot,
    source,
    writable_file,
)
from fornix.registry.problems import counted, listed

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.figure import Figure


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("plot", help="draw figures for papers", description=__doc__)
    kinds = parser.add_subparsers(
        dest="kind", required=True, metavar="{matrix,ranking,scatter,correlations,profile}", parser_class=type(parser)
    )
    matrix = kinds.add_parser("matrix", help="the matrix as tiles", description="The matrix as tiles coloured by score.")
    matrix.add_argument("--expand", action="store_true", help="draw the children of parents too")
    ranking = kinds.add_parser(
        "ranking", help="the models of a benchmark", description="The models of a benchmark, the best first."
    )
    ranking.add_argument("benchmark", metavar="BENCHMARK", help="a leaf or a parent")
    scatter = kinds.add_parser(
        "scatter",
        help="scores against a number of the models, or their scores elsewhere",
        description="The scores of models on a benchmark against a number of theirs, with a line fitted by least squares.",
    )
    scatter.add_argument("benchmark", metavar="BENCHMARK", help="whose scores")
    scatter.add_argument("against", metavar="AGAINST", help="parameters, model_year, or another benchmark")
    scatter.add_argument(
        "--scale", choices=("auto", "linear", "log"), default="auto", help="(default: log for numbers that span a factor of 10)"
    )
    correlations = kinds.add_parser(
        "correlations", help="how alike benchmarks order models", description="Correlations between benchmarks over their models."
    )
    for kind in (scatter, correlations):
        kind.add_argument("--without-controls", action="store_true", help="leave models out whose cards call them controls")
    profile = kinds.add_parser(
        "profile", help="scores of layers", description="How each layer scored on the data that chose the layers of regions."
    )
    profile.add_argument("model", nargs="+", metavar="MODEL", help="models whose layers `fornix commit` has chosen")
    drawn: dict[argparse.ArgumentParser, Callable[[argparse.Namespace], _Drawn]] = {
        matrix: _matrix,
        ranking: _ranking,
        scatter: _scatter,
        correlations: _correlations,
        profile: _profile,
    }
    for kind, draw in drawn.items():
        kind.add_argument(
            "-o", "--output", type=writable_file, required=True, metavar="FILE", help="the figure: .pdf, .svg or .png"
        )
        kind.add_argument(
            "--width", type=amount, metavar="MM", help="of the figure at most (default: a column, 84, or a page, 174)"
        )
        add_snapshot(kind)
        if kind is profile:
            add_plugins(kind)
        else:
            add_overlay(kind)
            add_selection(kind, benchmarks=kind is not ranking)
        add_json(kind)
        kind.set_defaults(call=call, draw=draw)


class _Drawn(NamedTuple):
    """A figure, what it shows as a table, what there is to tell of it as a whole, and sentences on what was left out."""

    figure: Figure
    table: pd.DataFrame
    told: dict[str, Any]
    said: list[str]


def call(parsed: argparse.Namespace) -> int:
    from fornix.matrix.figures import save
    from fornix.matrix.figures.look import drawable

    drawable(parsed.output)
    made: _Drawn = parsed.draw(parsed)
    save(made.figure, parsed.output)
    if parsed.json:
        rows = made.table.astype(object).where(made.table.notna(), None).to_dict(orient="records")
        told = {name: None if value != value else value for name, value in made.told.items()}
        print_json({"figure": str(parsed.output), **told, "left_out": made.said, "data": rows})
        return 0
    for sentence in made.said:
        print(sentence)
    print(f"written: {parsed.output}")
    return 0


def _matrix(parsed: argparse.Namespace) -> _Drawn:
    from fornix.matrix.analyses import arranged
    from fornix.matrix.figures import draw_matrix

    matrix = source(parsed, parsed.models, parsed.benchmarks).matrix
    figure = draw_matrix(matrix, expand=parsed.expand, **_width(parsed))
    shown = arranged(matrix, expand=parsed.expand)
    said = []
    for kind in ("model", "benchmark"):
        if lacking := [name for name in shown.attrs[f"{kind}s_left_out"].split("; ") if name]:
            said.append(f"not drawn, as no cell has a score: {counted(len(lacking), kind)} ({listed(lacking)})")
    cells = ["value", "error", "interval_low", "interval_high", "status", "reason", "flags"]
    return _Drawn(figure, shown[cells].to_dataframe()[cells].reset_index(), {}, said)


def _ranking(parsed: argparse.Namespace) -> _Drawn:
    from fornix.matrix.analyses import ranking
    from fornix.matrix.figures import draw_ranking

    scores = source(parsed, parsed.models, [parsed.benchmark], ranks=True)
    data = ranking(scores.matrix if "rank" in scores.matrix else scores.ranked(), parsed.benchmark)
    return _Drawn(draw_ranking(data, **_width(parsed)), data.to_dataframe().reset_index(), data.attrs, _left_out(data))


def _scatter(parsed: argparse.Namespace) -> _Drawn:
    from fornix.matrix.analyses import trend
    from fornix.matrix.coordinates import card_coordinates
    from fornix.matrix.figures import draw_trend

    scores = source(parsed, parsed.models, parsed.benchmarks)
    matrix = scores.matrix
    names = (matrix[dim].values.tolist() for dim in ("model", "benchmark"))
    matrix = matrix.assign_coords(card_coordinates(scores.registry, *names))
    data = trend(matrix, parsed.benchmark, parsed.against, scale=parsed.scale, controls=not parsed.without_controls)
    table = data.drop_dims("at").to_dataframe().reset_index()
    return _Drawn(draw_trend(data, **_width(parsed)), table, data.attrs, _left_out(data))


def _correlations(parsed: argparse.Namespace) -> _Drawn:
    from fornix.matrix.analyses import benchmark_correlations
    from fornix.matrix.figures import draw_correlations

    matrix = source(parsed, parsed.models, parsed.benchmarks).matrix
    data = benchmark_correlations(matrix, parsed.benchmarks, controls=not parsed.without_controls)
    table = data.to_dataframe().reset_index()
    few = sorted(
        set(table["benchmark"]) - set(table["benchmark"][(table["benchmark"] != table["other"]) & table["spearman"].notna()])
    )
    said = [f"not drawn, without a correlation: {counted(len(few), 'benchmark')} ({listed(few)})"] if few else []
    return _Drawn(draw_correlations(data, **_width(parsed)), table, {}, said)


def _profile(parsed: argparse.Namespace) -> _Drawn:
    from fornix.matrix.analyses import layer_profiles, published_profile, stored_profile
    from fornix.matrix.figures import draw_profiles
    from fornix.matrix.snapshots.pulling import open_snapshot

    published = snapshot(parsed)
    if published is None:
        found = registry(parsed)
        tables = [stored_profile(found, model) for model in parsed.model]
    else:
        opened = open_snapshot(*published)
        tables = [published_profile(opened, model) for model in parsed.model]
    data = layer_profiles(tables)
    return _Drawn(draw_profiles(data, **_width(parsed)), data, {}, [])


def _width(parsed: argparse.Namespace) -> dict[str, float]:
    """The width that was asked for; each kind of figure has its own."""
    return {} if parsed.width is None else {"width": parsed.width}


def _left_out(data: xr.Dataset) -> list[str]:
    """Why models take no part, the most common reason first."""
    reasons = Counter(why for why in data["left_out"].values.tolist() if why)
    return [f"left out: {counted(number, 'model')}: {why}" for why, number in reasons.most_common()]
