"""What ``fornix test`` needs of these metrics: Procrustes is near its chance of 0 only where stimuli far outnumber neuroids."""

from __future__ import annotations

import numpy as np
import xarray as xr

Pair = tuple[xr.DataArray, xr.DataArray]


def examples(identifier: str, rng: np.random.Generator) -> dict[str, Pair] | None:
    if identifier != "procrustes":
        return None
    same = assembly(rng.normal(size=(120, 6)) @ rng.normal(size=(6, 15)))
    return {"identical": (same, same), "unrelated": (assembly(rng.normal(size=(1500, 3))), assembly(rng.normal(size=(1500, 3))))}


def assembly(values: np.ndarray) -> xr.DataArray:
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{k:04d}" for k in range(len(values))])),
        "neuroid_id": ("neuroid", np.array([f"n{k:02d}" for k in range(values.shape[1])])),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)
