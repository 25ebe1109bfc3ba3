"""Correlation, over stimuli, of a predictor with a measurement: one number each."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.interfaces.score import Score
from fornix.numerics.decisions import Definition
from fornix.numerics.jackknife import jackknife_pearson
from fornix.numerics.rows import each_once, match_rows, stimuli_of
from fornix.numerics.uncertainty import replicates_array, stimulus_groups, with_uncertainty


def predictor_correlation(
    source: xr.DataArray, target: xr.DataArray, group: str = "", definition: Definition = "default"
) -> Score:
    """Pearson correlation, over stimuli, of one number for each stimulus with another.

    Parameters
    ----------
    source, target : DataArray of float, dims (presentation,)
        With ``stimulus_id``; matched by it. Stimuli where either is NaN are left out and counted.
    group : str
        A coordinate of the target whose values are resampled as wholes (the story of a word); empty: single stimuli.
    definition : {"default", "brainscore"}
        Brain-Score gives no error.

    Returns
    -------
    Score
        ``units`` (presentation,) are the products of standard scores, whose mean is r. The error is a jackknife over
        (groups of) stimuli.
    """
    sides = (source, "the model's predictor"), (target, "the measurement")
    known, stimuli = (
        each_once(stimuli_of(check_assembly(a, dims=("presentation",), what=what), what), what) for a, what in sides
    )
    x = source.values.astype(np.float64)[match_rows(known, stimuli)]
    y = target.values.astype(np.float64)
    if group and group not in target.coords:
        raise AssemblyError(
            f"the measurement has no coordinate {group!r} to resample by; it has {', '.join(map(str, target.coords))}"
        )
    groups = stimulus_groups(target[group].values if group else stimuli)
    r, without_group = jackknife_pearson(x[:, None], y[:, None], groups)
    there = np.isfinite(x) & np.isfinite(y)
    shares = np.full(len(x), np.nan)
    shares[there] = _standardised(x[there]) * _standardised(y[there])
    units = xr.DataArray(shares, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli)})
    score = Score(value=float(r[0]), units=units, n_nan=int((~there).sum()))
    if definition == "brainscore":
        return score
    return with_uncertainty(score, replicates_array({"stimuli": (without_group[:, 0], "jackknife")}))


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard scores; NaN where nothing varies."""
    deviation = x.std()
    return np.asarray((x - x.mean()) / (deviation if deviation > 0 else np.nan))
