"""What holds of regressions whatever the data (hypothesis)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fornix
from fornix.interfaces import Score
from fornix.numerics.linear.gram import gram_of_assembly

linear_model = pytest.importorskip("sklearn.linear_model")
#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

METRICS: list[tuple[str, dict[str, Any]]] = [
    ("ridge", {}),
    ("ridge", {"alphas": [0.01, 1.0, 100.0], "alpha_scale": "mean_diagonal"}),
    ("linear", {}),
]
EVERY = [
    *METRICS,
    ("pls", {"n_components": 3}),
    ("neuron_to_neuron", {}),
    ("banded_ridge", {"alphas": [0.1, 10.0]}),
]
shapes = st.tuples(st.integers(30, 60), st.integers(2, 80), st.integers(1, 6))
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=15, deadline=None, derandomize=True)


def pair(shape: tuple[int, int, int], seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    n, p, q = shape
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, size=p) + rng.normal(size=p)
    y = x @ rng.normal(size=(p, q)) + rng.normal(size=(n, q))
    return assembly(x).assign_coords(feature_space=("neuroid", np.where(np.arange(p) % 2, "odd", "even"))), assembly(y)


def assembly(values: np.ndarray) -> xr.DataArray:
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{k:03d}" for k in range(len(values))])),
        "neuroid_id": ("neuroid", np.array([f"n{k:03d}" for k in range(values.shape[1])])),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def score(name: str, options: dict[str, Any], source: Any, target: xr.DataArray) -> Score:
    return fornix.load_metric(name, n_splits=3, **options)(source, target)


def point(name: str, options: dict[str, Any], source: Any, target: xr.DataArray) -> Score:
    """The score without its error, which takes longer than all else."""
    return score(name, {"replicates": False, **options}, source, target)


@pytest.mark.parametrize(("name", "options"), EVERY)
@few
@given(shapes, seeds)
def test_the_order_of_stimuli_and_neuroids_changes_nothing(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int
) -> None:
    source, target = pair(shape, seed)
    rng = np.random.default_rng(seed)
    rows, others, units = (rng.permutation(k) for k in (shape[0], shape[0], shape[2]))
    one, other = score(name, options, source, target), score(name, options, source[rows], target[others][:, units])
    np.testing.assert_allclose(other.units, one.units[:, units], atol=1e-10)
    assert other.value == pytest.approx(one.value, abs=1e-10)
    if shape[2] > 1:
        assert other.error == pytest.approx(one.error, rel=1e-6)


@pytest.mark.parametrize(("name", "options"), [*METRICS, ("pls", {"n_components": 3})])
@few
@given(shapes, seeds)
def test_values_and_gram_agree(name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int) -> None:
    """Where the Gram of the training parts has a condition number below 1e6; with as many features as stimuli it has none."""
    source, target = pair(shape, seed)
    centred = source.values - source.values.mean(axis=0)
    singular = np.linalg.svd(centred[: int(0.85 * shape[0])], compute_uv=False)
    near_square = abs(shape[1] - shape[0]) < 15
    assume(not near_square and (singular[0] / singular[: min(shape[1], int(0.85 * shape[0]) - 1)][-1]) ** 2 <= 1e6)
    assume(name != "pls" or shape[1] >= 3)  # as many components as there are
    one, other = score(name, options, source, target), score(name, options, gram_of_assembly(source), target)
    np.testing.assert_allclose(one.units, other.units, atol=1e-8)


@few
@given(st.tuples(st.integers(30, 60), st.integers(1, 12), st.integers(1, 6)), seeds)
def test_a_noiseless_low_rank_source_scores_one(shape: tuple[int, int, int], seed: int) -> None:
    source, target = pair(shape, seed)
    exact = target.copy(data=source.values @ np.random.default_rng(seed).normal(size=(shape[1], shape[2])) + 5)
    assert point("linear", {}, source, exact).value == pytest.approx(1, abs=1e-9)
    assert point("ridge", {"alphas": [1e-9]}, source, exact).value == pytest.approx(1, abs=1e-6)
    assert point("linear", {}, source, -exact).value == pytest.approx(1, abs=1e-9)


@few
@given(shapes, seeds)
def test_what_is_said_of_a_neuroid_does_not_depend_on_how_many_there_are(shape: tuple[int, int, int], seed: int) -> None:
    """With more neuroids than stimuli predictions are made in another order of products."""
    source, target = pair((shape[0], shape[1], shape[0] + 5), seed)
    for name in ("ridge", "linear"):
        every, alone = (point(name, {}, source, part) for part in (target, target[:, : shape[2]]))
        np.testing.assert_allclose(every.units[:, : shape[2]], alone.units, atol=1e-8)


@few
@given(shapes, seeds)
def test_a_turn_of_the_features_changes_nothing(shape: tuple[int, int, int], seed: int) -> None:
    source, target = pair(shape, seed)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(shape[1], shape[1])))[0]
    turned = source.copy(data=source.values @ turn)
    one, other = (point("ridge", {}, s, target) for s in (source, turned))
    np.testing.assert_allclose(one.units, other.units, atol=1e-9)


@few
@given(shapes, seeds, st.integers(2, 7))
def test_units_of_pls_and_of_single_units_are_those_of_any_scale(shape: tuple[int, int, int], seed: int, power: int) -> None:
    """Both take a source times a number for the same, and a single unit also where each has a number and a mean of its own."""
    source, target = pair(shape, seed)
    for name, options in (("pls", {"n_components": 2}), ("neuron_to_neuron", {})):
        one, other = (point(name, options, given, target * times) for given, times in ((source, 1.0), (source * 10**power, 10.0)))
        np.testing.assert_allclose(other.units, one.units, atol=1e-9)
    numbers = np.random.default_rng(seed).uniform(0.5, 2, size=(2, shape[1]))
    other = point("neuron_to_neuron", {}, source.copy(data=source.values * numbers[0] + numbers[1]), target)
    np.testing.assert_allclose(other.units, point("neuron_to_neuron", {}, source, target).units, atol=1e-9)


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_unrelated_data_score_nothing(name: str, options: dict[str, Any]) -> None:
    """Chance, 0, lies within the interval of at least 18 of 20 draws, and the mean of the scores near it."""
    rng = np.random.default_rng(0)
    space = ("neuroid", np.repeat(["one", "other"], 10))
    sources = [assembly(rng.normal(size=(100, 20))).assign_coords(feature_space=space) for _ in range(20)]
    scores = [score(name, options, source, assembly(rng.normal(size=(100, 30)))) for source in sources]
    assert sum(s.interval[0] <= 0 <= s.interval[1] for s in scores) >= 18
    assert abs(np.mean([s.value for s in scores])) < 0.05


@few
@given(shapes, seeds, st.integers(2, 9))
def test_the_penalty_is_that_of_scikit_learns_ridge_cv(shape: tuple[int, int, int], seed: int, count: int) -> None:
    source, target = pair(shape, seed)
    split = np.where(np.arange(shape[0]) % 4 > 0, "train", "test")
    alphas = np.logspace(-2, 4, count).tolist()
    metric = fornix.load_metric("ridge", alphas=alphas, splits="given", replicates=False)
    found = metric(source, target.assign_coords(split=("presentation", split)))
    train, test = split == "train", split == "test"
    model = linear_model.RidgeCV(alphas).fit(source.values[train], target.values[train])
    prediction = model.predict(source.values[test]).reshape(-1, shape[2])
    expected = [np.corrcoef(prediction[:, k], target.values[test][:, k])[0, 1] for k in range(shape[2])]
    np.testing.assert_allclose(found.units[0], expected, atol=1e-8)


def test_a_constant_feature_changes_nothing_and_one_group_is_refused() -> None:
    source, target = pair((40, 5, 3), 0)
    still = assembly(np.hstack([source.values, np.full((40, 1), 7.0)]))
    for name, options in METRICS:
        expected = score(name, options, source, target)
        np.testing.assert_allclose(score(name, options, still, target).units, expected.units, atol=1e-9)
    grouped = target.assign_coords(story=("presentation", np.full(40, "only")))
    for splits in ("group_kfold", "group_shuffle"):
        with pytest.raises(ValueError, match="all 40 stimuli are of one group"):
            fornix.load_metric("ridge", splits=splits, group_on="story")(source, grouped)


@pytest.mark.parametrize("unit", [(2.0**228, 2.0**228), (2.0**-228, 2.0**-228), (2.0**228, 2.0**-228)])
@pytest.mark.parametrize("name", ["pls", "linear", "neuron_to_neuron"])
def test_the_unit_makes_no_difference_as_far_as_numbers_are_taken(name: str, unit: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 30))
    y = x[:, :7] + rng.normal(size=(60, 7))
    metric = fornix.load_metric(name)
    expected, score = metric(assembly(x), assembly(y)), metric(assembly(x * unit[0]), assembly(y * unit[1]))
    assert score.value == pytest.approx(expected.value, rel=1e-9)
    assert score.error == pytest.approx(expected.error, rel=1e-9)
