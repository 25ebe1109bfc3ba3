"""Few-shot labels: a model is taught three new categories with five images each, and then names others.

What it may learn from travels in the task: ``Label(choices, fitting=Fitting(stimuli, labels))``. The labels of the test images
stay with the dataset, and neither the names nor the order of the images tell them.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Fitting, Label, Responses, StimulusSet

CARDS = """
[[model]]
identifier = "toy-prototypes"
title = "Learns the mean image of each category"
modalities = ["image"]
tasks = ["label"]

[[dataset]]
identifier = "ToyCategories"
title = "Noisy patterns of three categories"
modalities = ["image"]
simulated = true

[[benchmark]]
identifier = "ToyCategories-few_shot"
title = "Accuracy after five examples of each category"
modalities = ["image"]
tasks = ["label"]
chance = 0.3333333333333333
uses = { datasets = ["ToyCategories"], metrics = ["accuracy"] }
"""

CATEGORIES, IMAGES, SHOTS = ("dax", "wug", "fep"), 150, 5


class Prototypes:
    """Names an image after the nearest mean of the images that it was taught with."""

    def respond(self, experiment: Experiment) -> Responses:
        task = experiment.task
        if not isinstance(task, Label) or experiment.recordings:
            raise NotAble("task", "this model names images only")
        if task.fitting is None:
            raise NotAble("task", "this model knows no category before it is taught")
        taught, labels = pixels(task.fitting.stimuli), np.array(task.fitting.labels)
        means = np.array([taught[labels == choice].mean(axis=0) for choice in task.choices])
        distances = np.linalg.norm(pixels(experiment.stimuli)[:, None] - means, axis=2)
        named = np.array(task.choices)[distances.argmin(axis=1)]
        ids = {"stimulus_id": ("presentation", experiment.stimuli.stimulus_id)}
        return Responses({task: xr.DataArray(named, dims=("presentation",), coords=ids)})


def pixels(stimuli: StimulusSet) -> np.ndarray:
    return np.array([image.ravel() / 255 for image in stimuli.contents["image"]])


class Categories:
    """Each category is a pattern under noise; an image's number says nothing of its category."""

    def __init__(self, seed: int = 0) -> None:
        self._category = np.random.default_rng(seed).permutation(np.arange(IMAGES) % len(CATEGORIES))

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(1)
        patterns = rng.normal(size=(len(CATEGORIES), 6, 6, 3))
        images = 128 + 20 * (patterns[self._category] + 2.5 * rng.normal(size=(IMAGES, 6, 6, 3)))
        return StimulusSet([f"image-{i:03d}" for i in range(IMAGES)], image=list(np.clip(images, 0, 255).astype(np.uint8)))

    def recordings(self) -> dict[str, xr.DataArray]:
        ids = {"stimulus_id": ("presentation", self.stimuli().stimulus_id)}
        return {"label": xr.DataArray(np.array(CATEGORIES)[self._category], dims=("presentation",), coords=ids)}


class FewShotAccuracy:
    """Accuracy on the images that were not taught; the first five of each category are taught."""

    def __init__(self) -> None:
        dataset = fornix.load_dataset("ToyCategories")
        self._metric = fornix.load_metric("accuracy")
        self._labels, self._stimuli = dataset.recordings()["label"], dataset.stimuli()
        self._taught = np.sort([row for c in CATEGORIES for row in np.flatnonzero(self._labels.values == c)[:SHOTS]])
        self._tested = np.setdiff1d(np.arange(IMAGES), self._taught)
        fitting = Fitting(self._stimuli.take(self._taught), tuple(self._labels.values[self._taught]))
        self._task = Label(CATEGORIES, fitting=fitting)

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._stimuli.take(self._tested), task=self._task),)

    def score(self, responses):
        return self._metric(responses[0][self._task], self._labels[self._tested]).with_(chance=1 / 3)

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Prototypes()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Categories()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return FewShotAccuracy()
