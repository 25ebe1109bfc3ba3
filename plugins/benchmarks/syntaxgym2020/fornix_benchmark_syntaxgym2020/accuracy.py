"""The fraction of a suite's items whose predictions all hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Experiment, Normalisation, Responses, Score, StimulusSet, Surprisal, check_assembly
from fornix.numerics.normalisation import normalise
from fornix.numerics.uncertainty import replicates_array, with_uncertainty
from fornix_benchmark_syntaxgym2020.formula import parse, regions


class PredictedSurprisals(Protocol):
    """What this benchmark needs of its dataset."""

    @property
    def regions(self) -> Mapping[int, Mapping[tuple[str, int], str | None]]: ...

    @property
    def predictions(self) -> tuple[str, ...]: ...

    def stimuli(self) -> StimulusSet: ...


class SyntaxGymSuite:
    """One suite of SyntaxGym2020.

    Parameters
    ----------
    suite : PredictedSurprisals
    """

    def __init__(self, suite: PredictedSurprisals) -> None:
        self._suite = suite
        self._stimuli = suite.stimuli()
        self._predictions = [parse(formula) for formula in suite.predictions]

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (Experiment(self._stimuli, task=Surprisal()),)

    def score(self, responses: Sequence[Responses]) -> Score:
        """Accuracy over items; its error is a jackknife over items. A region without words has a surprisal of 0."""
        answer = responses[0][Surprisal()]
        assert isinstance(answer, xr.DataArray)
        check_assembly(answer, dims=("presentation",), stimulus_ids=self._stimuli, what="the surprisal of the regions")
        bits = dict(zip(answer["stimulus_id"].values.tolist(), answer.values.tolist(), strict=True))
        items = self._suite.regions
        places = list(next(iter(items.values())))
        surprisals = {
            place: np.array([0.0 if item[place] is None else bits[str(item[place])] for item in items.values()])
            for place in places
        }
        self._check(surprisals)
        right = np.logical_and.reduce([prediction.evaluate(surprisals) for prediction in self._predictions]).astype(np.float64)
        n = len(right)
        raw = Score(
            value=float(right.mean()),
            units=xr.DataArray(right, dims=("trial",), coords={"item": ("trial", np.array(list(items)))}),
            n_nan=int(np.isnan(answer.values).sum()),
            notes=("all items alike: an error of 0 says little of new items",) if right.min() == right.max() else (),
        )
        left_out = (right.sum() - right) / (n - 1)
        return normalise(with_uncertainty(raw, replicates_array({"stimuli": (left_out, "jackknife")})), None, Normalisation.NONE)

    def ceiling(self) -> Score | None:
        """None: the predictions are a linguist's, so there are no repeated measurements to estimate one from."""
        return None

    def _check(self, surprisals: Mapping[tuple[str, int], NDArray[np.float64]]) -> None:
        """Only a region that no prediction refers to may lack a surprisal (a sentence's first word, to some models)."""
        asked = {(r.condition, r.number) for prediction in self._predictions for r in regions(prediction)}
        for (condition, number), values in surprisals.items():
            if not np.isfinite(values).all() and ((condition, number) in asked or (condition, None) in asked):
                raise ValueError(
                    f"the model gives no finite surprisal for region {number} of {condition!r} in {(~np.isfinite(values)).sum()} "
                    "items, and a prediction refers to it"
                )
