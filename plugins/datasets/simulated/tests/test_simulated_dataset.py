"""The simulated brain is what it says: equal from its seed, as reliable as its noise allows."""

from __future__ import annotations

import numpy as np
import pytest
from fornix_dataset_simulated.brain import N_UNITS, REGIONS, Brain, textures
from fornix_dataset_simulated.recording import N_REPETITIONS, N_STIMULI, NOISE, SimulatedBrain

import fornix
from fornix.interfaces import check_assembly


@pytest.fixture(scope="module")
def simulated() -> SimulatedBrain:
    return fornix.load_dataset("Simulated")


def test_every_stimulus_is_shown_eight_times_in_every_region(simulated: SimulatedBrain) -> None:
    stimuli, recordings = simulated.stimuli(), simulated.recordings()
    assert tuple(recordings) == REGIONS
    assert len(set(stimuli.row_hashes)) == N_STIMULI
    for recording in recordings.values():
        check_assembly(recording, dims=("presentation", "neuroid"), stimulus_ids=stimuli, finite=True)
        assert recording.shape == (N_STIMULI * N_REPETITIONS, N_UNITS)


def test_equal_seeds_give_equal_recordings_and_other_seeds_others(simulated: SimulatedBrain) -> None:
    again, other = fornix.load_dataset("Simulated"), fornix.load_dataset("Simulated", seed=1)
    assert again.stimuli() == simulated.stimuli()
    assert other.stimuli() != simulated.stimuli()
    for region in REGIONS:
        assert again.recordings()[region].identical(simulated.recordings()[region])
        assert not np.array_equal(other.recordings()[region].values, simulated.recordings()[region].values)


def test_the_averages_are_signal_plus_noise_of_the_stated_size(simulated: SimulatedBrain) -> None:
    truth = Brain().responses(np.stack(simulated.stimuli().contents["image"]))
    for region, recording in simulated.recordings().items():
        repetitions = recording.values.reshape(N_REPETITIONS, N_STIMULI, N_UNITS)
        noise = (repetitions - truth[region]).std(axis=(0, 1))
        # 4,800 draws: a standard deviation is known to within 1 % (one standard error).
        assert noise.min() > NOISE[0] * 0.95
        assert noise.max() < NOISE[1] * 1.05
        assert np.ptp(noise) > 0.3
        assert np.abs((repetitions - truth[region]).mean(axis=(0, 1))).max() < 4 * NOISE[1] / np.sqrt(4800)


def test_units_are_scaled_over_reference_textures() -> None:
    for responses in Brain().responses(textures(500, seed=7)).values():
        assert np.abs(responses.mean(axis=0)).max() < 0.3
        assert responses.std(axis=0) == pytest.approx(1, abs=0.3)


def test_v1_prefers_orientations_and_later_regions_are_not_linear_in_it() -> None:
    images = textures(600, seed=3)
    responses = Brain().responses(images)
    v1 = np.c_[responses["V1"], np.ones(600)]
    for region in ("V4", "IT"):
        weights = np.linalg.lstsq(v1[:400], responses[region][:400], rcond=None)[0]
        residual = responses[region][400:] - v1[400:] @ weights
        assert residual.var() / responses[region][400:].var() > 0.05
