"""How alike benchmarks order models: correlations between the columns of a matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from scipy.stats import norm

from fornix.matrix.analyses.taking_part import left_out, place_of

#: Two points always correlate perfectly.
FEWEST = 3


def benchmark_correlations(matrix: xr.Dataset, benchmarks: Sequence[str] | None = None, *, controls: bool = True) -> xr.Dataset:
    """Correlations between benchmarks over the models that have a ranked score on both.

    They are correlations of measured scores: errors of the scores make them smaller than those of true scores, unless two
    benchmarks share what the errors come from (stimuli, subjects, neuroids), which makes them larger. Models of one family
    count as models each.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
    benchmarks : sequence of str, optional
        Default: those without a parent.
    controls : bool
        Whether models that their cards call controls take part.

    Returns
    -------
    Dataset, dims (benchmark, other)
        spearman and pearson, NaN where fewer than 3 models have both or the scores of one do not vary; n, how many models have
        both; and the 95 % intervals, pearson_low, pearson_high, spearman_low, spearman_high, for models drawn at random
        (NaN below 4 models): ``tanh(atanh(r) -+ 1.96 f/sqrt(n - 3))``, with f = 1 for Pearson's (Fisher's z, for normal
        distributions) and ``f = sqrt(1 + r^2/2)`` for Spearman's (Bonett and Wright, Psychometrika 2000). On benchmark:
        ``left_out``, how many cells with a value take no part, and ``order``, the place of a benchmark where like stands
        beside like: average linkage of ``1 - spearman``, with 2, the farthest, for pairs without a correlation.

    Raises
    ------
    UsageError
        If the matrix has no benchmark of a name.
    """
    names = matrix["benchmark"].values[matrix["parent"].values == ""].tolist() if benchmarks is None else list(benchmarks)
    places = [place_of(matrix, name) for name in names]
    value = matrix["value"].values[:, places]
    taking_part = (left_out(matrix, controls=controls) == "")[:, places]
    scores = pd.DataFrame(np.where(taking_part, value, np.nan))
    pearson, spearman = (_correlations(scores, method) for method in ("pearson", "spearman"))
    n = taking_part.astype(np.int64).T @ taking_part.astype(np.int64)
    intervals = {
        "pearson": _interval(pearson, n, np.ones_like(pearson)),
        "spearman": _interval(spearman, n, np.sqrt(1 + spearman**2 / 2)),
    }
    dims = ("benchmark", "other")
    return xr.Dataset(
        {
            "spearman": (dims, spearman),
            "pearson": (dims, pearson),
            **{f"{name}_{end}": (dims, ends[at]) for name, ends in intervals.items() for at, end in enumerate(("low", "high"))},
            "n": (dims, n),
        },
        coords={
            "benchmark": np.array(names, dtype=np.str_),
            "other": np.array(names, dtype=np.str_),
            "left_out": ("benchmark", (np.isfinite(value) & ~taking_part).sum(axis=0)),
            "order": ("benchmark", _order(spearman)),
        },
    )


def _correlations(scores: pd.DataFrame, method: str) -> NDArray[np.float64]:
    found = scores.corr(method=method, min_periods=FEWEST).to_numpy(dtype=np.float64, copy=True)
    return np.asarray(np.clip(found, -1.0, 1.0))  # rounding may leave them a little beyond


def _interval(r: NDArray[np.float64], n: NDArray[np.int64], factor: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, benchmark, other): the ends of the intervals."""
    # of two benchmarks without scatter, and of one with itself, z is infinite: the interval is the point
    with np.errstate(divide="ignore", invalid="ignore"):
        half = norm.ppf(0.975) * factor / np.sqrt(np.where(n > FEWEST, n - 3.0, np.nan))
        return np.asarray(np.tanh(np.stack([np.arctanh(r) - half, np.arctanh(r) + half])))


def _order(r: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each benchmark among the leaves of the tree."""
    places = np.zeros(len(r), dtype=np.int64)
    if len(r) > 1:
        distance = np.where(np.isfinite(r), 1.0 - r, 2.0)
        np.fill_diagonal(distance, 0.0)
        near = squareform((distance + distance.T) / 2, checks=False)
        tree = hierarchy.linkage(near, method="average", optimal_ordering=True)
        places[hierarchy.leaves_list(tree)] = np.arange(len(r))
    return places
