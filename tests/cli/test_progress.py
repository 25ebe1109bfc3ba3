"""How far a run is: what a log and a terminal show meanwhile."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fornix.cli import progress as shown
from fornix.cli.main import main
from fornix.cli.progress import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    LONGEST_REASON,
    Bar,
    Log,
    cells_scored,
    doing,
    duration,
    estimate,
    how_it_ended,
)
from fornix.engine.progress import Progress, UnderWay
from fornix.engine.work import Finished

TOYS = str(Path(__file__).parents[1] / "engine" / "toys")
RUN = ["run", "--plugins", TOYS, "--models", "toy-linear", "--benchmarks", "Toy.IT-correlation"]
ANSWERING = UnderWay("slow answers 4 experiments", 100.0, steps=1, done=0, scoring=False)
SCORING = UnderWay("quick is scored on 15 benchmarks", 200.0, steps=15, done=3, scoring=True)


class Staged(Progress):
    """Whatever the test says is under way, at whatever time it says."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[UnderWay] = []
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def under_way(self) -> list[UnderWay]:
        return self.jobs


def finished(done: int, total: int, status: str = "ok") -> Finished:
    return Finished(
        "quick", f"B{done}", status, "" if status == "ok" else "it broke", 0.5 if status == "ok" else None, done, total
    )


def spoken(staged: Staged, log: Log, until: int) -> list[int]:
    """The seconds at which the log says something of its own accord."""
    stream = log._stream
    assert isinstance(stream, io.StringIO)
    times = []
    while staged.now < until:
        staged.now += 1
        before = stream.getvalue()
        log.tick()
        if stream.getvalue() != before:
            times.append(int(staged.now))
    return times


def test_a_silent_log_is_broken_after_30_s_then_less_and_less_often() -> None:
    staged = Staged()
    log = Log(staged, 8, io.StringIO(), staged.clock)
    assert spoken(staged, log, 1200) == [30, 90, 210, 450, 750, 1050]
    assert FIRST_PAUSE_S == 30
    assert LONGEST_PAUSE_S == 300


def test_a_finished_cell_breaks_the_silence_too() -> None:
    staged = Staged()
    log = Log(staged, 8, io.StringIO(), staged.clock)
    assert spoken(staged, log, 40) == [30]
    log.report(finished(1, 8))
    assert spoken(staged, log, 200) == [70, 130]


def test_a_line_says_what_is_under_way_for_how_long_and_what_remains() -> None:
    staged = Staged()
    stream = io.StringIO()
    log = Log(staged, 20, stream, staged.clock)
    staged.now, staged.jobs = 31.0, [ANSWERING]
    log.tick()
    staged.now = 50.0
    log.report(finished(1, 20))
    log.report(finished(2, 20, "failed"))
    log.report(finished(3, 20, "failed"))
    log.tell("an environment is built")
    staged.now, staged.jobs = 300.0, [ANSWERING, SCORING]
    log.tick()
    assert stream.getvalue().splitlines() == [
        "[0/20] after 31 s: slow answers 4 experiments (100 s)",
        "[1/20] quick on B1: 0.5000",
        "[2/20] quick on B2: failed: it broke",
        "[3/20] quick on B3: failed, as quick on B2",
        "[3/20] an environment is built",
        # 3 cells and 3 that are scored took 300 s, so the other 14 take 700 s
        "[3/20] after 5 min: slow answers 4 experiments (100 s); quick is scored on 15 benchmarks, 3 done (3 min); "
        "about 12 min left at this rate",
    ]


def test_a_reason_is_shown_in_one_line_of_bounded_length_once() -> None:
    reasons: dict[str, str] = {}
    long = Finished("m", "B", "failed", "x" * (LONGEST_REASON + 1) + "\nmore", None, 1, 9)
    assert how_it_ended(long, reasons) == f"m on B: failed: {'x' * (LONGEST_REASON - 3)}..."
    assert how_it_ended(replace(long, benchmark="C"), reasons) == "m on C: failed, as m on B"
    assert how_it_ended(replace(long, benchmark="C", reason="it broke"), reasons) == "m on C: failed: it broke"


