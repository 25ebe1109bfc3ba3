"""Errors of all pairs of scores: against scipy where the replicates are those of means, against single scores in general."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fornix.numerics.comparison.differences import LEAST, pairs, plan_of
from fornix.numerics.comparison.evidence import p_values
from fornix.numerics.uncertainty.draws import group_draws, neuroid_draws
from fornix.numerics.uncertainty.intervals import (
    factor_variances,
    over_factors,
    replicates_array,
    variance,
)


def left_out(values: np.ndarray) -> np.ndarray:
    """The mean without each value."""
    return np.asarray((values.sum() - values) / (len(values) - 1))


def test_a_paired_t_test_is_that_of_scipy() -> None:
    """Scores that are means over stimuli, each left out once."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=30)
    models = [shared + 0.5 * rng.normal(size=30) + 0.1 * k for k in range(4)]
    found = pairs([replicates_array({"stimuli": (left_out(model), "jackknife")}) for model in models])
    for i in range(4):
        for j in range(i):
            expected = stats.ttest_rel(models[i], models[j])
            difference = models[i].mean() - models[j].mean()
            assert difference / np.sqrt(found.variance[i, j]) == pytest.approx(expected.statistic)
            assert float(p_values(difference, found.variance[i, j], found.freedom[i, j])) == pytest.approx(expected.pvalue)
    assert found.single == pytest.approx([model.var(ddof=1) / 30 for model in models])
    errors = np.stack(models) - np.mean(models, axis=1, keepdims=True)
    assert found.correlation == pytest.approx(np.corrcoef(errors))


def plan(kind: str, rng: np.random.Generator, shared: dict[str, np.ndarray], missing: bool) -> xr.DataArray:
    """Replicates of a score that shares part of its noise with others."""

    def values(name: str, n: int) -> np.ndarray:
        drawn = shared[name][:n] + rng.normal(size=n)
        if missing:
            drawn[rng.integers(n)] = np.nan
        return np.asarray(drawn)

    if kind == "few subjects":
        return replicates_array(
            {"stimuli": (values("stimuli", 20), "jackknife"), "subjects": (values("subjects", 4), "jackknife")}
        )
    crossed = {"stimuli": (values("stimuli", 20), "jackknife"), "neuroids": (values("neuroids", 50), "bootstrap", 33)}
    if kind == "both":
        return replicates_array({**crossed, "both": (values("both", 60), "bootstrap")})
    return replicates_array({"stimuli": crossed["stimuli"]})


@pytest.mark.parametrize("kind", ["one factor", "both", "few subjects"])
@pytest.mark.parametrize("missing", [False, True])
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_each_pair_is_as_its_differences_alone(kind: str, missing: bool, seed: int) -> None:
    """All pairs by products of matrices: as one pair, whose differences are resampled as a score is."""
    rng = np.random.default_rng(seed)
    shared = {name: rng.normal(size=60) for name in ("stimuli", "neuroids", "subjects", "both")}
    scores = [plan(kind, rng, shared, missing) for _ in range(4)]
    found = pairs(scores)
    for i in range(4):
        assert found.variance[i, i] == 0
        assert found.single[i] == pytest.approx(variance(scores[i]))
        for j in range(i):
            given = scores[i].values - scores[j].values
            rows = {}
            for k, name in enumerate(scores[i]["factor"].values.tolist()):
                of = given[k, : int(scores[i]["n_replicates"][k])]
                rows[name] = (of, str(scores[i]["scheme"].values[k]), int(scores[i]["n_units"].values[k]))
            alone = replicates_array(rows)
            expected = over_factors(factor_variances(alone), LEAST)
            assert found.variance[i, j] == pytest.approx(expected, abs=1e-12)
            by_factor = {name: v for name, v in factor_variances(alone).items() if name != "both"}
            units = dict(zip(alone["factor"].values.tolist(), alone["n_units"].values.tolist(), strict=True))
            welch = variance(alone) ** 2 / sum(v**2 / (units[name] - 1) for name, v in by_factor.items())
            assert found.freedom[i, j] == pytest.approx(max(welch, min(units[name] for name in by_factor) - 1))


