"""How well a model's region predicts that region of the simulated brain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr

import fornix
from fornix.interfaces import Experiment, Normalisation, Recording, Responses, Score
from fornix.numerics.ceilings.normalisation import normalise

#: Published with every score.
NOTE: Final = "simulated"


class SimulatedPredictivity:
    """Cross-validated Pearson correlation of ridge predictions with responses averaged over repetitions, as ``r|r|/c``.

    Parameters
    ----------
    region : {"V1", "V4", "IT"}
    """

    def __init__(self, region: str) -> None:
        self._dataset = fornix.load_dataset("Simulated")
        self._metric = fornix.load_metric("ridge", alphas=np.logspace(-6, 6, 25).tolist(), alpha_scale="mean_diagonal")
        self._region = region
        self._recording = Recording(region, form="gram")

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (Experiment(self._dataset.stimuli(), (self._recording,)),)

    def score(self, responses: Sequence[Responses]) -> Score:
        raw = self._metric(responses[0][self._recording], self._averages)
        score = normalise(raw, self.ceiling(), Normalisation.SIGNED_SQUARE)
        return score.with_(notes=(*score.notes, NOTE))

    def ceiling(self) -> Score:
        """Split-half reliability over the eight repetitions."""
        return self._ceiling

    @cached_property
    def _repetitions(self) -> xr.DataArray:
        return self._dataset.recordings()[self._region]

    @cached_property
    def _averages(self) -> xr.DataArray:
        """(presentation, neuroid): one row for each stimulus, averaged over repetitions."""
        stimulus_id, row = np.unique(self._repetitions["stimulus_id"].values, return_inverse=True)
        sums = np.zeros((len(stimulus_id), self._repetitions.sizes["neuroid"]))
        np.add.at(sums, row, self._repetitions.values)
        return xr.DataArray(
            sums / np.bincount(row)[:, np.newaxis],
            dims=("presentation", "neuroid"),
            coords={"stimulus_id": ("presentation", stimulus_id), "neuroid_id": self._repetitions["neuroid_id"]},
        )

    @cached_property
    def _ceiling(self) -> Score:
        return fornix.load_metric("internal_consistency")(self._repetitions, self._repetitions)
