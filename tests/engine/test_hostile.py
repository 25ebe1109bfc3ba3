"""Plugins that do their worst cost their own cells, and neither the run nor the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fornix.engine import steps
from fornix.engine.plan import plan
from fornix.engine.run import run_plan
from fornix.engine.runners import InProcessRunner, Limits
from fornix.engine.work import Finished
from fornix.registry.load import use_registry
from fornix.store.folder import FolderStore
from tests.engine.conftest import edit, toy_registry

Run = Callable[..., list[Finished]]
MODEL = "models/toy/fornix_model_toy/model.py"
#: Where the worker of a plugin writes what the parent reads.
EVENTS = "__import__('json').load(open(__import__('sys').argv[1]))['events']"


def do(toys: Path, code: str) -> None:
    """Have the model toy-behaving do this before it answers."""
    path = toys / MODEL
    before = 'print(f"about to behave: {self.how}", flush=True)'
    text = path.read_text()
    assert before in text
    lines = "\n        ".join(code.strip().splitlines())
    path.write_text(text.replace(before, lines))


def end(finished: list[Finished]) -> tuple[set[str], set[str]]:
    return {f.status for f in finished}, {f.reason for f in finished}


FORGED = {
    "event": "end",
    "step": 0,
    "status": "ok",
    "reason": "",
    "seconds": 1.0,
    "peak_rss_bytes": 0,
    "versions": {},
    "hardware": {},
}
HALF = {**FORGED, "seconds": "long"}
NONSENSE = b'nonsense\n[1]\n3\n\xff\xfe\n{"event": "end"}\n' + json.dumps(HALF).encode() + b"\n"


@pytest.mark.parametrize(
    "code",
    [
        f"open({EVENTS}, 'ab').write({NONSENSE!r})",
        "import threading\nthreading.Thread(target=time.sleep, args=(600,)).start()",
        "import atexit\natexit.register(time.sleep, 600)",
        "for log in Path('.').glob('*.log'):\n    log.unlink()\n    os.mkfifo(log)",
        "for log in Path('.').glob('*.log'):\n    log.unlink()\n    log.symlink_to('/dev/zero')",
    ],
    ids=["events", "thread", "atexit", "pipe", "endless"],
)
def test_what_does_not_touch_its_answers_costs_nothing(run_toys: Run, toys: Path, code: str) -> None:
    do(toys, code)
    assert end(run_toys(["toy-behaving"])) == ({"ok"}, {""})


RAISED = {
    "exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "odd": ("raise type('Odd', (BaseException,), {})('odd')", "Odd: odd"),
    "mute": (
        "class Mute(Exception):\n    def __str__(self):\n        raise ValueError\nraise Mute",
        "Mute: its message cannot be had (ValueError)",
    ),
    "escapes": ("raise RuntimeError('\\x1b[2J \\ud800 \\u202e')", r"RuntimeError: \x1b[2J \ud800 \u202e"),
    "long": ("raise RuntimeError('x' * 10**7)", "RuntimeError: " + "x" * 497 + "..."),
    "bare": ("class Bare(Exception):\n    __traceback__ = property(lambda self: 1 / 0)\nraise Bare", "Bare: no message"),
}


def check_reason(finished: list[Finished], reason: str) -> None:
    statuses, (said,) = end(finished)
    assert statuses == {"failed"}
    assert re.fullmatch(re.escape(reason) + r" \(line \d+ of model\.py of fornix-model-toy\)", said)


@pytest.mark.parametrize(("code", "reason"), RAISED.values(), ids=RAISED)
def test_whatever_is_raised_is_a_reason_in_one_printable_line(toys: Path, store: FolderStore, code: str, reason: str) -> None:
    """Even what would end this process, in which the model runs."""
    do(toys, code)
    registry, finished = toy_registry(toys), list[Finished]()
    with use_registry(registry):
        run_plan(plan(registry, store, ["toy-behaving"]), registry, store, InProcessRunner(), report=finished.append)
    check_reason(finished, reason)


@pytest.mark.parametrize("raised", ["exit", "escapes", "long"])
def test_a_reason_comes_out_of_a_worker_as_it_is(run_toys: Run, toys: Path, raised: str) -> None:
    code, reason = RAISED[raised]
    do(toys, code)
    check_reason(run_toys(["toy-behaving"]), reason)


@pytest.mark.parametrize(
    "code",
    [
        f"open({EVENTS}, 'w').write({json.dumps(FORGED)!r} + chr(10))\nos._exit(0)",
        "import shutil\nshutil.rmtree(Path.cwd().parent.parent)",
    ],
    ids=["forged", "removed"],
)
def test_what_a_worker_leaves_in_ruins_costs_its_models_cells(run_toys: Run, toys: Path, store: FolderStore, code: str) -> None:
    do(toys, code)
    finished = run_toys(["toy-behaving"])
    assert {f.status for f in finished} == {"failed"}
    assert all(f.reason for f in finished)
    assert list(store.cells()) == []


def test_a_log_without_end_keeps_its_beginning_and_its_end_and_fills_no_disk(
    run_toys: Run, toys: Path, store: FolderStore
) -> None:
    do(
        toys,
        """
print('the beginning', flush=True)
os.write(1, b'x' * 21_000_000 + b'\\n')
while os.fstat(1).st_size > 20_000_000:
    time.sleep(0.01)
