"""Rows of the target shuffled, where splits are not stratified, and for the bounds of subjects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.spatial.distance import pdist

import fornix
from fornix.numerics.similarity.dissimilarity import dissimilarities
from fornix.numerics.similarity.rsa import rsa_ceiling

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

model_selection = pytest.importorskip("sklearn.model_selection")

ROWS = np.random.default_rng(11).permutation(120)


@pytest.fixture(scope="module")
def expected(parity_folder: Path) -> dict[str, Any]:
    return dict(json.loads((parity_folder / "expected.json").read_text()))


@pytest.fixture(scope="module")
def neural(parity_folder: Path) -> tuple[xr.DataArray, xr.DataArray, np.ndarray]:
    """Source, target, and the subject of each neuroid of the target."""
    with np.load(parity_folder / "neural.npz") as data:
        coords = {"stimulus_id": ("presentation", data["stimulus_id"])}
        source, target = (xr.DataArray(data[k], dims=("presentation", "neuroid"), coords=coords) for k in ("source", "target"))
        return source, target, data["subject"]


def test_subsamples_of_the_language_domain_follow_the_rows_of_the_target(
    neural: tuple[xr.DataArray, xr.DataArray, np.ndarray],
) -> None:
    source, target, _ = neural
    x, y = source.values[ROWS], target.values[ROWS]
    parts = [test for _, test in model_selection.ShuffleSplit(10, test_size=0.9, random_state=1).split(x)]
    values = [stats.spearmanr(pdist(x[part], "correlation"), pdist(y[part], "correlation")).statistic for part in parts]
    score = fornix.load_metric("language_rdm")(source, target[ROWS])
    np.testing.assert_allclose(score.units, values, rtol=0, atol=1e-10)
    assert score.value != fornix.load_metric("language_rdm")(source, target).value


def test_subsamples_of_cka_follow_them_too(
    neural: tuple[xr.DataArray, xr.DataArray, np.ndarray], expected: dict[str, Any]
) -> None:
    """Biased CKA of each subsample, |X'Y|^2 / (|X'X| |Y'Y|) of centred features."""
    source, target, _ = neural

    def cka(x: np.ndarray, y: np.ndarray) -> float:
        x, y = x - x.mean(axis=0), y - y.mean(axis=0)
        return float(np.linalg.norm(x.T @ y) ** 2 / (np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)))

    metric = fornix.load_metric("language_cka")
    splits = model_selection.ShuffleSplit(10, test_size=0.9, random_state=1)
    for rows in (np.arange(120), ROWS):
        x, y = source.values[rows], target.values[rows]
        values = [cka(x[part], y[part]) for _, part in splits.split(x)]
        score = metric(source, target[rows])
        np.testing.assert_allclose(score.units, values, rtol=0, atol=1e-10)
        as_given = score.value == pytest.approx(expected["language.cka"]["value"], rel=1e-9)
        assert as_given == (rows is not ROWS)


def test_the_bounds_of_subjects_do_not(neural: tuple[xr.DataArray, xr.DataArray, np.ndarray], expected: dict[str, Any]) -> None:
    _, target, subject = neural
    rows = [dissimilarities(target[ROWS, subject == name]) for name in np.unique(subject)]
    ceiling = rsa_ceiling(xr.concat(rows, dim="subject"))
    assert ceiling.details["upper_bound"] == pytest.approx(expected["vision.rsa_ceiling"]["value"], rel=1e-9)
    assert ceiling.value == pytest.approx(expected["vision.rsa_ceiling"]["lower_bound_loo"], rel=1e-9)
