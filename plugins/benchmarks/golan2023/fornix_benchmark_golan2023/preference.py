"""Does a language model prefer the sentence that people prefer: rank correlation with each subject's ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Dataset, Experiment, Normalisation, Responses, Score, Surprisal, check_assembly
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.correlation import spearman
from fornix.numerics.uncertainty.intervals import BOTH, replicates_array, with_uncertainty

#: Bootstrap resamples of each factor, and their seed: one plan for all models and for the ceiling.
N_RESAMPLES: Final = 1000
SEED: Final = 0
#: Half-way on the six-point scale: a rating above prefers the second sentence.
INDIFFERENT: Final = 3.5

Array = NDArray[np.float64]


def preference_score(ratings: Array, weights: Array, preference: Array) -> float:
    """Mean over subjects of Spearman(rating, preference).

    Parameters
    ----------
    ratings : (n_subjects, n_pairs) array
    weights : (n_subjects,) array
        How often each subject counts.
    preference : (n_pairs,) array
        log p(second sentence) - log p(first sentence).
    """
    return float(np.average(spearman(ratings.T, preference[:, None]), weights=weights))


def reliability(ratings: Array, weights: Array) -> float:
    """Mean over subjects of Spearman(rating, mean rating of the others), in which no copy of the subject takes part.

    Parameters
    ----------
    ratings : (n_subjects, n_pairs) array
    weights : (n_subjects,) array
        How often each subject counts, as left-out subject and among the others.
    """
    others = weights.sum() - weights
    kept = (weights > 0) & (others > 0)
    if not kept.any():
        return float("nan")
    weighted = weights[:, None] * ratings
    means = (weighted.sum(axis=0) - weighted[kept]) / others[kept, None]
    return float(np.average(spearman(ratings[kept].T, means.T), weights=weights[kept]))


def resamples(n_subjects: int, n_pairs: int) -> Mapping[str, Sequence[tuple[Array, NDArray[np.int64]]]]:
    """The resampling plan: for subjects, stimuli (pairs of sentences) and both, weights of subjects and rows of pairs."""
    generator = np.random.default_rng(SEED)
    everyone, every_pair = np.ones(n_subjects), np.arange(n_pairs)

    def subjects() -> Array:
        return np.bincount(generator.integers(n_subjects, size=n_subjects), minlength=n_subjects).astype(np.float64)

    def pairs() -> NDArray[np.int64]:
        return generator.integers(n_pairs, size=n_pairs)

    return {
        "subjects": [(subjects(), every_pair) for _ in range(N_RESAMPLES)],
        "stimuli": [(everyone, pairs()) for _ in range(N_RESAMPLES)],
        BOTH: [(subjects(), pairs()) for _ in range(N_RESAMPLES)],
    }


class SentencePreference:
    """Golan2023-preference.

    Parameters
    ----------
    dataset : Dataset
        With the recording ``ratings``, dims (subject, pair).
    """

    def __init__(self, dataset: Dataset) -> None:
        self._stimuli = dataset.stimuli()
        self._ratings = dataset.recordings()["ratings"]

    def experiments(self, so_far: Sequence[Responses] = ()) -> Sequence[Experiment]:
        return () if so_far else (Experiment(self._stimuli, task=Surprisal()),)

    def preference(self, responses: Responses) -> Array:
        """log p(sentence b) - log p(sentence a) of each pair, in nats: (n_pairs,)."""
        surprisal = responses[Surprisal()]
        assert isinstance(surprisal, xr.DataArray)
        check_assembly(
            surprisal, dims=("presentation",), stimulus_ids=self._stimuli, finite=True, what="the surprisal of the sentences"
        )
        bits = dict(zip(surprisal["stimulus_id"].values.tolist(), surprisal.values.tolist(), strict=True))
        first, second = (np.array([bits[i] for i in self._ratings[c].values.tolist()]) for c in ("stimulus_a", "stimulus_b"))
        return np.asarray((first - second) * np.log(2), dtype=np.float64)

    def score(self, responses: Sequence[Responses]) -> Score:
        preference = self.preference(responses[0])
        ratings = np.asarray(self._ratings.values, dtype=np.float64)
        correlations = spearman(ratings.T, preference[:, None])
        everyone = np.ones(len(ratings))
        replicates = {
            factor: (
                [preference_score(ratings[:, pairs], weights, preference[pairs]) for weights, pairs in plan],
                "bootstrap",
                ratings.shape[1] if factor == "stimuli" else len(ratings),
            )
            for factor, plan in self._plan.items()
        }
        # A model that gives both sentences one probability chooses neither: half of its choices agree.
        agreement = np.where(preference == 0, 0.5, (preference > 0) == (ratings > INDIFFERENT))
        raw = Score(
            value=preference_score(ratings, everyone, preference),
            units=xr.DataArray(correlations, dims=("subject",), coords={"subject": self._ratings["subject"]}),
            n_nan=int(np.isnan(correlations).sum()),
            details={"agreement": float(agreement.mean())},
        )
        return normalise(with_uncertainty(raw, replicates_array(replicates)), self.ceiling(), Normalisation.RATIO)

    def ceiling(self) -> Score:
        """Leave-one-subject-out reliability; the upper bound and the agreement with the others' majority are details."""
        return self._ceiling

    @cached_property
    def _plan(self) -> Mapping[str, Sequence[tuple[Array, NDArray[np.int64]]]]:
        return resamples(*self._ratings.shape)

    @cached_property
    def _ceiling(self) -> Score:
        ratings = np.asarray(self._ratings.values, dtype=np.float64)
        everyone = np.ones(len(ratings))
        replicates = {
            factor: (
                [reliability(ratings[:, pairs], weights) for weights, pairs in plan],
                "bootstrap",
                ratings.shape[1] if factor == "stimuli" else len(ratings),
            )
            for factor, plan in self._plan.items()
        }
        details = {
            "upper_bound": float(spearman(ratings.T, ratings.mean(axis=0)[:, None]).mean()),
            "majority_agreement": float(np.mean(list(_majority_agreement(ratings > INDIFFERENT)))),
        }
        return with_uncertainty(Score(value=reliability(ratings, everyone), details=details), replicates_array(replicates))


def _majority_agreement(second: NDArray[np.bool_]) -> Iterator[float]:
    """For each subject, the fraction of pairs in which the majority of the others chose alike; a tied vote is half."""
    for subject in range(len(second)):
        share = np.delete(second, subject, axis=0).mean(axis=0)
        yield float(np.where(share == 0.5, 0.5, (share > 0.5) == second[subject]).mean())
