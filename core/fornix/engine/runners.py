"""Running a job: in this process, or in a worker process that is watched for time, memory and sudden death."""

from __future__ import annotations

import math
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import psutil

from fornix.engine.events import bound, ends, read_events, version
from fornix.engine.exchange import write_json
from fornix.engine.processes import KEPT_MEMORY, ended_with_us, family_of, kill, resident_bytes, signal_name
from fornix.registry.distribution import Distribution
from fornix.store.interface import Status

#: Where and how much a model may spill; they name no data.
_SCRATCH: Final = ("FORNIX_SCRATCH", "FORNIX_SCRATCH_GB")
#: A worker is handed the files it may have.
_PLACES_OF_FILES: Final = ("FORNIX_CACHE", "FORNIX_MIRROR")
#: How often a worker is looked at, in seconds.
_POLL_S: Final = 0.05
#: How often it is looked which processes descend from it, in seconds: that takes the parents of all processes of the machine.
_FAMILY_S: Final = 0.5
#: How long a worker may take to leave after its last step, in seconds.
_PARTING_S: Final = 2.0


class Interrupted(Exception):
    """The run was asked to stop while a job was under way."""


@dataclass(frozen=True)
class Limits:
    """What one step may use: seconds of wall-clock time, bytes of resident memory (the worker and its children)."""

    seconds: float = 3600.0
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Job:
    """Steps to run in one process.

    Parameters
    ----------
    folder : Path
        The job's own folder; made if missing.
    steps : sequence of dict
        Each with its ``op``; see :mod:`fornix.engine.steps`.
    stimuli : Path
        Where the run keeps stimulus sets.
    distributions : sequence of Distribution
        The plugins that the steps need; a worker knows no others.
    files : mapping
        sha256 -> path of the only files that a worker can have; in this process cache, mirrors and network serve as usual.
    blind : bool
        Whether the environment is reduced to what names no cache, mirror or store (model side).
    interpreter : Path
    limits : sequence of Limits
        One for each step.
    report : callable
        Called with the number of steps that have ended, whenever a worker is seen to have come further.
    """

    folder: Path
    steps: Sequence[Mapping[str, Any]]
    stimuli: Path
    distributions: Sequence[Distribution]
    files: Mapping[str, str]
    blind: bool
    interpreter: Path
    limits: Sequence[Limits]
    report: Callable[[int], None] = lambda ended: None


@dataclass
class StepOutcome:
    """How one step ended."""

    status: Status
    reason: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    peak_rss_bytes: int = 0
    log: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)


class Runner(Protocol):
    """Runs a job and says for each step how it ended; never raises for what a plugin does."""

    def run(self, job: Job) -> list[StepOutcome]: ...

    def stop(self) -> None:
        """Make running and further jobs raise :class:`Interrupted`."""


class InProcessRunner:
    """Runs jobs in this process: for debugging and trusted code; no limits, no isolation from crashes."""

    def run(self, job: Job) -> list[StepOutcome]:
        from fornix.engine.worker import run_job

        description = _describe(job, job.steps, own_process=False)
        with open(description["events"], "a") as events:
            run_job(description, events)
        ended, _ = read_events(Path(description["events"]))
        return [_outcome(event, step) for event, step in zip(ended, description["steps"], strict=True)]

    def stop(self) -> None:
        """Nothing to stop: an interrupt is raised in this very process."""


