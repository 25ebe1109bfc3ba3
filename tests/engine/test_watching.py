"""What a run costs itself: a worker is watched, and plugins and files are looked up, no more often than there is news."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fornix.engine import jobs, runners
from fornix.engine import plan as planning
from fornix.engine.jobs import JobMaker
from fornix.engine.runners import Limits
from fornix.engine.work import Finished
from fornix.store.folder import FolderStore
from tests.engine.conftest import plan_toys, toy_registry

Run = Callable[..., list[Finished]]
FILE = f'files = [{{ name = "f", url = "https://x.org/f", bytes = 3, sha256 = "{"0" * 64}" }}]'


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[object]:
    """The first argument of each call of a function of a module, from now on."""
    calls: list[object] = []
    real = getattr(module, name)

    def call(*arguments: Any) -> Any:
        calls.append(arguments[0])
        return real(*arguments)

    monkeypatch.setattr(module, name, call)
    return calls


def test_events_and_processes_are_looked_for_when_a_worker_says_something(run_toys: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "_POLL_S", 0.001)  # thousands of looks while a worker imports what it needs
    monkeypatch.setattr(runners, "_FAMILY_S", 1e9)
    read, families = counted(monkeypatch, runners, "read_events"), counted(monkeypatch, runners, "family_of")
    assert {f.status for f in run_toys(["toy-behaving"])} == {"ok"}
    workers, steps = len(set(read)), 2 + 1 + 2  # experiments of two benchmarks, one pass of the model, two scores
    said = 1 + 2 * steps + workers  # the file itself, begin and end of each step, the close of each worker
    assert workers <= len(families) <= workers + said
    assert len(read) <= workers + said + workers


def test_an_interpreter_is_looked_for_once_in_a_run(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = counted(monkeypatch, jobs, "interpreter")
    maker = JobMaker(toy_registry(toys), tmp_path, Limits())
    cards = maker.scoring_cards("Toy.IT-correlation")
    first = maker.interpreter(cards)
    assert maker.interpreter(reversed(cards)) == first
    assert maker.interpreter(cards[:1])
    assert len(asked) == 2


def test_a_plan_asks_for_each_file_once(toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    card = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    card.write_text(card.read_text().replace('identifier = "Toy"', f'identifier = "Toy"\n{FILE}', 1))
    asked: list[object] = []
    monkeypatch.setattr(planning, "available", lambda file: asked.append(file) or "it is gone")
    cells = plan_toys(toys, store).cells
    assert len(cells) > 1
    assert {cell.reason for cell in cells} == {"data not available"}
    assert len(asked) == 1


#: Prints how often memory was taken from the system for arrays of 10 MB, once some were freed.
FAULTS = """
import resource
import numpy as np
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        arrays = [np.ones(1_250_000) for _ in range(3)]
        del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is a setting of the GNU C library")
@pytest.mark.parametrize("blind", [True, False])
def test_a_worker_keeps_the_memory_that_it_frees(toys: Path, tmp_path: Path, blind: bool) -> None:
    """Each of 20 rounds would take some 1,700 pages anew."""
    maker = JobMaker(toy_registry(toys), tmp_path, Limits())
    job = replace(maker.scoring_job(tmp_path, maker.scoring_cards("Toy.IT-correlation"), [], []), blind=blind)
    environment = runners.WorkerRunner()._environment(job)
    said = subprocess.run([sys.executable, "-c", FAULTS], env=environment, check=True, capture_output=True, text=True)
    assert int(said.stdout) < 5000
