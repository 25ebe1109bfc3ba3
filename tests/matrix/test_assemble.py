"""From stored cells to the matrix: what stands beside a number, and which numbers are in rankings."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from fornix.engine.exchange import score_scalars
from fornix.engine.plan import plan
from fornix.interfaces import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.table import blocks, cell_text, legend
from fornix.store.folder import FolderStore
from fornix.store.interface import Cell
from tests.engine.conftest import TOYS, toy_registry, toys  # noqa: F401 - a fixture

MODEL, LEAVES, PARENT = "toy-behaving", ("Toy.IT-correlation", "Toy.V4-correlation"), "Toy-correlation"
SCORED: dict[str, Any] = {"error": 0.04, "interval": (0.4, 0.6), "resampled": ("stimuli",)}


def matrix_of(folder: Path, *scores: Score) -> xr.Dataset:
    """The matrix of one model whose scores on the leaves are these."""
    registry, store = toy_registry(TOYS), FolderStore(folder)
    for planned, score in zip(plan(registry, store, [MODEL]).cells, scores, strict=True):
        store.put_cell(Cell(planned.key, planned.model, planned.benchmark, scalars=score_scalars(score)))
    return assemble(registry, plan(registry, store, [MODEL])).sel(model=MODEL)


def test_scores_with_their_errors_are_in_rankings(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, Score(0.5, **SCORED), Score(0.3, **{**SCORED, "resampled": ("neuroids",)}))
    assert matrix["benchmark"].values.tolist() == [PARENT, *LEAVES]
    assert matrix["ranked"].values.all()
    assert matrix["flags"].values.tolist() == ["", "", ""]
    assert matrix["value"].values == pytest.approx([0.4, 0.5, 0.3])
    assert matrix["error"].values == pytest.approx([math.hypot(0.02, 0.02), 0.04, 0.04])
    assert matrix["resampled"].values.tolist() == ["stimuli; neuroids", "stimuli", "neuroids"]


def test_a_score_without_uncertainty_is_out_of_rankings_and_so_is_its_parent(tmp_path: Path) -> None:
    matrix = matrix_of(tmp_path, Score(0.5), Score(0.3, **SCORED))
    assert matrix["status"].values.tolist() == ["ok"] * 3
    assert matrix["ranked"].values.tolist() == [False, False, True]
    assert matrix["flags"].values.tolist() == ["no uncertainty", "no uncertainty", ""]
    assert cell_text(matrix.sel(benchmark=LEAVES[0])) == "0.500†"
    whole = matrix.expand_dims("model").transpose("model", "benchmark")
    assert "† out of rankings: no uncertainty" in legend(whole, blocks(whole))


def test_the_further_numbers_of_a_score_are_in_the_matrix(tmp_path: Path) -> None:
    details = {"agreement": 0.71, "unknown": math.nan}
    matrix = matrix_of(tmp_path, Score(0.5, details=details, **SCORED), Score(0.3, **SCORED))
    of_parent, first, second = matrix["details"].values.tolist()
    assert (of_parent, second) == ("", "")
    assert json.loads(first) == {"agreement": 0.71, "unknown": None}


#: Means of a lab's own over benchmarks that are children of another, one of them a parent itself.
OWN_MEANS = """
[[benchmark]]
identifier = "A-mean"
title = "A mean of a lab's own"
modalities = ["image"]
aggregate = { of = "value", children = ["Toy-correlation"] }

[[benchmark]]
identifier = "Z-mean"
title = "Another"
modalities = ["image"]
aggregate = { of = "value", children = ["Toy-correlation"] }

[[benchmark]]
identifier = "A-V4"
title = "A mean of one"
modalities = ["image"]
aggregate = { of = "value", children = ["Toy.V4-correlation"] }
"""


def test_a_benchmark_with_two_parents_counts_in_both_and_is_shown_below_the_one_that_its_card_names(
    toys: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    card = toys / "benchmarks/toy/fornix_benchmark_toy/plugin.toml"
    card.write_text(card.read_text() + OWN_MEANS)
    registry, store = toy_registry(toys), FolderStore(tmp_path / "store")
    for planned in plan(registry, store, [MODEL]).cells:
        score = Score({LEAVES[0]: 0.5, LEAVES[1]: 0.3}[planned.benchmark], **SCORED)
        store.put_cell(Cell(planned.key, planned.model, planned.benchmark, scalars=score_scalars(score)))
    matrix = assemble(registry, plan(registry, store, [MODEL])).sel(model=MODEL)
    values = dict(zip(matrix["benchmark"].values.tolist(), matrix["value"].values.tolist(), strict=True))
    assert values == pytest.approx({"A-mean": 0.4, PARENT: 0.4, LEAVES[0]: 0.5, LEAVES[1]: 0.3, "A-V4": 0.3, "Z-mean": 0.4})
    assert list(values) == ["A-mean", PARENT, *LEAVES, "A-V4", "Z-mean"], "each behind that which it is shown below"
    # the card of the mean of both regions names neither A-mean nor Z-mean, so it is shown below the first of them
    assert matrix["parent"].values.tolist() == ["", "A-mean", PARENT, PARENT, "", ""]
