"""What ``fornix test`` needs of these metrics: behaviour has labels and trials instead of neuroids."""

from __future__ import annotations

import numpy as np
import xarray as xr

Pair = tuple[xr.DataArray, xr.DataArray]


def examples(identifier: str, rng: np.random.Generator) -> dict[str, Pair]:
    if identifier == "error_consistency":
        right = rng.random((9, 300)) > 0.4
        same = np.broadcast_to(right[0], right.shape)
        return {"identical": (labels(right[0]), trials(same)), "unrelated": (labels(rng.random(300) > 0.5), trials(right))}
    if identifier == "accuracy":
        # A hundred names, so that a right one by chance is as rare as the card's chance of 0 has it.
        truth, guess = (by_stimulus(rng.choice([f"name{k:02d}" for k in range(100)], size=400)) for _ in range(2))
        return {"identical": (truth, truth), "unrelated": (guess, truth)}
    x, y = (by_stimulus(rng.normal(size=300)) for _ in range(2))
    return {"identical": (x, x), "unrelated": (x, y)}


def by_stimulus(values: np.ndarray) -> xr.DataArray:
    names = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


def labels(right: np.ndarray) -> xr.DataArray:
    return by_stimulus(np.where(right, "cat", "dog"))


def trials(right: np.ndarray) -> xr.DataArray:
    """(subject, image) decisions in three conditions."""
    n_subjects, n_images = right.shape
    columns = {
        "subject": np.repeat([f"subject-{k}" for k in range(n_subjects)], n_images),
        "stimulus_id": np.tile([f"s{k:03d}" for k in range(n_images)], n_subjects),
        "condition": np.tile([f"c{k % 3}" for k in range(n_images)], n_subjects),
        "category": np.full(right.size, "cat"),
    }
    choices = np.where(right, "cat", "dog").ravel()
    return xr.DataArray(choices, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})
