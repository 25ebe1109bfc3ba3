"""Mixed stimuli: an image and a word at once; what a neuron tells is whether they fit.

A stimulus has a column for each modality, filled at the same time. The neurons follow the match of picture and word: neither
alone says anything of it, so a model of one modality scores chance, and the control is part of the design.
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
identifier = "toy-binding"
title = "How far a picture's colour is from the colour that a word names"
modalities = ["image", "text"]
regions = ["ATL"]

[[dataset]]
identifier = "ToyCaptions"
title = "Simulated responses to pictures with words"
modalities = ["image", "text"]
regions = ["ATL"]
simulated = true

[[benchmark]]
identifier = "ToyCaptions.ATL-ridge"
title = "Predictivity of neurons that tell whether picture and word fit"
modalities = ["image", "text"]
regions = ["ATL"]
uses = { datasets = ["ToyCaptions"], metrics = ["ridge"] }
"""

STIMULI, NEURONS = 120, 8
COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}
ATL = Recording("ATL")


class Binding:
    """Three units: the distance of the picture's mean colour to the word's, and both colours' brightness."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or set(experiment.recordings) != {ATL}:
            raise NotAble("region", "this model has the region ATL only")
        stimuli = experiment.stimuli
        if stimuli.modalities != ("image", "text"):
            raise NotAble("stimuli", f"this model needs a picture and a word; the stimuli hold {', '.join(stimuli.modalities)}")
        seen = np.array([image.mean(axis=(0, 1)) for image in stimuli.contents["image"]])
        named = np.array([COLOURS[word] for word in stimuli.contents["text"]])
        units = np.column_stack([np.abs(seen - named).mean(axis=1), seen.mean(axis=1), named.mean(axis=1)]) / 255
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "neuroid_id": ("neuroid", np.array(["mismatch", "picture", "word"])),
        }
        return Responses({ATL: xr.DataArray(units, dims=("presentation", "neuroid"), coords=coords)})


class Captions:
    """Each of the nine pairs of picture and word about as often."""

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(0)
        words = list(COLOURS)
        pairs = rng.permutation(np.arange(STIMULI) % 9)
        pictures = np.array([COLOURS[words[pair // 3]] for pair in pairs])[:, None, None, :]
        noisy = np.clip(pictures + rng.normal(0, 20, size=(STIMULI, 4, 4, 3)), 0, 255).astype(np.uint8)
        names = [f"pair-{number:03d}" for number in range(STIMULI)]
        return StimulusSet(names, image=list(noisy), text=[words[pair % 3] for pair in pairs])

    def recordings(self) -> dict[str, xr.DataArray]:
        answer = Binding().respond(Experiment(self.stimuli(), (ATL,)))[ATL]
        rng = np.random.default_rng(1)
        gain = rng.uniform(2, 4, size=NEURONS) * rng.choice([-1, 1], size=NEURONS)
        spikes = answer.values[:, :1] * gain + 0.3 * rng.normal(size=(STIMULI, NEURONS))
        neurons = np.array([f"neuron-{n}" for n in range(NEURONS)])
        coords = {"stimulus_id": answer["stimulus_id"], "neuroid_id": ("neuroid", neurons)}
        return {"ATL": xr.DataArray(spikes, dims=("presentation", "neuroid"), coords=coords)}


class CaptionPredictivity:
    """Ridge regression from the model's ATL to each neuron."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyCaptions")

    @cached_property
    def _metric(self):
        return fornix.load_metric("ridge", alphas=[0.1], splits="kfold", n_splits=5)

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (ATL,)),)

    def score(self, responses):
        return self._metric(responses[0][ATL], self._dataset.recordings()["ATL"])

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Binding()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Captions()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return CaptionPredictivity()
