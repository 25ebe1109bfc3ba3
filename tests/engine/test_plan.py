"""Which cells are planned for what is asked by name: aliases, private plugins, files that cannot be had."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fornix.engine import plan as planning
from fornix.engine.plan import skip_reason
from fornix.errors import UsageError
from fornix.registry.problems import PluginError
from fornix.store.folder import FolderStore
from fornix.store.interface import Cell
from tests.engine.conftest import plan_toys, toy_registry

IT, V4 = "Toy.IT-correlation", "Toy.V4-correlation"
CARD = {kind: f"{kind}s/toy/fornix_{kind}_toy/plugin.toml" for kind in ("model", "dataset", "metric", "benchmark")}


def state(toys: Path, store: FolderStore, models: list[str] | None = None, **asked: object) -> dict[tuple[str, str], str]:
    """State, or reason of the skip, of each planned cell."""
    cells = plan_toys(toys, store, models, **asked).cells
    return {(cell.model, cell.benchmark): cell.reason if cell.state == "skipped" else cell.state for cell in cells}


def add_line(toys: Path, kind: str, after: str, line: str) -> None:
    path = toys / CARD[kind]
    text = path.read_text()
    assert after in text
    path.write_text(text.replace(after, f"{after}\n{line}", 1))


def test_an_alias_that_stands_for_options_is_no_row_of_the_matrix(toys: Path, store: FolderStore) -> None:
    add_line(toys, "model", 'identifier = "toy-linear"', "aliases = { toy-loud = { gain = 3.0 }, toy-same = {} }")
    with pytest.raises(UsageError, match=r"model 'toy-loud' is 'toy-linear' with other options, .* fornix.load_model"):
        plan_toys(toys, store, ["toy-loud"])
    assert state(toys, store, ["toy-same"]) == {("toy-linear", IT): "missing", ("toy-linear", V4): "region"}


def test_a_seed_is_not_negative(toys: Path, store: FolderStore) -> None:
    with pytest.raises(UsageError, match="the seed is -5; expected 0 or more"):
        plan_toys(toys, store, seed=-5)


def test_a_private_model_runs_only_where_it_is_named(toys: Path, store: FolderStore) -> None:
    add_line(toys, "model", 'identifier = "toy-linear"', 'visibility = "private"')
    assert state(toys, store)["toy-linear", IT] == "visibility"
    assert state(toys, store, benchmarks=[IT])["toy-linear", IT] == "visibility"
    assert state(toys, store, ["toy-linear"])["toy-linear", IT] == "missing"


@pytest.mark.parametrize(
    ("kind", "after"),
    [("benchmark", f'identifier = "{IT}"'), ("dataset", 'identifier = "Toy"'), ("metric", 'accepts = ["values"]')],
)
def test_a_private_benchmark_runs_only_where_it_or_its_parent_is_named(
    toys: Path, store: FolderStore, kind: str, after: str
) -> None:
    add_line(toys, kind, after, 'visibility = "private"')
    assert state(toys, store)["toy-linear", IT] == "visibility"
    assert state(toys, store, ["toy-linear"])["toy-linear", IT] == "visibility"
    assert state(toys, store, benchmarks=[IT])["toy-linear", IT] == "missing"
    assert state(toys, store, benchmarks=["Toy-correlation"])["toy-linear", IT] == "missing"


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        ("model", 'identifier = "toy-linear"'),
        ("benchmark", f'identifier = "{IT}"'),
        ("dataset", 'identifier = "Toy"'),
        ("metric", 'accepts = ["values"]'),
    ],
)
def test_a_file_of_any_card_of_a_cell_that_cannot_be_had_skips_it(toys: Path, kind: str, after: str) -> None:
    add_line(toys, kind, after, f'files = [{{ name = "f", url = "https://x.org/f", bytes = 3, sha256 = "{"0" * 64}" }}]')
    registry = toy_registry(toys)
    model, benchmark = registry.get("model", "toy-linear"), registry.get("benchmark", IT)
    unavailable: Callable[..., str] = lambda file: f"{file.name} is gone"  # noqa: E731
    skipped = skip_reason(registry, model, benchmark, unavailable=unavailable)
    assert skipped is not None
    assert skipped[0] == "data not available"
    assert skipped[1].startswith(f"{kind} ")
    assert skipped[1].endswith(": f is gone")


def test_data_that_is_gone_skips_what_would_be_computed_and_hides_no_result(
    toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, after, digit in (("model", 'identifier = "toy-linear"', "0"), ("dataset", 'identifier = "Toy"', "1")):
        add_line(
            toys, kind, after, f'files = [{{ name = "{kind}", url = "https://x.org/f", bytes = 3, sha256 = "{digit * 64}" }}]'
        )
    monkeypatch.setattr(planning, "available", lambda file: None)
    missing = plan_toys(toys, store, ["toy-linear"], benchmarks=[IT])
    (cell,) = missing.cells
    assert (cell.state, missing.download_bytes) == ("missing", 6)
    assert plan_toys(toys, store, ["toy-linear"], benchmarks=[IT], ask_models=False).download_bytes == 3

    monkeypatch.setattr(planning, "available", lambda file: "it is gone" if file.name == "model" else None)
    assert state(toys, store, ["toy-linear"])["toy-linear", IT] == "data not available"
    assert state(toys, store, ["toy-linear"], ask_models=False)["toy-linear", IT] == "missing"
    monkeypatch.setattr(planning, "available", lambda file: "it is gone" if file.name == "dataset" else None)
    assert state(toys, store, ["toy-linear"], ask_models=False)["toy-linear", IT] == "data not available"

    store.put_cell(Cell(cell.key, cell.model, cell.benchmark, scalars={"value": 0.5}, key_parts=cell.key_parts))
    monkeypatch.setattr(planning, "available", lambda file: "it is gone")
    assert state(toys, store, ["toy-linear"])["toy-linear", IT] == "ok"
    add_line(toys, "model", 'identifier = "toy-linear"', 'visibility = "private"')
    assert state(toys, store)["toy-linear", IT] == "visibility"


def test_a_plan_that_does_not_look_for_data_skips_for_what_the_cards_say_alone(
    toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = f'files = [{{ name = "f", url = "https://x.org/f", bytes = 3, sha256 = "{"0" * 64}" }}]'
    add_line(toys, "dataset", 'identifier = "Toy"', file)
    monkeypatch.setattr(planning, "available", lambda file: "it is gone")
    assert set(state(toys, store).values()) == {"data not available"}
    assert state(toys, store, ["toy-linear"], look_for_data=False) == {
        ("toy-linear", IT): "missing",
        ("toy-linear", V4): "region",
    }


def test_a_skip_says_what_the_model_offers_instead_or_that_it_offers_nothing(toys: Path, store: FolderStore) -> None:
    def sentence() -> str:
        (cell,) = plan_toys(toys, store, ["toy-linear"], benchmarks=[V4]).cells
        return f"{cell.reason}: {cell.why}"

    assert sentence() == "region: toy-linear has no region V4; it has IT"
    add_line(toys, "benchmark", f'identifier = "{V4}"', 'tasks = ["label"]')
    card = toys / CARD["model"]
    card.write_text(card.read_text().replace('regions = ["IT"]', 'regions = ["*"]', 1))
    assert sentence() == "task: toy-linear does not do the task label, nor any other"
    add_line(toys, "model", 'identifier = "toy-linear"', 'tasks = ["similarity"]')
    assert sentence() == "task: toy-linear does not do the task label; it does similarity"
    card.write_text(card.read_text().replace('regions = ["*"]', "regions = []", 1))
    assert sentence() == "region: toy-linear has no region V4, nor any other"


def test_a_plugin_that_cannot_be_read_costs_its_own_cells_alone(
    toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = toys / "models/other"
    shutil.copytree(toys / "models/toy", refused)
    (refused / "fornix_model_toy").rename(refused / "fornix_model_other")
    for name in ("pyproject.toml", "fornix_model_other/plugin.toml"):
        text = (refused / name).read_text()
        (refused / name).write_text(text.replace("_toy", "_other").replace("-toy", "-other").replace('"toy-', '"other-'))
    read = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.is_relative_to(refused.resolve()):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    with pytest.warns(
        UserWarning, match="the model other-linear is left out: fornix-model-other cannot be used, as .* cannot be read"
    ):
        assert {model for model, _ in state(toys, store)} == {"toy-linear", "toy-behaving"}
    with pytest.raises(PluginError, match="fornix-model-other cannot be used"):
        state(toys, store, ["toy-linear", "other-linear"])


def test_attempts_are_read_of_models_that_lack_a_result_alone(
    toys: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 200,000 cells there are as many attempts and more."""
    from fornix.engine.run import run_plan
    from fornix.engine.runners import InProcessRunner
    from fornix.registry.load import use_registry

    registry = toy_registry(toys)
    with use_registry(registry):
        run_plan(planning.plan(registry, store, ["toy-linear"]), registry, store, InProcessRunner())
    asked: list[object] = []
    original = FolderStore.attempts
    monkeypatch.setattr(FolderStore, "attempts", lambda self, *names: (asked.append(names), original(self, *names))[1])
    done = planning.plan(registry, store, ["toy-linear"], ["Toy.IT-correlation"]).cells
    assert asked == []
    assert [(cell.state, cell.seconds is not None and cell.seconds > 0) for cell in done] == [("ok", True)]
    planning.plan(registry, store, ["toy-linear", "toy-behaving"], ["Toy.IT-correlation"])
    assert asked == [("toy-behaving",)]
