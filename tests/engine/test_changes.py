"""Plugins edited during a run are noticed, however they are edited; what was not edited is not read again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fornix.engine.plan import PlannedCell
from fornix.engine.work import Changes
from fornix.registry import discovery
from fornix.store.folder import FolderStore
from tests.engine.conftest import edit, plan_toys, toy_registry

METRIC = "metrics/toy/fornix_metric_toy"
CARD = "benchmarks/toy/fornix_benchmark_toy/plugin.toml"


@pytest.fixture
def cells(toys: Path, store: FolderStore) -> list[PlannedCell]:
    return list(plan_toys(toys, store).to_compute)


@pytest.fixture
def changes(toys: Path, cells: list[PlannedCell]) -> Changes:
    """As they are after a first look, by which nothing has changed."""
    found = Changes(toy_registry(toys), 0)
    assert [found.of(cell) for cell in cells] == [None] * len(cells)
    return found


def test_what_nobody_wrote_is_not_read_again(changes: Changes, cells: list[PlannedCell], monkeypatch: pytest.MonkeyPatch) -> None:
    def unread(*_: object) -> None:
        raise AssertionError("a file was read again")

    monkeypatch.setattr(discovery, "read_cards", unread)
    monkeypatch.setattr(Path, "read_bytes", unread)
    assert [changes.of(cell) for cell in cells] == [None] * len(cells)
    assert [changes.of(cell, model_only=True) for cell in cells] == [None] * len(cells)


def as_before(path: Path) -> None:
    """As many bytes, and the time at which it was last modified."""
    status = path.stat()
    edit(path, "2.36", "2.37")
    assert path.stat().st_size == status.st_size
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


EDITS: dict[str, Callable[[Path], object]] = {
    "a line": lambda toys: edit(toys / METRIC / "metric.py", "2.36", "2.361"),
    "a digit, the time set back": lambda toys: as_before(toys / METRIC / "metric.py"),
    "a file added": lambda toys: (toys / METRIC / "more.py").write_text("x = 1\n"),
    "a file removed": lambda toys: (toys / METRIC / "__init__.py").unlink(),
    "the version of a card": lambda toys: edit(toys / CARD, "version = 1", "version = 2"),
}


@pytest.mark.parametrize("edited", EDITS)
def test_every_edit_is_noticed_after_a_look_that_found_none(
    changes: Changes, cells: list[PlannedCell], toys: Path, edited: str
) -> None:
    EDITS[edited](toys)
    for cell in cells:
        failure = changes.of(cell)
        assert failure is not None
        assert "changed while it ran, so nothing was kept" in failure.reason
        assert changes.of(cell, model_only=True) is None


def test_an_edit_that_is_taken_back_is_none(changes: Changes, cells: list[PlannedCell], toys: Path) -> None:
    path = toys / METRIC / "metric.py"
    edit(path, "2.36", "2.37")
    assert changes.of(cells[0]) is not None
    edit(path, "2.37", "2.36")
    assert changes.of(cells[0]) is None


def test_a_plugin_that_is_gone_is_a_change(changes: Changes, cells: list[PlannedCell], toys: Path) -> None:
    (toys / "metrics").rename(toys / "elsewhere")
    failure = changes.of(cells[0])
    assert failure is not None
    assert "changed while it ran" in failure.reason
