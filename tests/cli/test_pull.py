"""``fornix pull``: a published matrix as files that other programs read, each with the same numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pandas as pd
import pytest

import fornix
from fornix.cli.main import main
from fornix.matrix.snapshots import tables
from fornix.matrix.snapshots.format import CELLS
from fornix.matrix.snapshots.tables import read_cells
from fornix.matrix.table import read_matrix
from fornix.store.folder import FolderStore
from fornix.store.netcdf import read_group
from tests.engine.conftest import TOYS, toy_registry
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, PARENT, V4, fill, scored


@pytest.fixture(scope="module")
def place(lab: Path) -> Path:
    return lab / "place"


def test_tables_and_netcdf_have_the_numbers_of_the_matrix(place: Path, tmp_path: Path, capsys: Any) -> None:
    matrix = fornix.pull(place)
    for suffix in ("csv", "parquet", "nc"):
        assert main(["pull", str(place), "-o", str(tmp_path / f"scores.{suffix}")]) == 0
        assert f"snapshot {matrix.attrs['version']} of {place}: 2 models on 3 benchmarks, 4 scores" in capsys.readouterr().out
    expected = matrix["value"].values.ravel()
    for frame in (pd.read_csv(tmp_path / "scores.csv"), pd.read_parquet(tmp_path / "scores.parquet")):
        np.testing.assert_array_equal(frame["value"].values, expected)
        assert frame["benchmark"].tolist() == matrix["benchmark"].values.tolist() * 2
        assert frame["region"].iloc[1] == "IT"
    assert read_matrix(tmp_path / "scores.nc").identical(matrix)
    with netCDF4.Dataset(tmp_path / "scores.nc") as root:  # as other programs see it
        np.testing.assert_array_equal(np.ma.filled(root["value"][:], np.nan), matrix["value"].values)


def test_parts_and_the_arrays_of_a_benchmark(place: Path, tmp_path: Path, capsys: Any) -> None:
    asked = ["pull", str(place), "--models", MODEL, "--benchmarks", V4, "--units", str(tmp_path / "arrays"), "--json"]
    assert main([*asked, "-o", str(tmp_path / "one.csv")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["models"], said["benchmarks"], said["ok"]) == (1, 1, 1)
    assert sorted(said["arrays"]) == [str(tmp_path / "arrays" / kind / f"{V4}.nc") for kind in ("replicates", "units")]
    found = read_group(tmp_path / "arrays" / "units" / f"{V4}.nc", MODEL)
    assert found is not None
    assert found[1]["units"].identical(scored(0.3, 2).units)
    assert main(["pull", str(place), "--benchmarks", PARENT]) == 0
    assert "2 models on 3 benchmarks" in capsys.readouterr().out


def test_what_cannot_be_is_said(place: Path, tmp_path: Path, capsys: Any) -> None:
    assert main(["pull", str(tmp_path)]) == 1
    assert "is no place of snapshots" in capsys.readouterr().err
    assert main(["pull", "ftp://host/x"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["pull", str(place), "-o", str(tmp_path / "scores.xls")])
    assert "neither in .csv nor in .parquet nor in .nc" in capsys.readouterr().err


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The toys as a lab has them: another model under a published name."""
    toys = Path(shutil.copytree(TOYS, tmp_path / "toys", ignore=shutil.ignore_patterns("__pycache__")))
    (toys / "models/toy/fornix_model_toy/more.py").write_text("changed = True\n")
    return toys


