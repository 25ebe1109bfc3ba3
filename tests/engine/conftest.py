"""Toy plugins in a folder of their own, which tests may change, and a store beside them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fornix.engine.plan import Plan, plan
from fornix.engine.run import run_plan
from fornix.engine.runners import InProcessRunner, Job, Limits, Runner, StepOutcome, WorkerRunner
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


def copied_toys(folder: Path) -> Path:
    """A copy of the toy plugins in a folder."""
    copied: Path = shutil.copytree(TOYS, folder / "toys", ignore=shutil.ignore_patterns("__pycache__"))
    return copied


@pytest.fixture
def toys(tmp_path: Path) -> Path:
    """A copy of the toy plugins."""
    return copied_toys(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def toy_registry(toys: Path) -> Registry:
    """The toys, and nothing that happens to be installed or in the checkout."""
    return Registry([d for d in discover([toys]).distributions if d.root is not None and toys.resolve() in d.root.parents])


def plan_toys(toys: Path, store: FolderStore, models: list[str] | None = None, **arguments: object) -> Plan:
    return plan(toy_registry(toys), store, models, **arguments)  # type: ignore[arg-type]


class FreshRunner(InProcessRunner):
    """Runs jobs in this process, of which each imports the code of the toys anew as a worker does.

    For what a run makes of answers and scores, whatever process they come from: a worker takes a second to start.
    """

    def run(self, job: Job) -> list[StepOutcome]:
        for name in [name for name in sys.modules if name.startswith("fornix_") and "_toy." in name]:
            sys.modules.pop(name, None)  # another thread may have been first
        with pytest.MonkeyPatch.context() as patch:
            # of an edit of as many letters within the second, compiled code would know nothing
            patch.setattr(sys, "dont_write_bytecode", True)
            return super().run(job)


def running(toys: Path, store: FolderStore, runner: type[Runner]) -> Callable[..., list[Finished]]:
    """What runs the toys, and returns what finished."""

    def run(models: list[str] | None = None, *, limits: Limits = Limits(), retry: bool = True) -> list[Finished]:  # noqa: B008
        registry, finished = toy_registry(toys), list[Finished]()
        planned = plan(registry, store, models)
        run_plan(planned, registry, store, runner(), limits=limits, retry=retry, report=finished.append)
        return finished

    return run


@pytest.fixture
def run_toys(toys: Path, store: FolderStore) -> Callable[..., list[Finished]]:
    """Run the toys with worker processes; returns what finished."""
    return running(toys, store, WorkerRunner)


@pytest.fixture
def run_toys_here(toys: Path, store: FolderStore) -> Callable[..., list[Finished]]:
    """Run the toys in this process; returns what finished."""
    return running(toys, store, FreshRunner)


def tell(toys: Path, how: str) -> None:
    """Make the model toy-behaving misbehave in this way."""
    (toys / "models/toy/fornix_model_toy/how.txt").write_text(how)


def edit(path: Path, old: str, new: str) -> None:
    """Change the text of a file, which must hold what is to be changed."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
