"""What a run promises: nothing is computed twice, exactly what changed goes stale, a failure costs its own cells only."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import fornix
from fornix.engine.plan import plan
from fornix.engine.run import run_plan
from fornix.engine.runners import Limits
from fornix.engine.work import Finished
from fornix.store.folder import FolderStore
from tests.engine.conftest import FreshRunner, edit, plan_toys, tell, toy_registry

Run = Callable[..., list[Finished]]
IT, V4 = "Toy.IT-correlation", "Toy.V4-correlation"


def states(toys: Path, store: FolderStore) -> dict[tuple[str, str], str]:
    return {(cell.model, cell.benchmark): cell.state for cell in plan_toys(toys, store).cells}


def test_the_second_run_computes_nothing(run_toys_here: Run, toys: Path, store: FolderStore) -> None:
    first = run_toys_here()
    assert {(f.model, f.benchmark): f.status for f in first} == {
        ("toy-linear", IT): "ok",
        ("toy-behaving", IT): "ok",
        ("toy-behaving", V4): "ok",
    }
    attempts = len(list(store.attempts()))
    assert run_toys_here() == []
    assert len(list(store.attempts())) == attempts
    assert states(toys, store)["toy-linear", V4] == "skipped"


def test_a_stored_score_has_its_arrays_and_says_what_it_came_from(run_toys_here: Run, toys: Path, store: FolderStore) -> None:
    run_toys_here(["toy-linear"])
    (cell,) = list(store.cells())
    units = store.units(cell.key)["units"]
    assert units.dims == ("neuroid",)
    assert float(units.mean()) == pytest.approx(cell.scalars["value"])
    assert cell.scalars["error"] == pytest.approx(float(np.std(units, ddof=1) / np.sqrt(8)))
    assert {"model", "scoring"} == set(cell.provenance["versions"])
    assert "numpy" in cell.provenance["versions"]["model"]
    (response,) = cell.provenance["responses"]
    assert store.response(response).sizes == {"presentation": 40, "neuroid": 8}


def test_a_changed_metric_uses_the_stored_responses(run_toys_here: Run, toys: Path, store: FolderStore, tmp_path: Path) -> None:
    """The model notes each time that it is asked; a change of its own code shows that the note would be seen."""
    model, asked = toys / "models/toy/fornix_model_toy/model.py", tmp_path / "asked"
    edit(
        model,
        "        images = ",
        f"        with Path({str(asked)!r}).open('a') as out:\n            out.write('!')\n        images = ",
    )

    def times() -> int:
        assert {f.status for f in run_toys_here(["toy-linear"])} == {"ok"}
        return len(asked.read_text())

    once = times()
    assert once > 0
    edit(toys / "metrics/toy/fornix_metric_toy/metric.py", "2.36", "2.37")
    assert times() == once
    assert len(list(store.attempts("toy-linear", IT))) == 2
    edit(model, "default_rng(0)", "default_rng(1)")
    assert times() == 2 * once


@pytest.mark.parametrize("first", ["toy-behaving", "toy-linear"])
def test_a_model_that_may_take_longest_by_its_card_is_begun_first(run_toys_here: Run, toys: Path, first: str) -> None:
    edit(toys / "models/toy/fornix_model_toy/plugin.toml", f'"{first}"\n', f'"{first}"\nresources = {{ time_limit_s = 7200 }}\n')
    assert run_toys_here()[0].model == first


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ("raise", "failed", "RuntimeError: the model raised on purpose"),
        ("refuse", "failed", "the card is wrong"),
        ("nan", "failed", "NaN"),
        ("shape", "failed", "lacks 37 of 40 stimuli"),
        ("exit", "failed", "exit code 0 in the middle of a step"),
        ("crash", "failed", "SIGSEGV"),
        ("killed", "oom", "SIGKILL"),
    ],
)
def test_a_model_that_fails_costs_its_own_cells_only(
    run_toys: Run, run_toys_here: Run, toys: Path, store: FolderStore, how: str, status: str, reason: str
) -> None:
    tell(toys, how)
    # that a worker is lost is what could cost another model's cells; the others are tried alone, without its workers
    lost = how in ("crash", "killed")
    run = run_toys_here if how in ("refuse", "nan", "shape") else run_toys
    finished = {(f.model, f.benchmark): f for f in run(None if lost else ["toy-behaving"])}
    assert not lost or finished["toy-linear", IT].status == "ok"
    for benchmark in (IT, V4):
        assert finished["toy-behaving", benchmark].status == status
        assert reason in finished["toy-behaving", benchmark].reason
        attempt = list(store.attempts("toy-behaving", benchmark))[-1]
        assert (attempt.status, attempt.reason) == (status, finished["toy-behaving", benchmark].reason)
        assert f"about to behave: {how}" in store.log(attempt)


def test_a_failure_on_one_experiment_leaves_the_models_other_cells_alone(run_toys_here: Run, toys: Path) -> None:
    tell(toys, "only-IT")
    finished = {f.benchmark: f for f in run_toys_here(["toy-behaving"])}
    assert finished[IT].status == "ok"
    assert "breaks on V4 only" in finished[V4].reason


def test_a_model_that_hangs_is_ended_at_its_time_limit(run_toys: Run, toys: Path, store: FolderStore) -> None:
    tell(toys, "hang")
    finished = run_toys(["toy-behaving"], limits=Limits(seconds=8))
    assert {f.status for f in finished} == {"timeout"}
    assert all("time limit of 8 s" in f.reason for f in finished)


def test_a_model_that_eats_memory_is_ended_at_its_limit(run_toys: Run, toys: Path) -> None:
    tell(toys, "eat")
    finished = run_toys(["toy-behaving"], limits=Limits(memory_bytes=700_000_000))
    assert {f.status for f in finished} == {"oom"}
    assert all("its limit is 0.70 GB" in f.reason for f in finished)


def test_a_failure_is_remembered_whatever_was_tried_since_with_other_code(
    run_toys_here: Run, toys: Path, store: FolderStore
) -> None:
    tell(toys, "raise")
    run_toys_here(["toy-behaving"])
    assert states(toys, store)["toy-behaving", IT] == "failed"
    tell(toys, "refuse")
    assert states(toys, store)["toy-behaving", IT] == "missing"
    run_toys_here(["toy-behaving"])
    tell(toys, "raise")
    assert states(toys, store)["toy-behaving", IT] == "failed"
    assert run_toys_here(["toy-behaving"], retry=False) == []


def test_failed_cells_are_tried_again_unless_told_otherwise(run_toys_here: Run, toys: Path, store: FolderStore) -> None:
    tell(toys, "raise")
    run_toys_here(["toy-behaving"])
    assert states(toys, store)["toy-behaving", IT] == "failed"
    assert run_toys_here(["toy-behaving"], retry=False) == []
    assert len(run_toys_here(["toy-behaving"])) == 2


def test_a_benchmark_that_raises_costs_its_own_cells_only(run_toys_here: Run, toys: Path) -> None:
    edit(
        toys / "benchmarks/toy/fornix_benchmark_toy/benchmark.py",
        "        metric =",
        "        1 / (self.region == 'IT')\n        metric =",
    )
    finished = {(f.model, f.benchmark): f for f in run_toys_here(["toy-behaving"])}
    assert finished["toy-behaving", IT].status == "ok"
    raised = "ZeroDivisionError: division by zero (line 21 of benchmark.py of fornix-benchmark-toy)"
    assert finished["toy-behaving", V4].reason == raised


def test_a_failure_names_the_plugin_that_raised(run_toys_here: Run, toys: Path) -> None:
    """The dataset, the model, or the benchmark that gives something no experiment can be."""
    tell(toys, "raise")
    (reason,) = {f.reason for f in run_toys_here(["toy-behaving"])}
    assert re.fullmatch(r"RuntimeError: the model raised on purpose \(line \d+ of model.py of fornix-model-toy\)", reason)
    dataset = toys / "datasets/toy/fornix_dataset_toy/dataset.py"
    edit(dataset, '{"IT": array, "V4": array + 1}', '{"IT": array, "V4": array + 1}["V1"]')
    (reason,) = {f.reason for f in run_toys_here(["toy-linear"])}
    line = 1 + next(n for n, text in enumerate(dataset.read_text().splitlines()) if '["V1"]' in text)
    assert reason == f"KeyError: 'V1' (line {line} of dataset.py of fornix-dataset-toy)"
    edit(toys / "benchmarks/toy/fornix_benchmark_toy/benchmark.py", "return () if so_far else (", "return () if so_far else (1, ")
    (reason,) = {f.reason for f in run_toys_here(["toy-linear"])}
    assert reason.endswith("(in asking the benchmark for its experiments)")


def test_a_score_that_is_nan_is_a_failure(run_toys_here: Run, toys: Path) -> None:
    edit(toys / "metrics/toy/fornix_metric_toy/metric.py", "float(np.mean(r))", "float('nan')")
    finished = run_toys_here(["toy-linear"])
    assert [f.status for f in finished] == ["failed"]
    assert "the score of toy-linear on Toy.IT-correlation is nan" in finished[0].reason


def test_loading_what_the_card_does_not_use_is_refused(run_toys_here: Run, toys: Path) -> None:
    edit(toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml", 'metrics = ["toy-correlation"]', "metrics = []")
    finished = run_toys_here(["toy-linear"])
    assert "which its card does not use" in finished[0].reason


def test_a_killed_run_is_finished_by_the_next(toys: Path, store: FolderStore, tmp_path: Path) -> None:
    again = tmp_path / "the second time"
    tell(toys, f"hang-unless {again}")
    arguments = [sys.executable, "-m", "fornix.cli.main", "run", "--plugins", str(toys), "--store", str(store.path)]
    arguments += ["--models", "toy-linear", "toy-behaving", "--benchmarks", "Toy-correlation", "--workers", "2"]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while not any(cell.model == "toy-linear" for cell in store.cells()):
            assert time.monotonic() < deadline, "the first cell was never stored"
            time.sleep(0.1)
        workers = workers_of(process.pid)
        assert workers
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers):
        assert time.monotonic() < deadline, "a worker outlived the run that started it"
        time.sleep(0.1)
    assert states(toys, store)["toy-linear", IT] == "ok"
    assert states(toys, store)["toy-behaving", IT] == "missing"
    before = [attempt.identifier for attempt in store.attempts("toy-linear")]
    again.touch()
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, timeout=120)
    assert [attempt.identifier for attempt in store.attempts("toy-linear")] == before
    assert {state for cell, state in states(toys, store).items() if cell[0] == "toy-behaving"} == {"ok"}
    assert not plan_toys(toys, store).to_compute


def test_an_interrupt_ends_the_workers_and_says_so(toys: Path, store: FolderStore) -> None:
    tell(toys, "hang")
    arguments = [sys.executable, "-m", "fornix.cli.main", "run", "--plugins", str(toys), "--store", str(store.path)]
    arguments += ["--models", "toy-behaving", "--benchmarks", "Toy-correlation"]
    # a shell's background job ignores SIGINT, and so would what it starts
    default = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, preexec_fn=default)
    deadline = time.monotonic() + 60
    while not (workers := workers_of(process.pid)):
        assert time.monotonic() < deadline, "no worker was started"
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted" in errors
    assert not any(alive(pid) for pid in workers)


def workers_of(pid: int) -> list[int]:
    """The worker processes that a run has started."""
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children() if "fornix.engine.worker" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path(f"/proc/{pid}").exists() else False


def test_what_is_edited_while_it_runs_is_not_kept_under_the_old_key(run_toys_here: Run, toys: Path, store: FolderStore) -> None:
    """The model appends to its own loader's sources as a contributor would who saves a file during a run."""
    model = toys / "models/toy/fornix_model_toy/model.py"
    metric = toys / "metrics/toy/fornix_metric_toy/metric.py"
    edit(
        model,
        "        images = np.stack",
        f"        Path({str(metric)!r}).open('a').write('# saved meanwhile\\n')\n        images = np.stack",
    )
    finished = run_toys_here(["toy-linear"])
    assert [f.status for f in finished] == ["failed"]
    assert "changed while it ran, so nothing was kept: metric toy-correlation" in finished[0].reason
    assert list(store.cells()) == []


