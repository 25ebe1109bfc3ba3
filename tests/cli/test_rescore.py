"""``fornix rescore``: what it prints, and its exit statuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fornix.cli.main import main
from tests.engine.conftest import tell

TOYS = Path(__file__).parents[1] / "engine" / "toys"
CHOICE = ["--models", "toy-linear", "--benchmarks", "Toy.IT-correlation"]
METRIC = "metrics/toy/fornix_metric_toy/metric.py"


def test_a_stored_matrix_follows_a_changed_rule_by_one_command(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toys, store = tmp_path / "toys", tmp_path / "store"
    shutil.copytree(TOYS, toys, ignore=shutil.ignore_patterns("__pycache__"))
    place = ["--plugins", str(toys), "--store", str(store)]
    assert main(["rescore", *place, *CHOICE]) == 0  # nothing was ever run, so nothing is asked for
    out, err = capfd.readouterr()
    assert err == f"no answer to these benchmarks is in the store {store}\n"
    assert out.splitlines()[0] == (
        "toy-linear: missing on Toy.IT-correlation (the store lacks answers of toy-linear to it, and no model was run; "
        "`fornix run` asks for them)"
    )
    assert main(["run", *place, *CHOICE]) == 0
    capfd.readouterr()
    text = (toys / METRIC).read_text()
    (toys / METRIC).write_text(text.replace("value = float(np.mean(r))", "value = float(np.mean(r)) / 2"))
    assert main(["rescore", *place, *CHOICE]) == 0
    out, err = capfd.readouterr()
    assert "0.499 ±" in out
    assert "1 cell: 1 stale; 1 to compute" in err
    assert main(["rescore", *place, *CHOICE, "--json"]) == 0
    (cell,) = json.loads(capfd.readouterr().out)
    assert cell["value"] == pytest.approx(0.4994, abs=1e-3)
    tell(toys, "well")  # a change of the model
    assert main(["rescore", *place, *CHOICE]) == 1
    out, err = capfd.readouterr()
    assert "toy-linear on Toy.IT-correlation: left: needs toy-linear to be run: the store lacks its answer for IT" in err
    assert "1 cell has no result" in err
