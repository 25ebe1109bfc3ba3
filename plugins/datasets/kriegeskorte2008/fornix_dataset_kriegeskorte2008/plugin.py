"""Hooks of the Kriegeskorte2008 datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix.interfaces import Dataset


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> Dataset:
    import fornix
    from fornix_dataset_kriegeskorte2008.dissimilarities import HumanIT, Judgements, MonkeyIT, PublishedModels

    datasets = {
        "Kriegeskorte2008.monkeyIT": (MonkeyIT, "supplement.mat"),
        "Kriegeskorte2008.humanIT": (HumanIT, "brains.mat"),
        "Kriegeskorte2008.judgements": (Judgements, "judgements.mat"),
        "Kriegeskorte2008.models": (PublishedModels, "models.mat"),
    }
    dataset, name = datasets[identifier]
    return dataset(
        supplement=fornix.card_file("dataset", identifier, "supplement.mat"),
        dissimilarities=fornix.card_file("dataset", identifier, name),
    )
