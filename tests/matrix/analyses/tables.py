"""Matrices of any size with made-up scores, as the assembly gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike


def table(
    value: ArrayLike,
    *,
    error: float = 0.02,
    models: Sequence[str] = (),
    benchmarks: Sequence[str] = (),
    parents: Sequence[str] = (),
    **of_models: ArrayLike,
) -> xr.Dataset:
    """A matrix with these scores; NaN: skipped for its modality. Further numbers are coordinates on model."""
    value = np.asarray(value, dtype=np.float64)
    n, k = value.shape
    dims = ("model", "benchmark")
    filled = np.isfinite(value)
    parent = list(parents) or [""] * k
    names = list(benchmarks) or [f"B{j}" for j in range(k)]
    empty = np.full(value.shape, "", dtype="<U80")
    return xr.Dataset(
        {
            "value": (dims, value),
            "error": (dims, np.where(filled, error, np.nan)),
            "interval_low": (dims, value - 2 * error),
            "interval_high": (dims, value + 2 * error),
            "status": (dims, np.where(filled, "ok", "skipped").astype("<U12")),
            "reason": (dims, np.where(filled, "", "modality").astype("<U40")),
            "flags": (dims, empty.copy()),
            "normalisation": (dims, np.where(filled, "none", "").astype("<U12")),
            "ranked": (dims, filled),
        },
        coords={
            "model": list(models) or [f"m{i}" for i in range(n)],
            "benchmark": names,
            "control": ("model", np.zeros(n, dtype=bool)),
            "parent": ("benchmark", parent),
            "leaf": ("benchmark", [name not in parent for name in names]),
            **{name: ("model", np.asarray(numbers, dtype=np.float64)) for name, numbers in of_models.items()},
        },
    )


def flag(matrix: xr.Dataset, model: str, benchmark: str, why: str) -> None:
    """Take a cell out of rankings."""
    at = {"model": model, "benchmark": benchmark}
    matrix["flags"].loc[at] = why
    matrix["ranked"].loc[at] = False
