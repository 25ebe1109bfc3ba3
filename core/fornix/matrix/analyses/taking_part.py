"""Which models take part in an analysis of a benchmark, and why the others do not."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.registry.options import did_you_mean


def left_out(matrix: xr.Dataset, *, controls: bool = True) -> NDArray[np.str_]:
    """Why each cell takes no part in an analysis; empty where it does.

    Cells that are in rankings take part: a score of a model that was trained on the responses it is scored on, or of unknown
    error, would tell of that and not of models.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
        As :func:`fornix.matrix.assemble.assemble` gives it.
    controls : bool
        Whether models that their cards call controls take part.

    Returns
    -------
    (model, benchmark) str
    """
    status, reason, flags = (matrix[name].values.astype(object) for name in ("status", "reason", "flags"))
    empty = np.where(reason == "", status, status + ": " + reason)
    found = np.where(matrix["ranked"].values, "", "out of rankings: " + flags)
    found = np.where(np.isfinite(matrix["value"].values), found, "no value")
    found = np.where(status == "ok", found, empty)
    if not controls:
        found = np.where((found == "") & matrix["control"].values[:, None], "a control", found)
    return np.asarray(found, dtype=np.str_)


def place_of(matrix: xr.Dataset, benchmark: str) -> int:
    """The column of a benchmark.

    Raises
    ------
    UsageError
        If the matrix has none of that name.
    """
    names = matrix["benchmark"].values.tolist()
    if benchmark not in names:
        raise UsageError(f"the matrix has no benchmark {benchmark}{did_you_mean(benchmark, names)}")
    return int(names.index(benchmark))
