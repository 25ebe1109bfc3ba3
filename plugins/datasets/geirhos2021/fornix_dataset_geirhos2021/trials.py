"""The published files as trials by subject, and the identifiers by which models know the images.

The name of a published image holds its category. Here an image is identified by a digest of its name, and the stimuli are
sorted by identifier, so that neither tells the category.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from fornix.interfaces import StimulusSet

#: Experiments with other than four subjects.
SUBJECTS: Final[Mapping[str, int]] = {"cue-conflict": 10, "edge": 10, "silhouette": 10, "sketch": 7, "stylized": 5}
#: Experiments whose images are named by the last part of the published name; elsewhere it is the last two.
NAMED_BY_LAST_PART: Final = frozenset({"cue-conflict", "edge", "silhouette"})


def stimulus_id(experiment: str, image_name: str) -> str:
    """The identifier of an image, the same for every subject and model.

    Parameters
    ----------
    experiment : str
        ``colour``, ``eidolonI`` and so on.
    image_name : str
        As published, for example ``0001_cl_s01_cr_oven_40_n04111531_14126.png``: its first parts differ between subjects.
    """
    parts = image_name.split("_")[-1 if experiment in NAMED_BY_LAST_PART else -2 :]
    digest = hashlib.sha256("_".join([experiment, *parts]).encode()).hexdigest()
    return f"geirhos2021-{experiment}-{digest[:16]}"


class HumanDecisions:
    """People's choices among 16 categories for the images of one experiment.

    Parameters
    ----------
    experiment : str
    files : mapping of subject to path
        CSV, one row for each trial.
    """

    def __init__(self, experiment: str, files: Mapping[str, Path]) -> None:
        self.experiment = experiment
        self._files = dict(files)

    def stimuli(self) -> StimulusSet:
        """The images, sorted by identifier; their content is not published with the trials."""
        names = sorted({name for trials in self._trials.values() for name in trials["stimulus_id"].values.tolist()})
        return StimulusSet(names, image=[None] * len(names))

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """By subject: the choices, dims (trial,), in the order of the experiment.

        ``na`` stands for a response that was not given in time. Coordinates on trial: ``subject``, ``condition``,
        ``stimulus_id``, ``category`` (the right choice) and ``response_time_s`` (seconds; NaN where there is none).
        """
        return dict(self._trials)

    @cached_property
    def _trials(self) -> Mapping[str, xr.DataArray]:
        return {subject: self._read(subject, path) for subject, path in self._files.items()}

    def _read(self, subject: str, path: Path) -> xr.DataArray:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(file)]
        columns = {
            "subject": [subject] * len(rows),
            "condition": [row["condition"] for row in rows],
            "stimulus_id": [stimulus_id(self.experiment, row["imagename"]) for row in rows],
            "category": [row["category"] for row in rows],
        }
        coords = {name: ("trial", np.array(column, dtype=np.str_)) for name, column in columns.items()}
        times = np.array([_seconds(row["rt"]) for row in rows])
        choices = np.array([row["object_response"] for row in rows], dtype=np.str_)
        return xr.DataArray(choices, dims=("trial",), coords={**coords, "response_time_s": ("trial", times)})


def _seconds(text: str) -> float:
    return float("nan") if text.lower() in ("na", "nan", "") else float(text)
