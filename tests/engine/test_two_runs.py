"""Two runs over one store at once: nothing is computed twice, neither hangs, and the work of a dead one is taken over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Queue

import pytest

from fornix.engine.run_folder import run_folder
from fornix.store.folder import FolderStore

IT = "Toy.IT-correlation"
WAITING = "being computed by another run"
PATIENCE_S = 170
MODEL = "models/toy/fornix_model_toy/model.py"
METRIC = "metrics/toy/fornix_metric_toy/metric.py"


class Run:
    """A ``fornix run`` in a process of its own; what it says on the way is heard line by line."""

    def __init__(self, toys: Path, store: FolderStore, *models: str) -> None:
        command = [sys.executable, "-u", "-m", "fornix.cli.main", "run", "--plugins", str(toys), "--store", str(store.path)]
        command += ["--models", *models, "--benchmarks", IT, "--workers", "1"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.lines: Queue[str] = Queue()
        self.said = ""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put("")

    def hears(self, words: str) -> None:
        """Wait until it says this."""
        while words not in self.said:
            line = self.lines.get(timeout=PATIENCE_S)
            assert line, f"it ended without saying {words!r}:\n{self.said}"
            self.said += line

    def end(self) -> None:
        """Wait until it has ended well."""
        assert self.process.wait(PATIENCE_S) == 0, self.said + "".join(iter(self.lines.get, ""))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Spied:
    """Toys that write down each computation into a pipe, and then wait for leave through another."""

    def __init__(self, toys: Path, folder: Path) -> None:
        self.toys = toys
        self.began, self.leave = folder / "began", folder / "leave"
        self.record = folder / "record"
        for pipe in (self.began, self.leave):
            os.mkfifo(pipe)
        self._descriptors = [os.open(pipe, os.O_RDWR) for pipe in (self.began, self.leave)]

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)

    def on(self, path: str, before: str, what: str) -> None:
        place = self.toys / path
        text = place.read_text()
        assert before in text
        spy = (
            f"open({str(self.record)!r}, 'a').write({what!r} + chr(10))\n        "
            f"open({str(self.began)!r}, 'w').write('x')\n        open({str(self.leave)!r}, 'rb', 0).read(1)\n        "
        )
        place.write_text(text.replace(before, spy + before, 1))

    def wait_until_one_has_begun(self) -> None:
        assert os.read(self._descriptors[0], 1) == b"x"

    def let_go(self, how_many: int) -> None:
        os.write(self._descriptors[1], b"x" * how_many)

    def computed(self) -> list[str]:
        return sorted(self.record.read_text().split())


@pytest.fixture
def spied(toys: Path, tmp_path: Path) -> Iterator[Spied]:
    spied = Spied(toys, tmp_path)
    yield spied
    spied.close()


@pytest.fixture
def begin(toys: Path, store: FolderStore) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def run(*models: str) -> Run:
        runs.append(Run(toys, store, *models))
        return runs[-1]

    yield run
    for each in runs:
        with suppress(ProcessLookupError):
            each.kill()


Begin = Callable[..., Run]
SIDES = [(MODEL, "images = np.stack"), (METRIC, "source = source.sortby")]


@pytest.mark.parametrize(("path", "before"), SIDES, ids=["responses", "score"])
def test_what_one_run_is_computing_the_other_waits_for_and_finds(
    begin: Begin, spied: Spied, store: FolderStore, path: str, before: str
) -> None:
    spied.on(path, before, "computed")
    first = begin("toy-linear")
    spied.wait_until_one_has_begun()
    second = begin("toy-linear")
    second.hears(WAITING)
    spied.let_go(1)
    first.end()
    second.end()
    assert spied.computed() == ["computed"]
    assert len(list(store.cells())) == len(list(store.attempts())) == 1


@pytest.mark.parametrize(("path", "before"), SIDES, ids=["responses", "score"])
def test_what_a_killed_run_was_computing_the_other_takes_over(
    begin: Begin, spied: Spied, store: FolderStore, path: str, before: str
) -> None:
    spied.on(path, before, "computed")
    first = begin("toy-linear")
    spied.wait_until_one_has_begun()
    second = begin("toy-linear")
    second.hears(WAITING)
    first.kill()
    spied.wait_until_one_has_begun()
    spied.let_go(2)  # the worker of the killed run may still be there to take one
    second.end()
    assert spied.computed() == ["computed"] * 2
    assert len(list(store.cells())) == 1


def test_two_runs_that_want_each_others_models_both_end(begin: Begin, spied: Spied, store: FolderStore) -> None:
    """Each is at work on what the other wants next."""
    spied.on(MODEL, "images = np.stack", "computed")
    runs = [begin("toy-linear", "toy-behaving")]
    spied.wait_until_one_has_begun()
    runs.append(begin("toy-behaving", "toy-linear"))
    spied.wait_until_one_has_begun()
    spied.let_go(2)
    for run in runs:
        run.end()
    assert spied.computed() == ["computed"] * 2
    assert len(list(store.cells())) == 2


# the folders that runs work in

HOLDER = """
import sys
from fornix.engine.run_folder import run_folder
with run_folder() as folder:
    print(folder, flush=True)
    sys.stdin.readline()
"""


def test_the_folder_of_a_killed_run_is_removed_by_the_next_and_that_of_a_live_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    holders = []
    for _ in range(2):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert holder.stdout is not None
        holders.append((holder, Path(holder.stdout.readline().strip())))
    (dead, its_folder), (live, other_folder) = holders
    (its_folder / "stimuli").mkdir()
    dead.kill()
    dead.communicate()
    unknown = tmp_path / "fornix-run-of-something-else"
    unknown.mkdir()
    with run_folder() as mine:
        assert {path for path in tmp_path.iterdir() if path.is_dir()} == {mine, other_folder, unknown}
    assert not mine.exists()
    live.communicate("\n")
    assert not other_folder.exists()


def test_the_folder_of_another_user_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead, link = tmp_path / "fornix-run-dead", tmp_path / "fornix-run-link"
    dead.mkdir()
    (dead / "run.lock").touch()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "run.lock").touch()
    link.symlink_to(elsewhere)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    with run_folder():
        assert dead.exists()
    monkeypatch.setattr(os, "getuid", lambda: me)
    with run_folder():
        assert not dead.exists()
        assert (elsewhere / "run.lock").exists()
