"""The metric by name and option; its numbers are held to other implementations in the tests of the core."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import fornix


@pytest.fixture
def recording() -> xr.DataArray:
    """Eight repetitions of 200 stimuli, 10 neuroids; signal and noise of one repetition have equal variance."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1, 200, 10)) + rng.normal(size=(8, 200, 10))
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:03d}" for k in range(200)], 8)),
        "repetition": ("presentation", np.repeat(np.arange(8), 200)),
    }
    return xr.DataArray(values.reshape(1600, 10), dims=("presentation", "neuroid"), coords=coords)


@pytest.mark.parametrize(("definition", "splits"), [("default", 100), ("brainscore", 10)])
def test_known_reliability(recording: xr.DataArray, definition: str, splits: int) -> None:
    score = fornix.load_metric("internal_consistency", definition=definition)(recording)
    assert score.value == pytest.approx(8 / 9, abs=0.02)
    assert score.error > 0
    assert score.units is not None
    assert score.units.shape == (splits, 10)


def test_a_recording_is_compared_with_itself_only(recording: xr.DataArray) -> None:
    metric = fornix.load_metric("internal_consistency")
    assert metric(recording, recording[::-1]).value == metric(recording).value
    with pytest.raises(ValueError, match="compares a recording with itself"):
        metric(recording, recording + 1)
