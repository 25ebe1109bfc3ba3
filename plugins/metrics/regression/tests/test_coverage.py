"""Intervals of ridge hold the truth as often as they say. On NumPy: other backends have its numbers (test_backends)."""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix.interfaces import Score


def assembly(values: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:04d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def drawn(seed: int, n: int = 80, p: int = 20, q: int = 12) -> Score:
    """New stimuli and neuroids, half of whose variance the source holds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    y = x @ rng.normal(size=(p, q)) / np.sqrt(p) + rng.normal(size=(n, q))
    return fornix.load_metric("ridge")(assembly(x), assembly(y))


def test_the_intervals_cover() -> None:
    """New stimuli and neuroids 60 times; the 95 % intervals hold the mean of all in at least 56 of them.

    The spread of 60 scores is itself known to 9 %; docs/calibration.md has the errors of many more draws.
    """
    scores = [drawn(seed) for seed in range(60)]
    values = np.array([score.value for score in scores])
    inside = sum(score.interval[0] <= values.mean() <= score.interval[1] for score in scores)
    assert inside >= 56
    assert 0.9 < np.mean([score.error for score in scores]) / values.std(ddof=1) < 1.25
