"""Absent stimuli: the sentences may not be passed on, but a model's surprisal at each of them was published.

A stimulus without content is known by its ``stimulus_id`` alone. Only a model that replays published responses can answer it:
the card of the dataset says ``stimuli = "absent"`` and the model's says which datasets it ``replays``; the planner skips all
others.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Responses, StimulusSet, Surprisal

CARDS = """
[[model]]
identifier = "toy-replay"
title = "Published surprisal of a model that is not at hand"
modalities = ["text"]
tasks = ["surprisal"]
replays = ["ToySecret"]

[[dataset]]
identifier = "ToySecret"
title = "Simulated mean reading times of sentences that are not distributed"
modalities = ["text"]
stimuli = "absent"
simulated = true

[[benchmark]]
identifier = "ToySecret-surprisal"
title = "Correlation of surprisal with reading times of sentences"
modalities = ["text"]
tasks = ["surprisal"]
uses = { datasets = ["ToySecret"], metrics = ["pearson"] }
"""

SENTENCES = 80
NAMES = [f"secret-{s:02d}" for s in range(SENTENCES)]
#: In bits; in a real plugin a file of the card, read by ``fornix.card_file``.
PUBLISHED = dict(zip(NAMES, np.random.default_rng(0).gamma(4, 10, size=SENTENCES).round(3).tolist(), strict=True))


class Replay:
    """Looks surprisal up by stimulus_id."""

    def respond(self, experiment: Experiment) -> Responses:
        task, stimuli = experiment.task, experiment.stimuli
        if not isinstance(task, Surprisal) or experiment.recordings:
            raise NotAble("task", "this model replays surprisal only")
        unknown = [name for name in stimuli if name not in PUBLISHED]
        if unknown:
            raise NotAble("stimuli", f"no surprisal was published for {len(unknown)} stimuli, for example {unknown[0]!r}")
        ids = {"stimulus_id": ("presentation", stimuli.stimulus_id)}
        return Responses({task: xr.DataArray([PUBLISHED[name] for name in stimuli], dims=("presentation",), coords=ids)})


class Secret:
    """Names of sentences; a column of None says that they are texts, and that these are not here."""

    def stimuli(self) -> StimulusSet:
        return StimulusSet(NAMES, text=[None] * SENTENCES)

    def recordings(self) -> dict[str, xr.DataArray]:
        times = 250 + 3 * np.array([PUBLISHED[name] for name in NAMES]) + 30 * np.random.default_rng(1).normal(size=SENTENCES)
        return {"times": xr.DataArray(times, dims=("presentation",), coords={"stimulus_id": ("presentation", np.array(NAMES))})}


class SurprisalCorrelation:
    """Correlation, over sentences, of surprisal with reading times."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToySecret")
        self._metric = fornix.load_metric("pearson")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), task=Surprisal()),)

    def score(self, responses):
        return self._metric(responses[0][Surprisal()], self._dataset.recordings()["times"])

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Replay()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Secret()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return SurprisalCorrelation()
