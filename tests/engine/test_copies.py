"""A plugin's files are copies of its own: what it writes into one reaches neither the user's files nor another job's."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from fornix.engine.copies import Copies, CopyError, copy
from fornix.engine.exchange import write_stimuli
from fornix.engine.work import Finished
from fornix.interfaces import OnDisk, StimulusSet
from tests.engine.conftest import edit

Run = Callable[..., list[Finished]]
HARM = 'open(path, "r+b").write(b"9.9")'
SIDES = {
    "model": (
        "models/toy/fornix_model_toy",
        "model.py",
        'identifier = "toy-linear"',
        "        images = np.stack",
        "model",
        "toy-linear",
    ),
    "dataset": (
        "datasets/toy/fornix_dataset_toy",
        "dataset.py",
        'identifier = "Toy"',
        "        rng = np.random.default_rng(7)",
        "dataset",
        "Toy",
    ),
}


@pytest.mark.parametrize("held_in", ["mirror", "cache"])
@pytest.mark.parametrize("side", SIDES)
def test_a_plugin_that_writes_into_its_file_harms_nobody(
    run_toys: Run, toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str, held_in: str
) -> None:
    """On the scoring side two jobs follow each other, and a plugin loads the file in both: it is sound in each."""
    package, module, identifier, before, kind, name = SIDES[side]
    hash_ = sha256(b"0.1").hexdigest()
    places = {"mirror": tmp_path / "mirror/data.test/noise.txt", "cache": tmp_path / "cache/files" / hash_[:2] / f"{hash_}.txt"}
    place = places[held_in]
    place.parent.mkdir(parents=True)
    place.write_text("0.1")
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))
    card = toys / package / "plugin.toml"
    entry = f'{{ name = "noise.txt", url = "https://data.test/noise.txt", bytes = 3, sha256 = "{hash_}" }}'
    card.write_text(card.read_text().replace(identifier, f"{identifier}\nfiles = [{entry}]", 1))
    path = toys / package / module
    text = path.read_text()
    assert before in text
    record = tmp_path / "read"
    spy = (
        f"        import fornix\n        path = fornix.card_file({kind!r}, {name!r}, 'noise.txt')\n"
        f"        open({str(record)!r}, 'a').write(str(path) + ' ' + path.read_text() + chr(10))\n        {HARM}\n"
    )
    path.write_text(text.replace(before, spy + before, 1))
    finished = run_toys(["toy-linear"])
    assert place.read_text() == "0.1"
    assert place.stat().st_nlink == 1
    read = [line.split() for line in record.read_text().splitlines()]
    assert read[0][1] == "0.1"
    assert not any(str(tmp_path / "mirror") in where or str(tmp_path / "cache") in where for where, _ in read)
    if side == "model":
        assert [(f.status, f.reason) for f in finished] == [("ok", "")]


def test_a_mirror_that_vanishes_costs_no_cell_of_which_there_are_copies(
    run_toys: Run, toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = tmp_path / "mirror"
    (mirror / "127.0.0.1").mkdir(parents=True)
    (mirror / "127.0.0.1/noise.txt").write_text("0.1")
    monkeypatch.setenv("FORNIX_MIRROR", str(mirror))
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))
    file = f'{{ name = "noise.txt", url = "http://127.0.0.1:9/noise.txt", bytes = 3, sha256 = "{sha256(b"0.1").hexdigest()}" }}'
    package, module, identifier, before, _, _ = SIDES["dataset"]
    edit(toys / package / "plugin.toml", identifier, f"{identifier}\nfiles = [{file}]")
    remove = f"        import shutil\n        shutil.rmtree({str(mirror)!r}, ignore_errors=True)\n"
    read = "        import fornix\n        fornix.card_file('dataset', 'Toy', 'noise.txt')\n"
    edit(toys / package / module, before, remove + read + before)
    assert [(f.status, f.reason) for f in run_toys(["toy-linear"])] == [("ok", "")]
    assert not mirror.exists()


def test_a_copy_that_was_written_into_is_made_anew_for_the_next_job(tmp_path: Path) -> None:
    source = tmp_path / "weights.bin"
    source.write_bytes(b"sound")
    copies = Copies(tmp_path / "copies")
    first = Path(copies.of({"a" * 64: source})["a" * 64])
    untouched = first.stat()
    assert Path(copies.of({"a" * 64: source})["a" * 64]).stat() == untouched
    with first.open("r+b") as still_open:
        still_open.write(b"HARMS")
        still_open.flush()
        os.utime(first, ns=(untouched.st_atime_ns, untouched.st_mtime_ns))  # covers its tracks as far as it can
        second = Path(copies.of({"a" * 64: source})["a" * 64])
        still_open.write(b" and more")
    assert second.read_bytes() == source.read_bytes() == b"sound"
    second.unlink()
    assert Path(copies.of({"a" * 64: source})["a" * 64]).read_bytes() == b"sound"


@pytest.mark.parametrize("refusal", [None, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, "nothing", "absent"])
def test_a_file_is_copied_whole_whatever_the_system_offers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: int | str | None
) -> None:
    content = np.random.default_rng(0).bytes(3_000_001)
    (tmp_path / "source").write_bytes(content)
    if refusal == "absent":
        monkeypatch.delattr(os, "copy_file_range")
    elif refusal == "nothing":  # some file systems copy nothing and say nothing
        monkeypatch.setattr(os, "copy_file_range", lambda *_: 0)
    elif isinstance(refusal, int):

        def copy_file_range(*_: int) -> int:
            raise OSError(refusal, os.strerror(refusal))

        monkeypatch.setattr(os, "copy_file_range", copy_file_range)
    copy(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == content
    assert (tmp_path / "source").stat().st_nlink == (tmp_path / "target").stat().st_nlink == 1


def test_a_disk_without_room_for_a_copy_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "weights.bin").write_bytes(b"sound")
    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(CopyError, match=r"weights.bin could not be copied .*No space left.*set TMPDIR to a folder"):
        Copies(tmp_path / "copies").of({"a" * 64: tmp_path / "weights.bin"})


def test_stimuli_are_copies_too(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(b"picture")
    folder = write_stimuli(tmp_path / "sets", StimulusSet(["a"], image=[OnDisk(tmp_path / "one.png")]))
    (shown,) = folder.glob("*.png")
    with shown.open("r+b") as file:
        file.write(b"HARM")
    assert (tmp_path / "one.png").read_bytes() == b"picture"
