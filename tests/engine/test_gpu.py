"""A model that asks for a GPU and finds none runs all the same, and its log says so."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from fornix.engine import steps
from fornix.registry.load import use_registry
from fornix.store.folder import FolderStore
from tests.engine.conftest import toy_registry

IT = "Toy.IT-correlation"
SENTENCE = "toy-linear asks for a GPU (resources of its card); torch finds none in this process, so it computes on the CPU"


def ask_for_a_gpu(toys: Path) -> None:
    card = toys / "models/toy/fornix_model_toy/plugin.toml"
    card.write_text(
        card.read_text().replace('identifier = "toy-linear"', 'identifier = "toy-linear"\nresources = { gpu = true }')
    )


@pytest.mark.parametrize("asks", [True, False])
def test_the_log_says_that_a_gpu_is_missing_where_one_was_asked_for(
    run_toys: Callable[..., list[object]], toys: Path, store: FolderStore, asks: bool
) -> None:
    if asks:
        ask_for_a_gpu(toys)
    run_toys(["toy-linear"])
    (attempt,) = store.attempts("toy-linear", IT)
    assert attempt.status == "ok"
    assert (SENTENCE in store.log(attempt)) == asks


def test_nothing_is_said_where_there_is_a_gpu(
    toys: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ask_for_a_gpu(toys)
    for there in (True, False):
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=SimpleNamespace(is_available=lambda there=there: there)))
        with use_registry(toy_registry(toys)):
            steps._note_a_missing_gpu("toy-linear")
        assert (SENTENCE in capsys.readouterr().out) == (not there)
