"""How well a model's dissimilarities agree with measured ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import xarray as xr

import fornix
from fornix.interfaces import Experiment, Normalisation, Recording, Responses, Score, Similarity
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.similarity.rsa import rsa_ceiling


class RepresentationalSimilarity:
    """Spearman correlation over pairs of stimuli, averaged over subjects where there are any.

    With subjects the score is divided by its ceiling, the lower bound (each subject against the mean of the others); the
    upper bound is in the ceiling's details, the comparison with the mean of all subjects in the score's.

    Parameters
    ----------
    dataset : str
        Of the datasets Kriegeskorte2008: one with a recording ``IT`` is compared with the model's IT, one with a recording
        ``similarity`` with the dissimilarities that the model judges.
    """

    def __init__(self, dataset: str) -> None:
        self._dataset = fornix.load_dataset(dataset)
        self._metric = fornix.load_metric("rdm")

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        if so_far:
            return ()
        stimuli = self._dataset.stimuli()
        asked = self._asked
        return (Experiment(stimuli, (asked,)) if isinstance(asked, Recording) else Experiment(stimuli, task=asked),)

    def score(self, responses: Sequence[Responses]) -> Score:
        raw = self._metric(responses[0][self._asked], self._measured)
        ceiling = self.ceiling()
        return normalise(raw, ceiling, Normalisation.NONE if ceiling is None else Normalisation.RATIO)

    def ceiling(self) -> Score | None:
        """The lower bound of the noise ceiling; None for a single matrix."""
        return self._ceiling

    @cached_property
    def _recordings(self) -> Mapping[str, xr.DataArray]:
        return self._dataset.recordings()

    @cached_property
    def _measured(self) -> xr.DataArray:
        """Dims (pair,) or (subject, pair)."""
        return self._recordings["IT"] if "IT" in self._recordings else self._recordings["similarity"]

    @cached_property
    def _asked(self) -> Recording | Similarity:
        return Recording("IT", form="gram") if "IT" in self._recordings else Similarity()

    @cached_property
    def _ceiling(self) -> Score | None:
        return rsa_ceiling(self._measured) if "subject" in self._measured.dims else None
