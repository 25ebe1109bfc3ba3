"""What ``fornix test`` needs of these metrics: what unrelated responses score by Procrustes, which is no fixed number."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.linalg import orthogonal_procrustes

Pair = tuple[xr.DataArray, xr.DataArray]


def chance(identifier: str, unrelated: Pair) -> float:
    """The mean over permutations of the stimuli, by scipy: 1 - 2/pi arccos of the cosine after the best orthogonal map."""
    x, y = (side.values - side.values.mean(axis=0) for side in unrelated)
    width = max(x.shape[1], y.shape[1])
    x, y = (np.pad(side, ((0, 0), (0, width - side.shape[1]))) / np.linalg.norm(side) for side in (x, y))
    rng = np.random.default_rng(1)
    cosines = [orthogonal_procrustes(x[rng.permutation(len(x))], y)[1] for _ in range(200)]
    return float(np.mean(1 - 2 / np.pi * np.arccos(cosines)))
