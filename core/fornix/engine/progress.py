"""What a run is doing at this moment, for whoever waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fornix.engine.runners import Job, Runner, StepOutcome


@dataclass(frozen=True)
class UnderWay:
    """A job that has begun and not ended.

    Parameters
    ----------
    what : str
        As a part of a sentence: ``"pixels answers 4 experiments"``.
    seconds : float
        Since it began.
    steps, done : int
        How many steps it has, and how many of them have ended.
    scoring : bool
        Whether each of its steps scores a cell.
    """

    what: str
    seconds: float
    steps: int
    done: int
    scoring: bool


class Progress:
    """What jobs are under way; to be asked from any thread while others run them.

    Parameters
    ----------
    clock : callable
        The time in seconds.

    Attributes
    ----------
    tell : callable
        Whoever shows this progress sets it; called with a sentence about what takes its time and is no job, from any thread.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.tell: Callable[[str], None] = lambda sentence: None
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[int, tuple[Job, float, list[int]]] = {}
        self._number = 0

    def watching(self, runner: Runner) -> Runner:
        """A runner that does what this one does, seen from here."""
        return _WatchedRunner(runner, self)

    def under_way(self) -> list[UnderWay]:
        """The jobs that have begun and not ended, the oldest first."""
        with self._lock:
            now = self._clock()
            return [
                UnderWay(describe(job.steps), now - began, len(job.steps), ended[0], job.steps[0]["op"] == "score")
                for job, began, ended in self._begun.values()
            ]

    @contextmanager
    def begun(self, job: Job) -> Iterator[Job]:
        """Within the block the job is under way; gives the job that says how far it is."""
        ended = [0]

        def report(steps: int) -> None:
            ended[0] = steps
            job.report(steps)

        with self._lock:
            self._number += 1
            number = self._number
            self._begun[number] = (job, self._clock(), ended)
        try:
            yield replace(job, report=report)
        finally:
            with self._lock:
                del self._begun[number]


class _WatchedRunner:
    def __init__(self, runner: Runner, progress: Progress) -> None:
        self._runner = runner
        self._progress = progress

    def run(self, job: Job) -> list[StepOutcome]:
        with self._progress.begun(job) as watched:
            return self._runner.run(watched)

    def stop(self) -> None:
        self._runner.stop()


def describe(steps: Sequence[Mapping[str, Any]]) -> str:
    """What the steps of a job do."""
    first = steps[0]
    if first["op"] == "respond":
        count = sum(len(step["experiments"]) for step in steps)
        return f"{first['model']['identifier']} answers {count} experiment{'' if count == 1 else 's'}"
    benchmarks = f"{len(steps)} benchmarks" if len(steps) > 1 else first["benchmark"]
    if first["op"] == "score":
        return f"{first['model']} is scored on {benchmarks}"
    return f"the experiments of {benchmarks} are written"
