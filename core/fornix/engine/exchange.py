"""Experiments, responses and scores as files: how the model's process, the scoring process and the parent talk.

Only JSON, netCDF, npz without pickle, and the stimuli's own files cross. A stimulus set is written once under its digest;
its files are copies, never links, so that a path leads nowhere but to a stimulus and nobody writes into the original.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fornix.engine.copies import copy
from fornix.interfaces import (
    Content,
    Experiment,
    Fitting,
    Gram,
    Member,
    Normalisation,
    OnDisk,
    Recording,
    Responses,
    Score,
    StimulusSet,
    Task,
    TrialTable,
    task_from_json,
)
from fornix.numerics.uncertainty.intervals import with_uncertainty
from fornix.store.netcdf import read_array, read_gram, write_array, write_gram


def write_json(path: Path, data: Any) -> None:
    """Write strict JSON (NaN refused) through a temporary file."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(data, indent=1, allow_nan=False))
    os.replace(temporary, path)


# stimuli


def write_stimuli(root: Path, stimuli: StimulusSet) -> Path:
    """Write a stimulus set under ``root/<digest>`` unless it is there; return that folder."""
    folder = root / stimuli.digest
    if folder.exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(dir=root, prefix="building-"))
    placed: dict[Path, str] = {}
    arrays: dict[str, Any] = {}

    def place(path: Path) -> str:
        if path not in placed:
            placed[path] = f"{len(placed)}-{path.name}"
            copy(path, building / placed[path])
        return placed[path]

    def entry(content: Content) -> Any:
        if content is None or isinstance(content, str):
            return content
        if isinstance(content, np.ndarray):
            arrays[str(len(arrays))] = content
            return {"array": str(len(arrays) - 1)}
        if isinstance(content, Member):
            return {"archive": place(content.archive), "member": content.name}
        return {"file": place(content.path)}

    table = {
        "stimulus_id": stimuli.stimulus_id.tolist(),
        "contents": {name: [entry(c) for c in column] for name, column in stimuli.contents.items()},
        "columns": {name: _plain(column) for name, column in stimuli.columns.items()},
    }
    if arrays:
        np.savez(building / "arrays.npz", **arrays)
    write_json(building / "stimuli.json", table)
    try:
        building.rename(folder)
    except OSError:  # another process wrote the same set first
        shutil.rmtree(building)
    return folder


def read_stimuli(folder: Path) -> StimulusSet:
    """The inverse of :func:`write_stimuli`."""
    table = json.loads((folder / "stimuli.json").read_text())
    arrays: Mapping[str, np.ndarray] = {}
    if (folder / "arrays.npz").exists():
        with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
            arrays = dict(stored)

    def content(entry: Any) -> Content:
        if entry is None or isinstance(entry, str):
            return entry
        if "array" in entry:
            return arrays[entry["array"]]
        if "member" in entry:
            return Member(folder / entry["archive"], entry["member"])
        return OnDisk(folder / entry["file"])

    columns: dict[str, Any] = {name: [content(e) for e in entries] for name, entries in table["contents"].items()}
    columns.update({name: [math.nan if v is None else v for v in column] for name, column in table["columns"].items()})
    return StimulusSet(table["stimulus_id"], **columns)


def _plain(column: np.ndarray) -> list[Any]:
    return [None if isinstance(v, float) and math.isnan(v) else v for v in column.tolist()]


# experiments


def write_experiment(path: Path, experiment: Experiment, stimuli_root: Path) -> None:
    """Write an experiment as one JSON file; its stimuli go under ``stimuli_root``."""
    write_stimuli(stimuli_root, experiment.stimuli)
    task = experiment.task
    fitting = None
    if task is not None and task.fitting is not None:
        write_stimuli(stimuli_root, task.fitting.stimuli)
        fitting = {"stimuli": task.fitting.stimuli.digest, "labels": list(task.fitting.labels)}
    write_json(
        path,
        {
            "stimuli": experiment.stimuli.digest,
            "recordings": [recording.to_json() for recording in experiment.recordings],
            "task": None if task is None else task.to_json(),
            "fitting": fitting,
            "trials": None if experiment.trials is None else experiment.trials.to_json(),
            "repetitions": experiment.repetitions,
            "seed": experiment.seed,
        },
    )


def read_experiment(path: Path, stimuli_root: Path, asked: Sequence[int] | None = None) -> Experiment:
    """Read an experiment; ``asked`` keeps only some of its requests (see :func:`requests`)."""
    data = json.loads(path.read_text())
    fitting = None
    if data["fitting"] is not None:
        fitting = Fitting(read_stimuli(stimuli_root / data["fitting"]["stimuli"]), tuple(data["fitting"]["labels"]))
    recordings = tuple(Recording.from_json(r) for r in data["recordings"])
    task = None if data["task"] is None else task_from_json(data["task"], fitting)
    experiment = Experiment(
        stimuli=read_stimuli(stimuli_root / data["stimuli"]),
        recordings=recordings,
        task=task,
        trials=None if data["trials"] is None else TrialTable(**data["trials"]),
        repetitions=data["repetitions"],
        seed=data["seed"],
    )
    if asked is None:
        return experiment
    wanted = [requests(experiment)[i] for i in asked]
    return replace(
        experiment,
        recordings=tuple(r for r in wanted if isinstance(r, Recording)),
        task=task if task in wanted else None,
        trials=experiment.trials if task in wanted else None,
    )


