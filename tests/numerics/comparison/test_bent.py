"""Differences on bent scales, against integrals over both scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fornix.numerics.comparison.bent import bent_differences, bent_interval, bent_variances, straight


def signed_square(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * np.abs(x))


@pytest.mark.parametrize("scores", [(0.0, 0.0), (0.05, -0.02), (0.3, 0.5), (0.7, 0.1)])
@pytest.mark.parametrize("correlation", [-0.4, 0.0, 0.5, 0.9])
def test_variances_are_those_of_two_normal_scores_bent(scores: tuple[float, float], correlation: float) -> None:
    errors = np.array([0.1, 0.08])
    rng = np.random.default_rng(0)
    draws = rng.multivariate_normal(scores, np.outer(errors, errors) * [[1, correlation], [correlation, 1]], size=400_000)
    expected = np.subtract(*signed_square(draws).T).var()
    found = bent_variances(np.array(scores), errors**2, np.array([[1, correlation], [correlation, 1]]), signed_square)
    assert found[0, 1] == pytest.approx(expected, rel=0.02)
    assert found == pytest.approx(found.T)
    assert np.diag(found) == pytest.approx([0, 0])


def test_a_straight_scale_is_left_as_it_is() -> None:
    values, single, rho = np.array([0.2, 0.5]), np.array([0.01, 0.02]), np.array([[1, 0.3], [0.3, 1]])
    found = bent_variances(values, single, rho, straight)
    assert found[0, 1] == pytest.approx(0.03 - 0.6 * math.sqrt(0.0002))
    low, high = bent_interval((0.2, 0.5), (0.1, math.sqrt(0.02)), 0.3, 2.1, straight)
    assert (low + high) / 2 == pytest.approx(-0.3)
    assert (high - low) / 2 == pytest.approx(2.1 * math.sqrt(found[0, 1]))


def test_scores_without_error_have_differences_without_error() -> None:
    zero = np.zeros(2)
    assert bent_variances(np.array([0.1, 0.2]), zero, np.zeros((2, 2)), signed_square) == pytest.approx(0, abs=1e-30)


@pytest.mark.parametrize("truth", [(0.0, 0.0), (0.1, 0.1), (0.5, 0.4), (0.6, 0.02)])
def test_intervals_cover_the_difference(truth: tuple[float, float]) -> None:
    """Also at 0, where the slope is 0, and that of replicates with it."""
    errors, rho = (0.1, 0.1), 0.6
    rng = np.random.default_rng(1)
    drawn = rng.multivariate_normal(truth, 0.01 * np.array([[1, rho], [rho, 1]]), size=4000)
    target = float(np.subtract(*signed_square(np.array(truth))))
    intervals = np.array([bent_interval((a, b), errors, rho, 1.96, signed_square) for a, b in drawn.tolist()])
    covered = np.mean((intervals[:, 0] <= target) & (target <= intervals[:, 1]))
    assert 0.925 < covered < 0.98


def test_differences_are_of_what_is_bent() -> None:
    found = bent_differences([0.5, -0.2], signed_square)
    assert found == pytest.approx(np.array([[0, 0.29], [-0.29, 0]]))
