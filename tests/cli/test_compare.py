"""``fornix compare``: two models from a store or a snapshot, as a table and as JSON, and what is said of wrong requests."""

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
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, PARENT, V4

PLUGINS = ["--plugins", str(TOYS)]


def test_a_store_and_a_snapshot_are_compared_alike(lab: Path, capsys: Any) -> None:
    assert main(["compare", MODEL, OTHER, "--store", str(lab / "store"), *PLUGINS]) == 0
    said = capsys.readouterr().out
    assert f"{MODEL} is better on {IT}" in said
    assert f"not compared on {V4}: {OTHER} has no value (skipped: region)" in said
    assert f"not compared on {PARENT}: on {V4}, of its 2 leaves, {OTHER} has no value (skipped: region)" in said
    assert main(["compare", MODEL, OTHER, "--snapshot", str(lab / "place")]) == 0
    assert capsys.readouterr().out == said


def test_ones_own_model_is_compared_with_a_published_one(lab: Path, own: list[str], capsys: Any) -> None:
    assert main(["compare", OWN, MODEL, "--snapshot", str(lab / "place"), *own]) == 0
    said = capsys.readouterr().out
    laid = fornix.overlay(lab / "place", own[1], plugins=own[3:])
    assert said == f"{fornix.compare(OWN, MODEL, matrix=laid)}\n"
    assert f"{OWN} is better on {PARENT}, {IT}; {MODEL} is better on {V4}" in said
    assert main(["compare", OWN, "toy-lineer", "--snapshot", str(lab / "place"), *own]) == 1
    assert f"the snapshot with this store over it has no model 'toy-lineer'; did you mean {OTHER!r}?" in capsys.readouterr().err


def test_common_children_are_said(lab: Path, capsys: Any) -> None:
    assert main(["compare", MODEL, OTHER, "--snapshot", str(lab / "place"), "--common"]) == 0
    assert f"{PARENT}: compared on {IT} only" in capsys.readouterr().out


def test_json_has_the_numbers_and_null_for_what_is_not_known(lab: Path, capsys: Any) -> None:
    assert main(["compare", MODEL, OTHER, "--snapshot", str(lab / "place"), "--json", "--benchmarks", PARENT]) == 0
    said = json.loads(capsys.readouterr().out)
    rows = {row["benchmark"]: row for row in said["benchmarks"]}
    assert rows[IT]["difference"] == pytest.approx(0.1)
    assert rows[IT]["better"] == MODEL
    assert rows[V4]["p"] is None
    assert rows[V4]["why"]
    assert said["together"]["studies"] == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([MODEL, MODEL], 2, "compared with itself"),
        ([MODEL, "toy-lineer"], 2, f"did you mean {OTHER!r}"),
        ([MODEL, OTHER, "--benchmarks", "Toy.IT"], 2, "there is no benchmark 'Toy.IT'"),
        ([MODEL, OTHER, "--version", "2026-01-01-0123456789"], 2, "--version names a snapshot"),
        ([MODEL, OTHER, "--snapshot", "there"], 2, "--store goes with a store, and --snapshot names a published matrix"),
        ([MODEL, OTHER, "--snapshot", "there"], 2, "to lay a store over it give --overlay STORE"),
        ([MODEL, OTHER, "--snapshot", "there", "--overlay", "own"], 2, "--store goes with a store"),
        ([MODEL, OTHER, "--overlay", "own"], 2, "--overlay lays a store over a published matrix; give --snapshot PLACE with it"),
    ],
)
def test_wrong_requests_are_sentences(lab: Path, capsys: Any, arguments: list[str], status: int, said: str) -> None:
    assert main(["compare", *arguments, "--store", str(lab / "store"), *PLUGINS]) == status
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--seed", "1"], PLUGINS])
def test_what_a_snapshot_cannot_heed_is_refused(lab: Path, capsys: Any, option: list[str]) -> None:
    assert main(["compare", MODEL, OTHER, "--snapshot", str(lab / "place"), *option]) == 2
    assert f"{option[0]} goes with a store" in capsys.readouterr().err


def test_a_snapshot_without_arrays_says_what_it_lacks(lab: Path, tmp_path: Path, capsys: Any) -> None:
    publish(toy_registry(TOYS), FolderStore(lab / "store"), tmp_path / "place", arrays=False)
    assert main(["compare", MODEL, OTHER, "--snapshot", str(tmp_path / "place")]) == 0
    said = capsys.readouterr().out
    assert "could not be compared on any benchmark" in said
    assert f"has no units/{IT}.nc" in said or f"has no replicates/{IT}.nc" in said
