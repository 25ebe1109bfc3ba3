"""A store and a snapshot for the verbs that read either."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fornix.matrix.snapshots.publishing import publish
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS, toy_registry
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, V4, fill, scored

#: What the model of :func:`own` is called over the snapshot of :func:`lab`.
OWN = f"{MODEL}@local"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store and a snapshot of it, in which one model has no score on a leaf, as it cannot give what that asks."""
    folder = tmp_path_factory.mktemp("lab")
    store = FolderStore(folder / "store")
    fill(store, {(MODEL, IT): scored(0.5, 1), (MODEL, V4): scored(0.3, 2), (OTHER, IT): scored(0.4, 3)})
    publish(toy_registry(TOYS), store, folder / "place")
    return folder


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments that lay another model under a published name over a snapshot: better than all on IT, the worst on V4."""
    folder = tmp_path_factory.mktemp("own")
    toys = Path(shutil.copytree(TOYS, folder / "toys", ignore=shutil.ignore_patterns("__pycache__")))
    (toys / "models/toy/fornix_model_toy/more.py").write_text("changed = True\n")
    fill(FolderStore(folder / "store"), {(MODEL, IT): scored(0.9, 4), (MODEL, V4): scored(0.1, 5)}, toy_registry(toys))
    return ["--overlay", str(folder / "store"), "--plugins", str(toys)]
