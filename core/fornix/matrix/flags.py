"""What a reader must know of a cell beyond its number: training on test data, shared subjects, defects (derived from cards), and
a score whose uncertainty is not known."""

from __future__ import annotations

import math

from fornix.errors import FornixError
from fornix.registry.card import Card
from fornix.registry.discovery import Registry

#: Kinds of training that take a cell out of rankings.
_DISQUALIFYING = {"responses": "trained on the responses it is scored on", "same-subject": "trained on the same subjects"}


def datasets_of(registry: Registry, benchmark: Card) -> list[Card]:
    """The datasets that a leaf uses, or that those leaves of a parent use that take part in its mean."""
    if benchmark.aggregate is None:
        return [registry.get("dataset", name) for name in benchmark.uses.datasets]
    children = [registry.get("benchmark", name) for name in benchmark.aggregate.leaves()]
    below = [child for child in children if not excluded_from_aggregates(registry, child)]
    found = [dataset for child in below for dataset in datasets_of(registry, child)]
    return list({card.identifier: card for card in found}.values())


def flags(registry: Registry, model: Card | None, benchmark: Card) -> list[str]:
    """Why this cell is out of rankings by default; empty where it is ranked. A model without a card is None."""
    found = []
    for dataset in datasets_of(registry, benchmark):
        for training in () if model is None else model.training:
            if training.kind not in _DISQUALIFYING:
                continue
            if training.dataset.casefold() == dataset.identifier.casefold():
                found.append(f"{_DISQUALIFYING[training.kind]} ({dataset.identifier})")
            elif _share_subjects(registry, dataset, training.dataset):
                found.append(f"{_DISQUALIFYING['same-subject']} ({dataset.identifier})")
        if dataset.defect is not None:
            found.append(f"defect: {dataset.defect.what}")
    return list(dict.fromkeys(found))


def unpublished(error: float) -> list[str]:
    """Why a score with this standard error is out of rankings whatever the cards say: one that is not known is not published.

    How many of its values were NaN is known of every score: a :class:`~fornix.interfaces.Score` is not made without it.
    """
    return [] if math.isfinite(error) else ["no uncertainty"]


def notes(registry: Registry, model: Card | None, benchmark: Card) -> list[str]:
    """What is shown beside a cell and does not take it out of rankings. A model without a card is None."""
    found = []
    datasets = datasets_of(registry, benchmark)
    if any(dataset.simulated for dataset in datasets):
        found.append("simulated")
    chosen_on = () if model is None else model.selected_on
    if any(_share_subjects(registry, dataset, name) for name in chosen_on for dataset in datasets):
        found.append("map selected on same subject")
    return found


def study_of(dataset: str) -> str:
    """The study that a dataset is of: its identifier up to the first dot."""
    return dataset.split(".")[0]


def _share_subjects(registry: Registry, dataset: Card, other: str) -> bool:
    """Whether two datasets of one study name a subject alike.

    Across studies equal names ("subject1") say nothing. Nothing is known of a dataset whose plugin is not installed.
    """
    if study_of(dataset.identifier) != study_of(other):
        return False
    try:
        return not set(dataset.subjects).isdisjoint(registry.get("dataset", other).subjects)
    except FornixError:
        return False


def excluded_from_aggregates(registry: Registry, benchmark: Card) -> str:
    """Why a child takes no part in its parent (retired, defective, private); empty if it does."""
    if benchmark.superseded_by:
        return f"retired, superseded by {benchmark.superseded_by}"
    if benchmark.visibility == "private":
        return "private"
    if any(dataset.defect is not None for dataset in datasets_of(registry, benchmark)):
        return "defective data"
    return ""
