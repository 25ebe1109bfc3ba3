"""What docs/pulling.md says runs as it stands there, and names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import fornix
from fornix.matrix.snapshots.tables import COLUMNS
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS
from tests.matrix.snapshots.freeze import SCORES
from tests.matrix.snapshots.placed import fill, scored

GUIDE = (Path(__file__).parents[3] / "docs" / "pulling.md").read_text(encoding="utf-8")
PLACE = Path(__file__).parent / "frozen" / "newer"


def test_its_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fill(FolderStore("fornix-store"), {cell: scored(*how) for cell, how in SCORES.items()})
    blocks = re.findall(r"^```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {"fornix": fornix}
    for block in blocks:
        exec(block.replace("https://HOST/PATH", str(PLACE)).replace("my-plugins", str(TOYS)), names)
    assert len(names["scores"]) == 6
    assert len(names["best"]) == 4
    assert set(names["both"]["origin"].values.ravel()) == {"public"}


def test_it_names_every_variable_and_coordinate() -> None:
    tables = re.findall(r"^\| `.*$|^\| of .*$", GUIDE, re.MULTILINE)
    named = {word for line in tables for word in re.findall(r"`(\w+)`", line)}
    matrix = fornix.pull(PLACE)
    assert set(COLUMNS) | set(matrix.coords) - {"model", "benchmark"} <= named
    assert named <= set(COLUMNS) | set(matrix.coords)
