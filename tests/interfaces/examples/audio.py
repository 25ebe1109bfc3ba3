"""Audio: neurons of auditory cortex and a model of the cochlea hear tones.

A sound is an array of samples in [-1, 1] that means nothing without its ``sample_rate_hz``: half of the sounds come at 8 kHz
and half at 16 kHz, and a model that counts samples instead of seconds is lost. ``sound_level_db`` says how loud a sound was
played, whatever its samples.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Recording, Responses, StimulusSet

CARDS = """
[[model]]
identifier = "toy-cochlea"
title = "Energy in ten bands of frequency"
modalities = ["audio"]
regions = ["A1"]

[[dataset]]
identifier = "ToyTones"
title = "Simulated responses of A1 to pairs of tones"
modalities = ["audio"]
regions = ["A1"]
simulated = true

[[benchmark]]
identifier = "ToyTones.A1-ridge"
title = "Predictivity of neurons in A1"
modalities = ["audio"]
regions = ["A1"]
uses = { datasets = ["ToyTones"], metrics = ["ridge"] }
"""

SOUNDS, NEURONS = 120, 10
#: Edges of the bands in Hz, half an octave each.
BANDS_HZ = 125 * 2.0 ** (np.arange(11) / 2)


class Cochlea:
    """The level in dB of each band: that of the sound, and what part of its energy is in the band."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or any(r != Recording("A1") for r in experiment.recordings):
            raise NotAble("region", "this model has the region A1 only, with one response for each sound")
        stimuli = experiment.stimuli
        heard = zip(stimuli.contents["audio"], stimuli.columns["sample_rate_hz"], stimuli.columns["sound_level_db"], strict=True)
        bands = np.array([self._bands(samples, rate, level) for samples, rate, level in heard])
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "neuroid_id": ("neuroid", np.array([f"{low:.0f} Hz" for low in BANDS_HZ[:-1]])),
        }
        answer = xr.DataArray(bands, dims=("presentation", "neuroid"), coords=coords)
        return Responses({recording: answer for recording in experiment.recordings})

    def _bands(self, samples, rate, level):
        energy = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
        frequency = np.fft.rfftfreq(len(samples), 1 / rate)
        in_band = (frequency[None, :] >= BANDS_HZ[:-1, None]) & (frequency[None, :] < BANDS_HZ[1:, None])
        share = in_band @ energy / energy.sum()
        return np.maximum(level + 10 * np.log10(share + 1e-12), 0)


class Tones:
    """Two tones each, 125 Hz to 4 kHz, 40 to 70 dB, and neurons that weigh the bands."""

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(0)
        rate = np.where(np.arange(SOUNDS) % 2, 8000.0, 16000.0)
        sounds = []
        for hz in rate:
            seconds = np.arange(int(0.1 * hz)) / hz
            tones = [np.sin(2 * np.pi * frequency * seconds) for frequency in 125 * 2.0 ** rng.uniform(0, 4.9, size=2)]
            sounds.append((0.4 * sum(tones)).astype(np.float32))
        return StimulusSet(
            [f"sound-{s:03d}" for s in range(SOUNDS)],
            audio=sounds,
            sample_rate_hz=rate,
            sound_level_db=rng.uniform(40, 70, size=SOUNDS),
            duration_ms=np.full(SOUNDS, 100.0),
        )

    def recordings(self) -> dict[str, xr.DataArray]:
        answer = Cochlea().respond(Experiment(self.stimuli(), (Recording("A1"),)))[Recording("A1")]
        rng = np.random.default_rng(1)
        spikes = answer.values @ rng.normal(size=(answer.sizes["neuroid"], NEURONS)) / 20
        spikes += 0.5 * spikes.std() * rng.normal(size=spikes.shape)
        neurons = np.array([f"neuron-{n}" for n in range(NEURONS)])
        coords = {"stimulus_id": answer["stimulus_id"], "neuroid_id": ("neuroid", neurons)}
        return {"A1": xr.DataArray(spikes, dims=("presentation", "neuroid"), coords=coords)}


class ToneResponses:
    """Ridge regression from the model's A1 to each neuron."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyTones")

    @cached_property
    def _metric(self):
        return fornix.load_metric("ridge", alphas=[1.0, 100.0], splits="kfold", n_splits=5)

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (Recording("A1"),)),)

    def score(self, responses):
        return self._metric(responses[0][Recording("A1")], self._dataset.recordings()["A1"])

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Cochlea()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Tones()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return ToneResponses()