CROSSED = 20
TIMES = np.stack([np.bincount(draw, minlength=CROSSED) for draw in neuroid_draws(np.arange(CROSSED))]) / CROSSED
COUNTS = group_draws(CROSSED, len(TIMES))


def mean_over_both(values: np.ndarray) -> xr.DataArray:
    """Replicates of the mean of (stimuli, neuroids), 20 of each."""
    units, change = values.mean(axis=0), (values.mean(axis=0) - values) / (CROSSED - 1)
    means = TIMES @ units
    both = means + (COUNTS * (TIMES @ change.T)).sum(axis=1)
    rows = {"stimuli": (units.mean() + change.mean(axis=1), "jackknife"), "neuroids": (means, "bootstrap", CROSSED)}
    return replicates_array({**rows, "both": (both, "bootstrap")})


@pytest.mark.parametrize(("stimuli", "neuroids", "each"), [(0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 0)])
def test_errors_are_right_on_average_whether_or_not_neuroids_agree(stimuli: float, neuroids: float, each: float) -> None:
    """Means over 20 stimuli x 20 neuroids whose errors are known: parts due to stimuli, to neuroids, and to both at once.

    Held to all of the variance of either factor, as single scores are, the first world comes out at 1.19.
    """
    rng, n, scores = np.random.default_rng(0), CROSSED, []
    for _ in range(300):
        shared = rng.normal(size=(n, n))  # it cancels
        own = stimuli * rng.normal(size=(n, 1)) + neuroids * rng.normal(size=n) + each * math.sqrt(n) * rng.normal(size=(n, n))
        scores += [mean_over_both(shared + own), mean_over_both(shared)]
    found = np.diag(pairs(scores).variance[::2, 1::2])
    truth = (stimuli**2 + neuroids**2 + each**2) / n
    assert np.mean(found) / truth == pytest.approx(1, abs=0.09)


def test_one_in_twenty_equal_models_is_called_different() -> None:
    """2,000 pairs whose neuroids agree on average: with a floor of half of a factor 6.1 % have p <= .05, with all of it 3.0 %."""
    rng, nothing, called = np.random.default_rng(0), mean_over_both(np.zeros((CROSSED, CROSSED))), []
    for _ in range(20):
        worlds = rng.normal(size=(100, CROSSED, CROSSED))
        found = pairs([*map(mean_over_both, worlds), nothing])
        p = p_values(worlds.mean(axis=(1, 2)), found.variance[:-1, -1], found.freedom[:-1, -1])
        called.append(np.mean(p <= 0.05))
    assert np.mean(called) == pytest.approx(0.05, abs=0.01)


def test_equal_scores_differ_by_nothing_for_sure() -> None:
    values = np.random.default_rng(0).normal(size=20)
    same = replicates_array({"stimuli": (values, "jackknife")})
    found = pairs([same, same.copy(data=same.values + 1e-15)])
    assert (found.variance == 0).all()
    assert float(p_values(0.0, 0.0, 19.0)) == 1.0
    assert np.isnan(p_values(0.1, 0.0, 19.0))


def test_scores_of_other_draws_are_not_paired() -> None:
    values = np.arange(20.0)
    a = replicates_array({"stimuli": (values, "jackknife")})
    b = replicates_array({"stimuli": (values[:10], "jackknife")})
    with pytest.raises(ValueError, match="2 plans"):
        pairs([a, b])
    with pytest.raises(ValueError, match="2 plans"):
        pairs([a.assign_attrs(grouping="x"), a.assign_attrs(grouping="y")])
    assert plan_of(a).n_units == (20,)


def test_of_one_replicate_nothing_is_known() -> None:
    one = replicates_array({"stimuli": (np.array([0.1]), "jackknife")})
    found = pairs([one, one])
    assert np.isnan(found.variance).all()
    assert np.isnan(found.freedom).all()
