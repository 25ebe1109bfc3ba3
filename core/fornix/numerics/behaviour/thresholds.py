"""Single numbers of behaviour, such as psychometric thresholds: a model's against those of several subjects."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly, check_numbers
from fornix.interfaces.score import Score
from fornix.numerics.definition import Definition
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.resampling import Array, mean_of_units, pair_weights, subject_replicates

#: From the model's number and those of subjects, arrays that broadcast, to how near each pair is: 1 where equal.
Nearness = Callable[[Array, Array], Array]


def relative_nearness(model: Array, subject: Array) -> Array:
    """``max(1 - |t - s| / t, 0)`` with the subject's threshold t and the model's s, both above 0."""
    return np.asarray(np.maximum(1 - np.abs(subject - model) / subject, 0.0))


def exponential_nearness(scale: float) -> Nearness:
    """``exp(-scale |a - b|)``; ``scale`` is in 1 / the unit of the values, above 0.

    Raises
    ------
    ValueError
        If the scale is not a positive number.
    """
    if not 0 < scale < np.inf:
        raise ValueError(f"the scale of value_delta is {scale}; expected a number above 0, in 1 / the unit of the values")
    return lambda model, subject: np.asarray(np.exp(-scale * np.abs(model - subject)))


def threshold(source: xr.DataArray, target: xr.DataArray, definition: Definition = "default") -> Score:
    """How near the model's threshold is to that of each subject: mean over subjects of ``max(1 - |t - s| / t, 0)``.

    Parameters
    ----------
    source : DataArray of float, no dims
        The model's threshold.
    target : DataArray of float, dims (subject,)
        Each subject's, in the same unit; NaN where there is none, left out and counted. May have a coordinate ``subject``.
    definition : {"default", "brainscore"}
        The error is for new subjects; Brain-Score reports the standard deviation over subjects.

    Returns
    -------
    Score
        ``units`` has dims (subject,).

    Raises
    ------
    AssemblyError
        If a threshold is not above 0, or the model has none.
    """
    return nearness_score(_positive(source, ()), _positive(target, ("subject",)), relative_nearness, definition)


def threshold_ceiling(target: xr.DataArray, definition: Definition = "default") -> Score:
    """The same between subjects: each in the model's place, against all others. ``units`` has dims (subject,)."""
    return nearness_ceiling(_positive(target, ("subject",)), relative_nearness, definition)


def elevation(thresholds: xr.DataArray) -> xr.DataArray:
    """How much a condition raises a threshold: the threshold over that without the condition, the coordinate ``baseline``.

    Parameters
    ----------
    thresholds : DataArray of float, dims () or (subject,)
        Coordinate ``baseline``, of the same dims.

    Raises
    ------
    AssemblyError
        If there is no baseline, or a threshold is not above 0.
    """
    if "baseline" not in getattr(thresholds, "coords", ()):
        raise AssemblyError(
            "the thresholds have no coordinate 'baseline', the threshold without the condition that should raise it"
        )
    dims = tuple(str(dim) for dim in thresholds.dims)
    baseline = _positive(thresholds["baseline"].reset_coords(drop=True), dims, "baseline")
    return _positive(thresholds.drop_vars("baseline"), dims) / baseline.values


def value_delta(source: xr.DataArray, target: xr.DataArray, scale: float = 1.0, definition: Definition = "default") -> Score:
    """How near a number of the model is to that of each subject: mean over subjects of ``exp(-scale |a - b|)``.

    Parameters
    ----------
    source : DataArray of float, no dims
    target : DataArray of float, dims (subject,), or none for a single number
        As for :func:`nearness_score`.
    scale : float
        In 1 / the unit of the numbers, above 0.
    definition : {"default", "brainscore"}
        The error is for new subjects; Brain-Score reports none.
    """
    score = nearness_score(source, target, exponential_nearness(scale), definition)
    return score.with_(error=math.nan) if definition == "brainscore" else score


def value_delta_ceiling(target: xr.DataArray, scale: float = 1.0, definition: Definition = "default") -> Score:
    """The same between subjects: each in the model's place, against all others. ``units`` has dims (subject,)."""
    score = nearness_ceiling(target, exponential_nearness(scale), definition)
    return score.with_(error=math.nan) if definition == "brainscore" else score


