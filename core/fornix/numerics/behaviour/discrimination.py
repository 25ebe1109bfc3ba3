"""Image-level patterns of object discrimination: which images are taken for which other object (Rajalingham et al. 2018)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal

import numpy as np
import xarray as xr
from scipy import special

from fornix.interfaces.assembly import AssemblyError
from fornix.interfaces.score import Score
from fornix.numerics.behaviour.confusions import (
    Discriminations,
    discriminations,
    halves_of_cells,
    model_confusions,
    shuffled_halves,
)
from fornix.numerics.behaviour.decisions import Definition
from fornix.numerics.ceilings.reliability import spearman_brown
from fornix.numerics.correlation import weighted_pearson
from fornix.numerics.uncertainty.intervals import with_uncertainty
from fornix.numerics.uncertainty.resampling import Array, crossed_replicates

Pattern = Literal["i1", "i2n"]

#: A d' beyond this is set to it.
LARGEST_DPRIME: Final = 5.0
#: Draws of a bootstrap.
N_DRAWS: Final = 200
#: Numbers held at once while draws are scored.
MOST_NUMBERS: Final = 2_000_000


def discrimination(source: xr.DataArray, target: xr.DataArray, pattern: Pattern, definition: Definition = "default") -> Score:
    """Correlation of a model's and people's pattern of confusions over images (Rajalingham et al. 2018, J Neurosci 38:7255).

    From how often image i with object o is taken for c, p(i, c): ``d'(i, c) = z(1 - p(i, c)) - z(mean of p(j, o) over the
    images j of c)``, at most 5 either way. The model's p is ``P(c) / (P(c) + P(o))`` of its probabilities. ``i1``: the mean
    over c of each image; ``i2n``: each d' less the mean of its pair of objects.

    Parameters
    ----------
    source : DataArray of float, dims (presentation, choice)
        The model's probabilities of each object, with ``stimulus_id`` and ``choice``.
    target : DataArray of str, dims (trial,)
        See :func:`fornix.numerics.behaviour.confusions.discriminations`.
    pattern : {"i1", "i2n"}
    definition : {"default", "brainscore"}
        Default: all trials; the error is for new images of the same objects, and for new subjects where the trials name
        them. Brain-Score: a random half of the trials, twice; the mean, and the standard deviation of the two.

    Returns
    -------
    Score
        To be normalised by ``r/sqrt(c)`` with :func:`discrimination_ceiling`. ``units`` (presentation,), for i2n
        (presentation, choice), are products of standard scores, whose mean is r; Brain-Score: (split,). ``n_nan`` counts
        pairs of an image and a distractor without a d'.

    Raises
    ------
    AssemblyError
        If images or objects of model and trials do not match, or the model's numbers are no probabilities.
    """
    table = discriminations(target)
    model = model_confusions(source, table)
    if definition == "brainscore":
        halves = shuffled_halves(len(table.wrong))
        return _two_splits([(model, table.confusions(first)) for first in halves], table, pattern)
    patterns = [_pattern(p[None], table, pattern, np.ones((1, len(table.truth))))[0] for p in (model, table.confusions())]
    x, y = (values.reshape(len(table.truth), -1) for values in patterns)
    shares = _standardised(x, y) * _standardised(y, x)
    coordinates: dict[str, Any] = {"stimulus_id": ("presentation", table.stimulus_id)}
    units = xr.DataArray(shares[:, 0], dims=("presentation",), coords=coordinates)
    if pattern == "i2n":
        units = xr.DataArray(shares, dims=("presentation", "choice"), coords={**coordinates, "choice": table.category})

    def sides(weights: Array) -> Iterator[tuple[Array, Array]]:
        yield model, table.confusions(weights)

    value = float(weighted_pearson(x.ravel(), y.ravel(), np.ones(x.size)))
    score = Score(value=value, units=units, n_nan=_missing([model, table.confusions()], table))
    return with_uncertainty(score, _replicates(sides, table, pattern))


def discrimination_ceiling(target: xr.DataArray, pattern: Pattern, definition: Definition = "default") -> Score:
    """How well people's pattern of confusions predicts itself: the correlation of halves of the trials.

    Takes the same draws of images and subjects as :func:`discrimination`; trials are split first, then drawn.

    Parameters
    ----------
    target : DataArray of str, dims (trial,)
        See :func:`fornix.numerics.behaviour.confusions.discriminations`.
    pattern : {"i1", "i2n"}
    definition : {"default", "brainscore"}
        Default: the mean over 20 random halves of the trials of each image and distractor, corrected to all trials by
        Spearman-Brown, as the score uses all; the mean of the halves is ``details["halves"]``. Brain-Score: two random halves of
        all trials, not corrected, as its score uses a half.

    Raises
    ------
    AssemblyError
        If no image was shown twice with the same distractor.
    """
    table = discriminations(target)
    if definition == "brainscore":
        pairs = [(table.confusions(first), table.confusions(1 - first)) for first in shuffled_halves(len(table.wrong))]
        return _two_splits(pairs, table, pattern)
    halves = halves_of_cells(table)

    def sides(weights: Array) -> Iterator[tuple[Array, Array]]:
        for first in halves:
            yield table.confusions(weights * first), table.confusions(weights * (1 - first))

    everything = np.ones(len(table.wrong))
    once = np.ones((1, len(table.truth)))
    by_half = np.array([_correlate(a[None], b[None], table, pattern, once)[0] for a, b in sides(everything)])
    if np.isnan(by_half).any():
        raise AssemblyError("the ceiling compares halves of the trials; too few images were shown twice with one distractor")
    score = Score(
        value=float(spearman_brown(by_half.mean())),
        units=xr.DataArray(by_half, dims=("split",)),
        n_nan=_missing(next(sides(everything)), table),
        details={"halves": float(by_half.mean())},
    )

    return with_uncertainty(score, _replicates(sides, table, pattern, spearman_brown))


def _replicates(
    sides: Callable[[Array], Iterator[tuple[Array, Array]]],
    table: Discriminations,
    pattern: Pattern,
    of_mean: Callable[[Array], Array] = lambda r: r,
) -> xr.DataArray:
    """Replicates of the correlation of two sides, averaged over pairs of sides, under new images and subjects.

    ``sides`` makes pairs of confusions (image, object) of weights of the trials.
    """

    def score(images: Array) -> Callable[[Array], Array]:
        def given(subjects: Array) -> Array:
            if len(subjects) == 1:  # one table of confusions serves all draws of images
                pairs = [(a[None], b[None]) for a, b in sides(subjects[0, table.subject])]
                return of_mean(np.mean([_correlate(a, b, table, pattern, images) for a, b in pairs], axis=0))
            each = np.broadcast_to(images, (len(subjects), images.shape[1]))
            found = [
                np.mean([_correlate(a[None], b[None], table, pattern, row[None])[0] for a, b in sides(drawn[table.subject])])
                for drawn, row in zip(subjects, each, strict=True)
            ]
            return of_mean(np.array(found))

        return given

    return crossed_replicates(score, table.category[table.truth], len(table.subjects), N_DRAWS)


def _correlate(a: Array, b: Array, table: Discriminations, pattern: Pattern, images: Array) -> Array:
    """Correlation (r,) of the patterns of two confusions (1, image, object), under weights of the images (r, image)."""
    at_once = max(MOST_NUMBERS // a[0].size, 1)
    found = []
    for start in range(0, len(images), at_once):
        weights = images[start : start + at_once]
        x, y = (_pattern(side, table, pattern, weights) for side in (a, b))
        each = weights if pattern == "i1" else np.repeat(weights, len(table.category), axis=1)
        found.append(weighted_pearson(x.reshape(len(weights), -1), y.reshape(len(weights), -1), each))
    return np.concatenate(found)


def _pattern(p: Array, table: Discriminations, pattern: Pattern, weights: Array) -> Array:
    """i1 (r, image) or i2n (r, image, object) of confusions (1, image, object), under weights of the images (r, image)."""
    d = _dprimes(p, table, weights)
    if pattern == "i2n":
        return np.asarray(d - _by_object(d, table, weights)[:, table.truth])
    there = np.isfinite(d)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(there, d, 0.0).sum(axis=2) / there.sum(axis=2))


def _dprimes(p: Array, table: Discriminations, weights: Array) -> Array:
    """d' (r, image, object) of confusions (1, image, object); NaN for the object in the image, and where nothing was seen."""
    false_alarms = _by_object(p, table, weights).swapaxes(1, 2)[:, table.truth]
    with np.errstate(invalid="ignore"):
        d = special.ndtri(1 - p) - special.ndtri(false_alarms)
    return np.asarray(np.clip(d, -LARGEST_DPRIME, LARGEST_DPRIME))


