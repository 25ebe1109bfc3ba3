"""One unit for each neuroid: correlations one by one, then what the metric promises and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.linear.gram import gram_of_assembly

pytest.importorskip("sklearn")


def assembly(values: np.ndarray, **coordinates: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:04d}" for k in range(len(values))])
    coords = {name: ("presentation", column) for name, column in {"stimulus_id": ids, **coordinates}.items()}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def simulated(n: int = 80, p: int = 12, q: int = 5, noise: float = 1.0, seed: int = 0) -> tuple[xr.DataArray, xr.DataArray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    return assembly(x), assembly(x[:, :q] + noise * rng.normal(size=(n, q)))


def naive(x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> list[float]:
    scores = []
    for j in range(y.shape[1]):
        in_training = [stats.pearsonr(x[train, i], y[train, j])[0] for i in range(x.shape[1])]
        scores.append(stats.pearsonr(x[test, int(np.argmax(in_training))], y[test, j])[0])
    return scores


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_a_given_split_is_as_correlations_one_by_one(direction: str) -> None:
    source, target = simulated(noise=3.0)
    target = target.assign_coords(split=("presentation", np.where(np.arange(80) % 4 > 0, "train", "test")))
    score = fornix.load_metric("neuron_to_neuron", splits="given", direction=direction)(source, target)
    rows = np.arange(80)
    pair = (source.values, target.values) if direction == "forward" else (target.values, source.values)
    np.testing.assert_allclose(score.units[0], naive(*pair, rows[rows % 4 > 0], rows[rows % 4 == 0]), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.01, 100.0), shift=st.floats(-50, 50))
def test_order_scale_and_shift_of_units_do_not_matter_and_signs_do(seed: int, scale: float, shift: float) -> None:
    source, target = simulated(seed=seed, noise=0.3)
    metric, rng = fornix.load_metric("neuron_to_neuron", replicates=False), np.random.default_rng(seed)
    plain = metric(source, target)
    changed = metric(scale * source[:, rng.permutation(12)] + shift, target[rng.permutation(80)][:, rng.permutation(5)])
    assert changed.value == pytest.approx(plain.value, abs=1e-9)
    assert metric(-source, target).value < plain.value


def test_a_model_that_has_the_neuroids_scores_one() -> None:
    source, target = simulated(noise=0.0)
    score = fornix.load_metric("neuron_to_neuron")(source, target)
    assert score.value == pytest.approx(1.0, abs=1e-12)


def test_rows_paired_anew_are_scored_as_one_by_one() -> None:
    source, target = simulated()
    metric = fornix.load_metric("neuron_to_neuron", replicates=False)
    orders = [np.random.default_rng(seed).permutation(80) for seed in range(3)]
    alone = [metric(source, target.copy(data=target.values[order])).value for order in orders]
    np.testing.assert_allclose(metric.permuted(source, target, orders), alone, atol=1e-12)


def test_the_error_holds_new_stimuli_neuroids_and_choices() -> None:
    """40 draws of stimuli and neuroids: errors near the spread of the scores, intervals that hold their mean."""
    scores = [fornix.load_metric("neuron_to_neuron")(*simulated(seed=seed, n=120, p=30, q=15, noise=2.0)) for seed in range(40)]
    values = np.array([score.value for score in scores])
    inside = sum(score.interval[0] <= values.mean() <= score.interval[1] for score in scores)
    assert inside >= 37
    assert 0.9 < np.mean([score.error for score in scores]) / values.std(ddof=1) < 1.3


def test_bad_input_is_refused_in_a_sentence() -> None:
    source, target = simulated()
    metric = fornix.load_metric("neuron_to_neuron")
    hole = source.copy()
    hole[3, 4] = np.nan
    cases: list[tuple[Any, Any, str]] = [
        (gram_of_assembly(source), target, "neuron_to_neuron picks single units, so it needs values; the source is a Gram"),
        (hole, target, "the source has 1 value that is NaN or infinite"),
        (source[:3], target[:3], "choosing a unit by its correlation needs at least 3 training stimuli; a split has 2"),
    ]
    for given_source, given_target, sentence in cases:
        with pytest.raises(AssemblyError) as raised:
            metric(given_source, given_target)
        assert sentence in str(raised.value)
