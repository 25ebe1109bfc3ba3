"""What the rows of parity say beyond one score in one order: rows of the target shuffled, and explained variance end to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation
from fornix.numerics.ceilings.normalisation import normalise

cross_decomposition = pytest.importorskip("sklearn.cross_decomposition")
linear_model = pytest.importorskip("sklearn.linear_model")
model_selection = pytest.importorskip("sklearn.model_selection")
#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

ROWS = np.random.default_rng(11).permutation(120)


@pytest.fixture(scope="module")
def expected(parity_folder: Path) -> dict[str, Any]:
    return dict(json.loads((parity_folder / "expected.json").read_text()))


@pytest.fixture(scope="module")
def neural(parity_folder: Path) -> tuple[xr.DataArray, xr.DataArray]:
    with np.load(parity_folder / "neural.npz") as data:
        coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "object_name")}
        coords["split"] = ("presentation", np.where(np.arange(120) < 90, "train", "test"))
        source, target = (xr.DataArray(data[k], dims=("presentation", "neuroid"), coords=coords) for k in ("source", "target"))
        return source, target


@pytest.fixture(scope="module")
def repetitions(parity_folder: Path) -> xr.DataArray:
    with np.load(parity_folder / "repetitions.npz") as data:
        coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "repetition")}
        return xr.DataArray(data["responses"], dims=("presentation", "neuroid"), coords=coords)


def correlations(estimator: Any, x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> list[float]:
    """Pearson r of each neuroid, by scikit-learn and NumPy."""
    predicted = estimator.fit(x[train], y[train]).predict(x[test])
    return [np.corrcoef(predicted[:, i], y[test][:, i])[0, 1] for i in range(y.shape[1])]


def exact_pls() -> Any:
    return cross_decomposition.PLSRegression(25, scale=False, tol=1e-14, max_iter=200_000)


@pytest.mark.parametrize(
    ("name", "options", "estimator", "tolerance"),
    [
        ("linear_pearsonr", {}, lambda: linear_model.LinearRegression(), 1e-7),
        ("ridge_pearsonr", {}, lambda: linear_model.RidgeCV(np.logspace(-3, 3, 7)), 1e-7),
        ("pls", {"definition": "brainscore"}, exact_pls, 1e-5),
    ],
)
def test_splits_that_are_not_stratified_follow_the_rows_of_the_target(
    neural: tuple[xr.DataArray, xr.DataArray],
    name: str,
    options: dict[str, Any],
    estimator: Callable[[], Any],
    tolerance: float,
) -> None:
    source, target = neural
    score = fornix.load_metric(name, **options)(source, target[ROWS])
    x, y = source.values[ROWS], target.values[ROWS]
    splits = list(model_selection.ShuffleSplit(10, train_size=0.9, random_state=1).split(x))
    assert score.units.sizes == {"split": 10, "neuroid": 20}
    for k, (train, test) in enumerate(splits):
        np.testing.assert_allclose(score.units[k], correlations(estimator(), x, y, train, test), rtol=0, atol=tolerance)
    assert score.value == pytest.approx(np.median(score.units, axis=1).mean(), rel=1e-12)
    assert score.value != fornix.load_metric(name, **options)(source, target).value


@pytest.mark.parametrize(
    ("name", "estimator", "tolerance"),
    [
        ("ridge_split", lambda: linear_model.Ridge(1.0), 1e-9),
        ("linear_predictivity_split", lambda: linear_model.LinearRegression(), 1e-9),
        ("ridgecv_split", lambda: linear_model.RidgeCV(fornix.load_metric("ridgecv_split").estimator.alphas), 1e-9),
        ("pls_split", exact_pls, 1e-5),
    ],
)
def test_a_given_split_does_not(
    neural: tuple[xr.DataArray, xr.DataArray], name: str, estimator: Callable[[], Any], tolerance: float
) -> None:
    source, target = neural
    metric = fornix.load_metric(name)
    as_given, shuffled = metric(source, target), metric(source, target[ROWS])
    assert shuffled.value == pytest.approx(as_given.value, rel=1e-12)
    r = correlations(estimator(), source.values, target.values, np.arange(90), np.arange(90, 120))
    np.testing.assert_allclose(shuffled.units.values.reshape(-1), r, rtol=0, atol=tolerance)
    assert shuffled.value == pytest.approx(np.median(r), abs=tolerance)


def test_explained_variance_from_our_own_pls_and_our_own_ceiling(
    neural: tuple[xr.DataArray, xr.DataArray], repetitions: xr.DataArray, expected: dict[str, Any]
) -> None:
    """Exact PLS is held to 1e-5 of a split, so its square over a ceiling of 0.88 to 2e-5; the original stops its PLS early."""
    score = fornix.load_metric("pls_cv")(*neural)
    ceiling = fornix.load_metric("internal_consistency", definition="brainscore")(repetitions)
    explained = normalise(score, ceiling, Normalisation.SQUARE)
    exact = expected["vision.explained_variance(pls_cv.exact, internal_consistency)"]["value"]
    original = expected["vision.explained_variance(pls_cv, internal_consistency)"]["value"]
    assert explained.value == pytest.approx(exact, abs=2e-5)
    assert explained.value == pytest.approx(original, abs=4e-3)
    assert explained.ceiling is not None
    assert explained.ceiling.value == pytest.approx(expected["vision.internal_consistency"]["value"], rel=1e-9)
