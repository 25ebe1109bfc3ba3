"""A run goes on whatever becomes of what it prints to, and its status is that of its cells."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fornix.cli.main import main
from fornix.store.folder import FolderStore
from tests.cli.test_cli import MODELS, TOYS

FORNIX = f"{sys.executable} -m fornix.cli.main"
#: Workers have none of the streams of the run; only a closed one, whose number a worker's log could take, is tried with them.
HERE = "--engine in-process"


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """A copy of the toy plugins that a test may change."""
    return Path(shutil.copytree(TOYS, tmp_path / "toys"))


@pytest.mark.parametrize(
    "redirected",
    [
        f"{HERE} 2>&1 >/dev/null | true",
        pytest.param(
            f"{HERE} 2>/dev/full", marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
        ),
        ">&- 2>&- <&-",
    ],
)
def test_a_run_that_nobody_listens_to_computes_its_cells_and_saves_its_matrix(redirected: str, tmp_path: Path) -> None:
    """Where a stream is closed, the file that the matrix is saved to could take its number, and what is printed with it."""
    place = f"--store {tmp_path / 'store'} --csv {tmp_path / 'matrix.csv'}"
    command = f"set -o pipefail; {FORNIX} run --plugins {TOYS} {place} {' '.join(MODELS)} {redirected}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert [cell.benchmark for cell in FolderStore(tmp_path / "store").cells()] == ["Toy.IT-correlation"]
    assert [line.split(",")[0] for line in (tmp_path / "matrix.csv").read_text().splitlines()] == ["model", "toy-linear"]


def test_the_matrix_is_no_success_for_a_reader_who_leaves(toys: Path, tmp_path: Path) -> None:
    (toys / "models/toy/fornix_model_toy/how.txt").write_text("raise")
    cell = "--models toy-behaving --benchmarks Toy.IT-correlation"
    run = f"{FORNIX} run --plugins {toys} --store {tmp_path / 'store'} {cell} {HERE}"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {run} | true"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "1 cell has no result" in done.stderr


def test_a_cell_that_failed_is_no_success_although_its_file_is_gone_since(
    toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The cache holds another file in its place, which the attempt discards: the next plan finds no file at all."""
    place = tmp_path / "cache/files/aa" / f"{'a' * 64}.txt"
    place.parent.mkdir(parents=True)
    place.write_text("abc")
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FORNIX_MIRROR", raising=False)
    card = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    file = f'{{ name = "f.txt", url = "http://127.0.0.1:9/f.txt", bytes = 3, sha256 = "{"a" * 64}" }}'
    card.write_text(card.read_text().replace('identifier = "Toy"', f'identifier = "Toy"\nfiles = [{file}]'))
    arguments = ["run", "--plugins", str(toys), "--store", str(tmp_path / "store"), *MODELS]
    assert main(arguments) == 1
    out, err = capfd.readouterr()
    assert "skipped" in out
    assert "1 cell has no result" in err
    assert main(arguments) == 0  # nothing was tried
