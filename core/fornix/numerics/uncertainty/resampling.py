"""New images and new subjects at once: the draws that scores of behaviour and their ceilings share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fornix.numerics.uncertainty.draws import N_DRAWS, counts_drawn
from fornix.numerics.uncertainty.intervals import BOTH, FEW_SUBJECTS, replicates_array

Array = NDArray[np.float64]


def drawn_within(strata: ArrayLike, n_draws: int, seed: int = 0) -> Array:
    """How often each image is drawn when the images of each stratum are drawn with replacement.

    Parameters
    ----------
    strata : (image,) str
        A condition, or a category: as many images of each are drawn as there are.

    Returns
    -------
    (n_draws, image) float64
    """
    strata = np.asarray(strata)
    rng = np.random.default_rng(seed)
    weights = np.empty((n_draws, len(strata)))
    for stratum in np.unique(strata):
        of = np.flatnonzero(strata == stratum)
        weights[:, of] = counts_drawn(len(of), n_draws, rng)
    return weights


def subject_weights(n_subjects: int, n_draws: int) -> Array:
    """How much each subject counts in each replicate: left out one by one where they are few, else drawn with replacement.

    Returns
    -------
    (n_subjects or n_draws, n_subjects) float64
    """
    if n_subjects < FEW_SUBJECTS:
        return 1.0 - np.eye(n_subjects)
    return counts_drawn(n_subjects, n_draws, seed=1)


def subject_replicates(score: Callable[[Array], Array], n_subjects: int, compared: int = 1) -> xr.DataArray:
    """Replicates of a score under new subjects alone.

    Parameters
    ----------
    score : function from weights of the subjects (r, n_subjects) to scores (r,)
    n_subjects : int
    compared : int
        How many subjects a score takes at least: 2 where they are compared with each other. With no more than these there
        are no replicates, so no error.
    """
    if n_subjects <= compared:
        return replicates_array({}, not_resampled="subjects")
    return replicates_array({"subjects": _of_subjects(score, n_subjects, N_DRAWS)})


def crossed_replicates(
    score: Callable[[Array], Callable[[Array], Array]],
    strata: ArrayLike,
    n_subjects: int,
    n_draws: int = N_DRAWS,
    compared: int = 1,
) -> xr.DataArray:
    """Replicates of a score under new images, new subjects, and both.

    * ``stimuli``: images drawn with replacement within strata.
    * ``subjects``: drawn with replacement, or left out one by one where there are fewer than 8.
    * ``both``: both at once. Few subjects enter a draw of images by the sum of their effects, as in the infinitesimal
      jackknife: ``T_b - sqrt((S - 1)/S) sum_k (m_bk - 1) T_b(-k)`` with multinomial counts m, whose variance over m is
      that of the jackknife. Without it, what is noise of single decisions would be counted once with the images and
      once more with the subjects.

    Parameters
    ----------
    score : function
        From weights of the images (r, image) to a function from weights of the subjects (r or 1, n_subjects) to scores (r,).
    strata : (image,) str
    n_subjects : int
    compared : int
        How many subjects a score takes at least: 2 where they are compared with each other. With no more than these only
        images are drawn, and ``both``, if there are two subjects, is the same draws, to be paired with those of a score
        against each of them.
    """
    strata = np.asarray(strata)
    n_images = len(strata)
    everyone = np.ones((1, max(n_subjects, 1)))
    resampled = score(drawn_within(strata, n_draws))
    by_stimuli = resampled(everyone)
    factors: dict[str, tuple[Any, ...]] = {"stimuli": (by_stimuli, "bootstrap", n_images)}
    if n_subjects <= compared:
        if n_subjects > 1:
            factors[BOTH] = (by_stimuli, "bootstrap")
        return replicates_array(factors, not_resampled="subjects")
    factors["subjects"] = _of_subjects(score(np.ones((1, n_images))), n_subjects, n_draws)
    drawn = counts_drawn(n_subjects, n_draws, seed=1)
    if n_subjects >= FEW_SUBJECTS:
        factors[BOTH] = (resampled(drawn), "bootstrap", min(n_images, n_subjects))
    else:
        without = np.stack([resampled(row[None]) for row in subject_weights(n_subjects, n_draws)], axis=1)
        effects = -math.sqrt((n_subjects - 1) / n_subjects) * ((drawn - 1) * without).sum(axis=1)
        factors[BOTH] = (by_stimuli + effects, "bootstrap")
    return replicates_array(factors)


def _of_subjects(score: Callable[[Array], Array], n_subjects: int, n_draws: int) -> tuple[Any, ...]:
    values = score(subject_weights(n_subjects, n_draws))
    return (values, "jackknife") if n_subjects < FEW_SUBJECTS else (values, "bootstrap", n_subjects)


def mean_of_units(units: Array, weights: Array) -> Array:
    """Mean over conditions, then weighted mean over subjects or pairs of them; NaN units are left out.

    Parameters
    ----------
    units : (condition, r or 1, unit)
    weights : (r or 1, unit)

    Returns
    -------
    (r,)
    """
    there = np.isfinite(units)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_unit = np.where(there, units, 0.0).sum(axis=0) / there.sum(axis=0)
        counted = np.where(np.isfinite(by_unit), weights, 0.0)
        return np.asarray((np.where(counted > 0, by_unit, 0.0) * counted).sum(axis=1) / counted.sum(axis=1))


def pair_weights(subjects: Array, members: NDArray[np.int64]) -> Array:
    """How often each pair of different subjects occurs when each subject counts so often; copies are never paired.

    Parameters
    ----------
    subjects : (r, n_subjects)
    members : (2, pair) int
        The two subjects of each pair.

    Returns
    -------
    (r, pair)
    """
    return np.asarray(subjects[:, members[0]] * subjects[:, members[1]])
