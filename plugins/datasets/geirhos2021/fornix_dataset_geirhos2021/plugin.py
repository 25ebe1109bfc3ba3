"""Hooks of the Geirhos2021 datasets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fornix.registry.hookspecs import hookimpl

if TYPE_CHECKING:
    from fornix_dataset_geirhos2021.trials import HumanDecisions


@hookimpl
def fornix_load_dataset(identifier: str, options: Mapping[str, Any]) -> HumanDecisions:
    import fornix
    from fornix_dataset_geirhos2021.trials import SUBJECTS, HumanDecisions

    experiment = identifier.removeprefix("Geirhos2021.")
    subjects = [f"subject-{k + 1:02d}" for k in range(SUBJECTS.get(experiment, 4))]
    return HumanDecisions(
        experiment, {subject: fornix.card_file("dataset", identifier, f"{subject}.csv") for subject in subjects}
    )
