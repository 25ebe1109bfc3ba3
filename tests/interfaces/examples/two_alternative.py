"""Two-alternative choice: which of two objects is the one in the sample?

The trial table has the slots sample, left and right. The task's slots are the two alternatives, and what is in the other slot
tells what is looked for. The score is how often the model does what people did, right or wrong; chance is one half. It has
no ceiling, so it is published as it is.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Choice, Experiment, Responses, Score, StimulusSet, TrialTable
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups, with_uncertainty

CARDS = """
[[model]]
identifier = "toy-matcher"
title = "Matches pictures by the correlation of their pixels"
modalities = ["image"]
tasks = ["choice"]

[[dataset]]
identifier = "ToyMatching"
title = "Simulated match-to-sample choices"
modalities = ["image"]
simulated = true

[[benchmark]]
identifier = "ToyMatching-choice"
title = "Agreement with people's matches"
modalities = ["image"]
tasks = ["choice"]
chance = 0.5
uses = { datasets = ["ToyMatching"], metrics = [] }
"""

OBJECTS, VIEWS, TRIALS = 8, 5, 320
LEFT_OR_RIGHT = Choice(("left", "right"))


class Matcher:
    """Picks the alternative that correlates most with the sample."""

    def respond(self, experiment: Experiment) -> Responses:
        task = experiment.task
        if not isinstance(task, Choice) or experiment.recordings:
            raise NotAble("task", "this model matches to samples only")
        stimuli, slots = experiment.stimuli, experiment.trials.slots
        samples = [slot for slot in slots if slot not in task.slots]
        if len(samples) != 1:
            raise NotAble("task", f"this model needs one sample in each trial; the trials have {len(samples)}")
        pixels = dict(zip(stimuli, (image.ravel().astype(np.float64) for image in stimuli.contents["image"]), strict=True))
        likeness = np.array(
            [
                [
                    np.corrcoef(pixels[sample], pixels[name])[0, 1]
                    for sample, name in zip(slots[samples[0]], slots[slot], strict=True)
                ]
                for slot in task.slots
            ]
        )
        return Responses({task: xr.DataArray(np.array(task.slots)[likeness.argmax(axis=0)], dims=("trial",))})


class Matching:
    """Noisy views of eight patterns, and trials with the side that each of five people chose."""

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(0)
        patterns = np.repeat(rng.normal(size=(OBJECTS, 6, 6, 1)), VIEWS, axis=0)
        views = 128 + 30 * (patterns + 0.7 * rng.normal(size=patterns.shape))
        pixels = np.repeat(np.clip(views, 0, 255), 3, axis=3).astype(np.uint8)
        # the names are in an order that does not tell the object
        self._object = rng.permutation(np.repeat(np.arange(OBJECTS), VIEWS))
        order = np.argsort(np.argsort(self._object, kind="stable"))
        return StimulusSet([f"image-{i:02d}" for i in range(len(order))], image=list(pixels[order]))

    def recordings(self) -> dict[str, xr.DataArray]:
        names = self.stimuli().stimulus_id
        rng = np.random.default_rng(1)
        sample, match, other, right_is_match = [], [], [], rng.random(TRIALS) < 0.5
        for _ in range(TRIALS):
            first, second = rng.choice(OBJECTS, size=2, replace=False)
            a, b = rng.choice(np.flatnonzero(self._object == first), size=2, replace=False)
            sample.append(names[a])
            match.append(names[b])
            other.append(names[rng.choice(np.flatnonzero(self._object == second))])
        correct = rng.random((TRIALS, 5)) < 0.9
        chosen = np.where(correct == right_is_match[:, None], "right", "left")
        coords = {
            "sample": ("trial", np.array(sample)),
            "left": ("trial", np.where(right_is_match, other, match)),
            "right": ("trial", np.where(right_is_match, match, other)),
            "subject": ("subject", np.array([f"person-{p}" for p in range(5)])),
        }
        return {"choices": xr.DataArray(chosen, dims=("trial", "subject"), coords=coords)}


class ChoiceAgreement:
    """How often the model's choice is a person's."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyMatching")
        self._choices = self._dataset.recordings()["choices"]
        self._trials = TrialTable(**{slot: self._choices[slot].values for slot in ("sample", "left", "right")})

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), task=LEFT_OR_RIGHT, trials=self._trials),)

    def score(self, responses):
        agreed = self._choices.values == responses[0][LEFT_OR_RIGHT].values[:, None]
        # trials with one sample stand or fall together
        groups = stimulus_groups(self._choices["sample"].values)
        without = [agreed[groups != g].mean() for g in range(groups.max() + 1)]
        units = xr.DataArray(agreed.mean(axis=0), dims=("subject",), coords={"subject": self._choices["subject"]})
        score = Score(float(agreed.mean()), units=units, chance=0.5)
        return with_uncertainty(score, replicates_array({"stimuli": (without, "jackknife")}))

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Matcher()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Matching()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return ChoiceAgreement()
