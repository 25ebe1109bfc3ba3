"""Ridge and least squares against scikit-learn; Gram against features; reweighted fits against fitting anew."""

import numpy as np
import pytest

from fornix.numerics.backends import on_device
from fornix.numerics.linear.decomposition import Features, Products
from fornix.numerics.linear.gram import gram_of
from fornix.numerics.linear.regression import least_squares, mean_diagonal, ridge, select_alpha

linear_model = pytest.importorskip("sklearn.linear_model")
model_selection = pytest.importorskip("sklearn.model_selection")
RNG = np.random.default_rng(0)
N, M = 50, 12
TRAIN, TEST = np.arange(N), np.arange(N, N + M)
GROUPS = [np.array([0, 7, 31]), np.array([], dtype=int), np.arange(40, 45)]


def data(p: int, condition: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """Features (62, p) whose centred singular values span the condition number, and targets (62, 5)."""
    x = RNG.normal(size=(N + M, p))
    u, _, v = np.linalg.svd(x - x.mean(0), full_matrices=False)
    kept = min(p, N + M - 1)
    x = (u[:, :kept] * np.geomspace(10, 10 / condition, kept)) @ v[:kept] + 3
    return x, x @ RNG.normal(size=(p, 5)) + RNG.normal(size=(N + M, 5)) + 20


def products(x: np.ndarray) -> Products:
    return Products(gram_of(x, np.arange(len(x)).astype(str)).products)


@pytest.mark.parametrize("p", [8, 49, 200])
@pytest.mark.parametrize("source", [lambda x: Features(x), products])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 300.0])
def test_ridge_is_scikit_learns(p: int, source: object, alpha: float) -> None:
    x, y = data(p)
    expected = linear_model.Ridge(alpha).fit(x[TRAIN], y[TRAIN]).predict(x[TEST])
    found = ridge(source(x).decompose(TRAIN, TEST), alpha).predict(y[TRAIN])
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("p", [8, 49, 60, 100])
def test_least_squares_is_scikit_learns(p: int) -> None:
    """Where there are as many features as stimuli: numpy's, as scikit-learn gives the smallest solution from 1.7 on only."""
    x, y = data(p)
    if p < len(TRAIN) - 1:
        expected = linear_model.LinearRegression().fit(x[TRAIN], y[TRAIN]).predict(x[TEST])
    else:
        mean, offset = x[TRAIN].mean(axis=0), y[TRAIN].mean(axis=0)
        weights = np.linalg.lstsq(x[TRAIN] - mean, y[TRAIN] - offset, rcond=1e-10)[0]
        expected = (x[TEST] - mean) @ weights + offset
    np.testing.assert_allclose(
        least_squares(Features(x).decompose(TRAIN, TEST)).predict(y[TRAIN]), expected, rtol=1e-8, atol=1e-8
    )


def test_least_squares_of_features_that_repeat_is_the_smallest_solution() -> None:
    x, y = data(8)
    expected = least_squares(Features(x).decompose(TRAIN, TEST)).predict(y[TRAIN])
    twice = np.hstack([x, 2 * x])
    np.testing.assert_allclose(least_squares(Features(twice).decompose(TRAIN, TEST)).predict(y[TRAIN]), expected, atol=1e-9)


@pytest.mark.parametrize("p", [30, 200])
@pytest.mark.parametrize("condition", [1e1, 1e3])
def test_features_and_gram_agree(p: int, condition: float) -> None:
    """The Gram has the square of the features' condition number, so here up to 1e6."""
    x, y = data(p, condition)
    by_features, by_gram = Features(x).decompose(TRAIN, TEST), products(x).decompose(TRAIN, TEST)
    for alpha in (1e-3, 1.0):
        one, other = ridge(by_features, alpha).predict(y[TRAIN]), ridge(by_gram, alpha).predict(y[TRAIN])
        np.testing.assert_allclose(one, other, atol=1e-8 * np.abs(one).max())
    one, other = (least_squares(d).predict(y[TRAIN]) for d in (by_features, by_gram))
    np.testing.assert_allclose(one, other, atol=1e-8 * np.abs(one).max())


@pytest.mark.parametrize("p", [8, 49, 200])
@pytest.mark.parametrize("noise", [0.1, 1.0, 50.0])
def test_the_penalty_is_the_one_scikit_learn_selects(p: int, noise: float) -> None:
    x, y = data(p)
    y = y + noise * RNG.normal(size=y.shape)
    alphas = np.logspace(-4, 6, 21)
    expected = linear_model.RidgeCV(alphas).fit(x[TRAIN], y[TRAIN]).alpha_
    assert select_alpha(Features(x).decompose(TRAIN, TEST), y[TRAIN], alphas).alpha == pytest.approx(expected)
    assert select_alpha(products(x).decompose(TRAIN, TEST), y[TRAIN], alphas[::-1]).alpha == pytest.approx(expected)


