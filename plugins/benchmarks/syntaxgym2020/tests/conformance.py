"""What ``fornix test`` needs of this benchmark: surprisals with which every prediction holds, found by linear programming."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from fornix_benchmark_syntaxgym2020.formula import Formula, Literal, Operation, Region, parse
from scipy.optimize import linprog

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses

#: Half of the difference (bits) within which SyntaxGym calls two surprisals equal: fgd_hierarchy wants two regions of one
#: pair both different and equal.
MARGIN = 5e-4


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who knows the predictions."""
    regions = fornix.load_dataset(identifier).recordings()["regions"]
    bits = {}
    for item in np.unique(regions["item"].values):
        mine = regions[regions["item"].values == item]
        places = dict(zip(zip(mine["condition"].values, mine.values, strict=True), mine["stimulus_id"].values, strict=True))
        solved = solution(tuple(regions.attrs["predictions"]), set(places))
        bits |= {name: solved.get(place, 7.0) for place, name in places.items()}

    def respond(experiment: Experiment) -> Responses:
        names = experiment.stimuli.stimulus_id
        values = np.array([bits[name] for name in names])
        answer = xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})
        return Responses({experiment.task: answer})

    return respond


def linear(formula: Formula) -> tuple[dict[Region, float], float]:
    """A sum as coefficients of regions, and a constant."""
    if isinstance(formula, Literal):
        return {}, formula.value
    if isinstance(formula, Region):
        return {formula: 1.0}, 0.0
    (left, a), (right, b) = linear(formula.left), linear(formula.right)
    sign = 1.0 if formula.operator == "+" else -1.0
    return {r: left.get(r, 0.0) + sign * right.get(r, 0.0) for r in {*left, *right}}, a + sign * b


def constraints(formula: Formula) -> list[tuple[dict[Region, float], float]]:
    """Conjoined comparisons as "sum of coefficient x region <= bound", met with a margin."""
    assert isinstance(formula, Operation)
    if formula.operator == "&":
        return constraints(formula.left) + constraints(formula.right)
    difference, constant = linear(Operation("-", formula.left, formula.right))
    negative = {region: -value for region, value in difference.items()}
    return {
        "<": [(difference, -MARGIN - constant)],
        ">": [(negative, -MARGIN + constant)],
        "=": [(difference, MARGIN - constant), (negative, MARGIN + constant)],
    }[formula.operator]


def solution(formulas: tuple[str, ...], with_words: set[tuple[str, int]]) -> dict[tuple[str, int], float]:
    """Surprisals of 0 to 50 bits with which all formulas hold; regions without words have none."""
    rows = [row for formula in formulas for row in constraints(parse(formula))]
    asked = sorted({(r.condition, r.number) for coefficients, _ in rows for r in coefficients})
    matrix = np.array([[coefficients.get(Region(*place), 0.0) for place in asked] for coefficients, _ in rows])
    bounds = [(0, 50) if place in with_words else (0, 0) for place in asked]
    result = linprog(np.zeros(len(asked)), A_ub=matrix, b_ub=[bound for _, bound in rows], bounds=bounds)
    assert result.success, result.message
    return dict(zip(asked, result.x.tolist(), strict=True))
