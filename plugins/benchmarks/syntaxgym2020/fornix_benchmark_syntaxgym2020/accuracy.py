"""The fraction of a suite's items whose predictions all hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Dataset, Experiment, Normalisation, Responses, Score, Surprisal, check_assembly
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty
from fornix_benchmark_syntaxgym2020.formula import Surprisals, parse

#: Where all items are alike, the jackknife adds so many that are not: its interval is then about that of the rule of three
#: (Hanley & Lippman-Hand 1983, JAMA), 3 / n_items.
RULE_OF_THREE: Final = 3


def left_out(right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jackknife replicates of the fraction of items that are right.

    Parameters
    ----------
    right : (n_items,) array of 0 and 1

    Returns
    -------
    (n_items,) array, or (n_items + 3,) where all items are alike.
    """
    alike = right.min() == right.max()
    items = np.append(right, np.full(RULE_OF_THREE, 1 - right[0])) if alike else right
    return np.asarray((items.sum() - items) / (len(items) - 1), dtype=np.float64)


class SyntaxGymSuite:
    """One suite of SyntaxGym2020.

    Parameters
    ----------
    dataset : Dataset
        With the recording ``regions``: the region number of each stimulus, its ``item`` and ``condition``, and the
        attributes ``predictions`` and ``n_regions``.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._stimuli = dataset.stimuli()
        self._regions = dataset.recordings()["regions"]
        self._predictions = [parse(formula) for formula in self._regions.attrs["predictions"]]

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (Experiment(self._stimuli, task=Surprisal()),)

    def score(self, responses: Sequence[Responses]) -> Score:
        """Accuracy over items; its error is a jackknife over items."""
        answer = responses[0][Surprisal()]
        assert isinstance(answer, xr.DataArray)
        check_assembly(
            answer, dims=("presentation",), stimulus_ids=self._stimuli, finite=True, what="the surprisal of the regions"
        )
        items, surprisals = self._by_item(answer)
        right = np.logical_and.reduce([prediction.evaluate(surprisals) for prediction in self._predictions]).astype(np.float64)
        raw = Score(
            value=float(right.mean()),
            units=xr.DataArray(right, dims=("trial",), coords={"item": ("trial", items)}),
            notes=("all items alike: error by the rule of three",) if right.min() == right.max() else (),
        )
        with_error = with_uncertainty(raw, replicates_array({"stimuli": (left_out(right), "jackknife")}))
        return normalise(with_error, None, Normalisation.NONE)

    def ceiling(self) -> Score | None:
        """None: the predictions are a linguist's, so there are no repeated measurements to estimate one from."""
        return None

    def _by_item(self, answer: xr.DataArray) -> tuple[NDArray[Any], Surprisals]:
        """The items, and the surprisal of each region of each condition, 0 where it has no words."""
        bits = dict(zip(answer["stimulus_id"].values.tolist(), answer.values.tolist(), strict=True))
        items, row = np.unique(self._regions["item"].values, return_inverse=True)
        conditions = self._regions["condition"].values
        surprisals = {
            (str(condition), number): np.zeros(len(items))
            for condition in np.unique(conditions)
            for number in range(1, self._regions.attrs["n_regions"] + 1)
        }
        for name, condition, number, item in zip(
            self._regions["stimulus_id"].values.tolist(), conditions.tolist(), self._regions.values.tolist(), row, strict=True
        ):
            surprisals[condition, number][item] = bits[name]
        return items, surprisals