print('the end', flush=True)
""",
    )
    assert end(run_toys(["toy-behaving"], limits=Limits(seconds=60.0))) == ({"ok"}, {""})
    log = store.log(next(store.attempts("toy-behaving")))
    assert 900_000 < len(log) < 1_001_000
    lines = [line for line in log.splitlines() if line and not line.startswith("x")]
    assert lines[:3] == [
        "--- model side ---",
        "the beginning",
        "... fornix: here a part of the log is left out, as it has grown so long ...",
    ]
    assert lines[-1] == "the end"


@pytest.mark.parametrize(
    "start",
    [
        "str(subprocess.Popen(['sleep', '600'], start_new_session=True).pid)",
        # A daemon: whoever started it is gone at once.
        "subprocess.check_output('setsid sleep 600 >/dev/null 2>&1 & echo $!', shell=True, text=True)",
    ],
    ids=["child", "daemon"],
)
def test_a_process_that_leaves_its_workers_session_is_ended_with_it(
    run_toys: Run, toys: Path, tmp_path: Path, start: str
) -> None:
    left = tmp_path / "left"
    do(toys, f"import subprocess\nPath({str(left)!r}).write_text({start})")
    assert end(run_toys(["toy-behaving"])) == ({"ok"}, {""})
    pid = int(left.read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


BENCHMARK = "benchmarks/toy/fornix_benchmark_toy/benchmark.py"
ODD_SCORE = """
        import fornix.engine.steps as steps

        def odd(out, scored):
            out.mkdir(parents=True)
            (out / "score.json").write_text(SCORE)

        steps.write_score = odd if self.region == "IT" else write_score
        metric = """
ODD_EXPERIMENTS = """
        import fornix.engine.steps as steps

        steps._write_round = (lambda *_: RESULT) if region == "IT" else _write_round
        self.region = region"""


@pytest.mark.parametrize(
    ("before", "odd", "says"),
    [
        (
            "\n        metric = ",
            ODD_SCORE.replace("SCORE", repr('{"scalars": {"value": "high"}, "arrays": []}')),
            "the score lacks",
        ),
        ("\n        metric = ", ODD_SCORE.replace("SCORE", repr("[" * 100_000), 1), "the score cannot be read"),
        ("\n        self.region = region", ODD_EXPERIMENTS.replace("RESULT", "5"), "does not say which experiments"),
        (
            "\n        self.region = region",
            ODD_EXPERIMENTS.replace("RESULT", "['/etc/passwd']"),
            "an experiment is not in a file",
        ),
    ],
    ids=["scalars", "json", "no experiments", "experiments elsewhere"],
)
def test_what_a_benchmark_leaves_in_ruins_costs_its_own_cells(
    run_toys_here: Run,
    toys: Path,
    store: FolderStore,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    odd: str,
    says: str,
) -> None:
    for name in ("write_score", "_write_round"):  # which it changes, in a process that goes on
        monkeypatch.setattr(steps, name, getattr(steps, name))
    path = toys / BENCHMARK
    text = path.read_text()
    assert before in text
    path.write_text("from fornix.engine.steps import _write_round, write_score\n" + text.replace(before, odd, 1))
    finished = {f.benchmark: f for f in run_toys_here(["toy-behaving"])}
    assert finished["Toy.V4-correlation"].status == "ok"
    assert finished["Toy.IT-correlation"].status == "failed"
    assert says in finished["Toy.IT-correlation"].reason
    assert [cell.benchmark for cell in store.cells()] == ["Toy.V4-correlation"]
    (attempt,) = store.attempts("toy-behaving", "Toy.IT-correlation")
    assert attempt.reason == finished["Toy.IT-correlation"].reason


IT_CARD = 'regions = ["IT"]\nuses ='


@pytest.mark.parametrize("where", ["metric =", "self.region = region"], ids=["scoring", "experiments"])
@pytest.mark.parametrize(
    ("code", "limit", "status", "says"),
    [
        ("__import__('time').sleep(600)", "time_limit_s = 8", "timeout", "still running after its time limit of 8 s"),
        ("[b'x' * 10**9, __import__('time').sleep(600)]", "memory_gb = 0.7", "oom", "GB of memory; its limit is 0.70 GB"),
        ("__import__('os').kill(__import__('os').getpid(), 9)", "time_limit_s = 600", "oom", "killed by SIGKILL"),
        ("__import__('os').kill(__import__('os').getpid(), 35)", "time_limit_s = 600", "failed", "killed by signal 35"),
    ],
    ids=["hangs", "eats memory", "is killed", "real-time signal"],
)
def test_a_benchmark_that_is_ended_costs_its_own_cells(
    run_toys: Run, toys: Path, store: FolderStore, where: str, code: str, limit: str, status: str, says: str
) -> None:
    """While it is asked what it shows and while it scores; the other benchmark is scored all the same."""
    edit(toys / BENCHMARK.replace("benchmark.py", "plugin.toml"), IT_CARD, f"resources = {{ {limit} }}\n{IT_CARD}")
    region = "region" if where.startswith("self") else "self.region"
    odd = f"if {region} == 'IT':\n            print('about to be ended', flush=True)\n            hoard = {code}\n        "
    edit(toys / BENCHMARK, where, odd + where)
    finished = {f.benchmark: f for f in run_toys(["toy-behaving"])}
    assert finished["Toy.V4-correlation"].status == "ok"
    ended = finished["Toy.IT-correlation"]
    assert ended.status == status
    assert says in ended.reason
    (attempt,) = store.attempts("toy-behaving", "Toy.IT-correlation")
    assert (attempt.status, attempt.reason) == (status, ended.reason)
    assert "about to be ended" in store.log(attempt)
    assert [cell.benchmark for cell in store.cells()] == ["Toy.V4-correlation"]
