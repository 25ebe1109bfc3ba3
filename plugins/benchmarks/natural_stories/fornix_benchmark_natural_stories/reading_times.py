"""Does a predictor follow the mean reading times of the words of ten stories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Dataset, Experiment, Metric, Normalisation, ReadingTimes, Responses, Score, check_assembly
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.correlation import pearson, spearman


class ReadingTimesBenchmark:
    """NaturalStories-reading_times and its misaligned twin.

    Each story's first word is shown but not scored, for any model: nothing precedes it, so it has no surprisal.

    Parameters
    ----------
    dataset : Dataset
        Recordings with dims (presentation,), reading times in ms; words read by several subjects are averaged.
    metric : Metric
        Correlates a predictor with the means, and resamples the stories by the target's coordinate ``story``.
    """

    def __init__(self, dataset: Dataset, metric: Metric) -> None:
        self._metric = metric
        self._stimuli = dataset.stimuli()
        self._means = _mean_over_recordings(list(dataset.recordings().values()), self._stimuli.stimulus_id)
        self._story, order = self._stimuli.columns["context"], self._stimuli.columns["order"]
        names, code = np.unique(self._story, return_inverse=True)
        first = np.array([order[code == k].min() for k in range(len(names))])
        last = np.array([order[code == k].max() for k in range(len(names))])
        self._scored = np.isfinite(self._means) & (order > first[code])
        self._last = order == last[code]

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (Experiment(self._stimuli, task=ReadingTimes()),)

    def score(self, responses: Sequence[Responses]) -> Score:
        """Pearson's correlation; its error is a jackknife over stories, the units that differ in text and readers.

        Details: Spearman's correlation, and both without each story's last word, whose times are outliers.
        """
        answer = responses[0][ReadingTimes()]
        assert isinstance(answer, xr.DataArray)
        check_assembly(answer, dims=("presentation",), stimulus_ids=self._stimuli, what="the predicted reading times")
        predicted = dict(zip(answer["stimulus_id"].values.tolist(), answer.values.tolist(), strict=True))
        values = np.array([predicted[i] for i in self._stimuli], dtype=np.float64)
        bad = self._scored & ~np.isfinite(values)
        if bad.any():
            raise ValueError(
                f"the model predicts no reading time for {bad.sum()} words that have a predecessor, for example "
                f"{str(self._stimuli.stimulus_id[bad][0])!r}; only the first word of a story may be NaN"
            )
        inner = self._scored & ~self._last
        raw = self._metric(*self._pair(values, self._scored))
        stories = np.unique(self._stimuli.columns["context"])
        of_stories = [pearson(values[rows], self._means[rows]) for rows in (self._scored & (self._story == s) for s in stories)]
        details = {
            "words": float(self._scored.sum()),
            "spearman": float(spearman(values[self._scored], self._means[self._scored])),
            "without_last_words": float(pearson(values[inner], self._means[inner])),
            "spearman_without_last_words": float(spearman(values[inner], self._means[inner])),
        }
        units = xr.DataArray(np.array(of_stories), dims=("presentation",), coords={"story": ("presentation", stories)})
        return normalise(raw.with_(details={**raw.details, **details}, units=units), None, Normalisation.NONE)

    def ceiling(self) -> Score | None:
        """None: the data are published with normalisation ``none``."""
        return None

    def _pair(self, values: NDArray[np.float64], rows: NDArray[np.bool_]) -> tuple[xr.DataArray, xr.DataArray]:
        """Predictor and mean reading times of the given rows, with the story of each word."""
        coords = {
            "stimulus_id": ("presentation", self._stimuli.stimulus_id[rows]),
            "story": ("presentation", self._stimuli.columns["context"][rows]),
        }
        source, target = (xr.DataArray(a[rows], dims=("presentation",), coords=coords) for a in (values, self._means))
        return source, target


def _mean_over_recordings(recordings: Sequence[xr.DataArray], identifiers: NDArray[np.str_]) -> NDArray[np.float64]:
    """The mean of each stimulus over the recordings that have it, NaN where none has: (n_stimuli,)."""
    row = {identifier: k for k, identifier in enumerate(identifiers.tolist())}
    total, count = np.zeros(len(identifiers)), np.zeros(len(identifiers))
    for recording in recordings:
        rows = np.array([row[i] for i in recording["stimulus_id"].values.tolist()])
        np.add.at(total, rows, recording.values)
        np.add.at(count, rows, 1)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / count, dtype=np.float64)
