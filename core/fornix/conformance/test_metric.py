"""Metrics: identity, chance, invariance, and an error with every score."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import Metric, Score
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_metric

Pair = tuple[xr.DataArray, xr.DataArray]


def assembly(values: np.ndarray) -> xr.DataArray:
    """(presentation, neuroid) with identifiers."""
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{i:03d}" for i in range(len(values))])),
        "neuroid_id": ("neuroid", np.array([f"n{i:02d}" for i in range(values.shape[1])])),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


@pytest.fixture
def examples(card: Card, given_by_plugin: ModuleType | None) -> dict[str, Pair]:
    """``identical``: source and target that agree perfectly; ``unrelated``: that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    given = getattr(given_by_plugin, "examples", None)
    if given is not None and (own := given(card.identifier, rng)) is not None:
        return dict(own)
    latent = rng.normal(size=(120, 6))
    same = assembly(latent @ rng.normal(size=(6, 15)))
    identical = (same, same)
    return {"identical": identical, "unrelated": (assembly(rng.normal(size=(120, 30))), assembly(rng.normal(size=(120, 15))))}


@pytest.fixture
def metric(card: Card, registry: Registry) -> Metric:
    return load_metric(card.identifier)


def call(metric: Metric, pair: Pair) -> Score:
    return metric(*pair)


def test_identity_scores_one(metric: Metric, examples: dict[str, Pair]) -> None:
    assert call(metric, examples["identical"]).value == pytest.approx(1, abs=0.02)


def test_unrelated_data_score_chance_within_the_error(card: Card, metric: Metric, examples: dict[str, Pair]) -> None:
    score = call(metric, examples["unrelated"])
    assert abs(score.value - card.chance) <= 3 * score.error


def test_every_score_has_an_error_and_says_what_was_resampled(metric: Metric, examples: dict[str, Pair]) -> None:
    score = call(metric, examples["unrelated"])
    assert np.isfinite(score.error)
    assert score.error > 0
    assert score.interval[0] < score.value < score.interval[1]
    assert score.replicates is not None
    assert score.resampled


def test_the_order_of_rows_and_units_changes_nothing(metric: Metric, examples: dict[str, Pair]) -> None:
    rng = np.random.default_rng(1)
    before = call(metric, examples["unrelated"])
    shuffled = []
    for array in examples["unrelated"]:
        for dim in array.dims:
            array = array.isel({dim: rng.permutation(array.sizes[dim])})
        shuffled.append(array)
    after = metric(*shuffled)
    assert after.value == pytest.approx(before.value, abs=1e-9)
    assert after.error == pytest.approx(before.error, rel=1e-6)


def test_equal_calls_give_equal_scores(card: Card, metric: Metric, examples: dict[str, Pair]) -> None:
    one, other = call(metric, examples["unrelated"]), call(load_metric(card.identifier), examples["unrelated"])
    assert (one.value, one.error, one.interval) == (other.value, other.error, other.interval)
