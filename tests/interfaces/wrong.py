"""Models that are wrong on purpose, for tests that must be able to fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fornix.interfaces import Experiment, Model, Responses, StimulusSet

#: Conditions that belong to what is shown, and move with it.
OF_THE_CONTENT = ("duration_ms", "visual_degrees", "sound_level_db", "sample_rate_hz", "frame_rate_hz")


class Misled:
    """Answers as the model would if the stimuli had been shuffled behind its back."""

    def __init__(self, model: Model, seed: int) -> None:
        self._model, self._seed = model, seed

    def respond(self, experiment: Experiment) -> Responses:
        stimuli = experiment.stimuli
        order = np.random.default_rng(self._seed).permutation(len(stimuli))
        if stimuli.absent:
            answers = self._model.respond(replace(experiment, stimuli=stimuli.take(order)))
            ids = ("presentation", stimuli.stimulus_id)
            return Responses({asked: given.assign_coords(stimulus_id=ids) for asked, given in answers.items()})
        columns: dict[str, Any] = {name: [column[row] for row in order] for name, column in stimuli.contents.items()}
        for name, column in stimuli.columns.items():
            columns[name] = column[order] if name in OF_THE_CONTENT else column
        return self._model.respond(replace(experiment, stimuli=StimulusSet(stimuli.stimulus_id, **columns)))
