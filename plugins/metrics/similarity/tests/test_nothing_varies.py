"""A source or target that does not vary: NaN, counted and said, in whatever form it comes; never a score of rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Gram
from fornix.numerics.linear.gram import gram_of_assembly

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

N = 61
NOTE = "nothing to compare, as source or target does not vary"


def assembly(values: np.ndarray, **of_neuroids: np.ndarray) -> xr.DataArray:
    coords: dict[str, Any] = {"stimulus_id": ("presentation", np.array([f"s{k:02d}" for k in range(len(values))]))}
    coords |= {name: ("neuroid", column) for name, column in of_neuroids.items()}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def always_the_same(n_features: int) -> xr.DataArray:
    return assembly(np.tile(np.random.default_rng(1).normal(size=n_features) * 10, (N, 1)))


def equal_products() -> Gram:
    """A Gram whose features were taken from near their means only, so that a constant is left in all products."""
    row = always_the_same(90).values[0]
    near = 0.999 * row
    return Gram(
        products=np.full((N, N), (row - near) @ (row - near)),
        mean_products=np.full(N, (row - near) @ near),
        mean_square=float(near @ near),
        row_sums=np.full(N, row.sum()),
        n_features=90,
        stimulus_id=TARGET["stimulus_id"].values,
    )


TARGET = assembly(np.random.default_rng(0).normal(size=(N, 9)))
SOURCES = {
    "few features": always_the_same(12),
    "many features": always_the_same(500),
    "Gram": gram_of_assembly(always_the_same(500)),
    "Gram of equal products": equal_products(),
}
METRICS: list[tuple[str, dict[str, Any]]] = [
    ("cka", {}),
    ("cka", {"estimator": "biased"}),
    ("cka", {"replicates": False}),
    ("procrustes", {}),
    ("rdm", {}),
    ("rdm", {"comparison": "kendall"}),
    ("rdm", {"distance": "euclidean"}),
    ("rdm", {"distance": "euclidean", "comparison": "cosine"}),
]


@pytest.mark.parametrize(("name", "options"), METRICS)
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_does_not_vary_has_no_score(name: str, options: dict[str, Any], source: str) -> None:
    score = fornix.load_metric(name, **options)(SOURCES[source], TARGET)
    assert math.isnan(score.value)
    assert math.isnan(score.error)
    assert score.n_nan == 1
    assert score.notes == (NOTE,)


@pytest.mark.parametrize(("name", "options"), METRICS)
def test_a_target_that_does_not_vary_has_no_score_and_a_subject_who_does_not_is_counted(
    name: str, options: dict[str, Any]
) -> None:
    metric, source = fornix.load_metric(name, **options), assembly(np.random.default_rng(2).normal(size=(N, 12)))
    assert metric(source, always_the_same(9)).notes == (NOTE,)
    values = np.concatenate([TARGET.values, always_the_same(9).values], axis=1)
    score = metric(source, assembly(values, subject=np.repeat(["a", "b"], 9)))
    assert math.isnan(score.value)
    assert np.isnan(score.units.values).tolist() == [False, True]
    assert score.n_nan == 1
    assert NOTE in score.notes


@pytest.mark.parametrize(("name", "options"), [("cka", {}), ("cka", {"replicates": False}), ("rdm", {"distance": "euclidean"})])
def test_stimuli_that_are_all_equally_unlike_have_no_geometry_to_compare(name: str, options: dict[str, Any]) -> None:
    """Each stimulus has a feature of its own: all distances, and all products off the diagonal, are equal but for rounding."""
    turned = np.linalg.qr(np.random.default_rng(3).normal(size=(N, N)))[0]
    score = fornix.load_metric(name, **options)(assembly(turned), TARGET)
    assert math.isnan(score.value)
    assert score.notes == (NOTE,)


def test_rows_that_are_constant_over_neuroids_have_no_correlation_distances() -> None:
    score = fornix.load_metric("rdm")(assembly(np.tile(np.arange(N)[:, None] + 1.0, (1, 30))), TARGET)
    assert math.isnan(score.value)
    assert score.n_nan == N * (N - 1) // 2
    assert score.notes == (NOTE,)


def test_brain_scores_alignment_of_nothing_is_0_and_counted_in_each_subsample() -> None:
    whole = fornix.load_metric("cka", definition="brainscore")(SOURCES["few features"], TARGET)
    assert (whole.value, whole.raw, whole.n_nan, whole.notes) == (0.0, 0.0, 1, (NOTE,))
    once = np.zeros((N, 9))
    once[:2] = np.arange(9.0)  # a subsample without these two has nothing off the diagonal
    some = fornix.load_metric("cka", definition="brainscore", n_subsamples=10, subsample_size=0.5)(TARGET, assembly(once))
    assert 0 < some.n_nan < 10
    assert (some.units.values == 0).sum() == some.n_nan
    assert some.value == pytest.approx(some.units.values.mean())


@pytest.mark.parametrize("common", [1e6, 1e7, 1e9])
@pytest.mark.parametrize("comparison", ["spearman", "pearson"])
def test_a_large_common_response_hides_no_variation_that_float64_has_digits_for(common: float, comparison: str) -> None:
    """What is measured far from 0, such as a time stamp or a raw voltage, scores what it scores less its mean."""
    metric, source = fornix.load_metric("rdm", comparison=comparison), np.random.default_rng(4).normal(size=(N, 30))
    expected, score = metric(assembly(source), TARGET), metric(assembly(source + common), TARGET)
    assert score.value == pytest.approx(expected.value, abs=1e-5)
    assert score.n_nan == 0
    assert score.notes == expected.notes
    assert metric(TARGET, assembly(source + common)).value == pytest.approx(metric(TARGET, assembly(source)).value, abs=1e-5)


def test_float32_has_no_digits_beside_a_large_common_response() -> None:
    source = assembly((np.random.default_rng(4).normal(size=(N, 30)) + 1e7).astype(np.float32))
    assert fornix.load_metric("rdm")(source, TARGET).notes == (NOTE,)