def test_a_card_that_is_edited_while_it_runs_is_not_kept_under_the_old_key(
    run_toys_here: Run, toys: Path, store: FolderStore
) -> None:
    model = toys / "models/toy/fornix_model_toy/model.py"
    card = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    save = f"Path({str(card)!r}).write_text(Path({str(card)!r}).read_text().replace('version = 1', 'version = 2'))"
    edit(model, "        images = np.stack", f"        {save}\n        images = np.stack")
    finished = run_toys_here(["toy-linear"])
    assert [f.status for f in finished] == ["failed"]
    assert "changed while it ran, so nothing was kept: dataset Toy" in finished[0].reason
    assert list(store.cells()) == []


def test_fornix_run_reads_the_cards_anew(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one process, as in a notebook: what was edited since the last run is not taken for what it was."""
    monkeypatch.setenv("FORNIX_PLUGINS", str(toys))
    keys = []
    for edited in (False, True):
        if edited:
            edit(toys / "models/toy/fornix_model_toy/plugin.toml", "default = 1.0", "default = 2.0")
        matrix = fornix.run("toy-linear", IT, tmp_path / "store")
        keys.append(str(matrix["key"].sel(model="toy-linear", benchmark=IT).item()))
        assert matrix["status"].sel(model="toy-linear", benchmark=IT).item() == "ok"
    assert keys[0] != keys[1]


def test_a_mirror_named_from_the_working_folder_is_found_by_workers(
    run_toys: Run, toys: Path, store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They work in a folder of their own, where the relative path would lead nowhere."""
    place = tmp_path / "mirror" / "data.test" / "noise.txt"
    place.parent.mkdir(parents=True)
    place.write_text("0.1")
    entry = f'{{ name = "noise.txt", url = "https://data.test/noise.txt", bytes = 3, sha256 = "{sha256(b"0.1").hexdigest()}" }}'
    edit(toys / "datasets/toy/fornix_dataset_toy/plugin.toml", 'identifier = "Toy"', f'identifier = "Toy"\nfiles = [{entry}]')
    read = 'fornix.card_file("dataset", "Toy", "noise.txt").read_text()'
    edit(toys / "datasets/toy/fornix_dataset_toy/dataset.py", "NOISE = 0.1", f"import fornix\n\nNOISE = float({read})")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORNIX_CACHE", "cache")
    monkeypatch.setenv("FORNIX_MIRROR", "mirror")
    assert [(f.status, f.reason) for f in run_toys(["toy-linear"])] == [("ok", "")]


def test_what_another_run_stored_since_it_was_planned_is_not_computed_again(
    toys: Path, store: FolderStore, run_toys_here: Run
) -> None:
    registry = toy_registry(toys)
    planned = plan(registry, store, ["toy-linear"])
    assert [f.status for f in run_toys_here(["toy-linear"])] == ["ok"]
    finished: list[Finished] = []
    run_plan(planned, registry, store, FreshRunner(), report=finished.append)
    assert [(f.status, f.value) for f in finished] == [("ok", next(iter(store.cells())).scalars["value"])]
    assert len(list(store.attempts())) == 1
