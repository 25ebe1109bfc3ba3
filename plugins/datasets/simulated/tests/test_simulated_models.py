"""The models are the simulated brain, corrupted by as much noise as they say."""

from __future__ import annotations

import numpy as np
import pytest

import fornix
from fornix.interfaces import Experiment, NotAble, Recording, StimulusSet

REGIONS = ("V1", "V4", "IT")


def responses(identifier: str, region: str, stimuli: StimulusSet) -> np.ndarray:
    asked = Recording(region)
    return fornix.load_model(identifier).respond(Experiment(stimuli, (asked,)))[asked].values


@pytest.mark.parametrize("region", REGIONS)
def test_the_generating_model_gives_the_noiseless_responses(region: str) -> None:
    dataset = fornix.load_dataset("Simulated")
    truth = responses("simulated-brain", region, dataset.stimuli())
    measured = dataset.recordings()[region].values.reshape(8, *truth.shape).mean(axis=0)
    residual = (measured - truth).std(axis=0)
    # Noise of one repetition has a standard deviation of 0.6 to 1.2; eight are averaged.
    assert residual.min() > 0.6 / np.sqrt(8) * 0.85
    assert residual.max() < 1.2 / np.sqrt(8) * 1.15


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("identifier", "noise"), [("noisy-25", 0.25), ("noisy-50", 0.5), ("noisy-75", 0.75)])
def test_corrupted_models_hold_the_stated_share_of_noise(identifier: str, noise: float, region: str) -> None:
    stimuli = fornix.load_dataset("Simulated").stimuli()
    truth, corrupted = (responses(name, region, stimuli) for name in ("simulated-brain", f"simulated-brain-{identifier}"))
    added = corrupted - np.sqrt(1 - noise) * truth
    assert added.var() == pytest.approx(noise, rel=0.06)
    assert abs(np.corrcoef(added.ravel(), truth.ravel())[0, 1]) < 0.04


def test_nothing_of_the_brain_is_left_in_the_model_of_nothing() -> None:
    stimuli = fornix.load_dataset("Simulated").stimuli()
    nothing, truth = responses("simulated-nothing", "V4", stimuli), responses("simulated-brain", "V4", stimuli)
    r = [np.corrcoef(x, y)[0, 1] for x in nothing.T for y in truth.T]
    # 400 correlations over 600 stimuli: standard deviation 1 / sqrt(600) under independence.
    assert np.std(r) == pytest.approx(1 / np.sqrt(600), rel=0.15)
    assert nothing.std() == pytest.approx(1, rel=0.05)


def test_an_image_is_answered_alike_in_any_company() -> None:
    stimuli = fornix.load_dataset("Simulated").stimuli()
    alone = responses("simulated-brain-noisy-50", "IT", stimuli.take([17]))
    together = responses("simulated-brain-noisy-50", "IT", stimuli)
    np.testing.assert_array_equal(alone[0], together[17])


def test_other_images_are_refused_with_a_reason() -> None:
    photograph = StimulusSet(["large"], image=[np.zeros((112, 112, 3), dtype=np.uint8)])
    with pytest.raises(NotAble, match="32 x 32"):
        responses("simulated-brain", "V4", photograph)
