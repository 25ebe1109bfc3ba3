"""How far a run is: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from fornix.cli.streams import say
from fornix.engine.silence import FIRST_PAUSE_S, LONGEST_PAUSE_S

if TYPE_CHECKING:
    from rich.console import Console

    from fornix.engine.progress import Progress, UnderWay
    from fornix.engine.work import Finished

#: Characters of why a cell has no value that are shown meanwhile.
LONGEST_REASON: Final = 160
#: How often a bar is brought up to date, and the silence of a log looked at.
_TICK_S: Final = 1.0


@contextmanager
def reporting(progress: Progress, total: int) -> Iterator[Callable[[Finished], None]]:
    """Show on standard error how far a run is; gives what is to be called with each finished cell.

    Parameters
    ----------
    progress : Progress
        Of that run.
    total : int
        How many cells it computes.
    """
    if sys.stderr.isatty() and total:
        from rich.console import Console

        bar = Bar(progress, total, Console(file=sys.stderr))
        progress.tell = bar.tell
        with bar.drawn, _ticking(bar.tick):
            yield bar.report
    else:
        log = Log(progress, total, sys.stderr)
        progress.tell = log.tell
        with _ticking(log.tick):
            yield log.report


@contextmanager
def _ticking(tick: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def work() -> None:
        while not over.wait(_TICK_S):
            tick()

    thread = threading.Thread(target=work, name="fornix-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Log:
    """A line for each finished cell, and one after each silence that says what is under way.

    Parameters
    ----------
    stream : file
        Taken now: a job in this process sends what is printed meanwhile elsewhere.
    """

    def __init__(self, progress: Progress, total: int, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._progress = progress
        self._total = total
        self._stream = stream
        self._clock = clock
        self._lock = threading.Lock()
        self._done = 0
        self._reasons: dict[str, str] = {}
        self._pause = FIRST_PAUSE_S
        self._began = self._spoke = clock()

    def report(self, finished: Finished) -> None:
        with self._lock:
            self._done, self._pause, self._spoke = finished.done, FIRST_PAUSE_S, self._clock()
            self._print(f"[{finished.done}/{finished.total}] {how_it_ended(finished, self._reasons)}")

    def tell(self, sentence: str) -> None:
        """Print a sentence about what is under way and is no job."""
        with self._lock:
            self._spoke = self._clock()
            self._print(f"[{self._done}/{self._total}] {sentence}")

    def tick(self) -> None:
        """Say what is under way, if nothing has been said for long enough."""
        with self._lock:
            now = self._clock()
            if not self._total or now - self._spoke < self._pause:
                return
            self._spoke, self._pause = now, min(2 * self._pause, LONGEST_PAUSE_S)
            jobs, seconds = self._progress.under_way(), now - self._began
            left = estimate(self._done + cells_scored(jobs), self._total, seconds)
            self._print(f"[{self._done}/{self._total}] after {duration(seconds)}: {doing(jobs)}{left and '; ' + left}")

    def _print(self, line: str) -> None:
        say(line, self._stream)


class Bar:
    """A bar, how long it has taken, an estimate of the rest, and what is under way; cells without a result in lines above."""

    def __init__(self, progress: Progress, total: int, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Drawn
        from rich.table import Column

        # on a narrow terminal the words take several lines; the bar stays whole
        words = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=False))
        columns = (SpinnerColumn(), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), words)
        self.drawn = Drawn(*columns, console=console)
        self._progress = progress
        self._total = total
        self._task = self.drawn.add_task(doing([]), total=total)
        self._lock = threading.Lock()
        self._done = 0
        self._shown = 0
        self._reasons: dict[str, str] = {}

    def report(self, finished: Finished) -> None:
        with self._lock:
            self._done = finished.done
        if finished.status != "ok":
            self.tell(how_it_ended(finished, self._reasons))
        self.tick()

    def tell(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self.drawn.console.print(sentence, markup=False, highlight=False)

    def tick(self) -> None:
        """Bring it up to date."""
        with self._lock:
            jobs = self._progress.under_way()
            # what has been scored and is not stored yet is counted, and never taken back
            self._shown = max(self._shown, min(self._total, self._done + cells_scored(jobs)))
            left = estimate(self._shown, self._total, self.drawn.tasks[0].elapsed or 0.0)
            self.drawn.update(self._task, completed=self._shown, description=(left and left + "; ") + doing(jobs))


def how_it_ended(finished: Finished, reasons: dict[str, str]) -> str:
    """A finished cell in a line: its value, or the beginning of why it has none, as the matrix gives the rest.

    Parameters
    ----------
    reasons : dict of str to str
        Why earlier cells had no value, and the first with each reason, which stands for those that follow; added to.
    """
    cell = f"{finished.model} on {finished.benchmark}"
    if finished.value is not None:
        return f"{cell}: {finished.value:.4f}"
    first = reasons.setdefault(finished.reason, cell)
    if first != cell:
        return f"{cell}: {finished.status}, as {first}"
    reason = finished.reason.partition("\n")[0]
    return f"{cell}: {finished.status}: {reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 3] + '...'}"


def doing(jobs: Sequence[UnderWay]) -> str:
    """What is under way, and for how long."""
    parts = []
    for job in jobs:
        part = f", {job.done} done" if job.steps > 1 else ""
        parts.append(f"{job.what}{part} ({duration(job.seconds)})")
    return "; ".join(parts) or "files and environments are made ready"


def cells_scored(jobs: Sequence[UnderWay]) -> int:
    """How many cells have been scored in jobs that have not ended."""
    return sum(job.done for job in jobs if job.scoring)


def estimate(done: int, total: int, seconds: float) -> str:
    """What remains if cells go on taking as long as those that are done; nothing where none is."""
    return f"about {duration(seconds * (total - done) / done)} left at this rate" if 0 < done < total else ""


def duration(seconds: float) -> str:
    """A time as it is said: ``45 s``, ``12 min``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
