"""Models that each break one promise; ``model-good`` breaks none."""

from __future__ import annotations

import itertools
import json

import numpy as np
import xarray as xr

from fornix import NotAble, hookimpl
from fornix.extraction.commitment import Commitment
from fornix.extraction.responder import FeatureModel
from fornix.interfaces import Experiment, Gram, Label, Probabilities, Recording, Responses, Similarity, StimulusSet, Surprisal
from fornix.numerics.linear.gram import GramAccumulator, correlation_distances

HOWS = {
    "model-good": set(),
    "model-short": {"in_shape"},
    "model-refusing": {"in_shape"},
    "model-boasting": {"is_refused"},
    "model-performing": {"is_refused"},
    "model-crashing": {"is_refused"},
    "model-silent": {"is_refused"},
    "model-undeclared": {"readout_needs"},
    "model-random": {"equal_answers"},
    "model-of_its_process": {"equal_answers"},
    "model-batch_norm": {"shown_beside"},
    "model-by_position": {"order_of_stimuli"},
    "model-deaf": {"labels_are_learned"},
    "model-own_words": {"labels_are_learned"},
    "model-improbable": {"labels_are_learned", "in_shape"},
    "model-good_reader": set(),
    "model-foreseeing": {"within_a_context"},
}
TASKS = {"good_reader": ["surprisal"], "foreseeing": ["surprisal"], "performing": ["similarity"], "silent": []}
CARDS = "".join(
    f"""
[[model]]
identifier = "{name}"
title = "A model for tests of the conformance suite"
modalities = ["{"text" if how in ("good_reader", "foreseeing") else "image"}"]
regions = {"[]" if how in ("good_reader", "foreseeing") else '["V1", "IT"]'}
tasks = {json.dumps(TASKS.get(how, ["similarity", "label", "probabilities"]))}
"""
    for name in HOWS
    for how in [name.removeprefix("model-")]
)
COUNT = itertools.count()


class Broken:
    def __init__(self, how: str) -> None:
        self.how, self.number = how, next(COUNT)

    def respond(self, experiment: Experiment) -> Responses:
        answers = {recording: self.record(experiment, recording) for recording in experiment.recordings}
        if experiment.task is not None and self.how != "silent":
            answers[experiment.task] = self.perform(experiment, experiment.task)
        return Responses(answers)

    def features(self, stimuli: StimulusSet) -> np.ndarray:
        pictures = np.stack(stimuli.contents["image"]).astype(np.float64) / 255
        n = len(pictures)
        found = pictures.reshape(n, 8, 8, 8, 8, 3).mean(axis=(2, 4)).reshape(n, -1)
        if self.how == "random":
            found = found + np.random.default_rng().normal(size=found.shape)
        if self.how == "of_its_process":
            found = found + self.number
        if self.how == "batch_norm":
            found = found - found.mean(axis=0)
        if self.how == "by_position":
            found = found + np.arange(n)[:, None]
        return found

    def record(self, experiment: Experiment, recording: Recording) -> xr.DataArray | Gram:
        known = ("V1", "IT", "no-such-region") if self.how == "boasting" else ("V1",) if self.how == "refusing" else ("V1", "IT")
        if self.how == "crashing" and recording.region not in known:
            raise KeyError(recording.region)
        if recording.region not in known or "image" not in experiment.stimuli.modalities:
            raise NotAble("region", f"{recording.region} is not among {known}")
        found, names = self.features(experiment.stimuli), experiment.stimuli.stimulus_id
        if recording.form == "gram":
            accumulator = GramAccumulator(len(found))
            accumulator.add(found)
            return accumulator.gram(names)
        coords = {"stimulus_id": ("presentation", names), "neuroid_id": ("neuroid", np.arange(found.shape[1]).astype(str))}
        answer = xr.DataArray(found, dims=("presentation", "neuroid"), coords=coords)
        return answer[:-1] if self.how == "short" else answer

    def perform(self, experiment: Experiment, task: object) -> xr.DataArray:
        if (self.how in ("good_reader", "foreseeing")) != isinstance(task, Surprisal):
            raise NotAble("task", f"{task} is none of mine")
        names = experiment.stimuli.stimulus_id
        ids = {"stimulus_id": ("presentation", names)}
        if isinstance(task, Surprisal):
            return xr.DataArray(self.read(experiment), dims=("presentation",), coords=ids)
        found = self.features(experiment.stimuli)
        if isinstance(task, Similarity):
            a, b = np.triu_indices(len(names), 1)
            coords = {"stimulus_a": ("pair", names[a]), "stimulus_b": ("pair", names[b])}
            accumulator = GramAccumulator(len(found))
            accumulator.add(found)
            return xr.DataArray(correlation_distances(accumulator.gram(names))[a, b], dims=("pair",), coords=coords)
        assert isinstance(task, Label | Probabilities)
        assert task.fitting is not None
        learned, labels = self.features(task.fitting.stimuli), np.array(task.fitting.labels)
        means = np.stack([learned[labels == choice].mean() for choice in task.choices])
        nearness = np.exp(-50 * np.abs(found.mean(axis=1)[:, None] - means))
        if self.how == "deaf":
            nearness = np.array([[2.0, 1.0]] * len(nearness))
        if isinstance(task, Probabilities):
            scale = nearness.sum(axis=1, keepdims=True) * (0.5 if self.how == "improbable" else 1)
            coords = {**ids, "choice": ("choice", np.array(task.choices))}
            return xr.DataArray(nearness / scale, dims=("presentation", "choice"), coords=coords)
        words = np.array(["dark", "bright"] if self.how == "own_words" else task.choices)
        return xr.DataArray(words[nearness.argmax(axis=1)], dims=("presentation",), coords=ids)

    def read(self, experiment: Experiment) -> np.ndarray:
        lengths = np.array([len(str(text)) for text in experiment.stimuli.contents["text"]], dtype=np.float64)
        if self.how == "good_reader":
            return lengths
        context, order = (experiment.stimuli.columns[name] for name in ("context", "order"))
        following = {place: length for *place, length in zip(context, order, lengths, strict=True) for place in [tuple(place)]}
        return lengths + [following.get((c, o + 1), 0.0) for c, o in zip(context, order, strict=True)]


@hookimpl
def fornix_load_model(identifier, options):
    how = identifier.removeprefix("model-")
    if how == "undeclared":  # whole but for its pyproject.toml, which asks for fornix alone
        commitment = Commitment({"V1": ("pixels",), "IT": ("pixels",)}, behaviour="pixels")
        return FeatureModel(lambda images, layers, seed: {"pixels": np.stack(images).astype(np.float32)}, ["pixels"], commitment)
    return Broken(how)
