"""Scores on a scale that is bent, such as r|r|/c near 0: their errors and intervals, from those on a straight scale."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fornix.interfaces.score import Normalisation, Score

Array = NDArray[np.float64]


def _signed_square(x: Array) -> Array:
    return x * np.abs(x)


def _clipped(x: Array) -> Array:
    return np.clip(x, 0, 1)


#: Normalisations that are another one and then a function that nowhere falls.
STRAIGHT: Final = {
    Normalisation.SIGNED_SQUARE: Normalisation.ROOT,
    Normalisation.SQUARED_RATIO: Normalisation.RATIO,
    Normalisation.CLIPPED: Normalisation.RATIO,
}
BEND: Final[dict[Normalisation, Callable[[Array], Array]]] = {
    Normalisation.SIGNED_SQUARE: _signed_square,
    Normalisation.SQUARED_RATIO: _signed_square,
    Normalisation.CLIPPED: _clipped,
}


def bent(reported: Score, straight: Score) -> Score:
    """The score with the error and interval that follow from those on the straight scale.

    An interval keeps its coverage where its ends go through a function that only rises; from replicates of ``r|r|/c`` itself,
    which is flat at 0, it would cover 85 % of a true r of 1.5 standard errors. The error is the standard deviation of the bent
    value where the straight one is normal: from the slope alone it would be 0 at 0.

    Parameters
    ----------
    reported : Score
        Normalised as one of ``STRAIGHT``; its replicates stay.
    straight : Score
        The same score on the scale that ``STRAIGHT`` names.
    """
    bend = BEND[reported.normalisation]
    low, high = bend(np.array(straight.interval)).tolist()
    nodes, weights = np.polynomial.hermite_e.hermegauss(99)
    values, weights = bend(straight.value + straight.error * nodes), weights / weights.sum()
    variance = float(weights @ (values - weights @ values) ** 2)
    return reported.with_(error=math.sqrt(variance), interval=(low, high))
