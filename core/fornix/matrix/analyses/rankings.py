"""The models of one benchmark in the order of their scores."""

from __future__ import annotations

import numpy as np
import xarray as xr

from fornix.matrix.analyses.taking_part import left_out, place_of

_NUMBERS = ("value", "error", "interval_low", "interval_high")
_RANKS = ("rank", "rank_low", "rank_high")


def ranking(matrix: xr.Dataset, benchmark: str) -> xr.Dataset:
    """The models that have a value on a benchmark, the best first, with those that are out of rankings behind.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
        Ranks are taken from it where it has them: variables rank, rank_low, rank_high.
    benchmark : str
        A leaf or a parent.

    Returns
    -------
    Dataset, dim model
        value, error, interval_low, interval_high; rank, rank_low, rank_high (NaN where not known or not ranked); left_out, why a
        model is out of rankings (empty where it is not). Attributes: benchmark, normalisation, and ``empty``, how many models
        have no value.

    Raises
    ------
    UsageError
        If the matrix has no such benchmark.
    """
    column = matrix.isel(benchmark=place_of(matrix, benchmark))
    why = left_out(matrix)[:, place_of(matrix, benchmark)]
    value = column["value"].values
    (filled,) = np.nonzero(np.isfinite(value))
    ranks = {name: column[name].values if name in matrix else np.full(value.shape, np.nan) for name in _RANKS}
    # sorted is stable, so equal scores stay in the order of the matrix
    order = sorted(filled.tolist(), key=lambda i: (why[i] != "", np.nan_to_num(ranks["rank"][i], nan=0.0), -value[i]))
    words = column["normalisation"].values[order]
    return xr.Dataset(
        {
            **{name: ("model", column[name].values[order]) for name in _NUMBERS},
            **{name: ("model", ranks[name][order]) for name in _RANKS},
            "left_out": ("model", why[order]),
        },
        coords={"model": matrix["model"].values[order], "control": ("model", matrix["control"].values[order])},
        attrs={
            "benchmark": benchmark,
            "normalisation": str(words[0]) if len(words) else "",
            "empty": matrix.sizes["model"] - len(order),
        },
    )
