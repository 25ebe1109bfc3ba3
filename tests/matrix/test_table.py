"""The matrix as tables and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from fornix.matrix.table import blocks, cell_text, empty_lines, legend, markdown, write_csv, write_netcdf
from fornix.store.netcdf import read_dataset


def matrix() -> xr.Dataset:
    """Two image models on a parent with two leaves, one text model on one benchmark."""
    models = ["images", "controls", "words"]
    benchmarks = ["V4", "V4.a", "V4.b", "Text"]
    value = np.array([[0.5, 0.4, 0.6, np.nan], [np.nan, 0.1, np.nan, np.nan], [np.nan, np.nan, np.nan, 0.9]])
    status = np.where(np.isfinite(value), "ok", "skipped")
    status[1, 0] = status[1, 2] = "failed"
    words = {name: np.full(value.shape, "", dtype="U60") for name in ("reason", "why", "notes", "flags", "coverage", "key")}
    words["reason"][status == "skipped"] = "modality"
    words["reason"][1, 2] = "RuntimeError: it broke"
    words["flags"][0, 0] = "trained on the same subjects (a)"
    dims = ("model", "benchmark")
    return xr.Dataset(
        {
            "value": (dims, value),
            "error": (dims, np.where(np.isfinite(value), 0.05, np.nan)),
            "status": (dims, status),
            "normalisation": (dims, np.where(np.isfinite(value), "none", "")),
            **{name: (dims, array) for name, array in words.items()},
        },
        coords={
            "model": models,
            "benchmark": benchmarks,
            "parent": ("benchmark", ["", "V4", "V4", ""]),
            "leaf": ("benchmark", [False, True, True, True]),
            "simulated": ("benchmark", [False, False, False, True]),
        },
    )


def test_models_that_share_no_benchmark_are_in_tables_of_their_own() -> None:
    found = blocks(matrix(), expand=True)
    assert [b.models for b in found] == [("images", "controls"), ("words",)]
    assert found[0].benchmarks == ("V4", "V4.a", "V4.b")


def test_a_model_with_values_on_some_children_only_is_not_lost() -> None:
    shown = blocks(matrix())
    assert ("images", "controls") in [b.models for b in shown]


def test_cells_show_value_error_flag_or_status() -> None:
    found = matrix()
    assert cell_text(found.isel(model=0, benchmark=0)) == "0.500 ±0.050†"
    assert cell_text(found.isel(model=0, benchmark=3)) == "·"
    assert cell_text(found.isel(model=1, benchmark=2)) == "failed"


def test_every_empty_leaf_is_accounted_for_in_a_line() -> None:
    lines = empty_lines(matrix())
    assert "controls: failed on V4.b: RuntimeError: it broke" in lines
    assert "images: skipped on Text: modality" in lines
    assert "words: skipped on V4.a and 1 more: modality" in lines


def test_a_leaf_that_is_empty_for_one_reason_everywhere_takes_one_line() -> None:
    found = matrix()
    found["status"][:, 3] = "skipped"
    found["reason"][:, 3] = "data not available"
    assert [line for line in empty_lines(found) if "Text" in line] == ["all models: skipped on Text: data not available"]


def test_the_legend_names_what_is_flagged_unceiled_and_simulated() -> None:
    text = "\n".join(legend(matrix()))
    assert "† out of rankings: trained on the same subjects (a)" in text
    assert "unceiled (raw) values: V4, V4.a, V4.b, Text" in text
    assert "simulated data: Text" in text


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
    assert read_dataset(tmp_path / "m.nc").identical(found)
