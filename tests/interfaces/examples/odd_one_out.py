"""Odd-one-out triplets: people are shown three images and say which fits least; so does the model.

The trial table has a row for each triplet and the slots a, b and c; the answer names a slot. The measurements are choices
of ten people. People disagree, so the score is corrected for chance (1/3) and for how often one person agrees with most of
the others; error and ceiling are resampled together, over people and over triplets.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Normalisation, OddOneOut, Responses, Score, StimulusSet, TrialTable
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups, with_uncertainty

CARDS = """
[[model]]
identifier = "toy-colour_judge"
title = "Chooses the image whose colour is farthest from the other two"
modalities = ["image"]
tasks = ["odd_one_out"]

[[dataset]]
identifier = "ToyTriplets"
title = "Simulated odd-one-out choices of ten people"
modalities = ["image"]
simulated = true

[[benchmark]]
identifier = "ToyTriplets-odd_one_out"
title = "Agreement with people's odd ones out"
modalities = ["image"]
tasks = ["odd_one_out"]
normalisation = "(s-p)/(c-p)"
chance = 0.3333333333333333
uses = { datasets = ["ToyTriplets"], metrics = [] }
"""

IMAGES, TRIPLETS, PEOPLE = 30, 300, 10
SLOTS = ("a", "b", "c")


def farthest(colours: np.ndarray) -> np.ndarray:
    """(..., 3): how far each of three colours (..., 3, channel) is from the other two."""
    return np.linalg.norm(colours[..., :, None, :] - colours[..., None, :, :], axis=-1).sum(axis=-1)


class ColourJudge:
    """Sees the mean colour of each image."""

    def respond(self, experiment: Experiment) -> Responses:
        task = experiment.task
        if not isinstance(task, OddOneOut) or experiment.recordings:
            raise NotAble("task", "this model finds odd ones out only")
        stimuli = experiment.stimuli
        colour = dict(zip(stimuli, (image.mean(axis=(0, 1)) for image in stimuli.contents["image"]), strict=True))
        shown = np.array([[colour[name] for name in experiment.trials.slots[slot]] for slot in task.slots]).swapaxes(0, 1)
        odd = np.array(task.slots)[farthest(shown).argmax(axis=1)]
        # one coordinate for each slot says what the answer is an answer to
        coords = {slot: ("trial", experiment.trials.slots[slot]) for slot in task.slots}
        return Responses({task: xr.DataArray(odd, dims=("trial",), coords=coords)})


class Triplets:
    """Plain colours; each person's eye for the differences is a little different."""

    def stimuli(self) -> StimulusSet:
        colours = np.random.default_rng(0).integers(0, 256, size=(IMAGES, 1, 1, 3), dtype=np.uint8)
        return StimulusSet([f"image-{i:02d}" for i in range(IMAGES)], image=[np.tile(colour, (4, 4, 1)) for colour in colours])

    def recordings(self) -> dict[str, xr.DataArray]:
        stimuli, rng = self.stimuli(), np.random.default_rng(1)
        shown = np.array([rng.choice(IMAGES, size=3, replace=False) for _ in range(TRIPLETS)])
        colours = np.array([image.mean(axis=(0, 1)) for image in stimuli.contents["image"]])[shown]
        evidence = farthest(colours)[:, None, :] + 60 * rng.normal(size=(TRIPLETS, PEOPLE, 3))
        coords = {
            **{slot: ("trial", stimuli.stimulus_id[shown[:, k]]) for k, slot in enumerate(SLOTS)},
            "subject": ("subject", np.array([f"person-{p}" for p in range(PEOPLE)])),
        }
        return {"choices": xr.DataArray(np.array(SLOTS)[evidence.argmax(axis=2)], dims=("trial", "subject"), coords=coords)}


class OddOneOutAgreement:
    """How often the model's odd one out is that of a person."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyTriplets")
        choices = self._dataset.recordings()["choices"]
        self._trials = TrialTable(**{slot: choices[slot].values for slot in SLOTS})
        self._choices = choices.values

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), task=OddOneOut(SLOTS), trials=self._trials),)

    def score(self, responses):
        model = responses[0][OddOneOut(SLOTS)].values
        agreed = self._choices == model[:, None]
        score = Score(float(agreed.mean()), units=xr.DataArray(agreed.mean(axis=0), dims=("subject",)), chance=1 / 3)
        score = with_uncertainty(score, self._resampled(lambda trials, people: agreed[np.ix_(trials, people)].mean()))
        return normalise(score, self.ceiling(), Normalisation.CHANCE, chance=1 / 3)

    def ceiling(self):
        """How often a person agrees with most of the others; a model without noise of its own may agree more."""

        def agreement(trials, people):
            votes = np.array([self._choices[np.ix_(trials, people)] == slot for slot in SLOTS])
            others = votes.sum(axis=2, keepdims=True) - votes
            # where others are divided, the person agrees with a part of them
            most = others == others.max(axis=0)
            return float((votes * most / most.sum(axis=0)).sum(axis=0).mean())

        value = agreement(np.arange(TRIPLETS), np.arange(PEOPLE))
        return with_uncertainty(Score(value, chance=1 / 3), self._resampled(agreement))

    def _resampled(self, agreement):
        """Replicates of agreement(trials, people) without each person, and without each of 20 groups of triplets."""
        trials, people = np.arange(TRIPLETS), np.arange(PEOPLE)
        groups = stimulus_groups(trials.astype(str))
        without_person = [agreement(trials, np.delete(people, p)) for p in people]
        without_triplets = [agreement(trials[groups != g], people) for g in range(groups.max() + 1)]
        return replicates_array({"subjects": (without_person, "jackknife"), "stimuli": (without_triplets, "jackknife")})


@hookimpl
def fornix_load_model(identifier, options):
    return ColourJudge()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Triplets()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return OddOneOutAgreement()
