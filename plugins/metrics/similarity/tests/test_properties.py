"""What holds of comparisons of similarity whatever the data (hypothesis)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import fornix
from fornix.interfaces import Score
from fornix.numerics.linear.gram import gram_of_assembly

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

METRICS: list[tuple[str, dict[str, Any]]] = [
    ("rdm", {}),
    ("rdm", {"distance": "euclidean", "comparison": "pearson"}),
    ("rdm", {"comparison": "kendall"}),
    ("cka", {}),
    ("cka", {"estimator": "biased"}),
    ("procrustes", {}),
]
#: Blind to rotation of the features: all but those by correlation distances.
ROTATED = [METRICS[1], *METRICS[3:]]

#: Stimuli, features, neuroids. With one of three neuroids left out all correlations are 1 or -1, and rounding ranks them.
shapes = st.tuples(st.integers(6, 25), st.integers(5, 30), st.integers(5, 12))
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=8, deadline=None, derandomize=True)


def pair(shape: tuple[int, int, int], seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    n, p, q = shape
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) * rng.uniform(0.5, 2, size=p) + rng.normal(size=p)
    return assembly(x), assembly(x @ rng.normal(size=(p, q)) + rng.normal(size=(n, q)))


def assembly(values: np.ndarray) -> xr.DataArray:
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{k:03d}" for k in range(len(values))])),
        "neuroid_id": ("neuroid", np.array([f"n{k:03d}" for k in range(values.shape[1])])),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def score(name: str, options: dict[str, Any], source: Any, target: xr.DataArray) -> Score:
    return fornix.load_metric(name, **options)(source, target)


@pytest.mark.parametrize(("name", "options"), METRICS)
@few
@given(shapes, seeds)
def test_the_order_of_stimuli_features_and_neuroids_changes_nothing(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int
) -> None:
    source, target = pair(shape, seed)
    rng = np.random.default_rng(seed)
    rows, others, features, units = (rng.permutation(k) for k in (shape[0], shape[0], shape[1], shape[2]))
    one = score(name, options, source, target)
    other = score(name, options, source[rows][:, features], target[others][:, units])
    assert other.value == pytest.approx(one.value, abs=1e-10)
    assert other.error == pytest.approx(one.error, rel=1e-6)


@pytest.mark.parametrize(("name", "options"), METRICS)
@few
@given(shapes, seeds)
def test_itself_scores_one(name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int) -> None:
    source, target = pair(shape, seed)
    for side in (source, target):
        assert score(name, {"replicates": False, **options}, side, side).value == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("name", "options"), METRICS)
@few
@given(shapes, seeds, st.floats(1e-3, 1e3))
def test_a_factor_and_a_common_constant_change_nothing(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int, by: float
) -> None:
    source, target = pair(shape, seed)
    one = score(name, options, source, target)
    assert score(name, options, source * by + 7.0, target).value == pytest.approx(one.value, abs=1e-9)


@pytest.mark.parametrize(("name", "options"), ROTATED)
@few
@given(shapes, seeds)
def test_a_rotation_of_the_features_changes_nothing(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int
) -> None:
    source, target = pair(shape, seed)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(shape[1], shape[1])))
    turned = source.copy(data=source.values @ rotation)
    one = score(name, options, source, target)
    assert score(name, options, turned, target).value == pytest.approx(one.value, abs=1e-9)


@pytest.mark.parametrize(("name", "options"), METRICS)
@few
@given(shapes, seeds)
def test_the_gram_of_a_source_tells_as_much_as_its_features(
    name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int
) -> None:
    source, target = pair(shape, seed)
    one, other = score(name, options, source, target), score(name, options, gram_of_assembly(source), target)
    assert other.value == pytest.approx(one.value, abs=1e-10)
    assert other.error == pytest.approx(one.error, rel=1e-5)


@pytest.mark.parametrize(("name", "options"), METRICS)
@few
@given(shapes, seeds)
def test_a_score_lies_in_its_range(name: str, options: dict[str, Any], shape: tuple[int, int, int], seed: int) -> None:
    source, target = pair(shape, seed)
    found = score(name, options, source, target)
    assert -1 - 1e-12 <= found.value <= 1 + 1e-12
    assert found.error >= 0
    assert found.n_nan == 0
