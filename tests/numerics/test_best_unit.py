"""The best unit for each target: against correlations one by one."""

import numpy as np
import pytest

import fornix.numerics.linear.best_unit
from fornix.numerics.linear.best_unit import best_units

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 30)), RNG.normal(size=(40, 6))
TRAIN = np.arange(40) < 30


def one_by_one(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> list[int]:
    def r(a: np.ndarray, b: np.ndarray) -> float:
        covariance = np.cov(a, b, aweights=weights)
        return float(covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]))

    return [int(np.argmax([r(x[:, i], y[:, j]) for i in range(x.shape[1])])) for j in range(y.shape[1])]


@pytest.mark.parametrize("block_size", [1, 500, 20_000_000])
def test_each_weighting_chooses_as_correlations_one_by_one_do(block_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fornix.numerics.linear.best_unit, "BLOCK_SIZE", block_size)
    weights = np.array([np.where(TRAIN & ~((k > 0) & (np.arange(40) % 7 == k)), 1.0, 0.0) for k in range(7)])
    weights[6, 3:9] = 0.4
    found = best_units(X, Y, weights)
    assert found.tolist() == [one_by_one(X, Y, w) for w in weights]
    assert len({tuple(row) for row in found.tolist()}) > 1, "leaving rows out changes a choice on these data"


def test_the_sign_counts() -> None:
    x = np.c_[-Y[:, 0] + 0.01 * X[:, 0], Y[:, 0] + 3 * X[:, 1]]
    assert best_units(x, Y[:, :1], np.ones((1, 40))).tolist() == [[1]]


def test_constant_units_are_passed_over_and_the_first_of_equals_is_chosen() -> None:
    x = np.c_[np.full(40, 2.0), -Y[:, 0], -Y[:, 0], np.where(TRAIN, 0.3, 5.0)]
    x -= x.mean(axis=0)
    assert best_units(x, Y[:, :1], TRAIN[None].astype(float)).tolist() == [[1]]
