"""What jobs of one run do to each other, and to what they run in: nobody waits for another's download, claims are few, and a
worker leaves with its parent."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from hashlib import sha256
from pathlib import Path

import pytest

from fornix.engine import jobs, runners, scoring_side
from fornix.engine.jobs import JobMaker
from fornix.engine.plan import plan
from fornix.engine.run import run_plan
from fornix.engine.runners import Job, Limits, StepOutcome
from fornix.engine.work import Finished
from fornix.files.file import File
from fornix.store.folder import FolderStore
from tests.engine.conftest import FreshRunner, edit, toy_registry

IT = "Toy.IT-correlation"
PATIENCE_S = 120


def test_nobody_waits_for_what_another_downloads(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, line in (("dataset", 'identifier = "Toy"'), ("metric", 'accepts = ["values"]')):
        entry = f'{{ name = "{kind}", url = "https://x.org/{kind}", bytes = 3, sha256 = "{sha256(kind.encode()).hexdigest()}" }}'
        edit(toys / f"{kind}s/toy/fornix_{kind}_toy/plugin.toml", line, f"{line}\nfiles = [{entry}]")
    began, leave = threading.Event(), threading.Event()

    def fetch(file: File, _: object) -> Path:
        if file.name == "dataset":
            began.set()
            assert leave.wait(PATIENCE_S)
        path = tmp_path / file.name
        path.write_text("0.1")
        return path

    monkeypatch.setattr(jobs, "fetch", fetch)
    maker = JobMaker(toy_registry(toys), tmp_path / "run", Limits())
    dataset, metric = (maker.registry.get("dataset", "Toy"), maker.registry.get("metric", "toy-correlation"))
    slow, quick = (threading.Thread(target=maker.scoring_files, args=([card],), daemon=True) for card in (dataset, metric))
    slow.start()
    assert began.wait(PATIENCE_S)
    quick.start()
    quick.join(PATIENCE_S)
    held_up = quick.is_alive()
    leave.set()
    slow.join(PATIENCE_S)
    assert not held_up
    assert len(maker.scoring_files([dataset, metric])) == 2


@pytest.mark.parametrize(("workers", "claimed"), [(1, 2), (2, 1), (4, 1)])
def test_all_threads_of_a_run_share_the_claims_it_may_hold(
    toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch, workers: int, claimed: int
) -> None:
    scored: list[int] = []

    class Watched(FreshRunner):
        def run(self, job: Job) -> list[StepOutcome]:
            if job.steps[0]["op"] == "score":
                scored.append(len(job.steps))
            return super().run(job)

    monkeypatch.setattr(scoring_side, "_CLAIMS", 2)
    registry, finished = toy_registry(toys), list[Finished]()
    planned = plan(registry, store, ["toy-behaving"])
    run_plan(planned, registry, store, Watched(), workers=workers, report=finished.append)
    assert {f.status for f in finished} == {"ok"}
    assert scored == [claimed] * (2 // claimed)


def test_a_worker_whose_parent_died_before_it_looked_leaves(toys: Path, tmp_path: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    benchmark, line = toys / "benchmarks/toy/fornix_benchmark_toy/benchmark.py", "    def experiments"
    edit(benchmark, line, f"    __import__('time').sleep(600)\n\n{line}")
    maker = JobMaker(toy_registry(toys), tmp_path / "run", Limits())
    step = {"op": "experiments", "benchmark": IT, "seed": 0, "out": str(tmp_path / "out")}
    job = maker.scoring_job(tmp_path / "job", maker.scoring_cards(IT), [step], [Limits()])
    description = runners._describe(job, job.steps, own_process=True)
    path = tmp_path / "job.json"
    path.write_text(json.dumps({**description, "parent": dead.pid}))
    with subprocess.Popen([sys.executable, "-m", "fornix.engine.worker", str(path)], start_new_session=True) as worker:
        try:
            assert worker.wait(PATIENCE_S) < 0
        finally:
            worker.kill()
