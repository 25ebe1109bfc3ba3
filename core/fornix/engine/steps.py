"""What a worker does, step by step, on either side; every step reads files and writes files.

Model side: ``respond``. Scoring side: ``experiments`` (the first round of a benchmark) and ``score`` (a further round, or
the score). A step returns a small JSON result; anything it raises ends that step only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fornix.engine.exchange import (
    read_experiment,
    read_responses,
    requests,
    write_experiment,
    write_response,
    write_score,
)
from fornix.interfaces import (
    AssemblyError,
    Benchmark,
    Choice,
    Experiment,
    Gram,
    Label,
    Model,
    NextWord,
    OddOneOut,
    Probabilities,
    ReadingTimes,
    Recording,
    Responses,
    Score,
    Similarity,
    SinglePassModel,
    Task,
    check_assembly,
)
from fornix.interfaces.assembly import check_numbers
from fornix.registry.load import current_registry, load_benchmark, load_model


@dataclass(frozen=True)
class Context:
    """Where a job's shared stimuli are."""

    stimuli: Path


def respond(step: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Have a model answer what is asked of it in one or many experiments, in one pass where it can."""
    model: Model = load_model(step["model"]["identifier"], **step["model"]["options"])
    _note_a_missing_gpu(step["model"]["identifier"])
    experiments = [read_experiment(Path(e["path"]), context.stimuli, e["asked"]) for e in step["experiments"]]
    out = Path(step["out"])
    out.mkdir(parents=True, exist_ok=True)
    answers = []
    for number, (experiment, responses) in enumerate(zip(experiments, answer(model, experiments), strict=True)):
        check_responses(experiment, responses, step["model"]["identifier"])
        files = []
        for place, request in enumerate(requests(experiment)):
            path = out / f"{number}-{place}.nc"
            files.append({"path": str(path), "kind": write_response(path, responses[request])})
        answers.append(files)
    return {"answers": answers}


def _note_a_missing_gpu(model: str) -> None:
    """A model whose card asks for a GPU runs without one all the same; its log says why it takes long."""
    torch = sys.modules.get("torch")
    if current_registry().get("model", model).resources.gpu and not (torch and torch.cuda.is_available()):
        print(f"{model} asks for a GPU (resources of its card); torch finds none in this process, so it computes on the CPU")


def answer(model: Model, experiments: Sequence[Experiment]) -> Sequence[Responses]:
    """The responses of a model to several experiments: in one pass if it offers that, else one after another."""
    if isinstance(model, SinglePassModel):
        answers = model.respond_all(experiments)
        if not isinstance(answers, Sequence) or len(answers) != len(experiments):
            given = len(answers) if isinstance(answers, Sequence) else f"a {type(answers).__name__}"
            raise AssemblyError(
                f"respond_all gave {given} for {len(experiments)} experiments; a list of one Responses for each was expected"
            )
        return answers
    return [model.respond(experiment) for experiment in experiments]


def ask_experiments(step: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Write the first round of a benchmark's experiments."""
    benchmark: Benchmark = load_benchmark(step["benchmark"])
    return {"experiments": _write_round(benchmark.experiments(()), Path(step["out"]), step["seed"], context)}


def score(step: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Score a model's responses, unless the benchmark asks for a further round of experiments."""
    benchmark: Benchmark = load_benchmark(step["benchmark"])
    so_far = [read_responses(read_experiment(Path(e["path"]), context.stimuli), e["answers"]) for e in step["experiments"]]
    out = Path(step["out"])
    further = benchmark.experiments(so_far)
    if further:
        return {"experiments": _write_round(further, out, step["seed"], context)}
    scored = benchmark.score(so_far)
    if not isinstance(scored, Score):
        raise TypeError(f"the score of {step['benchmark']} is a {type(scored).__name__}; a fornix.interfaces.Score was expected")
    if not np.isfinite(scored.value):
        raise ValueError(
            f"the score of {step['model']} on {step['benchmark']} is {scored.value} "
            f"({'; '.join([f'raw {scored.raw}', f'{scored.n_nan} units were NaN', *scored.notes])})"
        )
    write_score(out, scored)
    return {"score": str(out)}


def _write_round(experiments: Sequence[Experiment], out: Path, seed: int, context: Context) -> list[str]:
    if not isinstance(experiments, Sequence):
        raise TypeError(
            f"experiments gave a {type(experiments).__name__}; a tuple of Experiments was expected, empty where all is known"
        )
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, experiment in enumerate(experiments):
        path = out / f"experiment-{number}.json"
        write_experiment(path, replace(experiment, seed=experiment.seed + seed), context.stimuli)
        paths.append(str(path))
    return paths


STEPS: dict[str, Callable[[Mapping[str, Any], Context], dict[str, Any]]] = {
    "respond": respond,
    "experiments": ask_experiments,
    "score": score,
}

_TASK_DIMS: dict[type[Task], tuple[str, ...]] = {
    Probabilities: ("presentation", "choice"),
    Choice: ("trial",),
    OddOneOut: ("trial",),
    Similarity: ("pair",),
}
_ROWS = {"stimulus": "presentation", "token": "token", "frame": "frame"}


def check_responses(experiment: Experiment, responses: Responses, who: str) -> None:
    """Raise AssemblyError, in one sentence, if responses are missing, of the wrong shape, or not finite."""
    if not isinstance(responses, Responses):
        raise AssemblyError(f"{who} answered an experiment with a {type(responses).__name__}; Responses were expected")
    for request in requests(experiment):
        if request not in responses:
            raise AssemblyError(f"{who} gave no answer to {request}")
        answered = responses[request]
        what = f"the answer of {who} to {request.region if isinstance(request, Recording) else request.name}"
        if isinstance(request, Recording):
            _check_recording(request, answered, experiment, what)
        else:
            _check_task(request, answered, experiment, what)


def _check_recording(recording: Recording, answered: xr.DataArray | Gram, experiment: Experiment, what: str) -> None:
    ids = experiment.stimuli.stimulus_id.tolist()
    if recording.form == "gram":
        if not isinstance(answered, Gram):
            raise AssemblyError(
                f"{what} is a {type(answered).__name__}; a Gram was asked for (gram_of of fornix.numerics.linear.gram)"
            )
        if sorted(answered.stimulus_id.tolist()) != sorted(ids):
            raise AssemblyError(f"{what} covers {len(answered)} stimuli that are not the {len(ids)} that were shown")
        parts = (answered.products, answered.mean_products, answered.mean_square, answered.row_sums)
        if not all(np.isfinite(part).all() for part in parts):
            raise AssemblyError(f"{what} has NaN or infinite inner products")
        return
    if isinstance(answered, Gram):
        raise AssemblyError(f"{what} is a Gram; values were asked for")
    rows = _ROWS[recording.per]
    dims = (rows, "neuroid") if recording.time_bins is None else (rows, "neuroid", "time_bin")
    check_assembly(answered, dims=dims, stimulus_ids=ids, finite=True, what=what)
    _check_repetitions(answered, rows, experiment, what)
    if recording.time_bins is not None:
        _check_time_bins(answered, recording.time_bins, what)
    if rows == "token" and "text" in experiment.stimuli.modalities:
        _check_characters(answered, experiment, what)


def _check_time_bins(answered: xr.DataArray, asked: Sequence[tuple[float, float]], what: str) -> None:
    if answered.sizes["time_bin"] != len(asked):
        raise AssemblyError(f"{what} has {answered.sizes['time_bin']} time bins; {len(asked)} were asked for")
    for name, edges in zip(("time_bin_start", "time_bin_end"), zip(*asked, strict=True), strict=True):
        if name not in answered.coords or not np.array_equal(answered[name].values, edges):
            raise AssemblyError(f"{what} must say in the coordinate {name} where each time bin lies (ms), in the order asked")


def _check_characters(answered: xr.DataArray, experiment: Experiment, what: str) -> None:
    for name in ("character_start", "character_end"):
        if name not in answered.coords or answered[name].dtype.kind not in "iu":
            raise AssemblyError(f"{what} must say in the coordinate {name} (int) which part of its text each token is")
    texts = dict(zip(experiment.stimuli, experiment.stimuli.contents["text"], strict=True))
    spans = (answered[name].values.tolist() for name in ("stimulus_id", "character_start", "character_end"))
    for name, start, end in zip(*spans, strict=True):
        text = texts[name]
        if not 0 <= start <= end or (isinstance(text, str) and end > len(text)):
            raise AssemblyError(
                f"{what} has a token from character {start} to {end} of stimulus {name!r}, which is not in its text"
            )


def _check_repetitions(answered: xr.DataArray, rows: str, experiment: Experiment, what: str) -> None:
    """Every stimulus was shown once, or every one as often as asked."""
    shown = np.unique(answered["repetition"]).tolist() if "repetition" in answered.coords else [0]
    if shown not in ([0], list(range(experiment.repetitions))):
        raise AssemblyError(
            f"{what} has the repetitions {', '.join(map(str, shown))}; {experiment.repetitions} were asked for: number them "
            "from 0 (a deterministic model gives 0 alone)"
        )
    needed = len(experiment.stimuli) * len(shown)
    if rows == "presentation" and answered.sizes[rows] != needed:
        raise AssemblyError(f"{what} has {answered.sizes[rows]} rows; every repetition of every stimulus makes {needed}")


def _check_task(task: Task, answered: xr.DataArray | Gram, experiment: Experiment, what: str) -> None:
    if isinstance(answered, Gram):
        raise AssemblyError(f"{what} is a Gram; an assembly was expected")
    ids = experiment.stimuli.stimulus_id.tolist()
    dims = _TASK_DIMS.get(type(task), ("presentation",))
    by_stimulus = "presentation" in dims
    # a word may have no predicted reading time; all other numbers must be finite
    finite = not isinstance(task, ReadingTimes | Label | Choice | OddOneOut | NextWord)
    check_assembly(answered, dims=dims, stimulus_ids=ids if by_stimulus else None, finite=finite, what=what)
    if by_stimulus:
        _check_repetitions(answered, "presentation", experiment, what)
    elif dims == ("trial",):
        _check_trials(answered, experiment, what)
    else:
        _check_pairs(answered, ids, what)
    if isinstance(task, Label | Choice | OddOneOut):
        allowed = set(task.choices if isinstance(task, Label) else task.slots)
        strange = set(answered.values.tolist()) - allowed
        if strange:
            raise AssemblyError(f"{what} contains {sorted(map(str, strange))[0]!r}, which is not one of {sorted(allowed)}")
    elif isinstance(task, NextWord):
        if answered.dtype.kind != "U":
            raise AssemblyError(f"{what} has dtype {answered.dtype}; words (str) were expected")
    else:
        check_numbers(answered, what)
    if isinstance(task, ReadingTimes) and np.isinf(answered.values).any():
        raise AssemblyError(f"{what} holds infinity; a word without a prediction is NaN")
    if isinstance(task, Probabilities):
        _check_probabilities(task, answered, what)


def _check_trials(answered: xr.DataArray, experiment: Experiment, what: str) -> None:
    assert experiment.trials is not None
    n = len(experiment.trials)
    times = 1
    if "repetition" in answered.coords and answered["repetition"].values.any():
        times = experiment.repetitions
        if not np.array_equal(answered["repetition"].values, np.repeat(np.arange(times), n)):
            raise AssemblyError(f"{what} must go through all {n} trials {times} times, with the coordinate repetition from 0")
    if answered.sizes["trial"] != n * times:
        raise AssemblyError(f"{what} has {answered.sizes['trial']} trials; {n * times} were asked for")
    for slot, column in experiment.trials.slots.items():
        if slot in answered.coords and not np.array_equal(answered[slot].values, np.tile(column, times)):
            raise AssemblyError(f"{what} has other stimuli in slot {slot!r} than the trials, or has them in another order")


def _check_pairs(answered: xr.DataArray, ids: Sequence[str], what: str) -> None:
    n = len(ids) * (len(ids) - 1) // 2
    if answered.sizes["pair"] != n:
        raise AssemblyError(f"{what} has {answered.sizes['pair']} pairs; {len(ids)} stimuli have {n}")
    for name in ("stimulus_a", "stimulus_b"):
        if name not in answered.coords:
            raise AssemblyError(f"{what} has no coordinate {name!r} on pair")
    names, row = np.unique([answered["stimulus_a"].values, answered["stimulus_b"].values], return_inverse=True)
    a, b = np.sort(row.reshape(2, -1), axis=0)
    if set(names.tolist()) != set(ids) or (a == b).any() or len(np.unique(a * len(names) + b)) < n:
        raise AssemblyError(f"{what} must name each pair of two different stimuli that were shown once")


def _check_probabilities(task: Probabilities, answered: xr.DataArray, what: str) -> None:
    if "choice" not in answered.coords or answered["choice"].values.tolist() != list(task.choices):
        raise AssemblyError(
            f"{what} must name the choices in the coordinate choice, in the order asked: {', '.join(task.choices)}"
        )
    if answered.values.min() < 0 or not np.allclose(answered.values.sum(axis=1), 1, atol=1e-3):
        raise AssemblyError(f"{what} has rows that are no probabilities: each is at least 0, and a row sums to 1")
