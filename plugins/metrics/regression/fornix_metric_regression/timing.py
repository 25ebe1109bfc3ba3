"""Time in source and target: one fit for each time bin, one across them, and delays within runs, for every estimator alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import AssemblyError, Gram, check_assembly
from fornix.numerics.delays import Delayed, cut_runs, delayed
from fornix.numerics.linear.decomposition import Array, Products, Rows, Source
from fornix.numerics.splits import SplitPlan


@dataclass(frozen=True, eq=False)
class Fit:
    """One regression of some time bins: its rows are those of the presentations, each with all of these bins in turn.

    Parameters
    ----------
    source : Source of n * count rows
    targets : (n * count, q)
    bins : slice
        Which time bins of the target.
    count : int
        How many.
    """

    source: Source
    targets: Array
    bins: slice
    count: int

    def rows(self, presentations: Rows) -> Rows:
        """The rows of presentations (m,): (m * count,)."""
        return np.asarray((presentations[:, None] * self.count + np.arange(self.count)).ravel())

    def plan(self, plan: SplitPlan) -> SplitPlan:
        """A plan over presentations as one over rows: the bins of a presentation stay together."""
        whole = None if plan.whole is None else np.repeat(plan.whole, self.count)
        return SplitPlan(tuple(self.rows(train) for train in plan.train), tuple(self.rows(test) for test in plan.test), whole)

    def side_by_side(self, values: Array) -> Array:
        """Values (m * count, k) as (m, count * k): the k of one bin after those of another."""
        return values.reshape(len(values) // self.count, -1)


@dataclass(frozen=True)
class Timing:
    """What the options ``time``, ``delays``, ``run_on`` and ``order_on`` ask for.

    Parameters
    ----------
    time : {"none", "each", "across"}
        Of a target in time bins: a fit for each bin, or one fit to all of them.
    delays : tuple of int
        In rows of a run (time "none") or in time bins (time "across"); ``(0,)`` for none.
    run_on, order_on : str
        Coordinates of the target's presentations: the run of a row and its whole-numbered place in it.
    """

    time: Literal["none", "each", "across"] = "none"
    delays: tuple[int, ...] = (0,)
    run_on: str = ""
    order_on: str = ""

    @property
    def dims(self) -> tuple[str, ...]:
        """The dims of a target."""
        return ("presentation", "neuroid") if self.time == "none" else ("presentation", "neuroid", "time_bin")

    @property
    def stated(self) -> dict[str, str]:
        """What a score says of it; nothing where neither time bins nor delays are asked for."""
        if self.time == "none" and self.delays == (0,):
            return {}
        delays = " ".join(str(delay) for delay in self.delays)
        return {"time": self.time, "delays": delays, "run_on": self.run_on, "order_on": self.order_on}

    def resampled_by(self, group_on: str) -> str:
        """What new samples are of, a coordinate: stimuli, or the groups that splits keep whole; runs, where rows look back."""
        within_runs = self.delays != (0,) and self.time == "none"
        return group_on or (self.run_on if within_runs else "stimulus_id")

    def history(self, target: xr.DataArray) -> Delayed | None:
        """The rows of the target, or its time bins, that have their whole history; None where there are no delays."""
        if self.delays == (0,):
            return None
        if self.time == "each":
            raise AssemblyError("delays look back over time bins, so they need one fit across them: give time='across'")
        if self.time == "across":
            count = target.sizes["time_bin"]
            return delayed(np.full(count, "of time bins"), np.arange(count), self.delays)
        if not self.run_on or not self.order_on:
            raise AssemblyError(
                "delays look back over the rows of a run: name the target's coordinates of the run (run_on) and of the place "
                "in it (order_on), or give time='across' to look back over time bins"
            )
        return delayed(coordinate(target, self.run_on, "run_on"), coordinate(target, self.order_on, "order_on"), self.delays)

    def check_plan(self, target: xr.DataArray, plan: SplitPlan) -> None:
        """Raises AssemblyError where a run with delays both trains and is tested."""
        if self.delays != (0,) and self.time == "none" and (cut := cut_runs(target[self.run_on].values, plan)):
            raise AssemblyError(
                f"with delays, a run is either trained on or tested, and the splits cut {len(cut)} runs in two, for example "
                f"{cut[0]}: give splits='group_kfold' or 'group_shuffle' and group_on={self.run_on!r}, or a coarser coordinate"
            )


def fits(
    source: xr.DataArray | Gram,
    rows: Rows,
    measured: Array,
    bins: Rows | None,
    timing: Timing,
    history: Delayed | None,
    source_of: Callable[[xr.DataArray | Gram, Rows], Source],
) -> tuple[Fit, ...]:
    """The regressions from a source to measured values.

    Parameters
    ----------
    source : DataArray, dims (presentation, neuroid[, time_bin]), or Gram
    rows : (n,) int
        The row of the source for each presentation, history included.
    measured : (m, q, t)
        Of the presentations and time bins that have their whole history.
    bins : (t,) int, optional
        Which of its time bins the source has for each of the target's, history included.
    timing : Timing
    history : Delayed, optional
    source_of : callable
        What an estimator sees of the rows of an assembly (presentation, neuroid) or a Gram.
    """
    count = measured.shape[2]
    if timing.time == "none":
        delayed_source = source_of(source, rows) if history is None else _delayed_rows(source, rows, history, source_of)
        return (Fit(delayed_source, measured[:, :, 0], slice(0, 1), 1),)
    if timing.time == "each":
        sources = [source_of(source, rows)] * count if bins is None else [source_of(_bin(source, b), rows) for b in bins]
        return tuple(Fit(one, measured[:, :, k], slice(k, k + 1), 1) for k, one in enumerate(sources))
    targets = measured.transpose(0, 2, 1).reshape(-1, measured.shape[1])
    if bins is None:
        if history is not None:
            raise AssemblyError(
                "the source is the same in all time bins, so delays over time bins change nothing: leave them out"
            )
        return (Fit(source_of(source, np.repeat(rows, count)), targets, slice(0, count), count),)
    values = np.asarray(source.values[rows][:, :, bins].transpose(0, 2, 1), dtype=np.float64)  # type: ignore[union-attr]
    if history is not None:
        values = values[:, history.history].reshape(len(values), count, -1)
    stacked = _like(source, values.reshape(-1, values.shape[2]))
    return (Fit(source_of(stacked, np.arange(len(stacked))), targets, slice(0, count), count),)


def check_source(source: xr.DataArray | Gram, timing: Timing) -> xr.DataArray | Gram:
    """The source as rows of (presentation, neuroid), by which its stimuli are checked: its first time bin, where it has any."""
    if isinstance(source, Gram) or timing.time == "none" or "time_bin" not in source.dims:
        return source
    check_assembly(source, dims=timing.dims, finite=True, what="the source")
    return source.isel(time_bin=0)


def coordinate(target: xr.DataArray, name: str, option: str) -> NDArray[Any]:
    """A coordinate of the target's presentations that an option names."""
    if name not in target.coords or target[name].dims != ("presentation",):
        raise AssemblyError(f"the target has no coordinate {name!r} on presentation, which {option} asks for")
    return np.asarray(target[name].values)


def _delayed_rows(
    source: xr.DataArray | Gram, rows: Rows, history: Delayed, source_of: Callable[[xr.DataArray | Gram, Rows], Source]
) -> Source:
    if isinstance(source, Gram):
        return Products(history.products(source.products[np.ix_(rows, rows)]))
    lagged = _like(source, history.features(np.asarray(source.values[rows], dtype=np.float64)))
    return source_of(lagged, np.arange(len(lagged)))


def _bin(source: xr.DataArray | Gram, time_bin: int) -> xr.DataArray:
    assert isinstance(source, xr.DataArray)
    return source.isel(time_bin=int(time_bin))


def _like(source: xr.DataArray | Gram, values: Array) -> xr.DataArray:
    """Rows of features as an assembly, with what the source says of its neuroids, once for each delay."""
    assert isinstance(source, xr.DataArray)
    times = values.shape[1] // source.sizes["neuroid"]
    coords = {name: ("neuroid", np.tile(c.values, times)) for name, c in source.coords.items() if c.dims == ("neuroid",)}
    numbered = ("presentation", np.arange(len(values)).astype(np.str_))
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**coords, "stimulus_id": numbered})
