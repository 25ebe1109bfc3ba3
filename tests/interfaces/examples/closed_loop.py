"""Closed loop: a staircase finds the contrast that is just seen; what is shown next depends on what was answered.

Each round asks, at one contrast, which of two noisy images holds the sample's pattern. Mostly right: the next round has half
of the contrast; else twice. The rounds are made from ``so_far`` alone, as each may be asked of a new object in a new process.
The score is 1 where the model's threshold is that of people, and 0 where they are four octaves apart, as for a guesser.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

import fornix
from fornix import hookimpl
from fornix.interfaces import Choice, Experiment, Score, StimulusSet, TrialTable
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty

CARDS = """
[[dataset]]
identifier = "ToyThresholds"
title = "Simulated contrast thresholds of nine people"
modalities = ["image"]
simulated = true

[[benchmark]]
identifier = "ToyThresholds-staircase"
title = "Contrast threshold by a staircase"
modalities = ["image"]
tasks = ["choice"]
uses = { datasets = ["ToyThresholds"], metrics = [] }
"""

ROUNDS, TRIALS = 6, 32
#: Octaves between the model's threshold and people's at which the score is 0.
WORST_OCTAVES = 4.0
SIDES = Choice(("left", "right"))


class Thresholds:
    """The noise and the pattern, and the contrast that each person just sees."""

    def stimuli(self) -> StimulusSet:
        return self.at_contrast(1.0, 0)[0]

    def at_contrast(self, contrast: float, number: int) -> tuple[StimulusSet, np.ndarray]:
        """A sample, then pairs of images of which one holds the pattern, and whether it is the right one."""
        rng = np.random.default_rng(number)
        pattern = np.sign(np.sin(np.arange(8)))[None, :, None]
        on_right = rng.random(TRIALS) < 0.5
        images = [np.tile(128 + 60 * pattern, (8, 1, 3))]
        for right in on_right:
            images += [128 + 60 * contrast * pattern * (side == right) + 20 * rng.normal(size=(8, 8, 1)) for side in (0, 1)]
        pixels = [np.clip(np.broadcast_to(image, (8, 8, 3)), 0, 255).astype(np.uint8) for image in images]
        names = ["sample", *(f"trial-{t}-{side}" for t in range(TRIALS) for side in SIDES.slots)]
        return StimulusSet([f"round-{number}-{name}" for name in names], image=pixels), on_right

    def recordings(self) -> dict[str, xr.DataArray]:
        people = np.array([f"person-{p}" for p in range(9)])
        octaves = -4 + 0.3 * np.random.default_rng(3).normal(size=9)
        return {"threshold": xr.DataArray(2.0**octaves, dims=("subject",), coords={"subject": people})}


class Staircase:
    """Six rounds; the threshold is the mean contrast (in octaves) that the last three of them led to."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToyThresholds")

    def experiments(self, so_far=()):
        if len(so_far) == ROUNDS:
            return ()
        stimuli, _ = self._dataset.at_contrast(self._contrasts(so_far)[-1], len(so_far))
        sample, pairs = stimuli.stimulus_id[0], stimuli.stimulus_id[1:].reshape(TRIALS, 2)
        trials = TrialTable(sample=[sample] * TRIALS, left=pairs[:, 0], right=pairs[:, 1])
        return (Experiment(stimuli, task=SIDES, trials=trials),)

    def _contrasts(self, so_far):
        """The contrast of every round so far, and of the next."""
        contrasts = [1.0]
        for number, responses in enumerate(so_far):
            _, on_right = self._dataset.at_contrast(contrasts[-1], number)
            right = (responses[SIDES].values == np.where(on_right, "right", "left")).mean()
            contrasts.append(min(1.0, contrasts[-1] * (0.5 if right > 0.75 else 2.0)))
        return contrasts

    def score(self, responses):
        threshold = np.log2(self._contrasts(responses)[-3:]).mean()
        people = np.log2(self._dataset.recordings()["threshold"].values)

        def closeness(octaves):
            return float(1 - min(abs(threshold - octaves), WORST_OCTAVES) / WORST_OCTAVES)

        without = [closeness(np.delete(people, p).mean()) for p in range(len(people))]
        score = Score(closeness(people.mean()), details={"threshold_octaves": float(threshold)})
        return with_uncertainty(score, replicates_array({"subjects": (without, "jackknife")}))

    def ceiling(self):
        return None


@hookimpl
def fornix_load_dataset(identifier, options):
    return Thresholds()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return Staircase()
