"""A small matrix with values, failures and skips."""

from __future__ import annotations

import numpy as np
import xarray as xr


def matrix() -> xr.Dataset:
    """Two image models on a parent with two leaves, one text model on one benchmark."""
    models = ["images", "controls", "words"]
    benchmarks = ["V4", "V4.a", "V4.b", "Text"]
    value = np.array([[0.5, 0.4, 0.6, np.nan], [np.nan, 0.1, np.nan, np.nan], [np.nan, np.nan, np.nan, 0.9]])
    status = np.where(np.isfinite(value), "ok", "skipped")
    status[1, 0] = status[1, 2] = "failed"
    words = {name: np.full(value.shape, "", dtype="U60") for name in ("reason", "why", "notes", "flags", "coverage", "key")}
    words["reason"][status == "skipped"] = "modality"
    words["reason"][1, 2] = "RuntimeError: it broke"
    words["why"][0, 3] = "Text shows text, images takes image"
    words["why"][2, 1] = "V4.a shows image, words takes text"
    words["why"][2, 2] = "V4.b shows image, words takes text"
    words["notes"][2, 3] = "map selected on same subject"
    words["flags"][0, 0] = "trained on the same subjects (a)"
    dims = ("model", "benchmark")
    return xr.Dataset(
        {
            "value": (dims, value),
            "error": (dims, np.where(np.isfinite(value), 0.05, np.nan)),
            "status": (dims, status),
            "normalisation": (dims, np.where(np.isfinite(value), "none", "")),
            **{name: (dims, array) for name, array in words.items()},
        },
        coords={
            "model": models,
            "benchmark": benchmarks,
            "parent": ("benchmark", ["", "V4", "V4", ""]),
            "leaf": ("benchmark", [False, True, True, True]),
            "simulated": ("benchmark", [False, False, False, True]),
        },
    )
