"""Ranks with intervals by hand, and the reliability of orders against experiments made twice."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fornix.numerics.comparison.standing import different, reliability, split_half, standing
from fornix.numerics.correlation import pearson


def differences(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[:, None] - values)


def test_ties_are_intervals_and_no_groups() -> None:
    """a ties with b and b with c, but a and c differ; d is below all."""
    apart = np.zeros((4, 4), dtype=bool)
    for i, j in ((0, 2), (0, 3), (1, 3), (2, 3)):
        apart[i, j] = apart[j, i] = True
    found = standing(differences(np.array([0.9, 0.8, 0.7, 0.1])), apart)
    assert found.rank.tolist() == [1, 2, 3, 4]
    assert found.low.tolist() == [1, 1, 2, 4]
    assert found.high.tolist() == [2, 3, 3, 4]


def test_equal_values_share_the_better_rank() -> None:
    found = standing(differences(np.array([0.5, 0.7, 0.5])), np.zeros((3, 3), dtype=bool))
    assert found.rank.tolist() == [2, 1, 2]
    assert found.low.tolist() == [1, 1, 1]
    assert found.high.tolist() == [3, 3, 3]


def test_one_model_is_the_first() -> None:
    found = standing(np.zeros((1, 1)), different(np.zeros((1, 1)), np.zeros((1, 1)), np.full((1, 1), 19.0)))
    assert [float(x[0]) for x in found] == [1, 1, 1]


def test_pairs_are_adjusted_over_all_of_them() -> None:
    """p of 0.03 alone is a difference; beside 9 pairs that are none it is a tie."""
    variance, freedom = np.full((5, 5), 1.0), np.full((5, 5), 1e6)
    values = np.array([2.17, 0.0, 1.0, 1.1, 1.2])
    assert different(differences(values[:2]), variance[:2, :2], freedom[:2, :2])[0, 1]
    assert not different(differences(values), variance, freedom).any()


def test_what_is_not_known_is_a_tie() -> None:
    variance = np.array([[0.0, math.nan], [math.nan, 0.0]])
    assert not different(differences(np.array([1.0, 0.0])), variance, np.full((2, 2), 19.0)).any()


@pytest.mark.parametrize("noise", [0.1, 0.5])
def test_reliability_is_how_two_experiments_correlate(noise: float) -> None:
    """Noise that all models share moves values and no order, and counts for nothing."""
    rng = np.random.default_rng(0)
    true, shared = rng.normal(size=2000), 3.0
    first, second = (true + shared * rng.normal() + noise * rng.normal(size=2000) for _ in range(2))
    found = reliability(differences(first), np.full((2000, 2000), 2 * noise**2))
    assert found == pytest.approx(float(pearson(first[:, None], second[:, None])[0]), abs=0.02)
    assert found == pytest.approx(1 / (1 + noise**2), abs=0.02)


def test_reliability_of_models_that_are_equal_is_about_nothing() -> None:
    rng = np.random.default_rng(0)
    found = [reliability(differences(rng.normal(size=10)), np.full((10, 10), 2.0)) for _ in range(200)]
    assert abs(np.median(found)) < 0.15
    assert math.isnan(reliability(differences(np.array([1.0, 2.0])), np.ones((2, 2))))


def test_halves_of_benchmarks_that_agree_in_part() -> None:
    """Benchmarks that are a model's ability and as much of their own, on any scale: k have a reliability of k/(k+1)."""
    rng = np.random.default_rng(0)
    ability = rng.normal(size=(3000, 1))
    values = (ability + rng.normal(size=(3000, 8))) * 10.0 ** np.arange(8) + 5
    assert split_half(values) == pytest.approx(8 / 9, abs=0.02)
    assert abs(split_half(rng.normal(size=(3000, 8)))) < 0.1
    assert math.isnan(split_half(values[:, :1]))
    assert math.isnan(split_half(values[:2]))
