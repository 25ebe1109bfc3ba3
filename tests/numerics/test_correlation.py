"""Correlations against scipy."""

import numpy as np
import pytest
from scipy import stats

from fornix.numerics.correlation import pearson, pearson_from_sums, spearman

X, Y = np.random.default_rng(0).normal(size=(2, 25, 4)) + 1e5


def test_columns_are_those_of_scipy() -> None:
    np.testing.assert_allclose(pearson(X, Y), [stats.pearsonr(a, b).statistic for a, b in zip(X.T, Y.T, strict=True)], atol=1e-9)
    ties = X.round()
    expected = [stats.spearmanr(a, b).statistic for a, b in zip(ties.T, Y.T, strict=True)]
    np.testing.assert_allclose(spearman(ties, Y), expected, atol=1e-12)


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    weights = np.ones(25)
    weights[3] = 2
    twice = np.r_[np.arange(25), 3]
    np.testing.assert_allclose(pearson(X, Y, weights), pearson(X[twice], Y[twice]), atol=1e-9)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e7 / 3])
def test_a_constant_column_has_no_correlation(constant: float) -> None:
    x = X.copy()
    x[:, 2] = constant
    np.testing.assert_array_equal(np.isnan(pearson(x, Y)), [False, False, True, False])
    assert np.isnan(pearson(X[:1], Y[:1])).all()


@pytest.mark.parametrize("constant", [0.3, 1 / 3, 7e3])
def test_from_sums_a_constant_far_from_the_shift_has_no_correlation(constant: float) -> None:
    x, y = X[:, 0] - 1e5, np.full(25, constant)
    assert np.isnan(pearson_from_sums(np.array([25.0, *(part.sum() for part in (x, y, x * x, y * y, x * y))]), shift=constant))
    z = Y[:, 0] - 1e5
    sums = np.array([25.0, *(part.sum() for part in (x, z, x * x, z * z, x * z))])
    assert pearson_from_sums(sums) == pytest.approx(float(np.corrcoef(x, z)[0, 1]))