class WorkerRunner:
    """Runs each job in a worker process; a lost worker is replaced, and its step tried once more.

    Parameters
    ----------
    threads : int
        How many threads numerical libraries may use in each worker.
    """

    def __init__(self, threads: int = 1) -> None:
        self.threads = threads
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self, job: Job) -> list[StepOutcome]:
        outcomes: list[StepOutcome] = []
        lost: dict[int, str] = {}
        while len(outcomes) < len(job.steps):
            finished, ending = self._run_once(job, len(outcomes))
            outcomes.extend(finished)
            step = len(outcomes)
            if ending is None:
                continue
            if ending.lost and step not in lost:
                lost[step] = ending.outcome.reason
                continue
            outcomes.append(ending.outcome)
        for step, reason in lost.items():
            outcomes[step].log += f"\nfornix: a first worker was lost at this step ({reason}); this was the second\n"
        return outcomes

    def _run_once(self, job: Job, first: int) -> tuple[list[StepOutcome], _Ending | None]:
        """Run the steps from ``first`` on in one worker: what finished, and how the unfinished step ended, if one did."""
        if self._stopping.is_set():
            raise Interrupted
        description = _describe(job, job.steps[first:], own_process=True, start=first)
        path = job.folder / f"job-{first}-{time.monotonic_ns()}.json"
        write_json(path, description)
        events = Path(description["events"])
        output = job.folder / "worker.log"
        with open(output, "ab") as log:
            process = subprocess.Popen(
                [str(job.interpreter), "-m", "fornix.engine.worker", str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=job.folder,
                env=self._environment(job),
                start_new_session=True,
            )
        family: set[psutil.Process] = set()
        try:
            with ended_with_us(process.pid):
                ended_by = self._watch(process, family, description, job.limits[first:], lambda ended: job.report(first + ended))
        finally:
            kill(process, family)
        finished, done = read_events(events)
        outcomes = [_outcome(event, step) for event, step in zip(finished, description["steps"], strict=False)]
        if done or len(outcomes) == len(description["steps"]):
            return outcomes, None
        step = description["steps"][len(outcomes)]
        ending = _Ending(ended_by) if ended_by is not None else _sudden_end(process.returncode)
        ending.outcome.log = ends(Path(step["log"])) or ends(output)
        return outcomes, ending

    def _watch(
        self,
        process: subprocess.Popen[bytes],
        family: set[psutil.Process],
        description: Mapping[str, Any],
        limits: Sequence[Limits],
        report: Callable[[int], None],
    ) -> StepOutcome | None:
        """Wait for the worker, and end it when a step exceeds its limits; returns what it was ended for, if so.

        Whatever descends from the worker is added to ``family``.
        """
        events, logs = Path(description["events"]), [Path(step["log"]) for step in description["steps"]]
        step, since = 0, time.monotonic()
        peak = 0
        heard, looked = version(events), -math.inf
        members: list[psutil.Process] = []
        while process.poll() is None:
            if self._stopping.wait(_POLL_S):
                raise Interrupted
            bound(logs[min(step, len(logs) - 1)])
            now, heard_before, heard = time.monotonic(), heard, version(events)
            if heard != heard_before:
                ended = len(read_events(events)[0])
                if ended != step:
                    step, since = ended, now
                    report(ended)
            if heard != heard_before or now - looked >= _FAMILY_S:
                for log in logs[:step]:  # what a step has started may still print into its log
                    bound(log)
                members, looked = family_of(process.pid), now
                family.update(members)
            seconds = now - since
            if step >= len(limits):
                if seconds > _PARTING_S:  # all is done; a thread that a plugin left behind is not waited for
                    return None
                continue
            limit = limits[step]
            used = sum(map(resident_bytes, members))
            peak = max(peak, used)
            if seconds > limit.seconds:
                return StepOutcome(
                    "timeout", f"still running after its time limit of {limit.seconds:g} s", seconds=seconds, peak_rss_bytes=peak
                )
            if limit.memory_bytes is not None and used > limit.memory_bytes:
                reason = f"used {used / 1e9:.2f} GB of memory; its limit is {limit.memory_bytes / 1e9:.2f} GB"
                return StepOutcome("oom", reason, seconds=seconds, peak_rss_bytes=peak)
        return None

    def _environment(self, job: Job) -> dict[str, str]:
        threads = {f"{library}_NUM_THREADS": str(self.threads) for library in ("OMP", "OPENBLAS", "MKL")}
        # cuBLAS is deterministic only with a fixed workspace
        fixed = {"PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8", "PYTHONUNBUFFERED": "1"}
        if not job.blind:
            others = {name: value for name, value in os.environ.items() if name not in _PLACES_OF_FILES}
            return {**KEPT_MEMORY, **others, **threads, **fixed}
        temporary = job.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        keep = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", *_SCRATCH)
        kept = {name: os.environ[name] for name in keep if name in os.environ}
        if kept.get("FORNIX_SCRATCH"):
            kept["FORNIX_SCRATCH"] = os.path.abspath(kept["FORNIX_SCRATCH"])
        return {**KEPT_MEMORY, **kept, "HOME": str(job.folder), "TMPDIR": str(temporary), **threads, **fixed}


def _describe(job: Job, steps: Sequence[Mapping[str, Any]], *, own_process: bool, start: int = 0) -> dict[str, Any]:
    job.folder.mkdir(parents=True, exist_ok=True)
    return {
        "schema": 1,
        "stimuli": str(job.stimuli),
        "distributions": [distribution.to_json() for distribution in job.distributions],
        "files": dict(job.files),
        "own_process": own_process,
        "parent": os.getpid(),
        "events": str(job.folder / f"events-{start}-{time.monotonic_ns()}.jsonl"),
        "steps": [{**step, "log": str(job.folder / f"step-{start + i}.log")} for i, step in enumerate(steps)],
    }


def _outcome(event: Mapping[str, Any], step: Mapping[str, Any]) -> StepOutcome:
    return StepOutcome(
        status=event["status"],
        reason=event["reason"],
        result=event.get("result", {}),
        seconds=event["seconds"],
        peak_rss_bytes=event["peak_rss_bytes"],
        log=ends(Path(step["log"])),
        versions=event["versions"],
        hardware=event["hardware"],
    )


@dataclass(frozen=True)
class _Ending:
    """How a step ended that did not finish; ``lost``: its worker died for no reason of ours."""

    outcome: StepOutcome
    lost: bool = False


def _sudden_end(returncode: int | None) -> _Ending:
    if returncode is None or returncode >= 0:
        return _Ending(StepOutcome("failed", f"the worker ended with exit code {returncode} in the middle of a step"))
    name = signal_name(-returncode)
    if name == "SIGKILL":
        return _Ending(StepOutcome("oom", "the worker was killed by SIGKILL, most often for memory"), lost=True)
    return _Ending(StepOutcome("failed", f"the worker was killed by {name}"), lost=True)