def requests(experiment: Experiment) -> list[Recording | Task]:
    """Everything an experiment asks for, in a fixed order: its recordings, then its task."""
    return [*experiment.recordings, *([] if experiment.task is None else [experiment.task])]


def request_descriptions(path: Path) -> list[dict[str, Any]]:
    """What the requests of a written experiment are, as JSON that identifies each: the basis of response keys."""
    data = json.loads(path.read_text())
    shared = {"stimuli": data["stimuli"], "repetitions": data["repetitions"], "seed": data["seed"]}
    described = [{**shared, "recording": recording} for recording in data["recordings"]]
    if data["task"] is not None:
        described.append({**shared, "task": data["task"], "fitting": data["fitting"], "trials": data["trials"]})
    return described


# responses


def write_response(path: Path, answer: xr.DataArray | Gram) -> str:
    """Write one answer; returns its kind: array or gram."""
    if isinstance(answer, Gram):
        write_gram(path, answer)
        return "gram"
    write_array(path, answer)
    return "array"


def read_responses(experiment: Experiment, answers: Sequence[Mapping[str, str]]) -> Responses:
    """The responses to an experiment from its answer files (``{"path", "kind"}``), in the order of its requests."""
    read = [read_gram(Path(a["path"])) if a["kind"] == "gram" else read_array(Path(a["path"])) for a in answers]
    return Responses(dict(zip(requests(experiment), read, strict=True)))


# scores

ARRAYS = ("units", "unit_replicates", "replicates", "raw_replicates")


def score_scalars(score: Score) -> dict[str, Any]:
    """Everything about a score that is not an array, as strict JSON (NaN and infinity become None)."""
    ceiling = score.ceiling

    def number(value: float) -> float | None:
        return float(value) if math.isfinite(value) else None

    def numbers(named: Mapping[str, float]) -> dict[str, float | None]:
        return {name: number(value) for name, value in named.items()}

    return {
        "value": number(score.value),
        "error": number(score.error),
        "interval_low": number(score.interval[0]),
        "interval_high": number(score.interval[1]),
        "raw": number(score.raw),
        "raw_error": number(_raw_error(score)),
        "ceiling": None if ceiling is None else number(ceiling.value),
        "ceiling_error": None if ceiling is None else number(ceiling.error),
        "normalisation": str(score.normalisation),
        "chance": number(score.chance),
        "n_nan": int(score.n_nan),
        "resampled": list(score.resampled),
        "notes": list(score.notes),
        "details": numbers(score.details),
        "ceiling_details": {} if ceiling is None else numbers(ceiling.details),
    }


def _raw_error(score: Score) -> float:
    """The standard error on the raw scale."""
    if score.normalisation is Normalisation.NONE:
        return score.error
    if score.raw_replicates is None:
        return math.nan
    return with_uncertainty(Score(score.raw), score.raw_replicates).error


def score_arrays(score: Score) -> dict[str, xr.DataArray]:
    """The arrays of a score, and those of its ceiling under ``ceiling_<name>``."""
    arrays = {name: getattr(score, name) for name in ARRAYS}
    if score.ceiling is not None:
        arrays.update({f"ceiling_{name}": getattr(score.ceiling, name) for name in ARRAYS})
    return {name: array for name, array in arrays.items() if array is not None}


def score_from(scalars: Mapping[str, Any], arrays: Mapping[str, xr.DataArray]) -> Score:
    """A score from its scalars and arrays, as stored."""

    def number(name: str) -> float:
        return math.nan if scalars[name] is None else float(scalars[name])

    def numbers(named: Mapping[str, float | None]) -> dict[str, float]:
        return {name: math.nan if v is None else v for name, v in named.items()}

    ceiling = None
    if scalars["ceiling"] is not None:
        own: dict[str, Any] = {name: arrays.get(f"ceiling_{name}") for name in ARRAYS}
        further = numbers(scalars.get("ceiling_details", {}))  # cells of older stores have none
        ceiling = Score(number("ceiling"), error=number("ceiling_error"), details=further, **own)
        if ceiling.replicates is not None:  # its interval is not stored, as it follows from them
            ceiling = ceiling.with_(interval=with_uncertainty(ceiling, ceiling.replicates).interval)
    return Score(
        value=number("value"),
        error=number("error"),
        interval=(number("interval_low"), number("interval_high")),
        raw=number("raw"),
        ceiling=ceiling,
        normalisation=Normalisation(scalars["normalisation"]),
        chance=number("chance"),
        resampled=tuple(scalars["resampled"]),
        n_nan=scalars["n_nan"],
        notes=tuple(scalars["notes"]),
        details=numbers(scalars["details"]),
        **{name: arrays.get(name) for name in ARRAYS},
    )


def write_score(folder: Path, score: Score) -> None:
    """Write ``score.json`` and one netCDF file for each array."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for name, array in score_arrays(score).items():
        write_array(folder / f"{name}.nc", array)
        names.append(name)
    write_json(folder / "score.json", {"scalars": score_scalars(score), "arrays": names})
