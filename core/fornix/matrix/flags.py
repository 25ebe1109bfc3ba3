"""What a reader must know of a cell beyond its number, derived from cards: training on test data, shared subjects, defects."""

from __future__ import annotations

from fornix.errors import FornixError
from fornix.registry.card import Card
from fornix.registry.discovery import Registry

#: Kinds of training that take a cell out of rankings.
_DISQUALIFYING = {"responses": "trained on the responses it is scored on", "same-subject": "trained on the same subjects"}


def datasets_of(registry: Registry, benchmark: Card) -> list[Card]:
    """The datasets that a leaf uses, or that the leaves of a parent use."""
    if benchmark.aggregate is None:
        return [registry.get("dataset", name) for name in benchmark.uses.datasets]
    below = [registry.get("benchmark", name) for name in benchmark.aggregate.leaves()]
    found = [dataset for child in below for dataset in datasets_of(registry, child)]
    return list({card.identifier: card for card in found}.values())


def flags(registry: Registry, model: Card, benchmark: Card) -> list[str]:
    """Why this cell is out of rankings by default; empty where it is ranked."""
    found = []
    for dataset in datasets_of(registry, benchmark):
        for training in model.training:
            if training.dataset.casefold() == dataset.identifier.casefold() and training.kind in _DISQUALIFYING:
                found.append(f"{_DISQUALIFYING[training.kind]} ({dataset.identifier})")
        if dataset.defect is not None:
            found.append(f"defect: {dataset.defect.what}")
    return list(dict.fromkeys(found))


def notes(registry: Registry, model: Card, benchmark: Card) -> list[str]:
    """What is shown beside a cell and does not take it out of rankings."""
    found = []
    datasets = datasets_of(registry, benchmark)
    if any(dataset.simulated for dataset in datasets):
        found.append("simulated")
    tested = {subject for dataset in datasets for subject in dataset.subjects}
    for name in model.selected_on:
        if tested & _subjects(registry, name):
            found.append("map selected on same subject")
    return list(dict.fromkeys(found))


def _subjects(registry: Registry, dataset: str) -> set[str]:
    """The subjects of a dataset; none are known where its plugin is not installed."""
    try:
        return set(registry.get("dataset", dataset).subjects)
    except FornixError:
        return set()


def excluded_from_aggregates(registry: Registry, benchmark: Card) -> str:
    """Why a child takes no part in its parent (retired, defective, private); empty if it does."""
    if benchmark.superseded_by:
        return f"retired, superseded by {benchmark.superseded_by}"
    if benchmark.visibility == "private":
        return "private"
    if any(dataset.defect is not None for dataset in datasets_of(registry, benchmark)):
        return "defective data"
    return ""
