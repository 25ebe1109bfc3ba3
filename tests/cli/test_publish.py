"""``fornix publish``: what it prints, that what it names can be pulled, and its exit status where it cannot be done."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import fornix
from fornix.cli.main import main
from fornix.matrix.snapshots import provenance
from fornix.store.folder import FolderStore
from tests.matrix.snapshots.lab import MEASURE, NET, fill, lab_plugins


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    fill(FolderStore(folder / "store"), lab_plugins(folder / "plugins"), models=["toy-behaving", NET])
    return folder


@pytest.fixture(autouse=True)
def nobody_works_on_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "commit", lambda: None)
    monkeypatch.setattr(provenance, "code", lambda: "0" * 16)


def publish(lab: Path, to: Path, *more: str) -> int:
    toys = ["--models", "toy-behaving", "toy-linear", "--benchmarks", "Toy-correlation"]
    chosen = toys if "--models" not in more else []
    return main(["publish", "--plugins", str(lab / "plugins"), "--store", str(lab / "store"), "--to", str(to), *chosen, *more])


def test_it_says_what_it_wrote_and_how_to_pull_it(lab: Path, tmp_path: Path, capsys: Any) -> None:
    assert publish(lab, tmp_path / "lab") == 0
    printed = capsys.readouterr().out.splitlines()
    version = printed[0].split()[1].removesuffix(":")
    assert printed[0] == (
        f"snapshot {version}: 2 models on 3 benchmarks, 3 scores, newest result of 2026-05-01T12:00:00.000000+00:00"
    )
    assert printed[1].startswith(f"written to {tmp_path / 'lab'}: ")
    assert printed[2] == f"to pull it: fornix.pull('{tmp_path / 'lab'}')"
    pulled = fornix.pull(str(tmp_path / "lab"))
    assert pulled.attrs["version"] == version
    assert pulled["rank"].sel(model="toy-behaving").values.tolist() == [1.0] * 3
    assert (tmp_path / f"lab/snapshots/{version}/site/index.html").exists()

    assert publish(lab, tmp_path / "lab") == 0
    assert f"all of it was at {tmp_path / 'lab'} already" in capsys.readouterr().out
    assert publish(lab, tmp_path / "lab", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["version"], told["latest"], told["written"], told["left_out"]) == (version, version, [], [])
    assert told["counts"]["ok"] == 3


def test_a_dry_run_says_what_it_would_do(lab: Path, tmp_path: Path, capsys: Any) -> None:
    assert publish(lab, tmp_path / "lab", "--dry-run", "--without-arrays") == 0
    said = capsys.readouterr().out
    told = re.search(r"nothing was written to (.*): (\d+) files to write \(the snapshot has (\d+) files, ", said)
    assert told is not None
    assert told[1] == str(tmp_path / "lab")
    assert int(told[2]) == int(told[3]) + 1  # its manifest
    assert not (tmp_path / "lab").exists()


def test_private_plugins_leave_by_name_alone(lab: Path, tmp_path: Path, capsys: Any) -> None:
    assert publish(lab, tmp_path / "lab", "--models", NET, "--benchmarks", "Toy-correlation") == 2
    assert f"add --with {NET}" in capsys.readouterr().err
    chosen = ["--models", NET, "--benchmarks", "Toy-correlation", MEASURE, "--with", NET, MEASURE, "--without-arrays"]
    assert publish(lab, tmp_path / "lab", *chosen) == 0
    assert f"private plugins in it, as asked for: {MEASURE}, {NET}" in capsys.readouterr().out
    assert fornix.pull(str(tmp_path / "lab"))["model"].values.tolist() == [NET]


def test_an_empty_store_is_a_failure_and_says_what_to_do(lab: Path, tmp_path: Path, capsys: Any) -> None:
    arguments = ["publish", "--plugins", str(lab / "plugins"), "--store", str(tmp_path / "none"), "--to", str(tmp_path / "lab")]
    assert main([*arguments, "--models", "toy-linear", "--benchmarks", "Toy-correlation"]) == 1
    assert "no result to publish" in capsys.readouterr().err


def test_a_place_is_needed(capsys: Any) -> None:
    with pytest.raises(SystemExit) as left:
        main(["publish"])
    assert left.value.code == 2
    assert "--to" in capsys.readouterr().err
