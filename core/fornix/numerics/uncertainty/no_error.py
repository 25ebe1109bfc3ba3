"""Why a score has no error, an error of 0, or no interval: said in a note, in one way for all scores that have replicates."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import xarray as xr

from fornix.interfaces.score import Score
from fornix.numerics.uncertainty.intervals import BOTH, factor_variances, with_uncertainty

#: Replicates that differ by no more than this part of a score, or of 1, are equal but for rounding.
ROUNDING: Final = 1e-12
_ONE: Final = {"stimuli": "stimulus", "neuroids": "neuroid", "subjects": "subject"}


def with_stated_uncertainty(score: Score, replicates: xr.DataArray) -> Score:
    """The score with its error and interval, and a note that says why where it has none.

    As :func:`fornix.numerics.uncertainty.intervals.with_uncertainty`, which makes them.
    The note is on the raw score, so that it stays true when the score is normalised by a ceiling that has an error.

    Parameters
    ----------
    score : Score
        Raw.
    replicates : DataArray, dims (factor, replicate)
        From :func:`fornix.numerics.uncertainty.intervals.replicates_array`, on the scale of ``score.value``.
    """
    score = with_uncertainty(score, replicates)
    if math.isnan(score.value):  # which has a reason of its own
        return score
    why = ""
    if math.isnan(score.error):
        why = _no_error(replicates)
    elif score.error <= ROUNDING * max(abs(score.value), 1.0):
        why = f"the raw score has the error 0, as other {' and '.join(score.resampled)} do not change it"
    elif math.isnan(score.interval[0]):
        why = f"the raw score has no interval, as there is {' and '.join(_alone(replicates)) or 'too little to resample'}"
    return score.with_(notes=(*score.notes, why)) if why else score


def _no_error(replicates: xr.DataArray) -> str:
    """Why the variance of replicates is not known; empty where there are none, of which another note says why."""
    unknown = [name for name, variance in factor_variances(replicates).items() if math.isnan(variance) and name != BOTH]
    if not unknown:
        return ""
    alone = _alone(replicates)
    if alone:
        return f"the raw score has no error, as there is {' and '.join(alone)}"
    n = dict(zip(replicates["factor"].values.tolist(), replicates["n_units"].values.tolist(), strict=True))
    return f"the raw score has no error, as {n[unknown[0]]} {unknown[0]} are too few to leave any out"


def _alone(replicates: xr.DataArray) -> list[str]:
    """The factors of which there is one unit only."""
    factors = zip(replicates["factor"].values.tolist(), np.asarray(replicates["n_units"].values).tolist(), strict=True)
    return [f"one {_ONE.get(name, name)} only" for name, n in factors if name != BOTH and n == 1]
