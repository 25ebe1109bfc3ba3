"""Ceilings of recordings in time bins against those of their bins, and beside timed scores."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import AssemblyError, Normalisation, Score
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency

Ceiling = Callable[[xr.DataArray], Score]
NOISE = (0.5, 1.0, 2.0)
STIMULI, NEUROIDS, REPETITIONS = 60, 12, 6


def recording(seed: int = 0) -> xr.DataArray:
    """(presentation, neuroid, time_bin), each bin with signal of its own and more noise than the one before."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(1, STIMULI, NEUROIDS, len(NOISE)))
    values = signal + np.array(NOISE) * rng.normal(size=(REPETITIONS, STIMULI, NEUROIDS, len(NOISE)))
    return xr.DataArray(
        values.reshape(-1, NEUROIDS, len(NOISE)),
        dims=("presentation", "neuroid", "time_bin"),
        coords={
            "stimulus_id": ("presentation", np.tile([f"s{k:03d}" for k in range(STIMULI)], REPETITIONS)),
            "repetition": ("presentation", np.repeat(np.arange(REPETITIONS), STIMULI)),
            "neuroid_id": ("neuroid", [f"n{k:02d}" for k in range(NEUROIDS)]),
            "time_bin_start": ("time_bin", [70.0, 90.0, 110.0]),
            "time_bin_end": ("time_bin", [90.0, 110.0, 130.0]),
        },
    )


@pytest.fixture(params=[internal_consistency, noise_ceiling], ids=["internal_consistency", "noise_ceiling"])
def ceiling(request: pytest.FixtureRequest) -> Ceiling:
    found: Ceiling = request.param
    return found


def test_a_ceiling_over_time_is_the_mean_of_those_of_its_bins(ceiling: Ceiling) -> None:
    timed = recording()
    score, bins = ceiling(timed), [ceiling(timed.isel(time_bin=k, drop=True)) for k in range(3)]
    assert score.value == pytest.approx(np.mean([each.value for each in bins]))
    assert score.units is not None
    assert score.units.dims[-1] == "time_bin"
    assert score.units["time_bin_start"].values.tolist() == [70, 90, 110]
    for k, each in enumerate(bins):
        np.testing.assert_array_equal(score.units.isel(time_bin=k).values, each.units)
    assert score.value == pytest.approx(np.mean([1 / (1 + sd**2 / REPETITIONS) for sd in NOISE]), abs=0.05)


def test_its_error_is_that_of_a_mean_of_bins_with_signals_of_their_own(ceiling: Ceiling) -> None:
    """The spread over new recordings; bins that shared stimuli alone would not do: their errors are near to independent."""
    scores = [ceiling(recording(seed)) for seed in range(60)]
    spread = np.std([score.value for score in scores], ddof=1)
    error = np.sqrt(np.mean([score.error**2 for score in scores]))
    assert 0.7 < error / spread < 1.5
    assert error < 0.9 * np.sqrt(np.mean([ceiling(recording().isel(time_bin=2, drop=True)).error ** 2]))


def test_bins_that_repeat_one_another_have_the_error_of_one(ceiling: Ceiling) -> None:
    one = recording().isel(time_bin=1, drop=True)
    same = xr.concat([one, one, one], "time_bin").transpose("presentation", "neuroid", "time_bin")
    score, alone = ceiling(same), ceiling(one)
    assert (score.value, score.error) == (pytest.approx(alone.value), pytest.approx(alone.error))
    assert score.interval == pytest.approx(alone.interval)
    assert score.resampled == alone.resampled


def test_a_timed_score_is_normalised_by_a_timed_ceiling(ceiling: Ceiling) -> None:
    target = recording()
    values = target.values.reshape(REPETITIONS, STIMULI, NEUROIDS, -1).mean(axis=0)
    mean = target[:STIMULI].drop_vars("repetition").copy(data=values)
    source = mean + 0.5 * np.random.default_rng(1).normal(size=mean.shape)
    raw = fornix.load_metric("ridge", time="each")(source, mean)
    score = normalise(raw, ceiling(target), Normalisation.SIGNED_SQUARE)
    assert score.value == pytest.approx(raw.value**2 / ceiling(target).value)
    assert 0 < score.error < 1
    assert {"stimuli", "neuroids"} <= set(score.resampled)


def test_the_originals_error_is_over_splits_of_the_mean() -> None:
    timed = recording()
    score = internal_consistency(timed, "brainscore")
    bins = [internal_consistency(timed.isel(time_bin=k, drop=True), "brainscore") for k in range(3)]
    splits = np.mean([np.nanmedian(each.units, axis=1) for each in bins], axis=0)
    assert score.error == pytest.approx(splits.std() / np.sqrt(10))


def test_a_bin_without_a_value_is_named(ceiling: Ceiling) -> None:
    timed = recording()
    timed[:, :, 1] = 3.0
    score = ceiling(timed)
    assert np.isnan(score.value)
    assert any(note.startswith("time bin 1: ") for note in score.notes)
    with pytest.raises(AssemblyError, match="no time bin in it"):
        ceiling(timed.isel(time_bin=slice(0, 0)))
