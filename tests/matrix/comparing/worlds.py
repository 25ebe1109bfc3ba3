"""Toy matrices whose scores are means over stimuli, so that what comes of comparing them can be computed otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from fornix.errors import FornixError
from fornix.interfaces import Normalisation, Score
from fornix.matrix.comparing.sources import Source
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty
from fornix.registry.card import Aggregate, Card, Uses
from fornix.registry.discovery import Registry

#: (model, leaf) -> what each stimulus scores.
Values = Mapping[tuple[str, str], np.ndarray]


def card(kind: str, identifier: str, **fields: Any) -> Card:
    about = {"version": 1, "title": "t", "authors": ("a",), "licence": "MIT", "citation": "@misc{x}"}
    return Card(kind=kind, identifier=identifier, **{**about, **fields})  # type: ignore[arg-type]


def registry(parents: Mapping[str, Aggregate], leaves: Mapping[str, str]) -> Registry:
    """Cards of parents, and of leaves with their datasets."""
    datasets = [card("dataset", name) for name in sorted(set(leaves.values()))]
    return Registry.of_cards(
        [
            *datasets,
            *(card("benchmark", name, uses=Uses(datasets=(dataset,))) for name, dataset in leaves.items()),
            *(card("benchmark", name, aggregate=aggregate) for name, aggregate in parents.items()),
        ]
    )


def score(values: np.ndarray, **changes: Any) -> Score:
    """The mean over stimuli, each left out once, with what each stimulus scores as units."""
    n = len(values)
    units = xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", [f"s{k}" for k in range(n)])})
    replicates = replicates_array({"stimuli": ((values.sum() - values) / (n - 1), "jackknife")})
    return with_uncertainty(Score(float(values.mean()), units=units), replicates).with_(**changes)


def ceiled(values: np.ndarray, ceiling: float) -> Score:
    """The same as a part of an exact ceiling."""
    raw = score(values)
    assert raw.replicates is not None
    replicates = raw.replicates.copy(data=raw.replicates.values / ceiling)
    return with_uncertainty(
        Score(
            raw.value / ceiling,
            raw=raw.value,
            ceiling=Score(ceiling, error=0.0),
            normalisation=Normalisation.RATIO,
            units=raw.units,
            raw_replicates=raw.replicates,
        ),
        replicates,
    )


def source(scores: Mapping[tuple[str, str], Score], cards: Registry, **flags: str) -> Source:
    """A matrix of these scores, with parents where all leaves are there; ``flags`` names models that are out of rankings."""
    models = list(dict.fromkeys(model for model, _ in scores))
    benchmarks = [c.identifier for c in cards.cards("benchmark")]
    value = np.full((len(models), len(benchmarks)), np.nan)
    for i, model in enumerate(models):
        for j, name in enumerate(benchmarks):
            value[i, j] = _value(cards, cards.get("benchmark", name), model, scores)
    dims = ("model", "benchmark")
    there = np.isfinite(value)
    flagged = np.array([[flags.get(model, "")] * len(benchmarks) for model in models], dtype=np.str_)
    matrix = xr.Dataset(
        {
            "value": (dims, value),
            "status": (dims, np.where(there, "ok", "skipped")),
            "reason": (dims, np.where(there, "", "modality")),
            "flags": (dims, flagged),
            "ranked": (dims, there & (flagged == "")),
        },
        coords={
            "model": models,
            "benchmark": benchmarks,
            "leaf": ("benchmark", [cards.get("benchmark", name).aggregate is None for name in benchmarks]),
        },
    )

    def score_of(model: str, leaf: str) -> Score:
        if (model, leaf) not in scores:
            raise FornixError("it has no result in the store")
        return scores[model, leaf]

    return Source(matrix, score_of, cards)


def _value(cards: Registry, of: Card, model: str, scores: Mapping[tuple[str, str], Score], *, raw: bool = False) -> float:
    if of.aggregate is None:
        found = scores.get((model, of.identifier))
        return np.nan if found is None else found.raw if raw else found.value
    return _mean(cards, of.aggregate.children, model, scores, raw=raw or of.aggregate.of == "raw")


def _mean(cards: Registry, children: Sequence[Any], model: str, scores: Mapping[tuple[str, str], Score], *, raw: bool) -> float:
    values = [
        _value(cards, cards.get("benchmark", child), model, scores, raw=raw)
        if isinstance(child, str)
        else _mean(cards, child, model, scores, raw=raw)
        for child in children
    ]
    return float(np.mean(values))
