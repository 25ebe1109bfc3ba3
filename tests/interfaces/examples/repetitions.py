"""Repetitions: a model that is as noisy as a neuron is shown each image thirty times.

Repetition t is shown with ``seed + t`` and its rows say so in ``repetition``; noise is drawn from the seed and the image, so
that it does not depend on what else is shown. The benchmark compares the mean over repetitions, and the variance that the
model has from one showing to the next.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Recording, Responses, StimulusSet

CARDS = """
[[model]]
identifier = "toy-noisy"
title = "Luminance under noise"
modalities = ["image"]
regions = ["LGN"]
deterministic = false

[[dataset]]
identifier = "ToySpikes"
title = "Simulated mean responses of one neuron"
modalities = ["image"]
regions = ["LGN"]
simulated = true

[[benchmark]]
identifier = "ToySpikes.LGN-mean"
title = "Correlation with the mean response of a neuron"
modalities = ["image"]
regions = ["LGN"]
uses = { datasets = ["ToySpikes"], metrics = ["pearson"] }
"""

IMAGES, REPETITIONS = 60, 30
LGN = Recording("LGN")


class Noisy:
    """One unit: the mean luminance (0 to 1) plus noise with a standard deviation of 1."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or set(experiment.recordings) != {LGN}:
            raise NotAble("region", "this model has the region LGN only")
        stimuli, times = experiment.stimuli, experiment.repetitions
        luminance = np.array([image.mean() / 255 for image in stimuli.contents["image"]])
        noise = [
            [np.random.default_rng([experiment.seed + t, int(identity[:12], 16)]).normal() for identity in stimuli.row_hashes]
            for t in range(times)
        ]
        coords = {
            "stimulus_id": ("presentation", np.tile(stimuli.stimulus_id, times)),
            "repetition": ("presentation", np.repeat(np.arange(times), len(stimuli))),
            "neuroid_id": ("neuroid", np.array(["unit"])),
        }
        values = (luminance + np.array(noise)).reshape(-1, 1)
        return Responses({LGN: xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)})


class Spikes:
    """Grey images, and a neuron that follows their luminance."""

    def stimuli(self) -> StimulusSet:
        levels = np.random.default_rng(0).permutation(np.linspace(0, 255, IMAGES)).astype(np.uint8)
        return StimulusSet([f"image-{i:02d}" for i in range(IMAGES)], image=[np.full((4, 4, 3), level) for level in levels])

    def recordings(self) -> dict[str, xr.DataArray]:
        stimuli = self.stimuli()
        rates = np.array([image.mean() / 255 for image in stimuli.contents["image"]])
        rates += 0.1 * np.random.default_rng(1).normal(size=IMAGES)
        return {"LGN": xr.DataArray(rates, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli.stimulus_id)})}


class MeanResponse:
    """Correlation, over images, of the mean over repetitions with the neuron.

    Parameters
    ----------
    repetitions : int
    """

    def __init__(self, repetitions: int = REPETITIONS) -> None:
        self._dataset = fornix.load_dataset("ToySpikes")
        self._metric = fornix.load_metric("pearson")
        self._repetitions = repetitions

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (LGN,), repetitions=self._repetitions, seed=1),)

    def score(self, responses):
        by_image = responses[0][LGN].isel(neuroid=0).groupby("stimulus_id")
        mean, variance = by_image.mean("presentation"), by_image.var("presentation", ddof=1)
        ids = {"stimulus_id": ("presentation", mean["stimulus_id"].values.astype(np.str_))}
        source = xr.DataArray(mean.values, dims=("presentation",), coords=ids)
        score = self._metric(source, self._dataset.recordings()["LGN"])
        return score.with_(details={"variance": float(variance.mean())})

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Noisy()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Spikes()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return MeanResponse()
