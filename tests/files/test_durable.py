"""Files get their names whole: on the disk first, then renamed or linked, then the folder on the disk."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fornix.files import durable


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """What is asked of the disk, in order."""
    seen: list[tuple[str, ...]] = []
    fsync, replace, link = os.fsync, os.replace, os.link

    def recorded(name: str, call: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        def wrapper(source: Path, target: Path) -> None:
            seen.append((name, Path(source).name, Path(target).name))
            call(source, target)

        return wrapper

    def named_fsync(descriptor: int) -> None:
        inode = os.fstat(descriptor).st_ino
        (name,) = {path.name for path in (tmp_path, *tmp_path.rglob("*")) if path.stat().st_ino == inode}
        seen.append(("fsync", name))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", named_fsync)
    monkeypatch.setattr(os, "replace", recorded("replace", replace))
    monkeypatch.setattr(os, "link", recorded("link", link))
    return seen


@pytest.fixture
def part(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "x.part"
    path.parent.mkdir()
    path.write_text("new")
    return path


def test_replacing_syncs_renames_and_syncs_the_folder(part: Path, steps: list[tuple[str, ...]]) -> None:
    target = part.with_name("x")
    target.write_text("old")
    inode = part.stat().st_ino
    durable.replace(part, target)
    assert target.stat().st_ino == inode  # renamed, not copied: no reader sees half of it
    assert target.read_text() == "new"
    assert not part.exists()
    assert steps == [("fsync", "x.part"), ("replace", "x.part", "x"), ("fsync", "folder")]


def test_linking_is_for_the_first_only(part: Path, steps: list[tuple[str, ...]]) -> None:
    target = part.with_name("x")
    inode = part.stat().st_ino
    assert durable.link(part, target)
    assert target.stat().st_ino == inode
    assert not part.exists()
    assert steps == [("fsync", "x.part"), ("link", "x.part", "x"), ("fsync", "folder")]
    part.write_text("newer")
    assert not durable.link(part, target)
    assert target.read_text() == "new"
    assert not part.exists()
