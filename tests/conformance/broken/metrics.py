"""Metrics that each break one promise; ``metric-good`` breaks none."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from fornix import hookimpl
from fornix.interfaces import Score
from fornix.numerics.correlation import pearson
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups, with_uncertainty

HOWS = {
    "metric-good": set(),
    "metric-stingy": {"identity"},
    "metric-biased": {"chance_within"},
    "metric-certain": {"has_an_error", "chance_within"},
    "metric-secretive": {"has_an_error"},
    "metric-in_line": {"order_of_rows"},
    "metric-first_unit": {"order_of_rows"},
    "metric-random": {"equal_calls"},
    "metric-without_fixed_chance": set(),
    "metric-other_than_expected": {"chance_within"},
}
CARDS = "".join(
    f"""
[[metric]]
identifier = "{name}"
title = "A metric for tests of the conformance suite"
accepts = ["values"]
chance = {'"none"' if name in ("metric-without_fixed_chance", "metric-other_than_expected") else 0.0}
"""
    for name in HOWS
)
GIVEN = """
def chance(identifier, unrelated):
    return 0.5 if identifier == "metric-other_than_expected" else 0.0
"""


def distances(values: np.ndarray) -> np.ndarray:
    return 1 - np.corrcoef(values)


class Broken:
    accepts = frozenset({"values"})

    def __init__(self, how: str) -> None:
        self.how = how

    def __call__(self, source: xr.DataArray, target: xr.DataArray) -> Score:
        if self.how != "in_line":
            source, target = source.sortby("stimulus_id"), target.sortby("stimulus_id")
        a, b = distances(source.values), distances(target.values)
        groups = stimulus_groups(target["stimulus_id"].values)

        def correlation(rows: np.ndarray) -> float:
            upper = np.triu_indices(rows.sum(), 1)
            return float(pearson(a[rows][:, rows][upper], b[rows][:, rows][upper]))

        value = correlation(np.ones(len(a), dtype=bool))
        left_out = np.array([correlation(groups != k) for k in range(groups.max() + 1)])
        shift = {"biased": 0.5, "first_unit": source.values[0, 0], "random": np.random.default_rng().normal() / 1e6}
        score = Score(0.9 * value if self.how == "stingy" else value + shift.get(self.how, 0.0), resampled=("stimuli",))
        whole = with_uncertainty(score, replicates_array({"stimuli": (left_out + score.value - value, "jackknife")}))
        if self.how == "certain":
            return whole.with_(error=math.nan)
        return whole.with_(replicates=None) if self.how == "secretive" else whole


@hookimpl
def fornix_load_metric(identifier, options):
    return Broken(identifier.removeprefix("metric-"))
