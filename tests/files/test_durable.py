"""Files get their names whole: on the disk first, then renamed or linked, then the folder on the disk."""

from __future__ import annotations

import errno
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


def test_files_that_belong_together_are_all_on_the_disk_before_the_first_is_replaced(
    tmp_path: Path, steps: list[tuple[str, ...]]
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("old")
    first.chmod(0o640)
    durable.write({first: b"one", second: b"two"})
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")
    assert first.stat().st_mode & 0o777 == 0o640
    replaced = [step[1:] for step in steps if step[0] == "replace"]
    assert replaced == [(".first.part", "first"), (".second.part", "second")]
    assert steps.index(("fsync", ".second.part")) < steps.index(("replace", ".first.part", "first"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


@pytest.mark.parametrize("full", ["first", "second"])
def test_a_full_disk_changes_none_of_them_and_is_said_of_its_file(
    tmp_path: Path, full: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {tmp_path / name: name.encode() for name in ("first", "second")}
    for file in files:
        file.write_text("old")
    real = Path.write_bytes

    def write_bytes(self: Path, content: bytes) -> int:
        if self.name == f".{full}.part":
            real(self, content[:1])
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))  # which names no file
        return real(self, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(OSError, match="File too large") as raised:
        durable.write(files)
    assert raised.value.filename == str(tmp_path / full)
    assert {file.read_text() for file in files} == {"old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_a_link_stays_one_and_what_a_killed_writer_left_is_written_over(tmp_path: Path) -> None:
    target, link = tmp_path / "there" / "file", tmp_path / "link"
    target.parent.mkdir()
    link.symlink_to(target)
    durable.part_of(target).write_text("half of something longer")
    durable.part_of(target).chmod(0o400)
    durable.check_writable(link)
    durable.write({link: b"new"})
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_what_cannot_be_written_is_found_without_touching_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    durable.check_writable(tmp_path / "file")
    durable.check_writable(tmp_path / "new")
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    with pytest.raises(OSError, match="Not a directory") as raised:
        durable.check_writable(tmp_path / "file" / "below")
    assert raised.value.filename == str(tmp_path / "file" / "below")
