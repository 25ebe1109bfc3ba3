"""cells.parquet and cards.json: what goes in comes out, whatever texts and numbers it holds, also from other minor schemas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fornix.matrix.coordinates import card_coordinates, coordinates
from fornix.matrix.snapshots import cards
from fornix.matrix.snapshots.format import SnapshotError
from fornix.matrix.snapshots.tables import COLUMNS, places_of, read_cells, write_cells, write_matrix
from fornix.matrix.table import read_matrix
from fornix.registry.discovery import Registry, discover
from tests.engine.conftest import TOYS, toy_registry

MODELS = ["toy-behaving", "toy-linear"]
PARENT, IT, V4 = BENCHMARKS = ["Toy-correlation", "Toy.IT-correlation", "Toy.V4-correlation"]
ODD = ["", "<script>", 'a "b", c\n', "ünï ✓ 𝔘", "\u2028", "0", "nan", "; "]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return toy_registry(TOYS)


def matrix_of(registry: Registry, seed: int = 0, words: list[str] = ODD) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    shape, dims = (len(MODELS), len(BENCHMARKS)), ("model", "benchmark")
    floats = [np.nan, 0.0, -0.0, np.inf, -np.inf, 5e-324, 0.1, 1 / 3]
    drawn = {
        float: lambda: rng.choice(floats, shape),
        int: lambda: rng.integers(-5, 5, shape),
        bool: lambda: rng.random(shape) < 0.5,
    }
    variables = {
        name: (dims, rng.choice(np.array(words, dtype=np.str_), shape) if kind is str else drawn[kind]())
        for name, kind in COLUMNS.items()
    }
    made = {**coordinates(registry, MODELS, BENCHMARKS), **card_coordinates(registry, MODELS, BENCHMARKS)}
    return xr.Dataset(variables, coords=made)


def assert_same(found: xr.Dataset, expected: xr.Dataset) -> None:
    assert set(found.variables) == set(expected.variables)
    for name in expected.variables:
        mine, theirs = found[name].values, expected[name].values
        assert mine.shape == theirs.shape, name
        same = mine.tolist() == theirs.tolist() if theirs.dtype.kind == "U" else mine.tobytes() == theirs.tobytes()
        assert same, name


def test_the_matrix_comes_back_bit_for_bit(registry: Registry, tmp_path: Path) -> None:
    matrix = matrix_of(registry)
    write_cells(tmp_path / "cells.parquet", matrix)
    assert_same(read_cells(tmp_path / "cells.parquet", registry), matrix)
    assert [path.name for path in tmp_path.iterdir()] == ["cells.parquet"]
    table = pyarrow.parquet.read_table(tmp_path / "cells.parquet")
    assert table.column("model").to_pylist() == [model for model in MODELS for _ in BENCHMARKS]
    assert table.column("benchmark").to_pylist() == BENCHMARKS * len(MODELS)
    for name in table.column_names:
        assert table.column(name).null_count == 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9), min_size=1, max_size=5
    ),
    seed=st.integers(0, 2**16),
)
def test_any_text_comes_back(registry: Registry, tmp_path: Path, words: list[str], seed: int) -> None:
    matrix = matrix_of(registry, seed, words)
    write_cells(tmp_path / "cells.parquet", matrix)
    assert_same(read_cells(tmp_path / "cells.parquet", registry), matrix)


def test_the_same_matrix_is_the_same_bytes(registry: Registry, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_cells(tmp_path / f"{name}.parquet", matrix_of(registry))
        write_matrix(tmp_path / f"{name}.nc", matrix_of(registry))
    for suffix in ("parquet", "nc"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_netcdf_has_the_numbers_and_the_status(registry: Registry, tmp_path: Path) -> None:
    matrix = matrix_of(registry, words=["ok", "skipped"])
    write_matrix(tmp_path / "matrix.nc", matrix)
    found = read_matrix(tmp_path / "matrix.nc")
    assert set(found.data_vars) == {name for name, kind in COLUMNS.items() if kind is not str} | {"status"}
    assert_same(found, matrix[list(found.data_vars)])


@pytest.mark.parametrize(
    ("models", "benchmarks", "rows", "columns"),
    [
        (["toy-linear"], None, ["toy-linear"], BENCHMARKS),
        (None, [V4], MODELS, [V4]),
        (None, [PARENT], MODELS, BENCHMARKS),
        (["toy-linear", "toy-behaving"], [V4, IT], MODELS, [IT, V4]),
    ],
)
def test_a_part_is_in_the_order_of_the_whole(
    registry: Registry,
    tmp_path: Path,
    models: list[str] | None,
    benchmarks: list[str] | None,
    rows: list[str],
    columns: list[str],
) -> None:
    matrix = matrix_of(registry)
    write_cells(tmp_path / "cells.parquet", matrix)
    found = read_cells(tmp_path / "cells.parquet", registry, models, benchmarks)
    assert found["model"].values.tolist() == rows
    assert found["benchmark"].values.tolist() == columns
    part = matrix.sel(model=rows, benchmark=columns)
    assert found["value"].values.tobytes() == part["value"].values.tobytes()
    assert found["why"].values.tolist() == part["why"].values.tolist()
    assert found["parent"].values.tolist() == [PARENT if name != PARENT and PARENT in columns else "" for name in columns]


def test_names_that_are_not_there_are_said(registry: Registry, tmp_path: Path) -> None:
    write_cells(tmp_path / "cells.parquet", matrix_of(registry))
    with pytest.raises(SnapshotError, match="the snapshot has no model 'toy-linaer'; did you mean 'toy-linear'"):
        read_cells(tmp_path / "cells.parquet", registry, ["toy-linaer"])
    with pytest.raises(SnapshotError, match=rf"the snapshot has no benchmark 'X'; it has {', '.join(BENCHMARKS)}$"):
        read_cells(tmp_path / "cells.parquet", registry, None, ["X"])
    with pytest.raises(SnapshotError, match=r"no model 'X'; it has a, b, c, d, e and 2 more \(pulled whole, it shows them\)$"):
        places_of("model", list("abcdefg"), ["X"])


def test_tables_of_other_minor_schemas_are_read(registry: Registry, tmp_path: Path) -> None:
    """An older one lacks columns, a newer one has more, in another order and encoding."""
    matrix = matrix_of(registry)
    write_cells(tmp_path / "cells.parquet", matrix)
    table = pyarrow.parquet.read_table(tmp_path / "cells.parquet")
    lacking = ["rank", "hardware", "ranked", "n_nan"]
    table = table.drop_columns(lacking).append_column("doi", pyarrow.array(["x"] * table.num_rows))
    table = table.select(sorted(table.column_names))
    pyarrow.parquet.write_table(table, tmp_path / "cells.parquet", use_dictionary=False, row_group_size=2)
    found = read_cells(tmp_path / "cells.parquet", registry)
    assert_same(found.drop_vars(lacking), matrix.drop_vars(lacking))
    assert np.isnan(found["rank"].values).all()
    assert (found["hardware"].values == "").all()
    assert not found["ranked"].values.any()
    assert (found["n_nan"].values == 0).all()


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        (
            "_LARGEST_TEXTS",
            1000,
            r"a text in why has 200 characters, .* too much memory for 6 cells; nobody could pull it",
        ),
        ("_LARGEST", 0, r"the cells take too much room \(it unpacks to \d+ bytes\); nobody could pull them"),
    ],
)
def test_what_nobody_could_pull_is_not_written(
    registry: Registry, tmp_path: Path, limit: str, value: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = matrix_of(registry, words=["ok"])
    matrix["why"] = matrix["why"].astype(object)
    matrix["why"][1, 2] = "w" * 200
    write_cells(tmp_path / "as it is.parquet", matrix)
    monkeypatch.setattr(f"fornix.matrix.snapshots.tables.{limit}", value)
    monkeypatch.setattr("fornix.matrix.snapshots.tables._LARGEST_ROW", 0)
    with pytest.raises(SnapshotError, match=sentence):
        write_cells(tmp_path / "cells.parquet", matrix)
    assert [path.name for path in tmp_path.iterdir()] == ["as it is.parquet"]


@pytest.mark.parametrize("what", ["cut", "text", "absent", "a row lacks", "a text lacks"])
def test_a_damaged_table_gets_a_sentence(registry: Registry, tmp_path: Path, what: str) -> None:
    path = tmp_path / "cells.parquet"
    write_cells(path, matrix_of(registry))
    table = pyarrow.parquet.read_table(path)
    if what == "cut":
        path.write_bytes(path.read_bytes()[:-50])
    elif what == "text":
        path.write_text("model,benchmark,value\n")
    elif what == "absent":
        path.unlink()
    elif what == "a row lacks":
        pyarrow.parquet.write_table(table.slice(1), path)
    else:
        place = table.column_names.index("why")
        pyarrow.parquet.write_table(table.set_column(place, "why", pyarrow.array([None, *"abcde"])), path)
    with pytest.raises(SnapshotError, match=r"cells\.parquet cannot be read as the cells of a snapshot"):
        read_cells(path, registry)


# cards


def test_all_cards_of_this_repository_come_back() -> None:
    there = {(card.kind, card.identifier): card for card in discover().cards()}
    text = json.dumps(cards.to_json(there.values()), allow_nan=False)
    back = {(card.kind, card.identifier): card for card in cards.from_json(json.loads(text), "cards")}
    assert back == there


def test_cards_of_a_newer_minor_schema_are_read_without_what_it_adds(registry: Registry) -> None:
    said = cards.to_json(registry.cards())
    said["benchmark"][IT]["smell"] = "roses"
    said["benchmark"][IT]["uses"]["oracles"] = ["x"]
    said["model"]["toy-linear"]["modalities"] = ["image", "touch"]
    said["theory"] = {"x": {}}
    back = Registry.of_cards(cards.from_json(said, "cards"))
    assert back.get("benchmark", IT) == registry.get("benchmark", IT)
    assert back.get("model", "toy-linear").modalities == ("image", "touch")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"model": 1}', b'{"model": {"x": {"files": 1}}}', b'{"model": {"x": {}}}']
)
def test_what_are_no_cards_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(SnapshotError, match=r"there/cards\.json"):
        cards.read_registry(content, "there/cards.json")
