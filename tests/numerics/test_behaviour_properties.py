"""What holds of every score of behaviour and reliability, whatever the data: identity, order, sign, what is missing."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fornix.interfaces import Score
from fornix.numerics.behaviour.accuracy import accuracy, accuracy_distance, accuracy_distance_ceiling
from fornix.numerics.behaviour.discrimination import discrimination, discrimination_ceiling
from fornix.numerics.behaviour.error_consistency import error_consistency, error_consistency_ceiling, kappas
from fornix.numerics.behaviour.predictor import predictor_correlation
from fornix.numerics.behaviour.thresholds import threshold
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.reliability import internal_consistency

few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**32 - 1)
decisions = arrays.arrays(bool, st.tuples(st.integers(2, 9), st.integers(12, 40)), elements=st.booleans())


def names(n: int) -> np.ndarray:
    return np.array([f"image{k:03d}" for k in range(n)])


def labels(right: np.ndarray) -> xr.DataArray:
    values = np.where(right, "cat", "dog")
    return xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names(len(right)))})


def trials(right: np.ndarray) -> xr.DataArray:
    """(subject, image) decisions in two conditions."""
    n_subjects, n_images = right.shape
    columns = {
        "subject": np.repeat([f"s{k}" for k in range(n_subjects)], n_images),
        "stimulus_id": np.tile(names(n_images), n_subjects),
        "condition": np.tile([f"c{k % 2}" for k in range(n_images)], n_subjects),
        "category": np.full(right.size, "cat"),
    }
    choices = np.where(right, "cat", "dog").ravel()
    return xr.DataArray(choices, dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})


def varied(right: np.ndarray) -> np.ndarray:
    """The same, but that everyone is right and wrong in both conditions, so that every kappa has a value."""
    right = right.copy()
    right[:, :2], right[:, 2:4] = True, False
    return right


def same(one: Score, other: Score) -> None:
    assert other.value == pytest.approx(one.value, rel=1e-9, abs=1e-12)
    assert other.error == pytest.approx(one.error, rel=1e-6, abs=1e-9, nan_ok=True)
    assert other.n_nan == one.n_nan


@few
@given(decisions)
def test_a_model_that_decides_as_everyone_does_scores_one(right: np.ndarray) -> None:
    alike = np.broadcast_to(varied(right)[0], right.shape)
    for score in (
        error_consistency(labels(alike[0]), trials(alike)),
        error_consistency_ceiling(trials(alike)),
        accuracy(labels(alike[0]), labels(alike[0])),
        accuracy_distance(labels(alike[0]), trials(alike)),
        accuracy_distance(labels(alike[0]), trials(alike), ("condition",)),
        accuracy_distance_ceiling(trials(alike)),
    ):
        assert score.value == pytest.approx(1)


@few
@given(decisions, seeds)
def test_the_order_of_trials_and_images_changes_nothing(right: np.ndarray, seed: int) -> None:
    rng, right = np.random.default_rng(seed), varied(right)
    source, target = labels(right[0]), trials(right)
    shuffled = source[rng.permutation(source.size)], target[rng.permutation(target.size)]
    same(error_consistency(source, target), error_consistency(*shuffled))
    same(error_consistency_ceiling(target), error_consistency_ceiling(shuffled[1]))
    same(accuracy_distance(source, target), accuracy_distance(*shuffled))
    same(accuracy_distance_ceiling(target), accuracy_distance_ceiling(shuffled[1]))


@few
@given(decisions)
def test_the_names_of_people_change_no_value(right: np.ndarray) -> None:
    right = varied(right)
    for score in (error_consistency_ceiling, accuracy_distance_ceiling):
        assert score(trials(right[::-1])).value == pytest.approx(score(trials(right)).value, rel=1e-9)


@given(decisions)
def test_kappa_is_symmetric_and_changes_its_sign_with_one_side_where_half_are_right(right: np.ndarray) -> None:
    once = np.ones((1, right.shape[1]))
    x, y = right[:1].astype(float), right[1:2].astype(float)
    np.testing.assert_allclose(kappas(x, y, once), kappas(y, x, once), atol=1e-12)
    even = (np.arange(right.shape[1]) % 2).astype(float)[None]
    if right.shape[1] % 2 == 0:
        np.testing.assert_allclose(kappas(even, 1 - y, once), -kappas(even, y, once), atol=1e-12)


@given(decisions)
def test_kappas_without_a_value_are_those_whose_chance_is_one(right: np.ndarray) -> None:
    x, y = right[:1].astype(float), right[1:2].astype(float)
    alike = x.min() == x.max() == y.min() == y.max()
    assert math.isnan(kappas(x, y, np.ones((1, right.shape[1])))[0, 0]) == alike


@few
@given(arrays.arrays(float, (9, 3), elements=st.floats(0.01, 1)), seeds)
def test_patterns_of_discrimination(probabilities: np.ndarray, seed: int) -> None:
    """Neither the order of trials, nor a factor of the probabilities of an image, nor the order of objects matters."""
    rng, objects = np.random.default_rng(seed), np.array(["a", "b", "c"])
    image, distractor = (index.ravel() for index in np.indices((9, 3)))
    kept = image % 3 != distractor
    image, distractor = np.repeat(image[kept], 10), np.repeat(distractor[kept], 10)
    columns = {"stimulus_id": names(9)[image], "category": objects[image % 3], "distractor": objects[distractor]}
    chosen = np.where(rng.random(len(image)) < 0.4, objects[distractor], objects[image % 3])
    target = xr.DataArray(chosen, dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})
    source = xr.DataArray(
        probabilities,
        dims=("presentation", "choice"),
        coords={"stimulus_id": ("presentation", names(9)), "choice": objects},
    )
    shuffled = (source * rng.uniform(0.5, 2, size=(9, 1)))[rng.permutation(9)][:, rng.permutation(3)]
    for pattern in ("i1", "i2n"):
        score, again = (discrimination(s, t, pattern) for s, t in ((source, target), (shuffled, target[::-1])))
        assert again.value == pytest.approx(score.value, rel=1e-6, abs=1e-9, nan_ok=True)
        assert math.isnan(score.value) or -1 <= score.value <= 1
    same(discrimination_ceiling(target, "i1"), discrimination_ceiling(target[::-1], "i1"))


@few
@given(arrays.arrays(float, st.integers(2, 12), elements=st.floats(0.1, 1e3)), st.floats(0.1, 1e3), st.floats(1e-3, 1e3))
def test_thresholds_have_no_unit(people: np.ndarray, model: float, unit: float) -> None:
    subjects = np.array([f"s{k:02d}" for k in range(len(people))])
    target = xr.DataArray(people, dims=("subject",), coords={"subject": subjects})
    score = threshold(xr.DataArray(model), target)
    same(score, threshold(xr.DataArray(model * unit), target[::-1] * unit))
    assert 0 <= score.value <= 1
    assert threshold(xr.DataArray(model), xr.full_like(target, model)).value == 1


@few
@given(seeds, st.floats(0.1, 100), st.floats(-100, 100), st.integers(0, 5))
def test_correlations_ignore_scale_and_keep_signs(seed: int, scale: float, shift: float, missing: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 40))
    x[:missing] = math.nan
    source, target = (labels(np.ones(40, dtype=bool)).copy(data=values) for values in (x, y))
    score = predictor_correlation(source, target)
    assert score.n_nan == missing
    same(score, predictor_correlation(source * scale + shift, target[rng.permutation(40)]))
    assert predictor_correlation(-source, target).value == pytest.approx(-score.value, rel=1e-9)


def recording(cube: np.ndarray) -> xr.DataArray:
    """(repetition, stimulus, neuroid) as presentations."""
    n_repetitions, n_stimuli, n_neuroids = cube.shape
    coords = {
        "stimulus_id": ("presentation", np.tile(names(n_stimuli), n_repetitions)),
        "repetition": ("presentation", np.repeat(np.arange(n_repetitions), n_stimuli)),
        "neuroid_id": ("neuroid", names(n_neuroids)),
    }
    return xr.DataArray(cube.reshape(-1, n_neuroids), dims=("presentation", "neuroid"), coords=coords)


@few
@given(seeds, st.integers(2, 5), st.floats(0.1, 10), st.floats(-100, 100), st.floats(0, 0.3))
def test_reliability_ignores_scale_and_order(seed: int, n: int, scale: float, shift: float, missing: float) -> None:
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=(1, 25, 4)) + rng.normal(size=(n, 25, 4))
    cube[1:][rng.random(cube[1:].shape) < missing] = math.nan
    given_order = recording(cube)
    other = (given_order * scale + shift)[rng.permutation(25 * n)][:, rng.permutation(4)]
    for score in (internal_consistency, noise_ceiling):
        one, again = score(given_order), score(other)
        assert again.value == pytest.approx(one.value, rel=1e-6, abs=1e-8)
        assert again.n_nan == one.n_nan
    exact = recording(np.broadcast_to(cube[:1], cube.shape).copy())
    assert internal_consistency(exact).value == pytest.approx(1)
    assert noise_ceiling(exact).value == pytest.approx(1)


@pytest.mark.parametrize("n_subjects", [4, 9])
def test_unrelated_data_score_chance_within_the_interval(n_subjects: int) -> None:
    rng = np.random.default_rng(n_subjects)
    inside = []
    for _ in range(40):
        right = rng.random((n_subjects + 1, 120)) > 0.4
        interval = error_consistency(labels(right[0]), trials(right[1:])).interval
        inside.append(interval[0] <= 0 <= interval[1])
    assert np.mean(inside) >= 0.85
