"""``fornix run`` into a bucket, read back from it, and ``fornix store`` on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import fornix
from fornix.cli.main import main
from fornix.store.places import open_store
from tests.store.conftest import bucket, client, endpoint, s3_server  # noqa: F401 - fixtures
from tests.store.places import InBucket

TOYS = Path(__file__).parents[1] / "engine" / "toys"
IT = "Toy.IT-correlation"


def test_a_run_into_a_bucket_and_what_is_read_from_it(
    bucket: InBucket,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    """Workers find no bucket in their environment: files are moved by the run itself."""
    toys = tmp_path / "toys"
    shutil.copytree(TOYS, toys)
    selection = ["--plugins", str(toys), "--models", "toy-linear", "--benchmarks", IT]
    assert main(["run", *selection, "--store", bucket.named]) == 0
    capsys.readouterr()
    monkeypatch.setenv("FORNIX_STORE", bucket.named)
    assert main(["plan", *selection, "--json"]) == 0
    assert [cell["state"] for cell in json.loads(capsys.readouterr().out)["cells"]] == ["ok"]
    shutil.rmtree(tmp_path / "cache")  # another machine
    score = fornix.stored_score("toy-linear", IT, plugins=[toys])
    matrix = fornix.run("toy-linear", IT, bucket.named, plugins=[toys])
    assert float(matrix.value.sel(model="toy-linear", benchmark=IT)) == score.value
    assert main(["log", "toy-linear", IT]) == 0
    assert "score: value" in capsys.readouterr().out
    metric = toys / "metrics/toy/fornix_metric_toy/metric.py"
    metric.write_text(metric.read_text().replace("2.36", "2.37"))
    shutil.rmtree(tmp_path / "cache")
    assert main(["rescore", *selection]) == 0
    assert len(list(open_store().cells())) == 2

    assert main(["store", "verify"]) == 0
    assert "5 records read, nothing damaged" in capsys.readouterr().out
    assert main(["store", "copy", bucket.named, str(tmp_path / "copy")]) == 0
    assert "5 records copied, 0 there already" in capsys.readouterr().out
    assert main(["store", "copy", bucket.named, str(tmp_path / "copy"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"copied": 0, "there": 5, "other": 0, "damaged": 0}
    assert main(["store", "gc", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"left": 0, "unnamed": 0, "segments": 0}
    (units,) = list((tmp_path / "copy").glob("units/*/*.nc"))[:1]
    units.write_bytes(units.read_bytes()[:-1])
    assert main(["store", "verify", "--store", str(tmp_path / "copy")]) == 1
    out = capsys.readouterr().out
    assert f"{units} is damaged\n5 records read, 1 damaged" in out
    assert main(["store", "copy", str(tmp_path / "copy"), str(tmp_path / "second")]) == 1
    assert "is damaged or missing\n4 records copied" in capsys.readouterr().out


@pytest.mark.parametrize("action", [["verify"], ["gc"]])
def test_what_is_no_store_is_not_made_one(tmp_path: Path, capsys: Any, action: list[str]) -> None:
    assert main(["store", *action, "--store", str(tmp_path / "mistyped")]) == 2
    assert f"there is no store at {tmp_path}/mistyped" in capsys.readouterr().err
    assert not (tmp_path / "mistyped").exists()


def test_a_store_is_not_copied_to_itself(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "cells").mkdir()
    assert main(["store", "copy", str(tmp_path), str(tmp_path)]) == 2
    assert "would be copied to itself" in capsys.readouterr().err
