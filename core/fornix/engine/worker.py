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
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from fornix.errors import NotAble
from fornix.files.fetch import provide
from fornix.registry.discovery import Distribution, Registry
from fornix.registry.load import use_registry


def run_job(job: Mapping[str, Any], events: TextIO) -> None:
    """Run a job's steps in this process, writing ``begin`` and ``end`` events as JSON lines."""
    from fornix.engine.steps import STEPS, Context

    registry = Registry([Distribution.from_json(distribution) for distribution in job["distributions"]])
    context = Context(stimuli=Path(job["stimuli"]))

    def emit(**event: Any) -> None:
        events.write(json.dumps(event, allow_nan=False) + "\n")
        events.flush()

    if job["files"] is not None and job["own_process"]:
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
                    outcome = {"status": "oom", "reason": f"out of memory: {error}".rstrip(": ")}
                except NotAble as refusal:
                    traceback.print_exc()
                    outcome = {
                        "status": "failed",
                        "reason": f"the card is wrong: it announces what the model refuses ({refusal})",
                    }
                except Exception as error:  # a plugin may raise anything; it costs this step only
                    traceback.print_exc()
                    outcome = {"status": "failed", "reason": _sentence(error)}
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            seconds = time.monotonic() - started
            about = {"versions": _versions(), "hardware": _hardware()}
            emit(event="end", step=number, seconds=seconds, peak_rss_bytes=peak, **about, **outcome)
    emit(event="done")


def _sentence(error: BaseException) -> str:
    text = str(error).strip() or "no message"
    return f"{type(error).__name__}: {text.splitlines()[0]}"


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
    """Leave when the parent has died, so that no worker outlives an interrupted run."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text())
    _end_with_parent(os.getppid())
    with open(job["events"], "a") as events:
        run_job(job, events)


if __name__ == "__main__":
    main()
