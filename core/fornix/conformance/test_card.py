"""Every plugin: its card, its documentation, and that it can be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from fornix.conformance.files import need_files
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_benchmark, load_dataset, load_metric, load_model


def test_the_card_names_plugins_that_exist(registry: Registry, card: Card) -> None:
    for name in card.uses.datasets:
        registry.get("dataset", name)
    for name in card.uses.metrics:
        registry.get("metric", name)
    for name in card.aggregate.leaves() if card.aggregate is not None else ():
        assert registry.get("benchmark", name).parent == card.identifier, (
            f"{name} does not name {card.identifier} as its parent: write parent = {card.identifier!r} into its card"
        )


def test_the_plugin_has_a_readme_that_says_something(pytestconfig: pytest.Config) -> None:
    readme = Path(pytestconfig.getoption("--fornix-plugin")) / "README.md"
    assert readme.exists(), "there is no README: add a README.md that says what it is, its source, its licence"
    words = len(readme.read_text(encoding="utf-8").split())
    assert words >= 20, f"the README says next to nothing ({words} words): say what it is, its source, its licence, in 20 or more"


def test_the_plugin_loads(registry: Registry, card: Card) -> None:
    if card.aggregate is not None:
        assert card.aggregate.leaves(), "it is a parent without children: name them in aggregate.children of its card"
        return
    if card.kind == "model" and any(option.default is None for option in card.options.values()):
        pytest.skip("needs an option that only its user knows; its own tests load it")
    need_files(card.kind, card.identifier)
    need_files("dataset", *card.uses.datasets)
    load = {"model": load_model, "dataset": load_dataset, "metric": load_metric, "benchmark": load_benchmark}[card.kind]
    load(card.identifier)  # says by itself what is wrong
