"""Transfer accuracy: a model learns digits from half of them and names the other half."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

import fornix
from fornix.interfaces import Experiment, Fitting, Label, Normalisation, Responses, Score
from fornix.numerics.ceilings.normalisation import normalise

CHOICES: Final = tuple("0123456789")
CHANCE: Final = 1 / len(CHOICES)


class DigitsAccuracy:
    """Accuracy on the test half, ``(s - p) / (c - p)`` with chance p = 0.1 and a perfect ceiling c = 1.

    The halves are stratified by digit: ``train_test_split(range(1797), test_size=0.5, stratify=labels, random_state=1)`` over
    scikit-learn's rows. Both are shown in the order of their identifiers, which does not tell the digit.
    """

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("Digits")
        self._metric = fornix.load_metric("accuracy")

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (self._experiment,)

    def score(self, responses: Sequence[Responses]) -> Score:
        answers = responses[0][self._task]
        accuracy = self._metric(answers, self._labels[self._halves[1]])
        return normalise(accuracy, self.ceiling(), Normalisation.CHANCE, chance=CHANCE)

    def ceiling(self) -> Score:
        """Every digit has a right answer: 1, without error."""
        return Score(1.0, error=0.0, interval=(1.0, 1.0))

    @cached_property
    def _labels(self) -> xr.DataArray:
        return self._dataset.recordings()["label"]

    @cached_property
    def _halves(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row numbers of the fitting half and of the test half, in the order of the dataset."""
        source_row = self._labels["source_row"].values
        in_source_order = self._labels.values[np.argsort(source_row)]
        fitting, _ = train_test_split(range(len(source_row)), test_size=0.5, stratify=in_source_order, random_state=1)
        learned = np.isin(source_row, fitting)
        return np.flatnonzero(learned), np.flatnonzero(~learned)

    @cached_property
    def _task(self) -> Label:
        fitting = self._halves[0]
        labels = tuple(self._labels.values[fitting].tolist())
        return Label(CHOICES, fitting=Fitting(self._dataset.stimuli().take(fitting), labels))

    @cached_property
    def _experiment(self) -> Experiment:
        return Experiment(self._dataset.stimuli().take(self._halves[1]), task=self._task)
