"""Responses computed elsewhere, wrapped as a model: features for regions, one number for each stimulus for a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from fornix.errors import NotAble, UsageError
from fornix.interfaces import (
    AssemblyError,
    Experiment,
    Gram,
    ReadingTimes,
    Recording,
    Responses,
    Similarity,
    StimulusSet,
    Surprisal,
    Task,
    check_assembly,
)
from fornix.numerics.linear.gram import GramAccumulator
from fornix.numerics.similarity.dissimilarity import dissimilarities
from fornix.registry.options import did_you_mean

_NO_NUMBERS = "the wrapped table holds something else than real numbers"


class WrappedResponses:
    """A model that answers by stimulus id from a table; see :func:`wrap_responses`."""

    def __init__(self, table: xr.DataArray, regions: Sequence[str] | None, tasks: Sequence[str]) -> None:
        self._table = table
        self._regions = None if regions is None else frozenset(regions)
        self._tasks = frozenset(tasks)
        self._row = {name: row for row, name in enumerate(table["stimulus_id"].values.tolist())}

    def respond(self, experiment: Experiment) -> Responses:
        answers: dict[Recording | Task, xr.DataArray | Gram] = {}
        for recording in experiment.recordings:
            answers[recording] = self._record(recording, experiment.stimuli)
        if experiment.task is not None:
            answers[experiment.task] = self._perform(experiment.task, experiment.stimuli)
        return Responses(answers)

    def _rows(self, stimuli: StimulusSet, *, finite: bool = True) -> xr.DataArray:
        missing = [name for name in stimuli if name not in self._row]
        if missing:
            raise NotAble(
                "stimuli", f"the wrapped table lacks {len(missing)} of {len(stimuli)} stimuli, for example {missing[0]!r}"
            )
        rows: xr.DataArray = self._table.isel(presentation=[self._row[name] for name in stimuli])
        return check_assembly(rows, finite=finite, what="the wrapped table")

    def _record(self, recording: Recording, stimuli: StimulusSet) -> xr.DataArray | Gram:
        if "neuroid" not in self._table.dims:
            raise NotAble(
                "region",
                f"the wrapped table has one number for each stimulus, which answers the tasks {', '.join(sorted(self._tasks))} "
                f"and no region; for region {recording.region!r} give a DataFrame with a column for each feature",
            )
        if self._regions is not None and recording.region not in self._regions:
            only = ", ".join(sorted(self._regions))
            hint = next(filter(None, (did_you_mean(name, [recording.region]) for name in sorted(self._regions))), "")
            raise NotAble("region", f"the wrapped table does not answer for region {recording.region!r}, only for {only}{hint}")
        if recording.time_bins is not None or recording.per != "stimulus":
            raise NotAble("region", "the wrapped table has one row for each stimulus: no time bins, tokens or frames")
        values = self._rows(stimuli)
        if recording.form == "values":
            return values
        accumulator = GramAccumulator(len(stimuli))
        accumulator.add(values.values)
        return accumulator.gram(stimuli.stimulus_id)

    def _perform(self, task: Task, stimuli: StimulusSet) -> xr.DataArray:
        if task.name not in self._tasks:
            raise NotAble("task", f"the wrapped table answers {sorted(self._tasks) or 'no task'}, not {task.name!r}")
        values = self._rows(stimuli, finite=not isinstance(task, ReadingTimes))
        if isinstance(task, Similarity):
            return dissimilarities(values)
        return values


def wrap_responses(
    table: xr.DataArray | pd.DataFrame | pd.Series | Mapping[str, float],
    *,
    regions: Sequence[str] | None = None,
    task: str | None = None,
) -> WrappedResponses:
    """Wrap responses computed elsewhere so that :func:`fornix.score` takes them as a model.

    Parameters
    ----------
    table : DataArray, DataFrame, Series or mapping
        Features: a DataFrame indexed by stimulus id with a column for each feature, or a DataArray with dims
        (presentation, neuroid) and a coordinate ``stimulus_id``. One number for each stimulus (surprisal in bits, a
        predictor of reading times): a Series indexed by stimulus id, a mapping, or a DataArray (presentation,).
    regions : sequence of str, optional
        For features: the regions they answer for (default: any).
    task : str, optional
        For single numbers: the task they answer, ``"surprisal"`` or ``"reading_times"`` (default: both).

    Raises
    ------
    AssemblyError
        If the table lacks stimulus ids, names one twice, or holds something else than real numbers.
    UsageError
        If it cannot do the task.
    """
    if task not in (None, Surprisal.name, ReadingTimes.name):
        raise UsageError(f"a wrapped table cannot do the task {task!r}; expected 'surprisal' or 'reading_times'")
    if isinstance(table, Mapping):
        table = pd.Series(table)
    if isinstance(table, pd.Series):
        array = xr.DataArray(_numbers(table), dims=("presentation",), coords=_ids(table.index))
    elif isinstance(table, pd.DataFrame):
        coords = {**_ids(table.index), "neuroid_id": ("neuroid", _texts(table.columns, "columns"))}
        array = xr.DataArray(_numbers(table), dims=("presentation", "neuroid"), coords=coords)
    elif not isinstance(table, xr.DataArray):
        raise AssemblyError(
            f"the wrapped table is a {type(table).__name__}, which names no stimuli; give pd.DataFrame(values, index=names), a "
            "row for each stimulus, or pd.Series(values, index=names) for single numbers"
        )
    else:
        if "stimulus_id" in table.coords and table["stimulus_id"].dtype.kind in "iu":
            table = table.assign_coords(stimulus_id=table["stimulus_id"].astype(np.str_))
        array = check_assembly(table, what="the wrapped table")
        if array.dtype.kind not in "fiu":
            raise AssemblyError(f"{_NO_NUMBERS} (dtype {array.dtype})")
        if "repetition" in array.coords and array["repetition"].values.any():
            raise AssemblyError("the wrapped table has repetitions; give their mean, one row for each stimulus")
    dims = ("presentation", "neuroid") if array.ndim == 2 else ("presentation",)
    check_assembly(array, dims=dims, what="the wrapped table")
    check_assembly(
        array,
        stimulus_ids=set(array["stimulus_id"].values.tolist()) if "stimulus_id" in array.coords else (),
        what="the wrapped table",
    )
    of_numbers = [Surprisal.name, ReadingTimes.name] if task is None else [task]
    tasks = [Similarity.name] if array.ndim == 2 else of_numbers
    return WrappedResponses(array, [regions] if isinstance(regions, str) else regions, tasks)


def _numbers(table: pd.DataFrame | pd.Series) -> np.ndarray:
    """As float64, and only what is one: a complex number would lose its half without a word."""
    try:
        values = table.to_numpy()
        texts = [value for value in values.ravel() if isinstance(value, str)] if values.dtype.kind == "O" else []
        if texts:  # float() would read them
            raise ValueError(f"{texts[0]!r} is a text")
        if values.dtype.kind in "bcmMSU":
            raise ValueError(f"dtype {values.dtype}")
        numbers: np.ndarray = values.astype(np.float64)
        return numbers
    except (TypeError, ValueError) as error:
        raise AssemblyError(f"{_NO_NUMBERS} ({error})") from None


def _ids(index: pd.Index) -> dict[str, tuple[str, np.ndarray]]:
    return {"stimulus_id": ("presentation", _texts(index, "rows"))}


def _texts(index: pd.Index, what: str) -> np.ndarray:
    if isinstance(index, pd.MultiIndex) or index.hasnans:
        raise AssemblyError(f"the wrapped table names its {what} by several levels, or some not at all; give each one name")
    names: np.ndarray = np.asarray(index, dtype=np.str_)
    return names
