"""Exactly the cells that a change concerns go stale, among plugins that are used by some cells and not by others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fornix.store.folder import FolderStore
from fornix.store.interface import Cell
from tests.engine.conftest import edit, plan_toys

#: Every cell: two distributions of models on the leaves of two datasets, scored by two metrics.
LINEAR = {("toy-linear", "Toy.IT-correlation"), ("toy-linear", "Other.IT-correlation")}
BEHAVING = {("toy-behaving", f"{data}.{region}-correlation") for data in ("Toy", "Other") for region in ("IT", "V4")}
OTHERS = {(model.replace("toy", "other"), benchmark) for model, benchmark in LINEAR | BEHAVING}
EVERY = LINEAR | BEHAVING | OTHERS
ON_TOY = {cell for cell in EVERY if cell[1].startswith("Toy.")}


@pytest.fixture
def both(toys: Path) -> Path:
    """The toys, and the same again under other names: no distribution, dataset or metric is used by every cell."""
    for path in sorted(toys.glob("*/toy")):
        other = path.with_name("other")
        shutil.copytree(path, other)
        package = next(other.glob("fornix_*_toy"))
        package.rename(package.with_name(package.name.replace("_toy", "_other")))
        for file in [f for f in other.rglob("*") if f.suffix in (".py", ".toml")]:
            text = file.read_text()
            for old, new in (
                ("_toy", "_other"),
                ("-toy", "-other"),
                ("toy-", "other-"),
                ('"Toy', '"Other'),
                ("toy =", "other ="),
            ):
                text = text.replace(old, new)
            file.write_text(text)
    return toys


@pytest.fixture
def computed(both: Path, store: FolderStore) -> FolderStore:
    """A store with a result for every cell as the plugins are now."""
    for cell in plan_toys(both, store).cells:
        if cell.state == "missing":
            store.put_cell(Cell(cell.key, cell.model, cell.benchmark, scalars={"value": 0.5}, key_parts=cell.key_parts))
    assert {(cell.model, cell.benchmark) for cell in store.cells()} == EVERY
    return store


@pytest.mark.parametrize(
    ("path", "old", "new", "says", "stale"),
    [
        ("models/toy/fornix_model_toy/model.py", "/ 255", "/ 256", "model toy-", LINEAR | BEHAVING),
        ("models/toy/fornix_model_toy/plugin.toml", "default = 1.0", "default = 2.0", "model toy-linear", LINEAR),
        ("datasets/toy/fornix_dataset_toy/dataset.py", "NOISE = 0.1", "NOISE = 0.2", "dataset Toy", ON_TOY),
        ("metrics/toy/fornix_metric_toy/metric.py", "2.36", "2.37", "metric toy-correlation", ON_TOY),
        ("benchmarks/toy/fornix_benchmark_toy/benchmark.py", '"""', '"""Anew: ', "benchmark Toy.", ON_TOY),
        ("models/toy/fornix_model_toy/plugin.toml", 'title = "', 'title = "Another ', "", set()),
        ("benchmarks/toy/fornix_benchmark_toy/plugin.toml", "{Toys for", "{Other toys for", "", set()),
    ],
)
def test_exactly_what_a_change_concerns_goes_stale_and_the_plan_says_why(
    both: Path, computed: FolderStore, path: str, old: str, new: str, says: str, stale: set[tuple[str, str]]
) -> None:
    edit(both / path, old, new)
    cells = [cell for cell in plan_toys(both, computed).cells if cell.state != "skipped"]
    assert {(cell.model, cell.benchmark) for cell in cells if cell.state == "stale"} == stale
    assert {(cell.model, cell.benchmark) for cell in cells if cell.state == "ok"} == EVERY - stale
    assert all(says in cell.why for cell in cells if cell.state == "stale")
