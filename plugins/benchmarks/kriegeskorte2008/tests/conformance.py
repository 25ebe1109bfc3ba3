"""What ``fornix test`` needs of these benchmarks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.distance import squareform

import fornix
from fornix.interfaces import Benchmark, Experiment, Gram, Responses
from fornix.numerics.linear.gram import GramAccumulator


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who answers with the measured dissimilarities, averaged over subjects."""
    (recording,) = (
        measured
        for name, measured in fornix.load_dataset(identifier.removesuffix("-rdm")).recordings().items()
        if name in ("IT", "similarity")
    )
    dissimilarities = recording.mean("subject") if "subject" in recording.dims else recording

    def respond(experiment: Experiment) -> Responses:
        if experiment.task is not None:
            return Responses({experiment.task: dissimilarities})
        gram = with_dissimilarities(dissimilarities.values, experiment.stimuli.stimulus_id)
        return Responses({asked: gram for asked in experiment.recordings})

    return respond


def with_dissimilarities(vector: np.ndarray, stimulus_id: np.ndarray) -> Gram:
    """Features whose correlation distances are the given ones: a root of 1 - distance, and its negative, so that each row
    has mean 0 and length 1."""
    values, vectors = np.linalg.eigh(1 - squareform(vector))
    root = vectors * np.sqrt(np.clip(values, 0, None))
    accumulator = GramAccumulator(len(stimulus_id))
    accumulator.add(np.hstack([root, -root]))
    return accumulator.gram(stimulus_id)
