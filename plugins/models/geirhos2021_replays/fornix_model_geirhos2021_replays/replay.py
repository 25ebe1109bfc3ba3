"""Published decisions of image models, looked up by stimulus."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from fornix.interfaces import Experiment, Label, NotAble, Responses

EXPERIMENTS: Final = (
    "colour",
    "contrast",
    "cue-conflict",
    "edge",
    "eidolonI",
    "eidolonII",
    "eidolonIII",
    "false-colour",
    "high-pass",
    "low-pass",
    "phase-scrambling",
    "power-equalisation",
    "rotation",
    "silhouette",
    "sketch",
    "stylized",
    "uniform-noise",
)
#: Experiments whose images are named by the last part of the published name; elsewhere it is the last two.
NAMED_BY_LAST_PART: Final = frozenset({"cue-conflict", "edge", "silhouette"})


def stimulus_id(experiment: str, image_name: str) -> str:
    """The identifier that the dataset gives an image of this published name.

    Written out here as well as in the dataset: the two meet through identifiers only, and need not be installed
    together. The benchmark's tests hold them to each other.
    """
    parts = image_name.split("_")[-1 if experiment in NAMED_BY_LAST_PART else -2 :]
    digest = hashlib.sha256("_".join([experiment, *parts]).encode()).hexdigest()
    return f"geirhos2021-{experiment}-{digest[:16]}"


class PublishedDecisions:
    """An image model known by the categories that it chose for certain images.

    Parameters
    ----------
    files : mapping of experiment to path
        CSV with the columns ``imagename`` and ``object_response``; nothing else of them is read.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._choice: dict[str, str] = {}
        for experiment, path in files.items():
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    self._choice[stimulus_id(experiment, row["imagename"])] = row["object_response"]

    def respond(self, experiment: Experiment) -> Responses:
        """The published label of each stimulus.

        Raises
        ------
        NotAble
            For a recording, another task, choices that lack a published answer, or a stimulus that was not published.
        """
        for recording in experiment.recordings:
            raise NotAble("region", f"{recording.region!r} was asked; this model replays labels and has no regions")
        task = experiment.task
        if not isinstance(task, Label):
            raise NotAble("task", f"{task} was asked; this model replays labels only")
        stimuli = experiment.stimuli
        unknown = [name for name in stimuli if name not in self._choice]
        if unknown:
            raise NotAble(
                "stimuli",
                f"{len(unknown)} of {len(stimuli)} stimuli, for example {unknown[0]!r}, are not among the {len(self._choice)} "
                "images for which this model's labels are published",
            )
        labels = np.array([self._choice[name] for name in stimuli], dtype=np.str_)
        other = sorted(set(labels.tolist()) - set(task.choices))
        if other:
            raise NotAble("task", f"this model's published labels include {other[0]!r}, which is not among the choices")
        coords = {"stimulus_id": ("presentation", stimuli.stimulus_id)}
        return Responses({task: xr.DataArray(labels, dims=("presentation",), coords=coords)})