LABELS = {
    "of one size": np.arange(N) // 5,
    "of many sizes, in any order": RNG.permutation(np.repeat(np.array(["a", "b", "c", "d", "e"]), [25, 1, 12, 6, 6])),
    "two": np.arange(N) // 20 // 2,
}


@pytest.mark.parametrize("p", [8, 49, 200])
@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("noise", [0.1, 50.0])
def test_the_penalty_is_the_one_that_predicts_groups_left_out(p: int, labels: str, noise: float, scoring_device: str) -> None:
    x, y = data(p)
    y, groups, alphas = y + noise * RNG.normal(size=y.shape), LABELS[labels], np.logspace(-4, 6, 21)
    left_out = {"cv": model_selection.LeaveOneGroupOut(), "groups": groups}
    errors = [
        np.square(
            model_selection.cross_val_predict(linear_model.Ridge(alpha, solver="svd"), x[TRAIN], y[TRAIN], **left_out) - y[TRAIN]
        ).sum()
        for alpha in alphas
    ]
    for source in (Features(x), products(x)):
        decomposition = source.on_device(scoring_device).decompose(TRAIN, TEST)
        chosen = select_alpha(decomposition, on_device(y[TRAIN], scoring_device), alphas, groups)
        assert chosen.alpha == alphas[np.argmin(errors)]
        assert chosen.error == pytest.approx(min(errors), rel=1e-6)


def test_groups_of_single_rows_are_leave_one_out() -> None:
    x, y = data(20)
    alphas, decomposition = np.logspace(-4, 6, 21), Features(x).decompose(TRAIN, TEST)
    assert select_alpha(decomposition, y[TRAIN], alphas, RNG.permutation(N)) == select_alpha(decomposition, y[TRAIN], alphas)


def test_a_fit_that_interpolates_has_the_penalty_that_groups_left_out_ask_for() -> None:
    """Under penalties of no weight residuals are tiny, and so is what they are divided by: their ratio has a limit."""
    x, y = data(200)
    decomposition = Features(x).decompose(TRAIN, TEST)
    for together in (None, np.arange(N) // 5):
        errors = [select_alpha(decomposition, y[TRAIN], [alpha], together).error for alpha in (1e-9, 1e-20, 1e-40)]
        assert errors[1:] == pytest.approx(errors[:1] * 2, rel=1e-6)


def test_the_mean_diagonal_is_that_of_the_centred_training_gram() -> None:
    x, _ = data(20)
    centred = x[TRAIN] - x[TRAIN].mean(axis=0)
    assert mean_diagonal(products(x).decompose(TRAIN, TEST)) == pytest.approx(np.diag(centred @ centred.T).mean())


@pytest.mark.parametrize("by", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("p", [8, 200])
def test_lighter_rows_are_as_if_fitted_anew(p: int, by: float) -> None:
    x, y = data(p)
    smoother = ridge(Features(x).decompose(TRAIN, TEST), 2.0)
    for rows, found in zip(GROUPS, smoother.lightened(y[TRAIN], GROUPS, by), strict=True):
        weights = np.ones(N)
        weights[rows] = 1 - by
        expected = linear_model.Ridge(2.0).fit(x[TRAIN], y[TRAIN], sample_weight=weights).predict(x[TEST])
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("p", [8, 100])
def test_rows_left_out_of_least_squares_are_as_if_fitted_anew(p: int) -> None:
    """Determined (8 features) and interpolating (100)."""
    x, y = data(p)
    smoother = least_squares(Features(x).decompose(TRAIN, TEST))
    assert (smoother.inverse is not None) == (p == 100)
    for rows, found in zip(GROUPS, smoother.lightened(y[TRAIN], GROUPS, 1.0), strict=True):
        kept = np.setdiff1d(TRAIN, rows)
        np.testing.assert_allclose(found, least_squares(Features(x).decompose(kept, TEST)).predict(y[kept]), rtol=1e-7, atol=1e-7)


def test_an_interpolating_fit_goes_part_of_the_way() -> None:
    x, y = data(100)
    smoother = least_squares(Features(x).decompose(TRAIN, TEST))
    whole, (out, *_), (part, *_) = (
        smoother.predict(y[TRAIN]),
        *(list(smoother.lightened(y[TRAIN], GROUPS, by)) for by in (1, 0.1)),
    )
    np.testing.assert_allclose(part, whole + 0.1 * (out - whole), atol=1e-9)
