"""The matrix as tables and files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import fornix
from fornix.matrix.table import blocks, cell_text, legend, markdown, parents_of_hidden_values, write_csv, write_netcdf
from tests.matrix.examples import matrix


def test_models_that_share_no_benchmark_are_in_tables_of_their_own() -> None:
    found = blocks(matrix(), expand=True)
    assert [b.models for b in found] == [("images", "controls"), ("words",)]
    assert found[0].benchmarks == ("V4", "V4.a", "V4.b")


def test_a_model_with_values_on_some_children_only_is_not_lost() -> None:
    shown = blocks(matrix())
    assert ("images", "controls") in [b.models for b in shown]


def test_values_that_no_table_shows_are_told_by_their_parent() -> None:
    found = matrix()
    assert parents_of_hidden_values(found, blocks(found)) == []  # the child of `controls` has a column, `images` a mean
    found["value"][1, 3] = 0.2  # `controls` has a value without its child now, which so has no column
    assert parents_of_hidden_values(found, blocks(found)) == ["V4"]
    assert parents_of_hidden_values(found, blocks(found, expand=True)) == []


def test_cells_show_value_error_flag_or_status() -> None:
    found = matrix()
    assert cell_text(found.isel(model=0, benchmark=0)) == "0.500 ±0.050†"
    assert cell_text(found.isel(model=0, benchmark=3)) == "·"
    assert cell_text(found.isel(model=1, benchmark=2)) == "failed"


def test_the_legend_names_what_is_flagged_unceiled_and_simulated() -> None:
    found = matrix()
    lines = legend(found, blocks(found, expand=True))
    assert "† out of rankings: trained on the same subjects (a)" in lines
    assert "unceiled (raw) values: V4, V4.a, V4.b, Text" in lines
    assert "simulated data: Text" in lines
    assert "map selected on same subject: words" in lines


def test_the_legend_is_of_the_tables_alone() -> None:
    found = matrix()
    images, words = blocks(found, expand=True)
    assert legend(found, [words]) == [
        "unceiled (raw) values: Text",
        "simulated data: Text",
        "map selected on same subject: words",
    ]
    assert legend(found, []) == []
    found["status"][1, 1] = "missing"
    found["status"][1, 2], found["reason"][1, 2] = "skipped", "region"
    found["notes"][1, 3] = "ceiling unreliable"  # of an empty cell, so of nothing that is shown
    assert legend(found, [images])[:2] == ["· skipped: region", "blank: not computed yet"]
    assert not any("ceiling unreliable" in line for line in legend(found, [images, words]))


def test_markdown_has_a_row_for_each_model() -> None:
    lines = markdown(matrix(), blocks(matrix(), expand=True)[0]).splitlines()
    assert lines[0] == "| model | V4 | V4.a | V4.b |"
    assert lines[2].startswith("| images | 0.500 ±0.050† |")


def test_csv_and_netcdf_hold_the_whole_matrix(tmp_path: Path) -> None:
    found = matrix()
    write_csv(found, tmp_path / "m.csv")
    write_netcdf(found, tmp_path / "m.nc")
    table = pd.read_csv(tmp_path / "m.csv").set_index(["model", "benchmark"])
    assert len(table) == 12
    assert table.loc[("images", "V4.b"), "value"] == 0.6
    assert fornix.read_matrix(tmp_path / "m.nc").identical(found)
