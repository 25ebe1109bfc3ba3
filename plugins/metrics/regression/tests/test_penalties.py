"""Penalties for each group of neuroids and for each feature space, against scikit-learn; devices and batches change nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import xarray as xr
from fornix_metric_regression.fitting import Fitting

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.linear.banded import bands_of
from fornix.numerics.linear.decomposition import source_of
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.numerics.splits import split_plan

linear_model = pytest.importorskip("sklearn.linear_model")
ALPHAS = [0.001, 0.03, 1.0, 30.0]


def assembly(values: np.ndarray, **on_neuroids: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    coords = {"stimulus_id": ("presentation", ids), **{name: ("neuroid", column) for name, column in on_neuroids.items()}}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def simulated(
    n: int = 90, widths: tuple[int, int] = (12, 70), q: int = 6, words: float = 0.2
) -> tuple[xr.DataArray, xr.DataArray]:
    """Two feature spaces, vision and words, of which the narrow one matters most; the noise differs between subjects."""
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(n, p)) for p in widths]
    y = x[0] @ rng.normal(size=(widths[0], q)) + words * x[1] @ rng.normal(size=(widths[1], q))
    y = y + rng.normal(size=(n, q)) * np.where(np.arange(q) % 2, 30.0, 0.1)
    names = np.repeat(["vision", "words"], widths)
    return assembly(np.hstack(x), feature_space=names), assembly(y, subject=np.where(np.arange(q) % 2, "b", "a"))


def correlations(prediction: np.ndarray, measured: np.ndarray) -> np.ndarray:
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(prediction.T, measured.T, strict=True)])


def test_each_subject_has_the_penalty_that_scikit_learn_selects_for_it() -> None:
    source, target = simulated()
    score = fornix.load_metric("ridge", alphas=ALPHAS, alpha_per=["subject"], replicates=False)(source, target)
    x, y = source.values, target.values
    chosen = set()
    for k, (train, test) in enumerate(split_plan(source["stimulus_id"].values)):
        for subject in "ab":
            columns = np.flatnonzero(target["subject"].values == subject)
            model = linear_model.RidgeCV(ALPHAS).fit(x[train], y[train][:, columns])
            expected = correlations(model.predict(x[test]), y[test][:, columns])
            np.testing.assert_allclose(score.units[k, columns], expected, atol=1e-8)
            chosen.add((subject, float(model.alpha_)))
    assert len({alpha for _, alpha in chosen}) > 1


def test_groups_of_neuroids_are_scored_as_if_alone_and_permuted_so_too() -> None:
    source, target = simulated()
    metric = fornix.load_metric("ridge", alphas=ALPHAS, alpha_per=["subject"], replicates=False)
    alone = fornix.load_metric("ridge", alphas=ALPHAS, replicates=False)
    columns = np.flatnonzero(target["subject"].values == "b")
    np.testing.assert_allclose(metric(source, target).units[:, columns], alone(source, target[:, columns]).units, atol=1e-12)
    order = np.random.default_rng(1).permutation(90)
    moved = metric(source, target.copy(data=target.values[order])).value
    assert metric.permuted(source, target, [order])[0] == pytest.approx(moved, abs=1e-9)


def brute_force(source: xr.DataArray, target: xr.DataArray, train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, Any]:
    """Every pair of penalties: each space divided by the root of its own, leave-one-out by scikit-learn."""
    x, y = source.values, target.values
    spaces = source["feature_space"].values
    units = [
        np.square(x[train][:, spaces == s] - x[train][:, spaces == s].mean(0)).sum() / len(train) for s in ("vision", "words")
    ]
    best: tuple[float, Any, Any] = (np.inf, None, None)
    for pair in product(ALPHAS, repeat=2):
        scale = np.where(spaces == "vision", pair[0] * units[0], pair[1] * units[1]) ** -0.5
        model = linear_model.RidgeCV([1.0], store_cv_results=True).fit(x[train] * scale, y[train])
        error = float(model.cv_results_.sum())
        if error < best[0]:
            best = error, pair, model.predict(x[test] * scale)
    return best[2], best[1]


def test_banded_ridge_has_the_penalties_that_leave_one_out_selects() -> None:
    source, target = simulated(words=0.05)
    target = target[:, ::2]
    score = fornix.load_metric("banded_ridge", alphas=ALPHAS, n_splits=3, replicates=False)(source, target)
    pairs = []
    for k, (train, test) in enumerate(split_plan(source["stimulus_id"].values, n_splits=3)):
        prediction, pair = brute_force(source, target, train, test)
        pairs.append(pair)
        np.testing.assert_allclose(score.units[k], correlations(prediction, target.values[test]), atol=1e-7)
    assert all(a != b for a, b in pairs), "the spaces of this example want penalties of their own"


def test_the_controls_are_tuned_ridge_on_each_space_and_on_all() -> None:
    source, target = simulated()
    metric = fornix.load_metric("banded_ridge", alphas=ALPHAS)
    score = metric(source, target)
    tuned = fornix.load_metric("ridge", alphas=ALPHAS, alpha_scale="mean_diagonal", replicates=False)
    alone = {name: tuned(source[:, source["feature_space"].values == name], target) for name in ("vision", "words")}
    for name, control in alone.items():
        assert score.details[f"alone: {name}"] == pytest.approx(control.value, abs=1e-12)
    assert score.details["one penalty"] == pytest.approx(tuned(source, target).value, abs=1e-12)
    assert score.details["unimodal control"] == score.details["alone: vision"] > score.details["alone: words"]
    np.testing.assert_allclose(score.units["control"].values, alone["vision"].units.values, atol=1e-12)
    assert score.interval[0] < score.value < score.interval[1]


def test_feature_spaces_as_several_sources_are_the_same() -> None:
    source, target = simulated()
    metric = fornix.load_metric("banded_ridge", alphas=ALPHAS, replicates=False)
    spaces = source["feature_space"].values
    several = {name: source[:, spaces == name] for name in ("vision", "words")}
    several["words"] = several["words"][np.random.default_rng(0).permutation(90)]
    assert metric(several, target).value == pytest.approx(metric(source, target).value, abs=1e-12)


def test_a_space_of_noise_does_not_hurt_banded_ridge_as_it_does_one_penalty() -> None:
    source, target = simulated(widths=(12, 400), words=0.0)
    quiet = target[:, ::2]
    score = fornix.load_metric("banded_ridge", alphas=[1e-3, 0.1, 10.0, 1e3, 1e5], replicates=False)(source, quiet)
    assert score.details["one penalty"] < score.details["unimodal control"] - 0.05
    assert score.value > score.details["unimodal control"] - 0.02


@pytest.mark.parametrize(
    ("name", "options"),
    [("ridge", {}), ("ridge", {"alphas": ALPHAS}), ("linear", {}), ("banded_ridge", {"alphas": ALPHAS})],
)
@pytest.mark.parametrize("batch", [2048, 7])
def test_neither_batches_nor_the_backend_change_a_score(
    name: str, options: dict[str, Any], batch: int, scoring_device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More targets than stimuli, so that they are also rotated to choose a penalty; permuted ones, too."""
    source, target = simulated(n=40, q=45)
    orders = [np.random.default_rng(seed).permutation(40) for seed in range(2)]
    in_batches = regression(name, options, batch)
    with monkeypatch.context() as patch:
        patch.delenv("FORNIX_SCORING_DEVICE")
        known = regression(name, options, 2048)
    expected, score = known(source, target), in_batches(source, target)
    np.testing.assert_allclose(score.units, expected.units, rtol=0, atol=1e-10)
    assert score.error == pytest.approx(expected.error, rel=0, abs=1e-9)
    permuted = [metric.permuted(source, target, orders) for metric in (known, in_batches)]
    np.testing.assert_allclose(permuted[1], permuted[0], rtol=0, atol=1e-10)


