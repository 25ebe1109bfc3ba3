"""Ridge and banded ridge against himalaya, which solves for dual weights and selects penalties by fitting again and again."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.numerics.splits import split_plan

kernel_ridge = pytest.importorskip("himalaya.kernel_ridge", reason="himalaya is the reference here: pip install himalaya")
model_selection = pytest.importorskip("sklearn.model_selection")
ALPHAS = [0.01, 1.0, 100.0]


def data(n: int = 60, widths: tuple[int, int] = (10, 90)) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    spaces = [rng.normal(size=(n, p)) for p in widths]
    signal = spaces[0] @ rng.normal(size=widths[0]) + 0.05 * spaces[1] @ rng.normal(size=widths[1])
    return spaces, (signal + rng.normal(size=n))[:, np.newaxis]


def assembly(values: np.ndarray, **on_neuroids: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    coords = {"stimulus_id": ("presentation", ids), **{name: ("neuroid", column) for name, column in on_neuroids.items()}}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def kernels(spaces: list[np.ndarray], train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each space, the inner products of training stimuli and of test with training stimuli, by their mean diagonal."""
    within, across = [], []
    for values in spaces:
        centred = values - values[train].mean(axis=0)
        products = centred[train] @ centred[train].T
        within.append(products / products.diagonal().mean())
        across.append(centred[test] @ centred[train].T / products.diagonal().mean())
    return np.stack(within), np.stack(across)


def himalaya_prediction(
    spaces: list[np.ndarray], y: np.ndarray, train: np.ndarray, test: np.ndarray
) -> tuple[tuple[float, ...], np.ndarray]:
    """The penalty of each space with the smallest error of stimuli left out one by one, and the predictions with them."""
    within, across = kernels(spaces, train, test)
    found = []
    for penalties in product(ALPHAS, repeat=len(spaces)):
        shares = 1 / np.array(penalties)
        log_weights, dual, scores, intercept = kernel_ridge.solve_multiple_kernel_ridge_random_search(
            within,
            y[train],
            n_iter=(shares / shares.sum())[np.newaxis],
            alphas=np.array([1 / shares.sum()]),
            fit_intercept=True,
            return_weights="dual",
            cv=model_selection.KFold(len(train)),
            progress_bar=False,
        )
        kernel = np.tensordot(np.exp(log_weights[:, 0]), across, axes=1)
        found.append((float(scores[0, 0]), penalties, kernel @ dual[:, 0] + intercept[0]))
    return max(found, key=lambda entry: entry[0])[1:]


@pytest.mark.parametrize("count", [1, 2])
def test_penalties_and_predictions_are_himalayas(count: int) -> None:
    spaces, y = data()
    spaces = spaces[:count]
    names = np.repeat(["vision", "words"][:count], [values.shape[1] for values in spaces])
    source, target = assembly(np.hstack(spaces), feature_space=names), assembly(y)
    name, options = [("ridge", {"alpha_scale": "mean_diagonal"}), ("banded_ridge", {})][count - 1]
    score = fornix.load_metric(name, alphas=ALPHAS, n_splits=3, replicates=False, **options)(source, target)
    chosen = []
    for k, (train, test) in enumerate(split_plan(source["stimulus_id"].values, n_splits=3)):
        penalties, prediction = himalaya_prediction(spaces, y, train, test)
        chosen.append(penalties)
        assert float(score.units[k, 0]) == pytest.approx(np.corrcoef(prediction, y[test, 0])[0, 1], abs=1e-6)
    assert count == 1 or any(len(set(penalties)) > 1 for penalties in chosen), "the spaces want penalties of their own"
