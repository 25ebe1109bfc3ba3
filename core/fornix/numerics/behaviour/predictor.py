"""Correlation, over stimuli, of a predictor with a measurement: one number each."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly, check_numbers
from fornix.interfaces.score import Score
from fornix.numerics.definition import Definition
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.rows import each_once, match_rows, stimuli_of
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups
from fornix.numerics.uncertainty.jackknife import jackknife_pearson
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty

#: Two points always lie on a line.
FEWEST: Final = 3


def predictor_correlation(
    source: xr.DataArray, target: xr.DataArray, group: str = "", definition: Definition = "default"
) -> Score:
    """Pearson correlation, over stimuli, of one number for each stimulus with another.

    Parameters
    ----------
    source, target : DataArray of float, dims (presentation,)
        With ``stimulus_id``; matched by it. Stimuli where either is NaN or infinite are left out, counted and noted.
    group : str
        A coordinate of the target whose values are resampled as wholes (the story of a word); empty: single stimuli.
    definition : {"default", "brainscore"}
        Brain-Score gives no error.

    Returns
    -------
    Score
        ``units`` (presentation,) are the products of standard scores, whose mean is r. The error is a jackknife over
        (groups of) stimuli. NaN, with a note, where more than a fifth of the stimuli are left out, or fewer than 3 are not,
        or a side does not vary.

    Raises
    ------
    AssemblyError
        If the sides do not match, or there is one group only, of which no error for others can be told.
    """
    sides = (source, "the model's predictor"), (target, "the measurement")
    known, stimuli = (
        each_once(stimuli_of(check_numbers(check_assembly(a, dims=("presentation",), what=what), what), what), what)
        for a, what in sides
    )
    x = source.values.astype(np.float64)[match_rows(known, stimuli)]
    y = target.values.astype(np.float64)
    if group and group not in target.coords:
        raise AssemblyError(
            f"the measurement has no coordinate {group!r} to resample by; it has {', '.join(map(str, target.coords))}"
        )
    there = np.isfinite(x) & np.isfinite(y)
    labels = (target[group].values if group else stimuli)[there]
    if group and definition == "default" and len(np.unique(labels)) == 1:
        raise AssemblyError(
            f"all {len(labels)} stimuli that have numbers are of one {group}, {labels[0]}; an error for others needs at least 2"
        )
    groups = np.zeros(len(x), dtype=np.int64)  # of stimuli without numbers, which add nothing to any, too
    groups[there] = stimulus_groups(labels)
    r, without_group = jackknife_pearson(x[:, None], y[:, None], groups)
    shares = np.full(len(x), np.nan)
    shares[there] = _standardised(x[there]) * _standardised(y[there])
    units = xr.DataArray(shares, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli)})
    n, n_nan = len(x), int((~there).sum())
    few = n - n_nan < FEWEST or too_many(n_nan, n)
    score = Score(value=math.nan if few else float(r[0]), units=units, n_nan=n_nan, notes=_notes(n, n_nan, float(r[0])))
    if definition == "brainscore" or math.isnan(score.value):
        return score
    left = there.sum() - np.bincount(groups[there], minlength=len(without_group))
    replicates = np.where(left < FEWEST, np.nan, without_group[:, 0])
    return with_stated_uncertainty(score, replicates_array({"stimuli": (replicates, "jackknife")}))


def _notes(n: int, n_nan: int, r: float) -> tuple[str, ...]:
    """What a reader must know of a correlation over n stimuli of which some have no number."""
    notes = []
    if n_nan:
        what = "stimuli have no number, or an infinite one, from the model or in the measurement"
        notes.append(lacking(n_nan, n, what, "a correlation over the others"))
    if n - n_nan < FEWEST:
        notes.append(f"{n - n_nan} stimuli are too few for a correlation, which needs at least {FEWEST}")
    elif math.isnan(r):
        notes.append("nothing to compare, as the predictor or the measurement does not vary")
    return tuple(notes)


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard scores; NaN where nothing varies."""
    deviation = x.std()
    return np.asarray((x - x.mean()) / (deviation if deviation > 0 else np.nan))
