"""Scores as they are compared: on a scale where replicates tell the error, with those resampled alike put side by side."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import FornixError
from fornix.interfaces.score import Normalisation, Score
from fornix.matrix.snapshots.sources import Away
from fornix.numerics.ceilings.bent import BEND, STRAIGHT
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.comparison.bent import Bend, bent_variances, straight
from fornix.numerics.comparison.differences import Pairs, Plan, pairs, plan_of
from fornix.store.requests import Trouble

Array = NDArray[np.float64]
#: Gives the whole score of a model on a leaf, or raises a FornixError that says why it cannot.
ScoreOf = Callable[[str, str], Score]

NO_REPLICATES: Final = "it has no replicates to be compared in pairs by"
OTHER_PLAN: Final = "it was resampled by another plan (stimuli, subjects or draws) than the score"
OTHER_SCALE: Final = "it is on another scale than the score"
SEVERAL_SCALES: Final = "its leaves are on different scales"


class Kind(NamedTuple):
    """Scores of one kind are compared with each other.

    Parameters
    ----------
    scale : Normalisation
        ``none``: raw.
    plan : Plan
    """

    scale: Normalisation
    plan: Plan


@dataclass(frozen=True, eq=False)
class Measured:
    """A score of a leaf, ready to be compared.

    Parameters
    ----------
    value : float
        Reported, or raw: what is compared.
    straight : float
        The same on the scale of the replicates, which for ``r|r|/c`` is that of ``r/sqrt(c)``.
    replicates : DataArray, dims (factor, replicate)
    kind : Kind
    """

    value: float
    straight: float
    replicates: xr.DataArray
    kind: Kind


def measured(score: Score, *, raw: bool = False) -> Measured:
    """A score as it is compared.

    Parameters
    ----------
    raw : bool
        Compare the raw value.

    Raises
    ------
    FornixError
        If it has no value, or no replicates.
    """
    scale = Normalisation.NONE if raw else score.normalisation
    value, replicates = score.value, score.replicates
    if scale is not score.normalisation:
        value, replicates = score.raw, score.raw_replicates
    on_straight = value
    if scale in STRAIGHT and score.ceiling is not None and score.raw_replicates is not None:
        unbent = normalise(score, score.ceiling, STRAIGHT[scale], score.chance)
        on_straight, replicates = unbent.value, unbent.replicates
    if replicates is None or not replicates.sizes["factor"]:
        raise FornixError(NO_REPLICATES)
    if not math.isfinite(value):
        raise FornixError("it has no value")
    return Measured(value, on_straight, replicates, Kind(scale, plan_of(replicates)))


@dataclass(frozen=True, eq=False)
class Side:
    """The scores of m models on one leaf, side by side.

    Parameters
    ----------
    models : tuple of str
    values, straight : (m,)
        On the scale that is compared, and on the straight one.
    pairs : Pairs
        The errors of all differences on the straight scale.
    scale : Normalisation
        The one that is compared; ``none``: raw.
    left : mapping of model to str
        Models that cannot be compared with these, and why.
    """

    models: tuple[str, ...]
    values: Array
    straight: Array
    pairs: Pairs
    scale: Normalisation
    left: Mapping[str, str]

    @property
    def bend(self) -> Bend:
        """From the straight scale to the one that is compared."""
        return BEND.get(self.scale, straight)

    def variances(self) -> Array:
        """The variances of all differences on the scale that is compared, (m, m)."""
        if self.bend is straight:
            return self.pairs.variance
        return bent_variances(self.straight, self.pairs.single, self.pairs.correlation, self.bend)


def side_by_side(scores: Mapping[str, Measured | FornixError]) -> Side:
    """Scores of one leaf that can be compared with each other: the largest number of them of one kind, and why not the others.

    Parameters
    ----------
    scores : mapping of model to its score, or to the error that says why there is none

    Returns
    -------
    Side
        Of no models where there is no score: then it has the reasons alone.
    """
    left = {model: str(one) for model, one in scores.items() if isinstance(one, FornixError)}
    ready = {model: one for model, one in scores.items() if isinstance(one, Measured)}
    if not ready:
        none, of_pairs = np.empty(0), np.empty((0, 0))
        return Side((), none, none, Pairs(of_pairs, of_pairs, none), Normalisation.NONE, left)
    kind = Counter(one.kind for one in ready.values()).most_common(1)[0][0]
    for model, one in ready.items():
        if one.kind != kind:
            left[model] = OTHER_SCALE if one.kind.scale != kind.scale else OTHER_PLAN
    alike = {model: one for model, one in ready.items() if one.kind == kind}
    return Side(
        models=tuple(alike),
        values=np.array([one.value for one in alike.values()]),
        straight=np.array([one.straight for one in alike.values()]),
        pairs=pairs([one.replicates for one in alike.values()]),
        scale=kind.scale,
        left=left,
    )


def asked(score_of: ScoreOf, model: str, leaf: str, scales: Collection[bool]) -> dict[bool, Measured | FornixError]:
    """A score as it is compared, on the reported scale (False) and the raw one (True) as asked for.

    Only what is compared is kept: a whole score holds many times as much.

    Raises
    ------
    Away, Trouble
        If the snapshot or the bucket that has it cannot be asked.
    """
    found: dict[bool, Measured | FornixError] = {}
    try:
        score = score_of(model, leaf)
    except (Away, Trouble):  # of a place that did not answer: the others may have been read before, and would be ranked alone
        raise
    except FornixError as error:
        return dict.fromkeys(scales, error)
    for raw in scales:
        try:
            found[raw] = measured(score, raw=raw)
        except FornixError as error:
            found[raw] = error
    return found
