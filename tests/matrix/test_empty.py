"""Lines that say why cells are empty."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from fornix.matrix.empty import LONGEST, empty_cells, empty_lines
from tests.matrix.examples import matrix


def test_every_empty_leaf_is_accounted_for_in_a_line() -> None:
    assert empty_lines(matrix()) == [
        "images, controls: skipped on Text: modality (such as: Text shows text, images takes image)",
        "words: skipped on V4: modality (such as: V4.a shows image, words takes text)",
        "controls: failed on V4.b: RuntimeError: it broke",
    ]


def test_each_empty_leaf_has_a_line_of_its_own_where_it_is_asked_for() -> None:
    assert [cell.line for cell in empty_cells(matrix())] == [
        "skipped  images Text (modality: Text shows text, images takes image)",
        "failed   controls V4.b (RuntimeError: it broke)",
        "skipped  controls Text (modality)",
        "skipped  words V4.a (modality: V4.a shows image, words takes text)",
        "skipped  words V4.b (modality: V4.b shows image, words takes text)",
    ]


def test_a_leaf_that_is_empty_for_one_reason_everywhere_takes_one_line() -> None:
    found = matrix()
    found["status"][:, 3] = "skipped"
    found["reason"][:, 3] = "data not available"
    found["why"][:, 3] = "host cannot be reached. Connect to the network"
    assert [line for line in empty_lines(found) if "Text" in line] == [
        "all models: skipped on Text: data not available (host cannot be reached. Connect to the network)"
    ]


def grid(reasons: np.ndarray) -> xr.Dataset:
    """Leaves without a parent, skipped for these reasons; ok where there is none."""
    dims = ("model", "benchmark")
    models, benchmarks = reasons.shape
    return xr.Dataset(
        {
            "status": (dims, np.where(reasons == "", "ok", "skipped")),
            "reason": (dims, reasons),
            "why": (dims, np.full(reasons.shape, "a sentence", dtype="U300")),
        },
        coords={
            "model": [f"m{i}" for i in range(models)],
            "benchmark": [f"b{j}" for j in range(benchmarks)],
            "parent": ("benchmark", [""] * benchmarks),
            "leaf": ("benchmark", [True] * benchmarks),
        },
    )


def test_what_is_empty_in_a_few_ways_takes_a_few_lines_however_large_the_matrix() -> None:
    reasons = np.full((40, 60), "modality", dtype="U20")
    reasons[:25, :33] = ""
    reasons[25:, 50:] = ""
    reasons[:, 7] = "region"
    assert empty_lines(grid(reasons)) == [
        "all models: skipped on b7: region (a sentence)",
        "m0, m1, m2 and 22 more: skipped on b33, b34, b35 and 24 more: modality (a sentence)",
        "m25, m26, m27 and 12 more: skipped on b0, b1, b2 and 46 more: modality (a sentence)",
    ]
    assert empty_lines(grid(np.full((3, 4), "visibility", dtype="U20"))) == [
        "all models: skipped on all benchmarks: visibility (a sentence)"
    ]


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1])
def test_a_sentence_that_stands_for_others_is_kept_short(length: int) -> None:
    found = grid(np.full((2, 1), "region", dtype="U20"))
    found["why"][:, 0] = ["x" * length + ". And what to do about it", "another"]
    (line,) = empty_lines(found)
    shown = line.split("such as: ")[1].rstrip(")")
    assert shown == ("x" * LONGEST if length == LONGEST else "x" * (LONGEST - 3) + "...")


@given(st.lists(st.lists(st.sampled_from(["", "region", "task"]), min_size=3, max_size=3), min_size=1, max_size=3))
def test_lines_name_exactly_the_cells_that_are_empty(reasons: list[list[str]]) -> None:
    found = grid(np.array(reasons, dtype="U20"))
    models, benchmarks = found["model"].values.tolist(), found["benchmark"].values.tolist()
    named = []
    for line in empty_lines(found):
        who, rest = line.split(": skipped on ")
        where, reason = rest.removesuffix(" (a sentence)").split(": ")
        rows = models if who == "all models" else who.split(", ")
        columns = benchmarks if where == "all benchmarks" else where.split(", ")
        named += [(row, column, reason) for row in rows for column in columns]
    there = [(m, b, r) for m, row in zip(models, reasons, strict=True) for b, r in zip(benchmarks, row, strict=True) if r]
    assert sorted(named) == sorted(there)
