"""What a run stored comes back as it was scored, and what was not stored is said to be missing."""

from __future__ import annotations

from pathlib import Path

import pytest

import fornix
from fornix.registry.load import load_benchmark, load_model, use_registry
from fornix.store.folder import FolderStore
from tests.engine.conftest import edit, toy_registry

IT, V4 = "Toy.IT-correlation", "Toy.V4-correlation"


def test_a_stored_score_is_the_one_that_was_computed(toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORNIX_PLUGINS", str(toys))
    fornix.run("toy-linear", IT, store)
    found = fornix.stored_score("toy-linear", IT, store.path)
    with use_registry(toy_registry(toys)):
        model, benchmark = load_model("toy-linear"), load_benchmark(IT)
        expected = benchmark.score([model.respond(experiment) for experiment in benchmark.experiments()])
    assert (found.value, found.error, found.n_nan) == (expected.value, expected.error, expected.n_nan)
    assert found.units is not None
    assert found.units.identical(expected.units)
    assert (found.replicates is None) == (expected.replicates is None)


@pytest.mark.parametrize(
    ("model", "benchmark", "says"),
    [
        ("toy-behaving", IT, r"toy-behaving on Toy.IT-correlation has no result in the store \(missing\); `fornix run`"),
        ("toy-linear", V4, r"has no result in the store \(skipped: region: toy-linear has no region V4"),
        ("toy-linear", "Toy-correlation", "is a parent, which is not stored"),
        ("toy-linear", "Toy.IT-corelation", "did you mean"),
    ],
)
def test_what_is_not_stored_is_refused_with_the_reason(toys: Path, tmp_path: Path, model: str, benchmark: str, says: str) -> None:
    with pytest.raises(fornix.UsageError, match=says):
        fornix.stored_score(model, benchmark, tmp_path / "none", plugins=[toys])
    assert not (tmp_path / "none").exists()


def test_a_stale_score_is_not_handed_out(toys: Path, store: FolderStore) -> None:
    fornix.run("toy-linear", IT, store, plugins=[toys])
    edit(toys / "metrics/toy/fornix_metric_toy/metric.py", "2.36", "2.37")
    with pytest.raises(fornix.UsageError, match="stale: metric toy-correlation: code or card changed"):
        fornix.stored_score("toy-linear", IT, store, plugins=[toys])
