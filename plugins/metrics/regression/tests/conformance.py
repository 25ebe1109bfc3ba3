"""What ``fornix test`` needs of these metrics: banded ridge tells feature spaces apart; the others take the suite's examples."""

from __future__ import annotations

import numpy as np
import xarray as xr

Pair = tuple[xr.DataArray, xr.DataArray]


def examples(identifier: str, rng: np.random.Generator) -> dict[str, Pair] | None:
    if identifier != "banded_ridge":
        return None
    latent = rng.normal(size=(120, 6))
    measured = assembly(latent @ rng.normal(size=(6, 15)))
    both = [latent @ rng.normal(size=(6, 20)), rng.normal(size=(120, 10))]
    nothing = [rng.normal(size=(120, 20)), rng.normal(size=(120, 10))]
    unrelated = (spaces(nothing), assembly(rng.normal(size=(120, 15))))
    return {"identical": (spaces(both), measured), "unrelated": unrelated}


def assembly(values: np.ndarray) -> xr.DataArray:
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{k:03d}" for k in range(len(values))])),
        "neuroid_id": ("neuroid", np.array([f"n{k:02d}" for k in range(values.shape[1])])),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def spaces(values: list[np.ndarray]) -> xr.DataArray:
    names = np.repeat(["first", "second"], [v.shape[1] for v in values])
    return assembly(np.hstack(values)).assign_coords(feature_space=("neuroid", names))