def test_a_store_of_ones_own_is_laid_over_it_and_ranked(place: Path, changed: Path, tmp_path: Path, capsys: Any) -> None:
    fill(FolderStore(tmp_path / "store"), {(MODEL, IT): scored(0.9, 4), (MODEL, V4): scored(0.8, 5)}, toy_registry(changed))
    asked = ["pull", str(place), "--overlay", str(tmp_path / "store"), "--plugins", str(changed)]
    assert main([*asked, "-o", str(tmp_path / "both.csv")]) == 0
    said = capsys.readouterr().out
    assert "2 models on 3 benchmarks, 4 scores" in said, "the snapshot itself is as it was"
    assert f"over it {MODEL}@local: 3 scores, rank 1 on {PARENT}, 1 on {IT}, 1 on {V4}" in said
    both = pd.read_csv(tmp_path / "both.csv").set_index(["model", "benchmark"])
    assert both.loc[(f"{MODEL}@local", IT), ["origin", "value", "rank"]].tolist() == ["local", pytest.approx(0.9), 1]
    assert both.loc[(MODEL, IT), ["origin", "value", "rank"]].tolist() == ["public", pytest.approx(0.5), 2]
    assert main([*asked, "--json", "--units", str(tmp_path / "arrays")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["local"] == {f"{MODEL}@local": {"scores": 3, "ranks": {name: [1, 1, 1] for name in (PARENT, IT, V4)}}}
    assert len(told["arrays"]) == 4


def test_the_table_under_a_store_is_read_once(
    place: Path, changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(FolderStore(tmp_path / "store"), {(MODEL, IT): scored(0.9, 4)}, toy_registry(changed))
    read = []
    monkeypatch.setattr(tables, "read_cells", lambda path, *asked: (read.append(path), read_cells(path, *asked))[1])
    assert main(["pull", str(place), "--overlay", str(tmp_path / "store"), "--plugins", str(changed)]) == 0
    assert [path.name for path in read] == [CELLS]


def test_parts_of_an_overlay_have_the_names_and_ranks_that_it_has_whole(
    place: Path, changed: Path, tmp_path: Path, capsys: Any
) -> None:
    """What is ranked is the local model among all that are published, whichever are asked for."""
    own = f"{MODEL}@local"
    fill(FolderStore(tmp_path / "store"), {(MODEL, IT): scored(0.45, 4), (MODEL, V4): scored(0.1, 5)}, toy_registry(changed))

    def pulled(*asked: str) -> tuple[dict[str, Any], pd.DataFrame]:
        output = tmp_path / "both.parquet"
        over = ["--overlay", str(tmp_path / "store"), "--plugins", str(changed), "--json", "-o", str(output)]
        assert main(["pull", str(place), *asked, *over]) == 0
        return json.loads(capsys.readouterr().out), pd.read_parquet(output).set_index(["model", "benchmark"])

    told, whole = pulled()
    assert told["local"] == {own: {"scores": 3, "ranks": {PARENT: [2, 2, 2], IT: [2, 2, 2], V4: [2, 2, 2]}}}
    told, part = pulled("--benchmarks", IT)
    assert told["local"] == {own: {"scores": 1, "ranks": {IT: [2, 2, 2]}}}
    assert (told["models"], told["benchmarks"], told["ok"]) == (2, 1, 2)
    pd.testing.assert_frame_equal(part, whole[whole.index.get_level_values("benchmark") == IT])
    told, part = pulled("--benchmarks", PARENT, "--models", own, MODEL)
    assert told["local"] == {own: {"scores": 3, "ranks": {PARENT: [2, 2, 2], IT: [2, 2, 2], V4: [2, 2, 2]}}}
    pd.testing.assert_frame_equal(part, whole[whole.index.get_level_values("model") != OTHER])
    told, part = pulled("--models", own, "--benchmarks", V4)
    assert (told["models"], told["local"]) == (0, {own: {"scores": 1, "ranks": {V4: [2, 2, 2]}}})
    told, part = pulled("--models", OTHER)
    assert told["local"] == {}
    pd.testing.assert_frame_equal(part, whole[whole.index.get_level_values("model") == OTHER])
    over = ["--overlay", str(tmp_path / "store"), "--plugins", str(changed)]
    assert main(["pull", str(place), *over, "--models", f"{MODEL}@locl"]) == 1
    assert f"the snapshot with this store over it has no model '{MODEL}@locl'" in capsys.readouterr().err


def test_the_results_of_a_seed_are_laid_over_it(place: Path, changed: Path, tmp_path: Path, capsys: Any) -> None:
    fill(FolderStore(tmp_path / "store"), {(MODEL, IT): scored(0.45, 4)}, toy_registry(changed), seed=3)
    asked = ["pull", str(place), "--overlay", str(tmp_path / "store"), "--plugins", str(changed)]
    assert main(asked) == 0
    assert "no result of the store is shown over it" in capsys.readouterr().out
    assert main([*asked, "--seed", "3"]) == 0
    assert f"over it {MODEL}@local: 1 score" in capsys.readouterr().out
    assert main(["pull", str(place), "--seed", "3"]) == 2
    assert "give --overlay STORE with it" in capsys.readouterr().err


def test_an_empty_store_over_it_and_what_is_none_are_sentences(place: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "none").mkdir()
    assert main(["pull", str(place), "--overlay", str(tmp_path / "none"), "--plugins", str(TOYS)]) == 0
    assert "no result of the store is shown over it" in capsys.readouterr().out
    for text, said in (("", "is empty (is a variable not set?)"), (str(tmp_path / "typo"), "typo is not there")):
        assert main(["pull", str(place), "--overlay", text]) == 2
        assert said in capsys.readouterr().err
    assert main(["pull", str(place), "--plugins", str(TOYS)]) == 2
    assert "give --overlay STORE with it" in capsys.readouterr().err
