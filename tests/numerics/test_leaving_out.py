"""Splits and lighter rows taken from one fit to all rows, against scikit-learn fitting anew; every backend that is there."""

import numpy as np
import pytest

from fornix.errors import UsageError
from fornix.numerics.backends import (
    cholesky,
    cholesky_inverse,
    cholesky_solve,
    inner,
    inverse_trace,
    largest_eigenvectors,
    on_device,
    solve_triangular,
    to_numpy,
)
from fornix.numerics.linear.decomposition import Features, Products, Source
from fornix.numerics.linear.gram import gram_of
from fornix.numerics.linear.leaving_out import Dense, LowRank, PartLeftOut, leave_out, ridge_of_all_rows
from fornix.numerics.linear.regression import least_squares, ridge, select_alpha

linear_model = pytest.importorskip("sklearn.linear_model")

RNG = np.random.default_rng(0)
N = 60
TEST = np.array([3, 4, 17, 31, 32, 33, 59])
TRAIN = np.setdiff1d(np.arange(N), TEST)
GROUPS = [np.array([0, 7, 31, 40]), np.array([], dtype=int), TEST, np.arange(40, 50)]


def data(p: int, condition: float = 30.0, q: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Features (60, p) whose centred singular values span the condition number, and targets (60, q)."""
    x = RNG.normal(size=(N, p))
    u, _, v = np.linalg.svd(x - x.mean(0), full_matrices=False)
    kept = min(p, N - 1)
    x = (u[:, :kept] * np.geomspace(10, 10 / condition, kept)) @ v[:kept] + 3
    return x, x @ RNG.normal(size=(p, q)) + RNG.normal(size=(N, q)) + 20


def source(x: np.ndarray, device: str, form: str) -> Source:
    made = Features(x) if form == "features" else Products(gram_of(x, np.arange(len(x)).astype(str)).products)
    return made.on_device(device)


def taken(source: Source, alpha: float, y: np.ndarray, device: str, by: float) -> tuple[np.ndarray, list[np.ndarray]]:
    part = part_of(source, alpha, y.shape[1])
    targets = on_device(y, device)
    residuals = part.maker.residuals(targets)
    lighter = [to_numpy(p) for p in part.lightened(targets, residuals, GROUPS, by)]
    return to_numpy(part.predict(targets, residuals)), lighter


def part_of(source: Source, alpha: float, n_targets: int) -> PartLeftOut:
    maker = ridge_of_all_rows(source, alpha)
    assert maker is not None
    part = leave_out(maker, TEST, n_targets)
    assert part is not None
    return part


def weights(rows: np.ndarray, by: float) -> np.ndarray:
    weight = np.ones(N)
    weight[rows] = 1 - by
    return weight[TRAIN]


@pytest.mark.parametrize("form", ["features", "products"])
@pytest.mark.parametrize("p", [8, 45, 200])
@pytest.mark.parametrize("by", [0.1, 1.0])
@pytest.mark.parametrize("q", [5, N + 1])
def test_ridge_without_some_rows_is_scikit_learns(scoring_device: str, form: str, p: int, by: float, q: int) -> None:
    """Also of more targets than rows, which products predict by what each row weighs."""
    x, y = data(p, q=q)
    found, lighter = taken(source(x, scoring_device, form), 2.0, y, scoring_device, by)
    model = linear_model.Ridge(2.0)
    np.testing.assert_allclose(found, model.fit(x[TRAIN], y[TRAIN]).predict(x[TEST]), rtol=1e-8, atol=1e-8)
    for rows, refitted in zip(GROUPS, lighter, strict=True):
        expected = model.fit(x[TRAIN], y[TRAIN], sample_weight=weights(rows, by)).predict(x[TEST])
        np.testing.assert_allclose(refitted, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("alpha", [2.0, 1e-7])
def test_of_few_rows_asked_for_no_others_are_made(scoring_device: str, alpha: float) -> None:
    """Unless the condition number, at most 1e4 here, takes the whole inverse to tell: so it is with the smaller penalty."""
    x, _ = data(200, condition=100.0)
    maker, every = (ridge_of_all_rows(source(x, scoring_device, "products"), alpha, asked) for asked in (TEST, None))
    assert isinstance(maker, Dense)
    assert isinstance(every, Dense)
    u, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    expected = (u[:, : N - 1] / (s[: N - 1] ** 2 + alpha)) @ u[:, : N - 1].T  # of rank 59, as the mean is gone
    np.testing.assert_allclose(to_numpy(maker.matrix)[TEST], expected[TEST], atol=1e-9)
    np.testing.assert_allclose(to_numpy(every.matrix), expected, atol=1e-9)
    made = np.isfinite(to_numpy(maker.matrix)).all(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(made), TEST if alpha == 2.0 else np.arange(N))


@pytest.mark.parametrize("form", ["features", "products"])
@pytest.mark.parametrize("p", [8, 100])
def test_least_squares_without_some_rows_is_numpys(scoring_device: str, form: str, p: int) -> None:
    """Determined (8 features) and interpolating (100): the latter goes part of the way to the fit without the lighter rows."""
    x, y = data(p)

    def fitted(rows: np.ndarray) -> np.ndarray:
        mean, offset = x[rows].mean(axis=0), y[rows].mean(axis=0)
        return (x[TEST] - mean) @ np.linalg.lstsq(x[rows] - mean, y[rows] - offset, rcond=1e-10)[0] + offset

    found, without = taken(source(x, scoring_device, form), 0.0, y, scoring_device, 1.0)
    np.testing.assert_allclose(found, fitted(TRAIN), rtol=1e-7, atol=1e-7)
    for rows, refitted in zip(GROUPS, without, strict=True):
        np.testing.assert_allclose(refitted, fitted(np.setdiff1d(TRAIN, rows)), rtol=1e-7, atol=1e-7)
    if p == 100:
        _, lighter = taken(source(x, scoring_device, form), 0.0, y, scoring_device, 0.1)
        for part, whole in zip(lighter, without, strict=True):
            np.testing.assert_allclose(part, found + 0.1 * (whole - found), atol=1e-8)


def test_which_form_a_fit_takes(scoring_device: str) -> None:
    """Few features stay few; a Cholesky factor that would cost digits gives way to a decomposition, or to none."""
    x, _ = data(8)
    assert isinstance(ridge_of_all_rows(source(x, scoring_device, "features"), 1.0), LowRank)
    assert isinstance(ridge_of_all_rows(source(data(100)[0], scoring_device, "products"), 1.0), Dense)
    assert isinstance(ridge_of_all_rows(source(data(100)[0], scoring_device, "features"), 0.0), Dense)
    assert ridge_of_all_rows(source(x, scoring_device, "products"), 1e-12) is None


@pytest.mark.parametrize("alpha", [0.0, 1e-6, 1.0])
def test_features_that_are_nearly_copies_cost_no_digits(scoring_device: str, alpha: float) -> None:
    """A condition number of 1e6, so 1e12 of X'X: the normal equations alone would be off by 1e-5."""
    x, y = data(20, condition=1e6)
    found, _ = taken(source(x, scoring_device, "features"), alpha, y, scoring_device, 1.0)
    by_svd = Features(x).decompose(TRAIN, TEST)
    expected = (ridge(by_svd, alpha) if alpha else least_squares(by_svd)).predict(y[TRAIN])
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_rows_that_alone_hold_a_feature_are_not_taken_out(scoring_device: str) -> None:
    x, _ = data(8)
    x[:, 3] = 0
    x[TEST[0], 3] = 1.0
    maker = ridge_of_all_rows(source(x, scoring_device, "features"), 0.0)
    assert maker is not None
    assert leave_out(maker, TEST, 5) is None
    assert leave_out(maker, TEST[1:], 5) is not None


@pytest.mark.parametrize("form", ["features", "products"])
def test_decompositions_and_the_chosen_penalty_are_those_of_numpy(scoring_device: str, form: str) -> None:
    x, y = data(40)
    here, there = (source(x, name, form).decompose(TRAIN, TEST) for name in ("numpy", scoring_device))
    np.testing.assert_allclose(to_numpy(there.squares), here.squares, rtol=1e-9)
    alphas = np.logspace(-4, 4, 17)
    chosen, also = select_alpha(here, y[TRAIN], alphas), select_alpha(there, on_device(y[TRAIN], scoring_device), alphas)
    assert chosen.alpha == also.alpha == pytest.approx(linear_model.RidgeCV(alphas).fit(x[TRAIN], y[TRAIN]).alpha_)
    assert chosen.error == pytest.approx(also.error, rel=1e-9)
    for alpha in (0.01, 10.0):
        one, other, targets = ridge(here, alpha), ridge(there, alpha), on_device(y[TRAIN], scoring_device)
        np.testing.assert_allclose(to_numpy(other.predict(targets)), one.predict(y[TRAIN]), atol=1e-9)
        rows = [np.array([0, 5]), np.arange(10, 20)]
        for one_of, other_of in zip(one.lightened(y[TRAIN], rows, 0.1), other.lightened(targets, rows, 0.1), strict=True):
            np.testing.assert_allclose(to_numpy(other_of), one_of, atol=1e-9)


def test_the_linear_algebra_without_a_common_name(scoring_device: str) -> None:
    a, b = RNG.normal(size=(20, 20)), RNG.normal(size=(20, 3))
    matrix = a @ a.T + np.eye(20)
    lower = cholesky(on_device(matrix, scoring_device))
    np.testing.assert_allclose(to_numpy(lower), np.linalg.cholesky(matrix), atol=1e-12)
    np.testing.assert_allclose(to_numpy(cholesky_inverse(lower)), np.linalg.inv(matrix), atol=1e-11)
    np.testing.assert_allclose(
        to_numpy(cholesky_solve(lower, on_device(b, scoring_device))), np.linalg.solve(matrix, b), atol=1e-11
    )
    transposed = to_numpy(solve_triangular(lower, on_device(b, scoring_device), transposed=True))
    np.testing.assert_allclose(np.linalg.cholesky(matrix).T @ transposed, b, atol=1e-11)
    assert inverse_trace(lower) == pytest.approx(np.trace(np.linalg.inv(matrix)))
    assert cholesky(on_device(matrix - 100 * np.eye(20), scoring_device)) is None
    assert inner(on_device(a, scoring_device), on_device(matrix, scoring_device)) == pytest.approx((a * matrix).sum())
    both = np.stack([matrix, -matrix])
    largest, vectors = largest_eigenvectors(on_device(both, scoring_device))
    np.testing.assert_allclose(largest, np.linalg.eigvalsh(both)[:, -1], atol=1e-11)
    np.testing.assert_allclose((both @ to_numpy(vectors)[:, :, None])[:, :, 0], largest[:, None] * to_numpy(vectors), atol=1e-11)


def test_a_device_that_is_not_there_is_refused_in_a_sentence() -> None:
    pytest.importorskip("torch")
    with pytest.raises(UsageError, match="torch cannot use the device 'cuda:99'"):
        on_device([1.0], "cuda:99")
    with pytest.raises(UsageError, match="torch cannot use the device 'toaster'"):
        on_device([1.0], "toaster")
