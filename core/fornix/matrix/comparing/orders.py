"""The models of a benchmark in the order of their ranks: as plain data, and as text."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Final, NamedTuple

import xarray as xr

from fornix.matrix.analyses import ranking
from fornix.matrix.comparing.ranking import NOT_ALL_CHILDREN
from fornix.registry.problems import NAMED, counted, listed

#: Why a parent has no ranks of which no model has a value, although there are scores below it.
LACKING_CHILDREN: Final = "every model lacks some of its children"


class Tops(NamedTuple):
    """The highest benchmarks of a ranked matrix on which a model has a rank, and what was passed over to find them.

    Parameters
    ----------
    shown : list of str
        In the order of the matrix; none is below another.
    passed : dict of str to str
        Why no model has a rank on benchmarks that are not below these, and that have scores, there or below.
    """

    shown: list[str]
    passed: dict[str, str]


def order(matrix: xr.Dataset, benchmark: str) -> dict[str, Any]:
    """A ranked matrix on one benchmark, as strict JSON has it: a number that is not known is None.

    Parameters
    ----------
    matrix : Dataset
        With the variables of :func:`fornix.matrix.comparing.ranking.ranks`.
    benchmark : str
        A leaf or a parent.

    Returns
    -------
    dict
        benchmark, reliability, split_half, compared_on (the leaves that a parent is ranked on where they are not all of it),
        empty (how many models have no value), and models, the best first: each with value, error, rank, rank_low, rank_high and
        unranked, why it has none.

    Raises
    ------
    UsageError
        If the matrix has no such benchmark.
    """
    data, column = ranking(matrix, benchmark), matrix.sel(benchmark=benchmark)
    models = []
    for name in data["model"].values.tolist():
        row = data.sel(model=name)
        numbers = {key: _known(float(row[key])) for key in ("value", "error", "rank", "rank_low", "rank_high")}
        models.append({"model": name, **numbers, "unranked": str(column["unranked"].sel(model=name).item())})
    # those in common are ranked on what all have, also where they have no value on all of a parent
    for name in column["model"].values[column["rank"].notnull().values & column["value"].isnull().values].tolist():
        ranks = {key: float(column[key].sel(model=name)) for key in ("rank", "rank_low", "rank_high")}
        models.append({"model": name, "value": None, "error": None, **ranks, "unranked": ""})
    return {
        "benchmark": benchmark,
        "reliability": _known(float(column["reliability"])),
        "split_half": _known(float(column["split_half"])),
        "compared_on": [leaf for leaf in str(column["compared_on"].item()).split("; ") if leaf],
        "empty": matrix.sizes["model"] - len(models),
        "models": sorted(models, key=lambda model: math.inf if model["rank"] is None else model["rank"]),
    }


def order_text(found: dict[str, Any]) -> str:
    """What :func:`order` found, as a table and what is to be known of it."""
    models, lines = found["models"], [found["benchmark"]]
    cells = [("rank", "ties", "model", "score"), *(_cells(model) for model in models if model["rank"] is not None)]
    if len(cells) > 1:
        widths = [max(len(row[k]) for row in cells) for k in range(4)]
        for rank, ties, model, score in cells:
            row = (rank.rjust(widths[0]), ties.rjust(widths[1]), model.ljust(widths[2]), score)
            lines.append(("  " + "  ".join(row)).rstrip())
    else:
        lines.append("  no model has a rank here")
    if found["compared_on"]:
        lines.append(f"  ranked on {listed(found['compared_on'])} only, which all of these models have; scores are those of all")
    told = [("reliability", found["reliability"]), ("split-half reliability", found["split_half"])]
    if known := [f"{name} {value:.2f}" for name, value in told if value is not None]:
        lines.append("  " + ", ".join(known))
    why: dict[str, list[str]] = {}
    for model in models:
        if model["rank"] is None:
            why.setdefault(model["unranked"], []).append(model["model"])
    lines += [f"  no rank: {counted(len(names), 'model')} ({listed(names)}): {reason}" for reason, names in why.items()]
    if found["empty"]:
        lines.append(f"  without a score: {counted(found['empty'], 'model')}")
    return "\n".join(lines)


def tops(matrix: xr.Dataset) -> Tops:
    """The benchmarks without a parent in the matrix, and in place of each without ranks the highest below it that have some."""
    names, parents = matrix["benchmark"].values.tolist(), matrix["parent"].values.tolist()
    ranked, scored = (
        dict(zip(names, matrix[variable].notnull().any("model").values.tolist(), strict=True)) for variable in ("rank", "value")
    )
    children: dict[str, list[str]] = {}
    for name, parent in zip(names, parents, strict=True):
        children.setdefault(parent, []).append(name)

    def any_score(name: str) -> bool:
        return scored[name] or any(map(any_score, children.get(name, [])))

    found = Tops([], {})
    left = children.get("", [])[::-1]
    while left:
        name = left.pop()
        if ranked[name]:
            found.shown.append(name)
        elif any_score(name):
            found.passed[name] = _why_unranked(matrix["unranked"].sel(benchmark=name).values.tolist())
            left += children.get(name, [])[::-1]
    return found


def passed_text(passed: dict[str, str], *, common: bool) -> list[str]:
    """A sentence for each reason why benchmarks were passed over; ``common``: those below them in common were asked for."""
    by_reason: dict[str, list[str]] = {}
    for name, why in passed.items():
        by_reason.setdefault(why, []).append(name)
    hint = "" if common else " (--common ranks on the children that all models have, if there are any)"
    return [f"no rank on {listed(names)}: {why}{hint if why == LACKING_CHILDREN else ''}" for why, names in by_reason.items()]


def _why_unranked(reasons: list[str]) -> str:
    """Why models have no rank on a benchmark, the most common reason first; one that lacks children may have none."""
    counts = Counter(why for why in reasons if why)
    if not counts.keys() - {NOT_ALL_CHILDREN}:
        return LACKING_CHILDREN
    if len(counts) == 1:
        return next(iter(counts))
    told = [f"{why} ({counted(number, 'model')})" for why, number in counts.most_common()]
    more = len(told) - NAMED
    return "; ".join(told[:NAMED]) + (f"; and {more} more reasons" if more > 0 else "")


def _cells(model: dict[str, Any]) -> tuple[str, str, str, str]:
    low, high = f"{model['rank_low']:.0f}", f"{model['rank_high']:.0f}"
    value, error = model["value"], model["error"]
    score = "" if value is None else f"{value:.3f}" + ("" if error is None else f" ±{error:.3f}")
    return f"{model['rank']:.0f}", "" if low == high else f"{low}-{high}", model["model"], score


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
