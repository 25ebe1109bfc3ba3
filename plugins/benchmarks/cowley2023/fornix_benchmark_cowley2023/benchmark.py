"""How well a model's V4 predicts the recorded neurons of one session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import xarray as xr

import fornix
from fornix.interfaces import Experiment, Normalisation, Recording, Responses, Score
from fornix.numerics.ceilings.normalisation import normalise

V4: Final = Recording("V4", form="gram")
#: Ten shuffled splits without stratification, as the metrics have by default.
OPTIONS: Final[Mapping[str, Mapping[str, Any]]] = {
    "pls": {"n_components": 25},
    "ridge": {"alphas": np.logspace(-6, 6, 25).tolist(), "alpha_scale": "mean_diagonal"},
}


class V4Predictivity:
    """Cross-validated Pearson correlation of predicted and recorded responses, median over neurons, mean over splits.

    Parameters
    ----------
    session : str
        A session of the dataset Cowley2023. Where its single repeats are published, the score is ceiled by their
        reliability, ``r|r|/c``; elsewhere it stays raw.
    metric : {"pls", "ridge"}
    """

    def __init__(self, session: str, metric: str) -> None:
        self._dataset = fornix.load_dataset(f"Cowley2023.{session}")
        self._metric = fornix.load_metric(metric, **OPTIONS[metric])

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (Experiment(self._dataset.stimuli(), (V4,)),)

    def score(self, responses: Sequence[Responses]) -> Score:
        raw = self._metric(responses[0][V4], self._recordings["V4"])
        ceiling = self.ceiling()
        return normalise(raw, ceiling, Normalisation.NONE if ceiling is None else Normalisation.SIGNED_SQUARE)

    def ceiling(self) -> Score | None:
        """Split-half reliability over the repeats, for the session that has them."""
        return self._ceiling

    @cached_property
    def _recordings(self) -> Mapping[str, xr.DataArray]:
        return self._dataset.recordings()

    @cached_property
    def _ceiling(self) -> Score | None:
        if "V4.repeats" not in self._recordings:
            return None
        repeats = self._recordings["V4.repeats"]
        return fornix.load_metric("internal_consistency")(repeats, repeats)
