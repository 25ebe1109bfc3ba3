"""A file that is there and is not what the card says fails; one that cannot be had is skipped; the doctor tells them apart."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fornix.cli.main import main
from fornix.registry.discovery import discover
from tests.engine.conftest import TOYS, edit, toy_registry

CONTENT = b"hello\n"
RIGHT = {"bytes": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
WRONG = [{**RIGHT, "bytes": 7}, {**RIGHT, "sha256": "ab" * 32}]


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The toys, and a mirror that holds one file."""
    place = tmp_path / "mirror/example.invalid/w.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    return Path(shutil.copytree(TOYS, tmp_path / "toys", ignore=shutil.ignore_patterns("__pycache__")))


def names(toys: Path, stated: dict[str, object], url: str = "https://example.invalid/w.bin") -> None:
    """Have the card of the dataset name this file."""
    fields = ", ".join(f"{name} = {json.dumps(value)}" for name, value in {"name": "w.bin", "url": url, **stated}.items())
    card = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    edit(card, 'identifier = "Toy"', f'identifier = "Toy"\nfiles = [{{ {fields} }}]')


def run(toys: Path, store: Path) -> subprocess.CompletedProcess[str]:
    choice = ["--models", "toy-linear", "--benchmarks", "Toy.IT-correlation"]
    command = [sys.executable, "-m", "fornix.cli.main", "run", "--plugins", str(toys), "--store", str(store), *choice]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("stated", WRONG)
def test_a_wrong_file_fails_the_cells_that_need_it(stated: dict[str, object], toys: Path, tmp_path: Path) -> None:
    names(toys, stated)
    done = run(toys, tmp_path / "store")
    assert done.returncode == 1
    assert "toy-linear: failed on Toy.IT-correlation: cannot get w.bin" in done.stdout
    assert "If that is the file that is meant, correct bytes and hash in the card" in done.stdout
    assert "Connect to the network" not in done.stdout + done.stderr  # the file is there
    assert "Warning" not in done.stderr


def test_a_file_that_cannot_be_had_is_a_skip(toys: Path, tmp_path: Path) -> None:
    names(toys, RIGHT, "https://example.invalid/gone/w.bin")
    done = run(toys, tmp_path / "store")
    assert done.returncode == 0
    assert "toy-linear: skipped on Toy.IT-correlation: data not available" in done.stdout


def test_a_wrong_file_that_is_passed_over_is_said_in_a_line(toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names(toys, RIGHT)
    other = tmp_path / "other/example.invalid/w.bin"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"another")
    monkeypatch.setenv("FORNIX_MIRROR", f"{tmp_path / 'other'} {tmp_path / 'mirror'}")
    done = run(toys, tmp_path / "store")
    assert done.returncode == 0
    assert "0.999" in done.stdout
    (line,) = [line for line in done.stderr.splitlines() if "offers another file" in line]
    assert line.startswith(f"fornix: warning: mirror {tmp_path / 'other'} offers another file (7 bytes, expected 6) for w.bin")
    assert ".py:" not in done.stderr


@pytest.mark.parametrize("verb", ["doctor", "plan"])
def test_a_mirror_is_refused_without_its_password(
    verb: str, toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    names(toys, RIGHT)
    monkeypatch.chdir(tmp_path)
    for named, given in ((["--mirror", "s3://me:hunter2@lab/x"], "here"), ([], "s3://me:hunter2@lab/x")):
        monkeypatch.setenv("FORNIX_MIRROR", given)
        assert main([verb, "--plugins", str(toys), *named]) == 2
        said = capfd.readouterr()
        assert said.err.startswith("fornix: s3://lab/x is given with a user before it; ")
        assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize("stated", WRONG)
def test_the_doctor_says_what_the_card_should_say(
    stated: dict[str, object], toys: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    names(toys, stated)
    monkeypatch.setattr("fornix.cli.doctor.registry", lambda parsed: toy_registry(toys))
    assert main(["doctor"]) == 1
    (line,) = capfd.readouterr().out.splitlines()
    assert line.startswith("error: dataset Toy: its file w.bin is not what lies at ")
    assert f'the card should say bytes = 6, sha256 = "{RIGHT["sha256"]}"' in line


def test_the_doctor_says_once_what_many_cards_lack(
    tmp_path: Path, toys: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    card = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    head, entry = card.read_text().split("[[dataset]]")
    url = 'files = [{ name = "w", url = "https://example.invalid/%s", bytes = 1, sha256 = "%064x" }]\n'
    text = "".join(f"[[dataset]]{entry.replace('Toy', name)}{url % (name, i)}" for i, name in enumerate(["Toy", *"ABCD"]))
    card.write_text(head + text)
    monkeypatch.setattr("fornix.cli.doctor.registry", lambda parsed: toy_registry(toys))
    assert len(discover([toys]).cards("dataset")) >= 5
    assert main(["doctor"]) == 0
    line, more = capfd.readouterr().out.splitlines()
    assert line.startswith(
        "warning: dataset A, dataset B, dataset C and 2 more: a file of example.invalid that it needs cannot be had"
    )
    assert "--json" in more
    assert main(["doctor", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert [finding["subject"] for finding in found] == [f"dataset {name}" for name in ("A", "B", "C", "D", "Toy")]
    assert found[0]["details"] == "w (https://example.invalid/A)"
