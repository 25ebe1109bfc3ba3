"""From regressions of time bins to one score: predictions of all bins as columns, and means over the bins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import EllipsisType
from typing import Any

import numpy as np
import xarray as xr

from fornix.numerics.bins import bin_coordinates
from fornix.numerics.linear.decomposition import Array, Rows
from fornix.numerics.rows import take_rows
from fornix.numerics.splits import SplitPlan
from fornix_metric_regression.estimator import Estimator, Permuted, Predicted
from fornix_metric_regression.timing import Fit


def predictions(
    estimator: Estimator, fits: Sequence[Fit], plan: SplitPlan, groups: Sequence[Rows], by: float
) -> Iterator[Predicted]:
    """Predictions of presentations, the neuroids of all time bins side by side as columns.

    Parameters
    ----------
    plan : SplitPlan
        Over presentations.
    groups : sequence of (k,) int
        Of presentations; see :meth:`Estimator.predict`.
    """
    for fit in fits:
        for predicted in estimator.predict(fit.source, fit.targets, fit.plan(plan), [fit.rows(rows) for rows in groups], by):
            yield replace(
                predicted,
                values=fit.side_by_side(predicted.values),
                lightened=(fit.side_by_side(light) for light in predicted.lightened),
                columns=_columns(fit, predicted.columns),
            )


def permuted_predictions(
    estimator: Estimator, fits: Sequence[Fit], plan: SplitPlan, permutations: Sequence[Rows]
) -> Iterator[Permuted]:
    """The same with presentations paired anew, see :meth:`Estimator.predict_permuted`."""
    for fit in fits:
        orders = [fit.rows(order) for order in permutations]
        for predicted in estimator.predict_permuted(fit.source, fit.targets, fit.plan(plan), orders):
            yield replace(predicted, values=fit.side_by_side(predicted.values), columns=_columns(fit, predicted.columns))


def _columns(fit: Fit, targets: Rows | EllipsisType) -> Rows:
    """Where some targets of a fit stand among the neuroids of all time bins side by side."""
    q, first = fit.targets.shape[1], np.arange(fit.count) + fit.bins.start
    return np.asarray((q * first[:, None] + np.arange(q)[targets]).ravel())


def in_bins(assembly: xr.DataArray, rows: Rows | None, timed: xr.DataArray) -> Array:
    """The rows (None: all) of an assembly, (n, q, t), in the time bins of another: the same in all where it has none itself."""
    values = np.asarray(assembly.values if rows is None else take_rows(assembly.values, rows), dtype=np.float64)
    if values.ndim == 3:
        return values
    timeless, bins = values[:, :, None], timed.sizes.get("time_bin", 1)
    return timeless if bins == 1 else np.repeat(timeless, bins, axis=2)


def times(assembly: xr.DataArray) -> xr.DataArray:
    """The time bins of an assembly with their coordinates."""
    return xr.DataArray(np.arange(assembly.sizes.get("time_bin", 1)), dims=("time_bin",), coords=bin_coordinates(assembly))


def drop_whole_splits(units: Array, change: Array, members: Sequence[Rows], plan: SplitPlan) -> None:
    """Without a group that is all of a split's test part, the split has no score: it drops out of the mean over splits.

    Parameters
    ----------
    units : (split, column)
    change : (group, split, column)
        What leaving the group out changes; corrected in place.
    members : sequence of (k,) int
        The presentations of each group.
    """
    for group, rows in enumerate(members):
        whole = np.array([bool(np.isin(test, rows).all()) for test in plan.test])
        if whole.any() and not whole.all():
            change[group, whole] = (units[~whole] + change[group, ~whole]).mean(axis=0) - units[whole]


def mean_over_bins(values: Sequence[Array]) -> Array:
    """The mean of arrays of equal shape, one for each time bin, over the bins where it is not NaN."""
    stacked = np.stack([np.asarray(value) for value in values])
    present = np.isfinite(stacked)
    total = np.where(present, stacked, 0.0).sum(axis=0)
    return np.asarray(np.where(present.any(axis=0), total / np.maximum(present.sum(axis=0), 1), np.nan))


def factors_over_bins(by_bin: Sequence[Mapping[str, tuple[Any, ...]]]) -> dict[str, tuple[Any, ...]]:
    """Replicates of the mean over time bins, from those of each bin: all bins are resampled alike."""
    return {name: (mean_over_bins([factors[name][0] for factors in by_bin]), *by_bin[0][name][1:]) for name in by_bin[0]}