def _by_object(values: Array, table: Discriminations, weights: Array) -> Array:
    """Weighted mean (r, object, k) over the images of each object of values (r or 1, image, k); NaN are left out."""
    member = (table.truth == np.arange(len(table.category))[:, None]).astype(np.float64)
    there = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        return np.asarray(
            (member @ (weights[:, :, None] * np.where(there, values, 0.0))) / (member @ (weights[:, :, None] * there))
        )


def _two_splits(pairs: list[tuple[Array, Array]], table: Discriminations, pattern: Pattern) -> Score:
    """Brain-Score's mean and standard deviation over its two repeats."""
    once = np.ones((1, len(table.truth)))
    values = np.array([_correlate(a[None], b[None], table, pattern, once)[0] for a, b in pairs])
    units = xr.DataArray(values, dims=("split",))
    n_nan = sum(_missing(pair, table) for pair in pairs)
    return Score(value=float(values.mean()), error=float(values.std()), units=units, n_nan=n_nan)


def _missing(sides: Iterable[Array], table: Discriminations) -> int:
    """How many pairs of an image and a distractor have no d' on one of the sides."""
    once = np.ones((1, len(table.truth)))
    there = np.all([np.isfinite(_dprimes(p[None], table, once)[0]) for p in sides], axis=0)
    return int(there.size - len(there) - there.sum())


def _standardised(x: Array, y: Array) -> Array:
    """Standard scores of x where y has a value, too; NaN elsewhere, and where nothing varies."""
    kept = np.where(np.isfinite(x) & np.isfinite(y), x, np.nan)
    deviation = np.nanstd(kept)
    return np.asarray((kept - np.nanmean(kept)) / (deviation if deviation > 0 else np.nan))
