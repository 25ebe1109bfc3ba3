"""``fornix rank``: models in order from a store or a snapshot, on what all have where that is asked for, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import fornix
from fornix.cli.main import main
from fornix.matrix.snapshots.publishing import publish
from fornix.store.folder import FolderStore
from tests.cli.conftest import OWN
from tests.engine.conftest import TOYS, toy_registry
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, PARENT, V4, fill, scored

PLUGINS = ["--plugins", str(TOYS)]


def test_a_store_and_a_snapshot_are_ranked_alike(lab: Path, capsys: Any) -> None:
    models = ["--models", MODEL, OTHER]
    assert main(["rank", "--store", str(lab / "store"), "--benchmarks", IT, *models, *PLUGINS]) == 0
    said = capsys.readouterr().out
    first, *rows = said.splitlines()
    assert first == IT
    assert [row.split()[:2] for row in rows[1:3]] == [["1", MODEL], ["2", OTHER]]
    assert main(["rank", "--snapshot", str(lab / "place"), "--benchmarks", IT, *models]) == 0
    assert capsys.readouterr().out == said


def test_it_says_what_python_does(lab: Path, capsys: Any) -> None:
    assert main(["rank", "--snapshot", str(lab / "place"), "--benchmarks", PARENT, IT, V4, "--json"]) == 0
    of_parent, *of_leaves = json.loads(capsys.readouterr().out)
    expected = fornix.rank(fornix.pull(lab / "place"))
    for found in (of_parent, *of_leaves):
        column = expected.sel(benchmark=found["benchmark"])
        assert {model["model"]: model["rank"] for model in found["models"] if model["rank"] is not None} == {
            str(name): float(column["rank"].sel(model=name)) for name in column["model"].values[column["rank"].notnull()]
        }
    assert [model["model"] for model in of_parent["models"]] == [MODEL]
    assert of_parent["reliability"] is None
    assert of_parent["compared_on"] == []


def test_ones_own_model_is_ranked_among_the_published(lab: Path, own: list[str], capsys: Any) -> None:
    laid = fornix.overlay(lab / "place", own[1], plugins=own[3:])
    assert main(["rank", "--snapshot", str(lab / "place"), *own, "--benchmarks", IT, V4, PARENT, "--json"]) == 0
    for found in json.loads(capsys.readouterr().out):
        column = laid.sel(benchmark=found["benchmark"])
        assert OWN in [model["model"] for model in found["models"]]
        for name in ("rank", "rank_low", "rank_high"):
            expected = {model: float(column[name].sel(model=model)) for model in column["model"].values[column["rank"].notnull()]}
            assert {model["model"]: model[name] for model in found["models"] if model["rank"] is not None} == expected
    assert main(["rank", "--snapshot", str(lab / "place"), *own, "--benchmarks", IT, "--models", OWN, OTHER, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert [(model["model"], model["rank"]) for model in found["models"]] == [(OWN, 1), (OTHER, 2)]  # anew, of three


def test_in_common_models_are_ranked_on_what_all_of_them_have(lab: Path, capsys: Any) -> None:
    place = ["rank", "--snapshot", str(lab / "place"), "--common"]
    assert main([*place, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["benchmark"] == PARENT
    assert found["compared_on"] == [IT]
    ranks = {model["model"]: (model["rank"], model["value"]) for model in found["models"]}
    assert ranks == {MODEL: (1, pytest.approx(0.4)), OTHER: (2, None)}
    assert main(place) == 0
    assert f"ranked on {IT} only" in capsys.readouterr().out


@pytest.fixture
def incomplete(tmp_path: Path) -> list[str]:
    """The arguments for a store in which no model has all children of the parent."""
    fill(FolderStore(tmp_path / "store"), {(MODEL, IT): scored(0.5, 1), (OTHER, IT): scored(0.4, 3)})
    return ["--store", str(tmp_path / "store"), *PLUGINS]


def test_where_no_model_is_complete_on_a_parent_what_is_below_is_ranked_and_it_is_said(
    incomplete: list[str], capsys: Any
) -> None:
    assert main(["rank", *incomplete, "--benchmarks", IT]) == 0
    of_leaf = capsys.readouterr().out
    assert main(["rank", *incomplete]) == 0
    said = capsys.readouterr().out
    assert said.startswith(of_leaf)
    assert said[len(of_leaf) :] == (
        f"\nno rank on {PARENT}: every model lacks some of its children "
        "(--common ranks on the children that all models have, if there are any)\n"
    )


def test_what_was_passed_over_is_not_in_the_json(incomplete: list[str], capsys: Any) -> None:
    assert main(["rank", *incomplete, "--json"]) == 0
    said = capsys.readouterr()
    assert [found["benchmark"] for found in json.loads(said.out)] == [IT]
    assert said.err.startswith(f"fornix: no rank on {PARENT}: ")


def test_published_ranks_are_those_of_a_snapshot_without_arrays(lab: Path, tmp_path: Path, capsys: Any) -> None:
    publish(toy_registry(TOYS), FolderStore(lab / "store"), tmp_path / "place", arrays=False)
    published = fornix.pull(tmp_path / "place")
    assert main(["rank", "--snapshot", str(tmp_path / "place"), "--benchmarks", PARENT, IT, "--json"]) == 0
    for found in json.loads(capsys.readouterr().out):
        column = published.sel(benchmark=found["benchmark"])
        there = column["model"].values[column["rank"].notnull()].tolist()
        assert there
        for name in ("rank", "rank_low", "rank_high"):
            assert {model["model"]: model[name] for model in found["models"]} == {
                model: float(column[name].sel(model=model)) for model in there
            }
    assert main(["rank", "--snapshot", str(tmp_path / "place")]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0] == PARENT
    assert said.splitlines()[2].split()[:2] == ["1", MODEL]


def test_ranks_that_were_left_out_of_a_snapshot_are_made(lab: Path, tmp_path: Path, capsys: Any) -> None:
    publish(toy_registry(TOYS), FolderStore(lab / "store"), tmp_path / "place", ranks=False)
    for place in (tmp_path / "place", lab / "place"):
        assert main(["rank", "--snapshot", str(place), "--benchmarks", IT, "--json"]) == 0
    made, published = (json.loads(text + "]") for text in capsys.readouterr().out.split("\n]\n") if text)
    assert made[0]["models"] == published[0]["models"]


def test_where_nothing_can_be_ranked_it_says_why(lab: Path, tmp_path: Path, capsys: Any) -> None:
    publish(toy_registry(TOYS), FolderStore(lab / "store"), tmp_path / "place", arrays=False, ranks=False)
    assert main(["rank", "--snapshot", str(tmp_path / "place")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "no benchmark has a score that could be ranked"
    for line, benchmark, leaf in zip(said[1:], (PARENT, IT, V4), (V4, IT, V4), strict=True):
        assert line.startswith(f"no rank on {benchmark}: ")
        assert f"has no replicates/{leaf}.nc" in line
    assert main(["rank", "--store", str(tmp_path / "none"), *PLUGINS, "--models", MODEL, OTHER]) == 0
    assert capsys.readouterr().out == "no benchmark has a score that could be ranked: no model has a score\n"


def test_who_has_no_rank_is_told_with_the_reason(lab: Path, tmp_path: Path, capsys: Any) -> None:
    publish(toy_registry(TOYS), FolderStore(lab / "store"), tmp_path / "place", arrays=False)
    assert main(["rank", "--snapshot", str(tmp_path / "place"), "--benchmarks", IT, "--models", MODEL, OTHER]) == 0
    said = capsys.readouterr().out
    assert "no model has a rank here" in said
    assert "no rank: 2 models" in said
    assert f"has no replicates/{IT}.nc" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--benchmarks", "Toy.IT"], "Toy.IT"),
        (["--version", "2026-01-01-0123456789"], "--version names a snapshot"),
        (["--snapshot", "there"], "--store goes with a store"),
    ],
)
def test_wrong_requests_are_sentences(lab: Path, capsys: Any, arguments: list[str], said: str) -> None:
    assert main(["rank", *arguments, "--store", str(lab / "store"), *PLUGINS]) == 2
    assert said in capsys.readouterr().err
