"""Benchmarks that each break one promise; ``Good-rdm`` breaks none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

import fornix
from fornix import hookimpl
from fornix.interfaces import Experiment, Normalisation, Recording, Responses, Score, Similarity
from fornix.numerics.ceilings.normalisation import normalise

HOWS = {
    "Good-rdm": set(),
    "OtherRegion-rdm": {"what_the_card_says"},
    "OtherTask-rdm": {"what_the_card_says"},
    "Moody-rdm": {"what_the_card_says"},
    "Endless-rdm": {"oracle_reaches", "models_of_nothing"},
    "Shuffled-rdm": {"oracle_reaches"},
    "Generous-rdm": {"models_of_nothing"},
    "Certain-rdm": {"models_of_nothing"},
    "Vague-rdm": {"models_of_nothing"},
    "TwoCeilings-rdm": {"the_ceiling_is_the_same"},
    "HighCeiling-rdm": {"the_ceiling_is_the_same"},
    "Undeclared-rdm": {"what_was_normalised"},
    "Secretive-rdm": {"what_was_normalised"},
}
CARDS = "".join(
    f"""
[[benchmark]]
identifier = "{name}"
title = "A benchmark for tests of the conformance suite"
modalities = ["image"]
regions = ["IT"]
normalisation = "{"none" if name != "HighCeiling-rdm" else "s/c"}"
uses = {{ datasets = ["Good"], metrics = ["metric-good"] }}
"""
    for name in HOWS
)
#: The plugin's tests/conformance.py.
GIVEN = """
import fornix
from fornix.interfaces import Responses


def oracle(identifier, benchmark):
    mean = fornix.load_dataset("Good").recordings()["IT"].groupby("stimulus_id").mean()
    mean = mean.rename(stimulus_id="presentation").reset_coords(drop=True)

    def respond(experiment):
        names = experiment.stimuli.stimulus_id
        values = mean.sel(presentation=names).drop_vars("presentation")
        values = values.assign_coords(stimulus_id=("presentation", names))
        return Responses({asked: values for asked in experiment.recordings})

    return respond
"""
COUNT = itertools.count(1)


class Broken:
    def __init__(self, how: str) -> None:
        self.how = how
        dataset = fornix.load_dataset("Good")
        self.stimuli = dataset.stimuli()
        recording = dataset.recordings()["IT"]
        mean = recording.values.reshape(6, 12, 4).mean(axis=0)
        self.target = recording[:12].copy(data=mean).drop_vars("repetition")
        self.metric = fornix.load_metric("metric-good")

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        if so_far and self.how != "Endless":
            return ()
        region = "V1" if self.how == "OtherRegion" else "IT"
        seed = next(COUNT) if self.how == "Moody" else 0
        task = Similarity() if self.how == "OtherTask" else None
        return (Experiment(self.stimuli, (Recording(region),), task=task, seed=seed),)

    def score(self, responses: Sequence[Responses]) -> Score:
        (answer,) = (value for asked, value in responses[0].items() if isinstance(asked, Recording))
        if self.how == "Shuffled":
            answer = answer.copy(data=answer.values[np.random.default_rng(3).permutation(len(answer))])
        found = self.metric(answer, self.target)
        if self.how == "Generous":
            low, high = found.interval
            return found.with_(value=found.value + 2, interval=(low + 2, high + 2))
        if self.how == "Certain":
            return found.with_(error=math.nan)
        if self.how == "Vague":
            return found.with_(error=math.inf)
        if self.how == "TwoCeilings":
            return found.with_(ceiling=Score(0.9))
        if self.how == "HighCeiling":
            return normalise(found, self.ceiling(), Normalisation.RATIO)
        if self.how == "Undeclared":
            return normalise(found, Score(0.9, error=0), Normalisation.RATIO).with_(ceiling=None)
        return found.with_(resampled=()) if self.how == "Secretive" else found

    def ceiling(self) -> Score | None:
        return Score(1.5, error=0.0) if self.how == "HighCeiling" else None


@hookimpl
def fornix_load_benchmark(identifier, options):
    return Broken(identifier.removesuffix("-rdm"))
