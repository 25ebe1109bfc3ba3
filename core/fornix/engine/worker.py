"""``python -m fornix.engine.worker <job.json>``: runs the steps of a job and writes an event for each.

The parent reads ``events.jsonl`` only; each step's output goes to a log file of its own. On the model side the
environment names no cache, mirror or store, and only the files of the model's card can be had.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

import psutil

from fornix.engine.processes import family_of
from fornix.errors import FornixError, NotAble
from fornix.files.fetch import provide
from fornix.registry.discovery import Registry
from fornix.registry.distribution import Distribution
from fornix.registry.load import use_registry

#: Characters of a reason; the log holds the rest.
LONGEST_REASON: Final = 500
_PR_SET_CHILD_SUBREAPER: Final = 36  # linux/prctl.h


def run_job(job: Mapping[str, Any], events: TextIO) -> None:
    """Run a job's steps in this process, writing ``begin`` and ``end`` events as JSON lines."""
    from fornix.engine.steps import STEPS, Context

    registry = Registry([Distribution.from_json(distribution) for distribution in job["distributions"]])
    context = Context(stimuli=Path(job["stimuli"]))

    def emit(**event: Any) -> None:
        events.write(json.dumps(event, allow_nan=False) + "\n")
        events.flush()

    if job["own_process"]:
        provide({name: Path(path) for name, path in job["files"].items()})
    with use_registry(registry):
        for number, step in enumerate(job["steps"]):
            emit(event="begin", step=number)
            started = time.monotonic()
            outcome: dict[str, Any] = {"status": "ok", "reason": ""}
            with _log(Path(step["log"]), own_process=job["own_process"]):
                try:
                    outcome["result"] = STEPS[step["op"]](step, context)
                except MemoryError as error:
                    traceback.print_exc()
                    outcome = {"status": "oom", "reason": f"out of memory: {printable(str(error))}".rstrip(": ")}
                except NotAble as refusal:
                    traceback.print_exc()
                    outcome = {
                        "status": "failed",
                        "reason": f"the card is wrong: it announces what the model refuses ({printable(str(refusal))})",
                    }
                except BaseException as error:  # a plugin may raise anything, even an exit; it costs this step only
                    if isinstance(error, KeyboardInterrupt) and not job["own_process"]:
                        raise  # the user's; a worker is in a session of its own
                    _print_traceback(error)
                    outcome = {"status": "failed", "reason": sentence(error) + _where(error, step["op"], registry)}
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            seconds = time.monotonic() - started
            about = {"versions": _versions(), "hardware": _hardware()}
            emit(event="end", step=number, seconds=seconds, peak_rss_bytes=peak, **about, **outcome)
    emit(event="done")


def sentence(error: BaseException) -> str:
    """What was raised, in one line that any terminal can show."""
    try:
        text = str(error).strip() or "no message"
    except Exception as failure:  # a plugin's exception need not even be able to say what it is
        text = f"its message cannot be had ({type(failure).__name__})"
    return f"{type(error).__name__}: {printable(text.splitlines()[0])}"


def _where(error: BaseException, op: str, registry: Registry) -> str:
    """Whose code raised what is being handled, as far as the traceback says: the innermost line that is a plugin's."""
    # not from the exception, which may be made to have no traceback
    places = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(sys.exc_info()[2])]
    for file, line in reversed(places):
        for owner in registry.distributions:
            if file.is_relative_to(owner.folder):
                return f" (line {line} of {file.relative_to(owner.folder)} of {owner.name})"
    asked = {"experiments": " (in asking the benchmark for its experiments)", "score": " (in scoring)"}
    return "" if isinstance(error, FornixError) else asked.get(op, "")


def printable(text: str) -> str:
    """A text of a plugin, at most 500 characters of it, without those that command terminals or cannot be encoded."""
    shown = text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 3] + "..."
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)


def _print_traceback(error: BaseException) -> None:
    raised = sys.exc_info()[2]
    try:
        traceback.print_exception(error)
    except Exception:  # its message or its traceback cannot be had
        traceback.print_tb(raised)


@contextlib.contextmanager
def _log(path: Path, *, own_process: bool) -> Iterator[None]:
    """Send what a step prints, also from C code in a process of our own, to its log file."""
    with open(path, "a", buffering=1, errors="backslashreplace") as log:
        if not own_process:
            with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
                yield
            return
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        yield
        sys.stdout.flush()
        sys.stderr.flush()


def _versions() -> dict[str, str]:
    """Python and every imported distribution that numbers can depend on."""
    versions = {"python": platform.python_version()}
    for name in ("fornix", "numpy", "scipy", "pandas", "xarray", "netCDF4", "scikit-learn", "torch", "transformers", "pillow"):
        module = {"scikit-learn": "sklearn", "pillow": "PIL"}.get(name, name)
        if module in sys.modules:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                versions[name] = importlib.metadata.version(name)
    return versions


def _hardware() -> dict[str, Any]:
    found: dict[str, Any] = {"system": platform.system(), "machine": platform.machine(), "cpus": os.cpu_count()}
    torch = sys.modules.get("torch")
    if torch is not None:
        found["threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            found["gpu"] = torch.cuda.get_device_name(0)
    return found


def _end_with_parent(parent: int) -> None:
    """Leave when the parent has died, so that no worker outlives an interrupted run.

    The parent says itself who it is: it may be dead before this process can ask.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)  # with whatever a plugin started
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _keep_orphans() -> None:
    """What a plugin detaches stays a descendant of this process (Linux), where the run finds it."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    _end_with_parent(job["parent"])
    _keep_orphans()
    with open(job["events"], "a") as events:
        run_job(job, events)
    for left in family_of(os.getpid())[1:]:
        with contextlib.suppress(psutil.Error):
            left.kill()


if __name__ == "__main__":
    main()
