"""What ``fornix test`` needs of this benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who knows the mean rating of every pair."""
    ratings = fornix.load_dataset("Golan2023").recordings()["ratings"].mean("subject")
    bits = dict.fromkeys(ratings["stimulus_a"].values.tolist(), 50.0)
    bits |= dict(zip(ratings["stimulus_b"].values.tolist(), (50 - ratings.values).tolist(), strict=True))

    def respond(experiment: Experiment) -> Responses:
        names = experiment.stimuli.stimulus_id
        values = np.array([bits[name] for name in names.tolist()])
        answer = xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})
        return Responses({experiment.task: answer})

    return respond
