"""Toy plugins in a folder of their own, which tests may change, and a store beside them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fornix.engine.plan import Plan, plan
from fornix.engine.run import run_plan
from fornix.engine.runners import Limits, WorkerRunner
from fornix.engine.work import Finished
from fornix.registry.discovery import Registry, discover
from fornix.store.folder import FolderStore

TOYS = Path(__file__).parent / "toys"


@pytest.fixture(autouse=True)
def toys_forgotten() -> Iterator[None]:
    """A process imports a package from one place only, and every test has toys in a place of its own."""
    yield
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("fornix_") and "_toy" in name]:
        del sys.modules[name]


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """A copy of the toy plugins."""
    folder = tmp_path / "toys"
    shutil.copytree(TOYS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def toy_registry(toys: Path) -> Registry:
    """The toys, and nothing that happens to be installed or in the checkout."""
    return Registry([d for d in discover([toys]).distributions if d.root is not None and toys.resolve() in d.root.parents])


def plan_toys(toys: Path, store: FolderStore, models: list[str] | None = None, **arguments: object) -> Plan:
    return plan(toy_registry(toys), store, models, **arguments)  # type: ignore[arg-type]


@pytest.fixture
def run_toys(toys: Path, store: FolderStore) -> Callable[..., list[Finished]]:
    """Run the toys with worker processes; returns what finished."""

    def run(models: list[str] | None = None, *, limits: Limits = Limits(), retry: bool = True) -> list[Finished]:  # noqa: B008
        registry, finished = toy_registry(toys), []  # type: ignore[var-annotated]
        planned = plan(registry, store, models)
        run_plan(planned, registry, store, WorkerRunner(), limits=limits, retry=retry, report=finished.append)
        return finished

    return run


def tell(toys: Path, how: str) -> None:
    """Make the model toy-behaving misbehave in this way."""
    (toys / "models/toy/fornix_model_toy/how.txt").write_text(how)


def edit(path: Path, old: str, new: str) -> None:
    """Change the text of a file, which must hold what is to be changed."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
