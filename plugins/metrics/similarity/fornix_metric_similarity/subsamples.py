"""Brain-Score's means over random subsamples of the stimuli."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import xarray as xr

from fornix.errors import UsageError
from fornix.interfaces import AssemblyError, Score
from fornix.numerics.backends import AnyArray
from fornix.numerics.definition import Definition
from fornix.numerics.splits import split_plan
from fornix_metric_similarity.target import Measured
from fornix_metric_similarity.timed import Bins, Compared, value_of


class Subsampling(Protocol):
    """A metric that Brain-Score takes the mean over subsamples of."""

    @property
    def definition(self) -> Definition: ...
    @property
    def n_subsamples(self) -> int: ...
    @property
    def subsample_size(self) -> float: ...
    @property
    def seed(self) -> int: ...
    @property
    def stratify_on(self) -> str: ...


def over_subsamples(
    metric: Subsampling,
    compare: Callable[[AnyArray, AnyArray], Compared],
    bins: Bins,
    matrices: Sequence[AnyArray],
    measured: Sequence[Measured],
    fewest: int,
) -> Score:
    """Brain-Score's mean over random subsamples of the stimuli, its error ``std/sqrt(n)``.

    Parameters
    ----------
    metric : Subsampling
        Its ``stratify_on`` is a coordinate of the target's presentations, or empty.
    compare : function
        From two matrices between the stimuli of a subsample, the source's and a measured one.
    bins : Bins
        Which have the target's coordinate to stratify by.
    matrices : sequence of (n, n)
        The source's, by bin.
    measured : sequence of Measured
        Of the same n stimuli, by bin.
    fewest : int
        Stimuli of which there is a comparison.

    Returns
    -------
    Score
        ``units`` by split (and time bin); ``details["delete_d_error"]`` is the error that a jackknife of so many left out would
        have.
    """
    stratify, stimuli, (_, target) = None, measured[0].stimuli, bins.pairs[0]
    if metric.stratify_on:
        if metric.stratify_on not in target.coords or target[metric.stratify_on].dims != ("presentation",):
            raise AssemblyError(
                f"the target has no coordinate {metric.stratify_on!r} on presentation, which stratify_on asks for"
            )
        stratify = target[metric.stratify_on].values
    plan = split_plan(
        stimuli,
        n_splits=metric.n_subsamples,
        test_size=metric.subsample_size,
        seed=metric.seed,
        stratify=stratify,
        definition="brainscore",
    )
    kept, n = min(len(rows) for rows in plan.test), len(stimuli)
    if kept < fewest:
        raise AssemblyError(
            f"subsamples of size {metric.subsample_size:g} have {kept} of {n} stimuli; expected at least {fewest}, of which "
            "there is a comparison: raise subsample_size"
        )
    parts = [np.ix_(rows, rows) for rows in plan.test]
    compared = [
        [[compare(matrix[part], other[part]) for part in parts] for other in of_bin.matrices]
        for matrix, of_bin in zip(matrices, measured, strict=True)
    ]
    by_bin = np.array([[[value_of(each) for each in row] for row in of_bin] for of_bin in compared]).mean(axis=1)
    values = by_bin.mean(axis=0)
    details = {}
    if len(values) > 1 and kept < n:
        details["delete_d_error"] = float(values.std(ddof=1) * math.sqrt(kept / (n - kept)))
    units = xr.DataArray(by_bin.T, dims=("split", "time_bin"), coords={"split": np.arange(len(values)), **(bins.times or {})})
    score = Score(
        value=float(values.mean()),
        error=float(values.std() / np.sqrt(len(values))) if len(values) > 1 else math.nan,
        units=units if bins.times is not None else units[:, 0],
        details=details,
    )
    return bins.counted(score, [[each for row in of_bin for each in row] for of_bin in compared])


def check_subsamples(name: str, metric: Subsampling) -> None:
    """Refuse subsamples that cannot be drawn, or that the default definition does not take, and options of none.

    Parameters
    ----------
    name : str
        Of the metric, for the sentence.
    metric : Subsampling

    Raises
    ------
    UsageError
    """
    n_subsamples, subsample_size = metric.n_subsamples, metric.subsample_size
    if n_subsamples < 0 or not 0 < subsample_size < 1:
        raise UsageError(
            f"metric {name!r} is asked for {n_subsamples} subsamples of size {subsample_size}; "
            "expected a number that is not negative and a size between 0 and 1"
        )
    if n_subsamples and metric.definition == "default":
        raise UsageError(f"metric {name!r} fits nothing, so only definition='brainscore' takes n_subsamples")
    for option in () if n_subsamples else ("subsample_size", "seed", "stratify_on"):
        if getattr(metric, option) != getattr(type(metric), option):  # not at its default
            raise UsageError(f"option {option!r} of metric {name!r} has no effect without n_subsamples: leave it out")
