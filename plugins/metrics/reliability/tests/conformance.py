"""What ``fornix test`` needs of these metrics: recordings with repetitions or subjects, each compared with itself."""

from __future__ import annotations

import numpy as np
import xarray as xr


def examples(identifier: str, rng: np.random.Generator) -> dict[str, tuple[xr.DataArray, xr.DataArray]]:
    if identifier == "rsa_ceiling":
        shared, own = rng.normal(size=(30, 12)), rng.normal(size=(30, 72))
        alike, strangers = subjects(np.tile(shared, 6)), subjects(own)
        return {"identical": (alike, alike), "unrelated": (strangers, strangers)}
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


def subjects(responses: np.ndarray) -> xr.DataArray:
    """(stimulus, neuroid) responses of six subjects, neuroid beside neuroid."""
    n_stimuli, n_neuroids = responses.shape
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{k:03d}" for k in range(n_stimuli)])),
        "neuroid_id": ("neuroid", np.array([f"n{k:02d}" for k in range(n_neuroids)])),
        "subject": ("neuroid", np.repeat([f"subject-{k}" for k in range(6)], n_neuroids // 6)),
    }
    return xr.DataArray(responses, dims=("presentation", "neuroid"), coords=coords)
