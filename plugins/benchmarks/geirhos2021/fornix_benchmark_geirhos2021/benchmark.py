"""Errors in common with people, on the conditions that the original counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import xarray as xr

from fornix.interfaces import Dataset, Experiment, Label, Metric, Normalisation, Responses, Score
from fornix.numerics.ceilings.normalisation import normalise

CATEGORIES: Final = (
    "airplane",
    "bear",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "car",
    "cat",
    "chair",
    "clock",
    "dog",
    "elephant",
    "keyboard",
    "knife",
    "oven",
    "truck",
)
#: The condition of an experiment that shows the images undistorted, where errors are too few to compare.
UNDISTORTED: Final[Mapping[str, str]] = {
    "colour": "cr",
    "contrast": "c100",
    "eidolonI": "1-10-10",
    "eidolonII": "1-3-10",
    "eidolonIII": "1-0-10",
    "false-colour": "true",
    "high-pass": "inf",
    "low-pass": "0",
    "phase-scrambling": "0",
    "power-equalisation": "0",
    "rotation": "0",
    "uniform-noise": "0.00",
}
#: Conditions in which people are right no more often than this are left out: they guess.
LOWEST_ACCURACY: Final = 0.2


class CeilingMetric(Metric, Protocol):
    """A metric that also compares people with each other."""

    def ceiling(self, target: xr.DataArray) -> Score: ...


class ErrorConsistencyBenchmark:
    """Error consistency of a model with people, divided by that between people.

    Parameters
    ----------
    experiment : str
        ``colour``, ``eidolonI`` and so on.
    dataset : Dataset
        Trials by subject.
    metric : CeilingMetric
    """

    def __init__(self, experiment: str, dataset: Dataset, metric: CeilingMetric) -> None:
        self._experiment = experiment
        self._dataset = dataset
        self._metric = metric

    @cached_property
    def _task(self) -> Label:
        return Label(choices=CATEGORIES)

    @cached_property
    def trials(self) -> xr.DataArray:
        """The trials that count: all subjects, without the undistorted condition and those in which people guess."""
        trials = xr.concat(list(self._dataset.recordings().values()), dim="trial")
        right = trials.values == trials["category"].values
        condition = trials["condition"].values
        guessed = {c for c in np.unique(condition).tolist() if right[condition == c].mean() <= LOWEST_ACCURACY}
        return trials[~np.isin(condition, [*guessed, UNDISTORTED.get(self._experiment, "")])]

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        """One: every image of the experiment is to be labelled, also those that are not counted."""
        return () if so_far else (Experiment(self._dataset.stimuli(), task=self._task),)

    def score(self, responses: Sequence[Responses]) -> Score:
        labels = responses[0][self._task]
        counted = labels[np.isin(labels["stimulus_id"].values, self.trials["stimulus_id"].values)]
        return normalise(self._metric(counted, self.trials), self.ceiling(), Normalisation.RATIO)

    def ceiling(self) -> Score:
        return self._ceiling

    @cached_property
    def _ceiling(self) -> Score:
        return self._metric.ceiling(self.trials)
