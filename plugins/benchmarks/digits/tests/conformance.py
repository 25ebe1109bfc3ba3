"""What ``fornix test`` needs of this benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who knows the label of every digit."""
    labels = fornix.load_dataset("Digits").recordings()["label"]

    def respond(experiment: Experiment) -> Responses:
        shown = np.isin(labels["stimulus_id"].values, experiment.stimuli.stimulus_id)
        return Responses({experiment.task: labels[shown]})

    return respond
