"""What is given to every Python function alike: names of models and benchmarks that are none are refused by all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fornix
from fornix.errors import UsageError
from fornix.matrix.given import given_names
from fornix.store.folder import FolderStore
from tests.engine.conftest import TOYS
from tests.matrix.snapshots.placed import IT, MODEL, OTHER, fill, place_by_hand, scored, toy_matrix


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a score, and a snapshot of it."""
    folder = tmp_path_factory.mktemp("lab")
    store = FolderStore(folder / "store")
    fill(store, {(MODEL, IT): scored(0.5)})
    place_by_hand(folder / "place", toy_matrix(store))
    return folder


def test_one_may_be_given_alone_and_none_are_all() -> None:
    assert given_names("models", "hmax") == ["hmax"]
    assert given_names("models", ("hmax", "pixels")) == ["hmax", "pixels"]
    assert given_names("models", iter(["hmax"])) == ["hmax"]
    assert given_names("models", None) is None


@pytest.mark.parametrize(
    ("names", "said"), [([], "is an empty list"), ((), "is an empty list"), (5, "names 5; expected"), ([None], "names None")]
)
@pytest.mark.parametrize(
    ("what", "call"),
    [
        ("models", lambda lab, named: fornix.overlay(lab / "place", lab / "store", plugins=[TOYS], **named)),
        ("benchmarks", lambda lab, named: fornix.overlay(lab / "place", lab / "store", plugins=[TOYS], **named)),
        ("models", lambda lab, named: fornix.run(store=lab / "store", plugins=[TOYS], engine="in-process", **named)),
        ("benchmarks", lambda lab, named: fornix.run(store=lab / "store", plugins=[TOYS], engine="in-process", **named)),
        ("benchmarks", lambda lab, named: fornix.compare(MODEL, OTHER, lab / "store", plugins=[TOYS], **named)),
        ("models", lambda lab, named: fornix.pull(lab / "place", **named)),
    ],
)
def test_what_names_nothing_is_refused_wherever_it_is_given(
    lab: Path, what: str, call: Callable[[Path, dict[str, Any]], object], names: Any, said: str
) -> None:
    with pytest.raises(UsageError, match=f"{what} {said}"):
        call(lab, {what: names})
