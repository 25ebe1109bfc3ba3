"""All examples at once through the engine, each model and each benchmark in worker processes: files in, files out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fornix
from fornix.engine.exchange import request_descriptions, score_from, write_experiment
from fornix.engine.plan import Plan, plan
from fornix.engine.run import run_plan
from fornix.engine.runners import WorkerRunner
from fornix.interfaces import Responses
from fornix.registry.discovery import Registry
from fornix.registry.load import use_registry
from fornix.store.folder import FolderStore
from tests.interfaces.conftest import PAIRS
from tests.interfaces.examples import closed_loop


def test_every_example_scores_in_workers_as_it_does_in_this_process(registry: Registry, tmp_path: Path) -> None:
    """One run for all, as each worker takes seconds to start."""
    store = FolderStore(tmp_path / "store")
    models, benchmarks = ([*dict.fromkeys(pair[k] for pair in PAIRS.values())] for k in (0, 1))
    everything = plan(registry, store, models, benchmarks)
    planned = Plan(tuple(cell for cell in everything.cells if (cell.model, cell.benchmark) in PAIRS.values()))
    assert {cell.state for cell in planned.cells} == {"missing"}
    finished = []
    run_plan(planned, registry, store, WorkerRunner(), workers=2, report=finished.append)
    assert {(f.model, f.benchmark): (f.status, f.reason) for f in finished} == dict.fromkeys(PAIRS.values(), ("ok", ""))
    cells = {(cell.model, cell.benchmark): cell for cell in store.cells()}
    with use_registry(registry):
        for model, benchmark in PAIRS.values():
            cell = cells[model, benchmark]
            stored = score_from(cell.scalars, store.units(cell.key))
            here = fornix.score(fornix.load_model(model), fornix.load_benchmark(benchmark))
            for name in ("value", "error", "raw", "interval", "chance"):
                assert getattr(stored, name) == pytest.approx(getattr(here, name), rel=1e-9), (benchmark, name)
            assert (stored.normalisation, stored.resampled, stored.n_nan) == (here.normalisation, here.resampled, here.n_nan)
            assert (*stored.notes, "unpackaged") == here.notes
            assert (stored.ceiling is None) == (here.ceiling is None)
            if stored.ceiling is not None and here.ceiling is not None:
                assert stored.ceiling.value == pytest.approx(here.ceiling.value, rel=1e-9)
                assert stored.ceiling.interval == pytest.approx(here.ceiling.interval, rel=1e-9)
            for name in ("units", "replicates"):
                one, other = getattr(stored, name), getattr(here, name)
                if name == "units" and other is None:
                    assert one is None, benchmark
                    continue
                assert one.dims == other.dims, (benchmark, name)
                np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-12, err_msg=f"{benchmark} {name}")
            assert_responses_are_those_of_this_process(store, cell.provenance["responses"], model, benchmark, tmp_path)
    staircase = cells[PAIRS["closed_loop"]]
    assert staircase.provenance["rounds"] == len(staircase.provenance["responses"]) == closed_loop.ROUNDS


def assert_responses_are_those_of_this_process(
    store: FolderStore, keys: list[str], model: str, benchmark: str, folder: Path
) -> None:
    """What the worker answered is stored, experiment by experiment, as this process answers."""
    subject, judge, so_far = fornix.load_model(model), fornix.load_benchmark(benchmark), list[Responses]()
    left = list(keys)
    while experiments := judge.experiments(so_far):
        for experiment in experiments:
            so_far.append(subject.respond(experiment))
            write_experiment(folder / "experiment.json", experiment, folder / "stimuli")
            for asked, described in zip(so_far[-1], request_descriptions(folder / "experiment.json"), strict=True):
                key = left.pop(0)
                record = store.response_record(key)
                assert record is not None
                assert record.about["request"] == described
                assert store.response(key).identical(so_far[-1][asked])  # type: ignore[union-attr]
    assert left == []


def test_models_that_a_benchmark_is_not_for_are_skipped_with_a_reason(registry: Registry, tmp_path: Path) -> None:
    cells = plan(registry, FolderStore(tmp_path / "store"), [m for m, _ in PAIRS.values()], [b for _, b in PAIRS.values()]).cells
    reasons = {(cell.model, cell.benchmark): cell.reason for cell in cells}
    assert reasons["toy-spillover", "ToySecret-surprisal"] == "stimuli not available"
    assert reasons["toy-replay", "ToyStories-reading_times"] == "stimuli not available"
    assert reasons["toy-matcher", "ToyCaptions.ATL-ridge"] == "modality"
    assert reasons["toy-noisy", "ToyClips.VTC-windows"] == "region"
    assert reasons["toy-prototypes", "ToyMatching-choice"] == "task"
    assert {reasons[pair] for pair in PAIRS.values()} == {""}
