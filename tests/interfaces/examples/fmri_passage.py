"""An fMRI passage: people read passages sentence by sentence; a model's language region predicts each voxel.

The sentences of a passage are one context: what a sentence evokes depends on those before it. There is one response for
each sentence (``per="stimulus"``, no time axis), as the measurements are betas of sentences. Sentences of one passage are
alike, so a passage is never cut into training and test sentences: the folds are of passages.
"""

from __future__ import annotations

import zlib
from functools import cached_property

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Recording, Responses, StimulusSet

CARDS = """
[[model]]
identifier = "toy-gist"
title = "A mean of word vectors that carries over from sentence to sentence"
modalities = ["text"]
regions = ["language"]

[[dataset]]
identifier = "ToyPassages"
title = "Simulated fMRI responses to twelve passages of six sentences"
modalities = ["text"]
regions = ["language"]
technique = "fMRI"
simulated = true

[[benchmark]]
identifier = "ToyPassages.language-ridge"
title = "Predictivity of voxels on passages that were not fitted to"
modalities = ["text"]
regions = ["language"]
uses = { datasets = ["ToyPassages"], metrics = ["ridge"] }
"""

PASSAGES, SENTENCES, VOXELS = 12, 6, 20
LANGUAGE = Recording("language", per="stimulus")


def word_vector(word: str) -> np.ndarray:
    """(8,): the same word has the same vector wherever it is read."""
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=8)


class Gist:
    """The gist after sentence t: the mean vector of its words, plus half of the gist after sentence t - 1."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or set(experiment.recordings) != {LANGUAGE}:
            raise NotAble("region", "this model has the region language only, with one response for each sentence")
        stimuli = experiment.stimuli
        gist = np.zeros((len(stimuli), 8))
        so_far: dict[str, np.ndarray] = {}
        for row in np.argsort(stimuli.columns["order"], kind="stable"):
            passage, sentence = stimuli.columns["context"][row], stimuli.contents["text"][row]
            vector = np.mean([word_vector(word) for word in sentence.split()], axis=0)
            gist[row] = so_far[passage] = vector + 0.5 * so_far.get(passage, np.zeros(8))
        coords = {"stimulus_id": ("presentation", stimuli.stimulus_id), "neuroid_id": ("neuroid", np.arange(8).astype(str))}
        return Responses({LANGUAGE: xr.DataArray(gist, dims=("presentation", "neuroid"), coords=coords)})


class Passages:
    """Sentences of five words out of forty, and voxels that mix the gist."""

    def stimuli(self) -> StimulusSet:
        words = [f"word{number}" for number in range(40)]
        rng = np.random.default_rng(0)
        sentences = [" ".join(rng.choice(words, size=5)) for _ in range(PASSAGES * SENTENCES)]
        passage, place = np.divmod(np.arange(PASSAGES * SENTENCES), SENTENCES)
        names = [f"passage-{p:02d}-sentence-{s}" for p, s in zip(passage, place, strict=True)]
        return StimulusSet(names, text=sentences, context=[f"passage-{p:02d}" for p in passage], order=place)

    def recordings(self) -> dict[str, xr.DataArray]:
        stimuli = self.stimuli()
        gist = Gist().respond(Experiment(stimuli, (LANGUAGE,)))[LANGUAGE].values
        rng = np.random.default_rng(1)
        voxels = gist @ rng.normal(size=(8, VOXELS)) + 0.5 * rng.normal(size=(len(gist), VOXELS))
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "passage": ("presentation", stimuli.columns["context"]),
            "neuroid_id": ("neuroid", np.array([f"voxel-{v}" for v in range(VOXELS)])),
        }
        return {"language": xr.DataArray(voxels, dims=("presentation", "neuroid"), coords=coords)}


class PassagePredictivity:
    """Ridge regression from the model's region to each voxel, fitted to other passages."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyPassages")

    @cached_property
    def _metric(self):
        return fornix.load_metric("ridge", alphas=[0.1, 1.0, 10.0], splits="group_kfold", n_splits=6, group_on="passage")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (LANGUAGE,)),)

    def score(self, responses):
        return self._metric(responses[0][LANGUAGE], self._dataset.recordings()["language"])

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Gist()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Passages()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return PassagePredictivity()