def regression(name: str, options: dict[str, Any], batch: int) -> Any:
    """The metric, of banded ridge what its controls are compared with, so many targets at a time."""
    metric = fornix.load_metric(name, n_splits=3, **options)
    metric = getattr(metric, "banded", metric)
    return replace(metric, estimator=replace(metric.estimator, fitting=replace(metric.estimator.fitting, batch=batch)))


def test_permuted_targets_are_worked_on_a_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever their number, no more of them are predicted at once, nor taken to the device."""
    source, target = simulated(n=40, q=45)
    metric, widths = regression("ridge", {}, 7), []
    some = Fitting.some

    def watched(self: Fitting, targets: np.ndarray, columns: np.ndarray) -> Any:
        widths.append(len(columns))
        return some(self, targets, columns)

    monkeypatch.setattr(Fitting, "some", watched)
    predicted = list(
        metric.estimator.predict_permuted(
            source_of(source, np.arange(40), 0.5),
            target.values,
            split_plan(source["stimulus_id"].values, n_splits=3),
            [np.arange(40)],
        )
    )
    assert {p.values.shape[1] for p in predicted} == {7, 3}
    assert set(widths) == {7, 3}


def test_bad_input_is_refused_in_a_sentence() -> None:
    source, target = simulated()
    banded = fornix.load_metric("banded_ridge")
    plain = source.drop_vars("feature_space")
    cases: list[tuple[Any, Any, str]] = [
        (banded, plain, "the source has no coordinate 'feature_space' on neuroid"),
        (banded, source[:, :12], "the source has one feature space (vision); banded ridge needs two or more"),
        (banded, {"vision": plain}, "banded_ridge got 1 sources; give two feature spaces or more"),
        (banded, gram_of_assembly(source), "the source is a Gram"),
        (
            fornix.load_metric("ridge", alphas=ALPHAS, alpha_per=["area"]),
            source,
            "no coordinate 'area', which alpha_per asks for",
        ),
    ]
    for metric, given, sentence in cases:
        with pytest.raises(AssemblyError) as raised:
            metric(given, target)
        assert sentence in str(raised.value)


def test_a_space_that_does_not_vary_weighs_nothing() -> None:
    source, target = simulated()
    still = source.copy(data=np.where(source["feature_space"].values == "words", 2.0, source.values))
    bands = bands_of(still, np.arange(90), "feature_space")
    assert bands.names == ("vision", "words")
    assert bands.mean_diagonals(np.arange(90))[1] == 1.0
    score = fornix.load_metric("banded_ridge", alphas=ALPHAS, replicates=False)(still, target)
    assert score.value == pytest.approx(score.details["alone: vision"], abs=1e-9)
