"""What ``fornix test`` needs of this benchmark."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr

import fornix
from fornix.interfaces import Benchmark, Experiment, Responses


def oracle(identifier: str, benchmark: Benchmark) -> Callable[[Experiment], Responses]:
    """Who knows the mean reading time of every word."""
    dataset = "NaturalStories.misaligned" if identifier.endswith(".misaligned") else "NaturalStories"
    recordings = fornix.load_dataset(dataset).recordings().values()
    times = pd.concat([pd.Series(r.values, index=r["stimulus_id"].values) for r in recordings])
    means = times.groupby(level=0).mean()

    def respond(experiment: Experiment) -> Responses:
        names = experiment.stimuli.stimulus_id
        values = means.reindex(names).to_numpy(dtype=np.float64)
        answer = xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})
        return Responses({experiment.task: answer})

    return respond
