"""What ``fornix test`` needs of these benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import xarray as xr

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who answers as most people do."""
    votes: dict[str, Counter[str]] = {}
    for trials in fornix.load_dataset(identifier.removesuffix("-error_consistency")).recordings().values():
        for name, choice in zip(trials["stimulus_id"].values.tolist(), trials.values.tolist(), strict=True):
            votes.setdefault(name, Counter())[choice] += 1

    def respond(experiment: Experiment) -> Responses:
        names = experiment.stimuli.stimulus_id
        labels = np.array([votes[name].most_common(1)[0][0] for name in names.tolist()])
        answer = xr.DataArray(labels, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})
        return Responses({experiment.task: answer})

    return respond