def nearness_score(source: xr.DataArray, target: xr.DataArray, nearness: Nearness, definition: Definition) -> Score:
    """Mean over subjects of the nearness of one number to each of theirs.

    Parameters
    ----------
    source : DataArray of float, no dims
    target : DataArray of float, dims (subject,), or none for a single number, whose score then has no error
        NaN where a subject has no number: left out and counted.
    nearness : function
        :func:`relative_nearness` or one of :func:`exponential_nearness`.
    definition : {"default", "brainscore"}
        Brain-Score's error is the standard deviation over subjects.
    """
    model, (subjects, names, n_nan) = _number(source), _numbers(target)
    return _score(nearness(np.full_like(subjects, model), subjects), names, n_nan, None, definition)


def nearness_ceiling(target: xr.DataArray, nearness: Nearness, definition: Definition) -> Score:
    """Mean over subjects of the nearness of each, in the model's place, to the others; copies are never compared.

    Raises
    ------
    AssemblyError
        If there are fewer than 2 subjects with a number.
    """
    subjects, names, n_nan = _numbers(target)
    if len(subjects) < 2:
        raise AssemblyError(f"a ceiling between subjects needs at least 2 with a number; there are {len(subjects)}")
    members = np.stack(np.nonzero(~np.eye(len(subjects), dtype=bool)))
    return _score(nearness(subjects[members[0]], subjects[members[1]]), names, n_nan, members, definition)


def _score(
    nearnesses: Array, names: NDArray[np.str_], n_nan: int, members: NDArray[np.int64] | None, definition: Definition
) -> Score:
    """The mean of nearnesses, one for each subject, or for each ordered pair (2, pair) of them."""

    def mean(subjects: Array) -> Array:
        weights = subjects if members is None else pair_weights(subjects, members)
        return mean_of_units(nearnesses[None, None, :], weights)

    # pairs come subject by subject, as often as there are others
    by_subject = nearnesses.reshape(len(names), -1).mean(axis=1)
    units = xr.DataArray(by_subject, dims=("subject",), coords={"subject": names})
    score = Score(value=float(by_subject.mean()), units=units, n_nan=n_nan)
    if definition == "brainscore":
        return score.with_(error=float(by_subject.std()) if len(names) > 1 else math.nan)
    return with_stated_uncertainty(score, subject_replicates(mean, len(names), compared=1 if members is None else 2))


def _number(source: xr.DataArray) -> float:
    check_assembly(source, dims=(), finite=True, what="the model's number")
    return float(source.values)


def _numbers(target: xr.DataArray) -> tuple[Array, NDArray[np.str_], int]:
    """The numbers of the subjects who have one, sorted by name, their names, and how many have none."""
    if getattr(target, "dims", None) != ():
        check_assembly(target, dims=("subject",), what="the subjects' numbers")
    check_numbers(target, "the subjects' numbers")
    values = np.atleast_1d(np.asarray(target.values, dtype=np.float64))
    if np.isinf(values).any():
        raise AssemblyError(f"{np.isinf(values).sum()} of the subjects' numbers are infinite; NaN says that there is none")
    names = np.asarray(target["subject"].values if "subject" in target.coords else np.arange(len(values)), dtype=np.str_)
    names, there = np.atleast_1d(names), np.isfinite(values)
    if not there.any():
        raise AssemblyError("no subject has a number")
    if len(np.unique(names)) < len(names):
        raise AssemblyError("a subject has two numbers; give one for each subject")
    order = np.argsort(names[there], kind="stable") if "subject" in target.coords else np.arange(there.sum())
    return values[there][order], names[there][order], int((~there).sum())


def _positive(thresholds: xr.DataArray, dims: tuple[str, ...], what: str = "threshold") -> xr.DataArray:
    """The thresholds, after checking their dims and that none is 0 or below."""
    whose = f"the {what} of the " + ("subjects" if dims else "model")
    check_numbers(check_assembly(thresholds, dims=dims, what=whose), whose)
    if (thresholds.values <= 0).any():
        raise AssemblyError(f"a {what} is {float(np.nanmin(thresholds.values)):g}; expected numbers above 0")
    return thresholds
