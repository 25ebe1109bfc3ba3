"""``fornix rescore``: what it prints, and its exit statuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fornix.cli.main import main
from tests.engine.conftest import tell, toys, toys_forgotten  # noqa: F401 - fixtures

TOYS = Path(__file__).parents[1] / "engine" / "toys"
CHOICE = ["--models", "toy-linear", "--benchmarks", "Toy.IT-correlation"]
#: What is scored anew, and what is not, is the same wherever it is computed; the first test has workers.
HERE = ["--engine", "in-process"]
METRIC = "metrics/toy/fornix_metric_toy/metric.py"


def test_a_stored_matrix_follows_a_changed_rule_by_one_command(
    toys: Path,  # noqa: F811
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / "store"
    place = ["--plugins", str(toys), "--store", str(store)]
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
    assert "1 cell has no result; `fornix run` asks the models for what is lacking" in err


@pytest.fixture(scope="module")
def one_cell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which one cell is scored."""
    store = tmp_path_factory.mktemp("scored") / "store"
    assert main(["run", "--plugins", str(TOYS), "--store", str(store), *CHOICE]) == 0
    return store


@pytest.fixture
def scored(
    one_cell: Path,
    toys: Path,  # noqa: F811
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> tuple[list[str], Path]:
    """Arguments that name the toys and a store in which one cell is scored, and the store."""
    store = Path(shutil.copytree(one_cell, tmp_path / "store"))
    capfd.readouterr()
    return ["--plugins", str(toys), "--store", str(store), *HERE], store


def lose(store: Path) -> None:
    (record,) = (store / "cells").rglob("*.json")
    record.unlink()


def edit_record(store: Path) -> None:
    (record,) = (store / "cells").rglob("*.json")
    record.write_text(record.read_text().replace('"value": 0.9', '"value": 1.9'))


def tear(store: Path) -> None:
    (record,) = (store / "cells").rglob("*.json")
    record.write_bytes(record.read_bytes()[:100])


def lose_all_but_responses(store: Path) -> None:
    for name in ("cells", "units", "attempts"):
        shutil.rmtree(store / name)


@pytest.mark.parametrize(
    ("damage", "choice"),
    [(lose, CHOICE), (edit_record, CHOICE), (tear, CHOICE), (lose_all_but_responses, CHOICE[2:]), (lose, CHOICE[:2])],
)
def test_a_cell_that_was_lost_is_scored_from_its_responses(
    scored: tuple[list[str], Path], damage: Callable[[Path], None], choice: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    place, store = scored
    damage(store)
    main(["rescore", *place, *choice])
    assert "toy-linear on Toy.IT-correlation: 0.99" in capfd.readouterr().err
    assert main(["matrix", *place[:4], *CHOICE, "--json"]) == 0
    (cell,) = json.loads(capfd.readouterr().out)
    assert cell["value"] == pytest.approx(0.9988, abs=1e-4)


def test_what_lacks_its_responses_is_said_and_is_no_success(
    scored: tuple[list[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    place, store = scored
    lose(store)
    shutil.rmtree(store / "responses")
    for choice in (CHOICE, CHOICE[:2]):  # it was named, or tried before
        assert main(["rescore", *place, *choice]) == 1
        out, err = capfd.readouterr()
        assert "toy-linear on Toy.IT-correlation: left: needs toy-linear to be run: the store lacks its answer for IT" in err
        assert "1 cell has no result; `fornix run` asks the models for what is lacking" in err
        assert (
            "toy-linear: missing on Toy.IT-correlation: answers not stored (the store lacks answers of toy-linear to it, and no "
            "model was run; `fornix run` asks for them)"
        ) in out


def test_what_was_never_tried_is_asked_for_only_by_name(
    toys: Path,  # noqa: F811
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    store = tmp_path / "store"
    place = ["--plugins", str(toys), "--store", str(store), *HERE]
    assert main(["rescore", *place, *CHOICE[:2], "--verbose"]) == 0
    out, err = capfd.readouterr()
    assert err == (
        f"nothing in the store {store} says that these models ever answered; benchmarks that are named (--benchmarks) are "
        "looked up all the same\n"
    )
    why = "nothing in the store says that toy-linear ever answered it; `fornix run` asks for it"
    assert f"missing  toy-linear Toy.IT-correlation (not looked up: {why})" in out
    assert main(["rescore", *place, *CHOICE]) == 1
    err = capfd.readouterr().err
    assert "the store lacks its answer for IT" in err
    assert "1 cell has no result; `fornix run` asks the models for what is lacking" in err
