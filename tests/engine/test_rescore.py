"""Scoring stored responses anew: a changed rule reaches every cell, and no model is run, nor made ready to run."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from fornix.engine.plan import plan
from fornix.engine.reach import within_reach
from fornix.engine.run import run_plan
from fornix.engine.runners import Job, StepOutcome
from fornix.engine.work import Finished
from fornix.files import network
from fornix.store.folder import FolderStore
from tests.engine.conftest import FreshRunner, plan_toys, tell, toy_registry

Run = Callable[..., list[Finished]]
IT, V4 = "Toy.IT-correlation", "Toy.V4-correlation"
BENCHMARK = "benchmarks/toy/fornix_benchmark_toy/benchmark.py"
METRIC = "metrics/toy/fornix_metric_toy/metric.py"


class Watched(FreshRunner):
    """A note of which side each job was for."""

    def __init__(self) -> None:
        super().__init__()
        self.blind: list[bool] = []

    def run(self, job: Job) -> list[StepOutcome]:
        self.blind.append(job.blind)
        return super().run(job)


@pytest.fixture
def rescore_toys(toys: Path, store: FolderStore) -> Callable[[], list[Finished]]:
    """Score stored responses anew; fails where a job is made for a model."""

    def rescore() -> list[Finished]:
        registry, runner = toy_registry(toys), Watched()
        finished: list[Finished] = []
        run_plan(plan(registry, store, ask_models=False), registry, store, runner, ask_models=False, report=finished.append)
        assert not any(runner.blind)
        return finished

    return rescore


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def give_a_ceiling(toys: Path) -> None:
    """Have the toy benchmark ceil its score, by the ratio to 0.8."""
    path = toys / BENCHMARK
    edit(path, "import Experiment, Recording\n", "import Experiment, Normalisation, Recording, Score\n")
    edit(path, "\n\n\nclass", "\nfrom fornix.numerics.ceilings.normalisation import normalise\n\n\nclass")
    edit(path, "return metric(", "raw = metric(")
    edit(path, "    def ceiling", "        return normalise(raw, Score(0.8), Normalisation.RATIO)\n\n    def ceiling")


def test_a_changed_ceiling_rule_reaches_every_cell_and_no_model_is_run(
    run_toys_here: Run, rescore_toys: Callable[[], list[Finished]], toys: Path, store: FolderStore
) -> None:
    give_a_ceiling(toys)
    first = {(f.model, f.benchmark): f.value for f in run_toys_here()}
    edit(toys / BENCHMARK, "Normalisation.RATIO", "Normalisation.SIGNED_SQUARE")
    # what the model side would need cannot be had: it is not even looked for
    edit(toys / "models/toy/pyproject.toml", "dependencies = [", 'dependencies = ["no-such-distribution-of-fornix>=7", ')
    second = {(f.model, f.benchmark): f.value for f in rescore_toys()}
    assert set(second) == set(first)
    for cell, ratio in first.items():
        assert ratio is not None
        assert second[cell] == pytest.approx((0.8 * ratio) ** 2 / 0.8, abs=1e-12)
    assert {cell.state for cell in plan_toys(toys, store).cells} == {"ok", "skipped"}
    # with which libraries the models answered is known of the new cells, too
    assert all(cell.provenance["versions"]["model"]["numpy"] == np.__version__ for cell in store.cells())
    assert len(list(store.cells())) == 2 * len(first)
    assert rescore_toys() == []


def test_a_cell_whose_response_is_missing_stays_and_says_why(
    run_toys_here: Run, rescore_toys: Callable[[], list[Finished]], toys: Path, store: FolderStore
) -> None:
    run_toys_here()
    tell(toys, "well")  # a change of the package, so the models' answers are others
    edit(toys / METRIC, "2.36", "2.37")
    attempts = len(list(store.attempts()))
    left = rescore_toys()
    assert {f.status for f in left} == {"left"}
    assert {(f.model, f.benchmark) for f in left} == {("toy-linear", IT), ("toy-behaving", IT), ("toy-behaving", V4)}
    reason = {f.benchmark: f.reason for f in left if f.model == "toy-behaving"}[V4]
    assert reason.startswith("needs toy-behaving to be run: the store lacks its answer for V4; model toy-behaving: code or card")
    assert len(list(store.attempts())) == attempts
    assert {cell.state for cell in plan_toys(toys, store).cells} == {"stale", "skipped"}


def test_a_model_whose_files_are_gone_is_not_needed(
    run_toys_here: Run,
    rescore_toys: Callable[[], list[Finished]],
    toys: Path,
    store: FolderStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown() -> set[str]:
        """State, or reason of the skip, of all cells but the one that the model has no region for."""
        cells = [cell for cell in plan_toys(toys, store).cells if (cell.model, cell.benchmark) != ("toy-linear", V4)]
        return {cell.reason if cell.state == "skipped" else cell.state for cell in cells}

    weights = toys.parent / "mirror" / "data.test" / "weights"
    weights.parent.mkdir(parents=True)
    weights.write_text("0.1")
    entry = f'{{ name = "w", url = "http://data.test/weights", bytes = 3, sha256 = "{sha256(b"0.1").hexdigest()}" }}'
    for identifier in ("toy-linear", "toy-behaving"):
        card, line = toys / "models/toy/fornix_model_toy/plugin.toml", f'identifier = "{identifier}"'
        edit(card, line, f"{line}\nfiles = [{entry}]")
    monkeypatch.setenv("FORNIX_CACHE", str(toys.parent / "cache"))
    monkeypatch.setenv("FORNIX_MIRROR", str(toys.parent / "mirror"))
    assert {f.status for f in run_toys_here()} == {"ok"}
    weights.unlink()
    monkeypatch.setattr(network, "_sites", {"http://data.test": "cannot be reached (in this test)"})
    # what is stored is shown, and what is stale can be scored anew; only a model that would be run lacks its files
    assert shown() == {"ok"}
    edit(toys / METRIC, "2.36", "2.37")
    assert shown() == {"data not available"}
    assert {f.status for f in rescore_toys()} == {"ok"}
    assert shown() == {"ok"}


def test_what_was_never_asked_of_a_model_is_left_and_the_rest_is_scored(
    run_toys_here: Run, rescore_toys: Callable[[], list[Finished]], toys: Path, store: FolderStore
) -> None:
    tell(toys, "only-IT")
    run_toys_here(["toy-behaving"])
    edit(toys / METRIC, "2.36", "2.37")
    finished = {(f.model, f.benchmark): f for f in rescore_toys()}
    assert finished["toy-behaving", IT].status == "ok"
    assert finished["toy-behaving", V4].status == "left"
    assert finished["toy-linear", IT].status == "left"


def test_only_cells_that_stored_responses_may_reach_are_looked_at(run_toys_here: Run, toys: Path, store: FolderStore) -> None:
    def reached(*, named: bool = False) -> set[tuple[str, str]]:
        found = within_reach(plan_toys(toys, store), toy_registry(toys), store, named=named)
        return {(cell.model, cell.benchmark) for cell in found.to_compute}

    assert reached() == set()
    assert reached(named=True) == {("toy-linear", IT), ("toy-behaving", IT), ("toy-behaving", V4)}
    tell(toys, "only-IT")
    run_toys_here(["toy-behaving"])
    assert reached() == {("toy-behaving", V4)}
    for record in (store.path / "attempts").rglob("*.json"):
        record.unlink()
    assert reached() == {("toy-behaving", V4)}  # the model has a result on the same data
    run_toys_here(["toy-linear"])
    for record in (store.path / "cells").rglob("*.json"):
        record.unlink()
    assert reached() == {("toy-linear", IT)}  # an attempt outlives its result


def test_responses_of_cells_that_failed_are_scored_once_the_metric_is_mended(
    run_toys_here: Run, rescore_toys: Callable[[], list[Finished]], toys: Path, store: FolderStore
) -> None:
    edit(toys / METRIC, "        value = float", "        raise ValueError('not yet')\n        value = float")
    assert {f.status for f in run_toys_here()} == {"failed"}
    edit(toys / METRIC, "        raise ValueError('not yet')\n", "")
    registry = toy_registry(toys)
    found = within_reach(plan(registry, store, ask_models=False), registry, store, named=False)
    assert len(found.in_state("missing")) == 3  # under a new key, which no attempt has
    assert {f.status for f in rescore_toys()} == {"ok"}
