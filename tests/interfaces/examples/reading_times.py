"""Word reading times: people read stories word by word; a model predicts how long they look at each word.

The words of a story are one context, shown in their order. A long word takes longer, and so does the word after it
(spillover): the time at a word depends on that word and the one before it, never on one to come. The first word of a story
has no word before it, so the model predicts nothing there (NaN). The error resamples whole stories.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, ReadingTimes, Responses, StimulusSet

CARDS = """
[[model]]
identifier = "toy-spillover"
title = "Reading times from the lengths of a word and of the word before it"
modalities = ["text"]
tasks = ["reading_times"]

[[dataset]]
identifier = "ToyStories"
title = "Simulated self-paced reading of eight stories"
modalities = ["text"]
subjects = ["s1", "s2", "s3", "s4", "s5", "s6"]
simulated = true

[[benchmark]]
identifier = "ToyStories-reading_times"
title = "Correlation with mean reading times"
modalities = ["text"]
tasks = ["reading_times"]
uses = { datasets = ["ToyStories"], metrics = ["pearson"] }
"""

STORIES, WORDS = 8, 50


class Spillover:
    """Linear in milliseconds: 30 ms for each letter of the word, 15 ms for each letter of the word before it."""

    def respond(self, experiment: Experiment) -> Responses:
        stimuli, task = experiment.stimuli, experiment.task
        if not isinstance(task, ReadingTimes) or experiment.recordings:
            raise NotAble("task", "this model predicts reading times only")
        length = {
            (context, order): len(text)
            for context, order, text in zip(
                stimuli.columns["context"], stimuli.columns["order"], stimuli.contents["text"], strict=True
            )
        }
        times = [30 * n + 15 * length.get((context, order - 1), np.nan) for (context, order), n in length.items()]
        ids = {"stimulus_id": ("presentation", stimuli.stimulus_id)}
        return Responses({task: xr.DataArray(times, dims=("presentation",), coords=ids)})


class Stories:
    """Words of 1 to 12 letters, and reading times in ms; a time below 100 ms is a slip of the finger and was removed (NaN)."""

    @cached_property
    def words(self) -> list[str]:
        rng = np.random.default_rng(0)
        return ["".join(rng.choice(list("aeinorst"), size=length)) for length in rng.integers(1, 13, size=STORIES * WORDS)]

    def stimuli(self) -> StimulusSet:
        story, place = np.divmod(np.arange(STORIES * WORDS), WORDS)
        names = [f"story-{s}-word-{p}" for s, p in zip(story, place, strict=True)]
        return StimulusSet(names, text=self.words, context=[f"story-{s}" for s in story], order=place)

    def recordings(self) -> dict[str, xr.DataArray]:
        stimuli = self.stimuli()
        length = np.array([len(word) for word in self.words])
        before = np.where(stimuli.columns["order"] == 0, length.mean(), np.roll(length, 1))
        noise = np.random.default_rng(1).normal(size=(len(stimuli), 6))
        times = 60 + (30 * length + 15 * before)[:, None] + 120 * noise
        coords = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "story": ("presentation", stimuli.columns["context"]),
            "subject": ("subject", np.array(["s1", "s2", "s3", "s4", "s5", "s6"])),
        }
        return {"times": xr.DataArray(np.where(times < 100, np.nan, times), dims=("presentation", "subject"), coords=coords)}


class ReadingTimesCorrelation:
    """Correlation, over words, of the prediction with the mean time over subjects."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyStories")
        self._metric = fornix.load_metric("pearson", group="story")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), task=ReadingTimes()),)

    def score(self, responses):
        return self._metric(responses[0][ReadingTimes()], self._dataset.recordings()["times"].mean("subject"))

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Spillover()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Stories()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return ReadingTimesCorrelation()
