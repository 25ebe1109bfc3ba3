"""What is under way: asked for while jobs run."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fornix.engine.progress import Progress, UnderWay, describe
from fornix.engine.runners import Job, Limits, StepOutcome, WorkerRunner

EXPERIMENTS = {"op": "experiments", "benchmark": "A", "seed": 0, "out": "a"}
RESPOND = {"op": "respond", "model": {"identifier": "m", "options": {}}, "experiments": [{}, {}], "out": "b"}
SCORE = {"op": "score", "model": "m", "benchmark": "A", "experiments": [], "seed": 0, "out": "c"}


def job(folder: Path, *steps: dict[str, object], interpreter: str = sys.executable) -> Job:
    limits = [Limits(20.0)] * len(steps)
    return Job(folder, steps, folder, [], {}, False, Path(interpreter), limits)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([EXPERIMENTS], "the experiments of A are written"),
        ([EXPERIMENTS, EXPERIMENTS], "the experiments of 2 benchmarks are written"),
        ([RESPOND], "m answers 2 experiments"),
        ([{**RESPOND, "experiments": [{}]}], "m answers 1 experiment"),
        ([RESPOND, RESPOND], "m answers 4 experiments"),
        ([SCORE], "m is scored on A"),
        ([SCORE, SCORE, SCORE], "m is scored on 3 benchmarks"),
    ],
)
def test_a_job_is_described_by_its_steps(steps: list[dict[str, object]], said: str) -> None:
    assert describe(steps) == said


class Asking:
    """A runner that asks, at the end of each step, what is under way."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.now = 0.0
        self.seen: list[list[UnderWay]] = []
        self.stopped = False

    def clock(self) -> float:
        return self.now

    def run(self, job: Job) -> list[StepOutcome]:
        for ended in range(len(job.steps)):
            self.now += 10
            job.report(ended)
            self.seen.append(self.progress.under_way())
        if job.steps[0]["op"] == "respond":
            raise RuntimeError("the runner broke")
        return [StepOutcome("ok")] * len(job.steps)

    def stop(self) -> None:
        self.stopped = True


def test_what_is_under_way_is_known_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    progress = Progress(clock=lambda: asking.now)
    asking = Asking(progress)
    runner = progress.watching(asking)
    told: list[int] = []
    outcomes = runner.run(replace(job(tmp_path, SCORE, SCORE), report=told.append))
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    assert asking.seen == [
        [UnderWay("m is scored on 2 benchmarks", 10.0, steps=2, done=0, scoring=True)],
        [UnderWay("m is scored on 2 benchmarks", 20.0, steps=2, done=1, scoring=True)],
    ]
    assert told == [0, 1]  # whoever made the job is told, too
    assert progress.under_way() == []
    with pytest.raises(RuntimeError, match="the runner broke"):
        runner.run(job(tmp_path, RESPOND))
    assert asking.seen[-1] == [UnderWay("m answers 2 experiments", 10.0, steps=1, done=0, scoring=False)]
    assert progress.under_way() == []
    runner.stop()
    assert asking.stopped


#: Ends its first step, and the second one only when whoever watches has seen that.
WORKER = """#!{python}
import json, sys
job = json.load(open(sys.argv[3]))
end = {{"event": "end", "status": "ok", "reason": "", "seconds": 1.0, "peak_rss_bytes": 1, "versions": {{}}, "hardware": {{}}}}
with open(job["events"], "a", buffering=1) as events:
    events.write(json.dumps({{**end, "step": 0}}) + "\\n")
    open({fifo!r}).read()
    events.write(json.dumps({{**end, "step": 1}}) + "\\n" + json.dumps({{"event": "done"}}) + "\\n")
"""


def test_a_watched_worker_tells_each_step_that_has_ended(tmp_path: Path) -> None:
    fifo, worker = tmp_path / "seen", tmp_path / "worker"
    os.mkfifo(fifo)
    worker.write_text(WORKER.format(python=sys.executable, fifo=str(fifo)))
    worker.chmod(0o755)
    told: list[int] = []

    def report(ended: int) -> None:
        told.append(ended)
        if ended == 1:
            fifo.write_text("go on")

    outcomes = WorkerRunner().run(replace(job(tmp_path, SCORE, SCORE, interpreter=str(worker)), report=report))
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    assert told[0] == 1
