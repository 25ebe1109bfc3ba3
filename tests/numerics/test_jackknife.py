"""How groups of stimuli move correlations: against scipy, and against refits made one by one."""

import math

import numpy as np
import pytest
from scipy import stats

from fornix.numerics.correlation import pearson
from fornix.numerics.uncertainty.intervals import stimulus_groups
from fornix.numerics.uncertainty.jackknife import influence, jackknife_pearson


def test_the_jackknife_of_a_correlation_leaves_whole_groups_out() -> None:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(60, 3)) + 1e6
    y = x + rng.normal(size=(60, 3))
    x[7, 0] = y[11, 2] = math.nan
    y[:, 1] = 2.5
    groups = stimulus_groups([f"s{k}" for k in range(60)], n_groups=7)
    r, without = jackknife_pearson(x, y, groups)
    assert without.shape == (7, 3)
    for column in (0, 2):
        there = np.isfinite(x[:, column]) & np.isfinite(y[:, column])
        assert r[column] == pytest.approx(stats.pearsonr(x[there, column], y[there, column]).statistic, rel=1e-9)
        for group in range(7):
            kept = there & (groups != group)
            assert without[group, column] == pytest.approx(stats.pearsonr(x[kept, column], y[kept, column]).statistic, rel=1e-9)
    assert math.isnan(r[1])
    assert np.isnan(without[:, 1]).all()


def test_influence_is_what_lighter_groups_do_one_by_one_and_two_by_two() -> None:
    """Against weighted correlations, computed for each group and each pair of groups by itself."""
    rng = np.random.default_rng(7)
    m, k, n_groups, tested, trained = 12, 3, 4, 0.5, 0.25
    measured, predicted = rng.normal(size=(m, k)) + 50, rng.normal(size=(m, k)) - 20
    lightened = [predicted + 0.1 * rng.normal(size=(m, k)) for _ in range(n_groups)]
    groups = np.arange(m) % n_groups
    groups[groups == 3] = 0  # a group without a row in this test part

    def r(x: np.ndarray, light: int | None = None) -> np.ndarray:
        return pearson(x, measured, np.where(groups == light, 1 - tested, 1.0))

    found = influence(predicted, iter(lightened), measured, groups, n_groups, tested=tested, trained=trained)
    np.testing.assert_allclose(found.r, r(predicted), rtol=1e-12)
    for g in range(n_groups):
        expected = (r(predicted, g) - r(predicted)) / tested + (r(lightened[g]) - r(predicted)) / trained
        np.testing.assert_allclose(found.change[g], expected, rtol=1e-9, atol=1e-12)
    for pair, (a, b) in enumerate(zip(*np.triu_indices(n_groups, 1), strict=True)):
        expected = sum(
            (r(lightened[x], y) - r(lightened[x]) - r(predicted, y) + r(predicted)) / (tested * trained)
            for x, y in ((a, b), (b, a))
        )
        np.testing.assert_allclose(found.joint[pair], expected, rtol=1e-8, atol=1e-10)


def test_what_does_not_vary_has_no_influence_to_tell() -> None:
    measured = np.array([[1.0, 2.0], [1.0, 3.0], [1.0, 5.0], [1.0, 4.0]])
    predicted = np.array([[1.0, 2.0], [2.0, 2.0], [3.0, 2.0], [5.0, 2.0]])
    found = influence(predicted, [predicted, predicted], measured, np.array([0, 0, 1, 1]), 2, tested=0.5, trained=0.5)
    assert np.isnan(found.r).all()
    assert np.isnan(found.change).all()