def test_where_no_job_is_under_way_things_are_made_ready() -> None:
    assert doing([]) == "files and environments are made ready"


def test_nothing_is_estimated_before_a_cell_is_done_or_after_the_last() -> None:
    assert (estimate(0, 5, 100.0), estimate(5, 5, 100.0)) == ("", "")
    assert estimate(1, 5, 10.0) == "about 40 s left at this rate"
    assert cells_scored([ANSWERING, SCORING]) == 3


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "0 s"), (119.4, "119 s"), (120, "2 min"), (7199, "2 h 0 min"), (7500, "2 h 5 min")]
)
def test_durations_are_said_in_the_unit_that_fits(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_a_bar_moves_while_cells_are_scored_and_never_back() -> None:
    staged = Staged()
    stream = io.StringIO()
    bar = Bar(staged, 10, Console(file=stream, force_terminal=True, width=200))
    (task,) = bar.drawn.tasks
    with bar.drawn:
        staged.jobs = [SCORING]
        bar.tick()
        assert task.completed == 3
        assert "quick is scored on 15 benchmarks, 3 done" in task.description
        staged.jobs = []  # all scored, not stored yet
        bar.tick()
        assert task.completed == 3
        bar.report(finished(4, 10, "failed"))
        assert task.completed == 4
    assert "quick on B4: failed: it broke" in stream.getvalue()


def test_on_a_narrow_terminal_the_bar_stays_whole_and_the_words_go_on_below() -> None:
    staged = Staged()
    stream = io.StringIO()
    bar = Bar(staged, 10, Console(file=stream, force_terminal=True, width=60, no_color=True))
    staged.jobs = [SCORING]
    with bar.drawn:
        bar.tick()
        bar.drawn.refresh()
    lines = stream.getvalue().splitlines()
    drawn = [number for number, line in enumerate(lines) if "\u2501" in line][-1]
    assert "\u2501" * 6 + " " * 15 in lines[drawn]  # 3 of 10, of 20 characters
    assert "is scored on 15 benchmarks, 3 done" in " ".join(" ".join(lines[drawn:]).split())


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(shown, "_TICK_S", 0.01)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("engine", ["workers", "in-process"])
def test_a_run_says_what_it_is_doing(engine: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--store", str(tmp_path / "store"), "--engine", engine]) == 0
    err = capfd.readouterr().err
    if engine == "workers":  # one takes long enough to start to be seen at each of its jobs
        assert "the experiments of Toy.IT-correlation are written (" in err
        assert "toy-linear answers 1 experiment (" in err
        assert "toy-linear is scored on Toy.IT-correlation (" in err
    assert "[1/1] toy-linear on Toy.IT-correlation: 0.99" in err


def said(command: list[str], terminal: bool) -> tuple[int, str]:
    """A command's exit status and what it wrote to standard error: a terminal of its own, or a pipe."""
    reading, writing = os.openpty() if terminal else os.pipe()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "120"}
    with open(reading, "rb", buffering=0) as stream:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing, env=environment)
        os.close(writing)
        written = b""
        with suppress(OSError):  # how a terminal says on Linux that nobody writes to it any more
            while part := stream.read(4096):
                written += part
    return process.wait(), written.decode()


def test_a_terminal_gets_a_bar_and_a_log_plain_lines(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fornix.cli.main", *RUN, "--engine", "in-process", "--store"]
    status, drawn = said([*command, str(tmp_path / "on a terminal")], terminal=True)
    assert status == 0
    assert "\x1b[" in drawn
    assert "\u2501" * 20 in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn)  # the bar, full
    assert "1/1" in drawn
    assert "[1/1] toy-linear" not in drawn
    status, logged = said([*command, str(tmp_path / "in a log")], terminal=False)
    assert status == 0
    assert logged.splitlines()[-1].startswith("[1/1] toy-linear on Toy.IT-correlation: 0.99")
    assert "\x1b" not in logged
    assert "\r" not in logged


@pytest.mark.usefixtures("impatient")
def test_with_json_nothing_is_said_meanwhile(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--store", str(tmp_path / "store"), "--json"]) == 0
    out, err = capfd.readouterr()
    assert json.loads(out)[0]["status"] == "ok"
    assert err == ""
