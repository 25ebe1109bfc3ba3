"""Intervals of rdm and cka hold the truth as often as they say. On NumPy: other backends have its numbers (test_backends)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import fornix


def assembly(values: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def test_the_intervals_cover() -> None:
    """New stimuli and neuroids 60 times; the 95 % intervals hold the mean of all in at least 54 of them."""
    rng = np.random.default_rng(7)
    readout = rng.normal(size=(5, 30))
    scores = []
    for _ in range(60):
        latent = rng.normal(size=(40, 5))
        source = assembly(latent @ readout)
        scores.append(
            fornix.load_metric("rdm")(source, assembly(latent @ rng.normal(size=(5, 25)) + 2 * rng.normal(size=(40, 25))))
        )
    values = np.array([score.value for score in scores])
    assert sum(score.interval[0] <= values.mean() <= score.interval[1] for score in scores) >= 54
    assert 0.85 < np.mean([score.error for score in scores]) / values.std(ddof=1) < 1.2


@pytest.mark.parametrize("name", ["rdm", "cka"])
def test_errors_are_those_of_new_stimuli_and_neuroids(name: str) -> None:
    """60 draws of unrelated responses: the error is right, and neither distances nor unbiased CKA have anything to score."""
    rng = np.random.default_rng(5)
    scores = []
    for _ in range(60):
        target = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 20)) + rng.normal(size=(40, 20))
        scores.append(fornix.load_metric(name)(assembly(rng.normal(size=(40, 30))), assembly(target)))
    values = np.array([score.value for score in scores])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(60)
    assert sum(score.interval[0] <= 0 <= score.interval[1] for score in scores) >= 54
    assert 0.8 < np.mean([score.error for score in scores]) / values.std(ddof=1) < 1.3
