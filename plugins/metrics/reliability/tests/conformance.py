"""What ``fornix test`` needs of this metric: recordings with repetitions, each compared with itself."""

from __future__ import annotations

import numpy as np
import xarray as xr


def examples(identifier: str, rng: np.random.Generator) -> dict[str, tuple[xr.DataArray, xr.DataArray]]:
    signal, noise = rng.normal(size=(1, 120, 15)), rng.normal(size=(6, 120, 15))
    repeatable, unrepeatable = repetitions(np.broadcast_to(signal, noise.shape)), repetitions(noise)
    return {"identical": (repeatable, repeatable), "unrelated": (unrepeatable, unrepeatable)}


def repetitions(cube: np.ndarray) -> xr.DataArray:
    """(repetition, stimulus, neuroid) as presentations."""
    n_repetitions, n_stimuli, n_neuroids = cube.shape
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:03d}" for k in range(n_stimuli)], n_repetitions)),
        "repetition": ("presentation", np.repeat(np.arange(n_repetitions), n_stimuli)),
        "neuroid_id": ("neuroid", np.array([f"n{k:02d}" for k in range(n_neuroids)])),
    }
    return xr.DataArray(cube.reshape(-1, n_neuroids), dims=("presentation", "neuroid"), coords=coords)
