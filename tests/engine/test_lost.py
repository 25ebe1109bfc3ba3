"""Responses that vanish from the store before they are scored, as when somebody tidies up, and room that is lost."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fornix.engine.jobs import JobMaker
from fornix.engine.plan import plan
from fornix.engine.run import run_plan
from fornix.engine.runners import Runner, WorkerRunner
from fornix.engine.work import Finished
from fornix.errors import FornixError
from fornix.store.folder import FolderStore
from fornix.store.interface import StoredResponse
from tests.engine.conftest import FreshRunner, toy_registry

IT, V4 = "Toy.IT-correlation", "Toy.V4-correlation"


class Losing(FolderStore):
    """A folder from which somebody removes responses to V4 as soon as they are there."""

    def __init__(self, path: Path, times: int) -> None:
        super().__init__(path)
        self.times = times
        self.put: list[str] = []

    def put_response_file(self, key: str, *arguments: Any) -> StoredResponse:
        stored = super().put_response_file(key, *arguments)
        region = stored.about["request"]["recording"]["region"]
        self.put.append(region)
        if region == "V4" and self.put.count(region) <= self.times:
            for path in (self.path / "responses").rglob(f"{key}.*"):
                path.unlink()
        return stored


def run(toys: Path, store: FolderStore, runner: type[Runner] = FreshRunner, **arguments: Any) -> dict[tuple[str, str], Finished]:
    registry, finished = toy_registry(toys), list[Finished]()
    run_plan(plan(registry, store), registry, store, runner(), report=finished.append, **arguments)
    return {(f.model, f.benchmark): f for f in finished}


def test_a_response_that_is_lost_is_computed_again(toys: Path, tmp_path: Path) -> None:
    store = Losing(tmp_path / "store", times=1)
    assert {f.status for f in run(toys, store).values()} == {"ok"}
    assert sorted(store.put) == ["IT", "IT", "V4", "V4"]


def test_a_response_that_is_lost_again_and_again_costs_its_cell_alone(toys: Path, tmp_path: Path) -> None:
    store = Losing(tmp_path / "store", times=100)
    finished = run(toys, store)
    lost = finished.pop(("toy-behaving", V4))
    assert lost.status == "failed"
    assert "lost before they could be scored, for the second time" in lost.reason
    assert {f.status for f in finished.values()} == {"ok"}
    assert sorted(store.put) == ["IT", "IT", "V4", "V4"]
    assert [attempt.reason for attempt in store.attempts("toy-behaving", V4)] == [lost.reason]


def test_what_is_lost_while_it_is_rescored_is_left(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path / "store")
    run(toys, store)
    metric = toys / "metrics/toy/fornix_metric_toy/metric.py"
    metric.write_text(metric.read_text().replace("2.36", "2.37"))
    real = FolderStore.response_path

    def lose(self: FolderStore, key: str) -> Path:
        record = self.response_record(key)
        if record is not None and record.about["request"]["recording"]["region"] == "V4":
            for path in (self.path / "responses").rglob(f"{key}.*"):
                path.unlink()
        return real(self, key)

    monkeypatch.setattr(FolderStore, "response_path", lose)
    finished = run(toys, store, ask_models=False)
    assert finished["toy-behaving", V4].status == "left"
    assert {finished[cell].status for cell in [("toy-behaving", IT), ("toy-linear", IT)]} == {"ok"}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG])
def test_a_disk_without_room_for_temporary_files_is_said_with_its_place(
    toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def write_json(path: Path, data: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fornix.engine.runners.write_json", write_json)
    with pytest.raises(
        FornixError, match=f"the folder for temporary files {tempfile.gettempdir()} has no room .*set TMPDIR to a"
    ):
        run(toys, store, WorkerRunner)


def test_what_is_asked_again_goes_to_a_folder_of_its_own(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of the first time lie the experiments of other cells, and logs."""
    real, places = JobMaker.place, list[Path]()

    def place(self: JobMaker, name: str) -> Path:
        places.append(real(self, name))
        return places[-1]

    monkeypatch.setattr(JobMaker, "place", place)
    run(toys, Losing(tmp_path / "store", times=1))
    names = [path.name.rpartition("-")[0] for path in places]
    assert names.count("score-toy-behaving") == 2
    assert len(set(places)) == len(places)
