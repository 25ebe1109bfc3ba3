"""Image-level patterns of object discrimination: which images are taken for which other object (Rajalingham et al. 2018)."""

from __future__ import annotations

import itertools
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
from fornix.numerics.ceilings.reliability import spearman_brown
from fornix.numerics.correlation import weighted_pearson
from fornix.numerics.definition import Definition
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty
from fornix.numerics.uncertainty.resampling import Array, crossed_replicates

Pattern = Literal["i1", "i2n"]
#: What is compared, for notes.
_MODEL_AND_PEOPLE: Final = ("the model", "people")
_HALVES: Final = ("one half of the trials", "the other half of the trials")

#: A d' beyond this is set to it.
LARGEST_DPRIME: Final = 5.0
#: Goes on after "3 of 60" in notes.
_NO_DPRIME: Final = (
    "pairs of an image and a distractor have no d' (not shown; no image of the distractor shown beside the object; both of "
    "probability 0; hits and false alarms both always or both never)"
)
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
        pairs of an image and a distractor without a d', and a note does; where they are more than a fifth there is no value
        (default definition). A note also says which side does not vary where that is why there is none.

    Raises
    ------
    AssemblyError
        If images or objects of model and trials do not match, the model has an object twice, or its numbers are no
        probabilities.
    """
    table = discriminations(target)
    model = model_confusions(source, table)
    if definition == "brainscore":
        halves = shuffled_halves(len(table.wrong))
        return _two_splits([(model, table.confusions(first)) for first in halves], _MODEL_AND_PEOPLE, table, pattern)
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
    score = _without_a_value(score, _unvarying(x, y, _MODEL_AND_PEOPLE), len(x) * (len(table.category) - 1))
    return score if np.isnan(score.value) else with_stated_uncertainty(score, _replicates(sides, table, pattern))


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

    Returns
    -------
    Score
        Without a value, as a note says, where more than a fifth of the pairs of an image and a distractor have no d' in a half
        (default definition).

    Raises
    ------
    AssemblyError
        If no image was shown twice with the same distractor, or halves of the trials do not vary: people are always right.
    """
    table = discriminations(target)
    if definition == "brainscore":
        pairs = [(table.confusions(first), table.confusions(1 - first)) for first in shuffled_halves(len(table.wrong))]
        return _two_splits(pairs, _HALVES, table, pattern)
    halves = halves_of_cells(table)

    def sides(weights: Array) -> Iterator[tuple[Array, Array]]:
        for first in halves:
            yield table.confusions(weights * first), table.confusions(weights * (1 - first))

    everything = np.ones(len(table.wrong))
    once = np.ones((1, len(table.truth)))
    by_half = np.array([_correlate(a[None], b[None], table, pattern, once)[0] for a, b in sides(everything)])
    n_pairs, n_nan = len(table.truth) * (len(table.category) - 1), _missing(next(sides(everything)), table)
    if np.isnan(by_half).any():
        raise AssemblyError(_no_halves(table, n_nan, n_pairs))
    score = Score(
        value=float(spearman_brown(by_half.mean())),
        units=xr.DataArray(by_half, dims=("split",)),
        n_nan=n_nan,
        details={"halves": float(by_half.mean())},
    )
    score = _without_a_value(score, ("halves of the trials are opposites, which has no reliability",), n_pairs)
    return score if np.isnan(score.value) else with_stated_uncertainty(score, _replicates(sides, table, pattern, spearman_brown))


def _no_halves(table: Discriminations, n_nan: int, n_pairs: int) -> str:
    """Why halves of the trials cannot be correlated, so that there is no ceiling."""
    halved = "the ceiling compares halves of the trials; "
    shown = np.bincount(table.image * len(table.category) + table.distractor)
    if too_many(int((shown == 1).sum()), int((shown > 0).sum())):
        return f"{halved}too few images were shown twice with one distractor"
    if n_nan == n_pairs:
        return halved + lacking(n_nan, n_pairs, _NO_DPRIME, "a ceiling")
    return (
        f"{halved}in one of them the pattern does not vary over images, as people are always right, always wrong, or saw too few"
    )


def _without_a_value(score: Score, why: tuple[str, ...], n_pairs: int, definition: Definition = "default") -> Score:
    """The score with notes on what has no d', and, where there is no value for another reason, on that."""
    value, notes, lacks = score.value, [], too_many(score.n_nan, n_pairs)
    if score.n_nan and (definition == "default" or (lacks and np.isnan(value))):
        notes.append(lacking(score.n_nan, n_pairs, _NO_DPRIME, "a correlation over the others"))
    if lacks and definition == "default":
        value = np.nan
    elif np.isnan(value):
        notes.extend(why)
    return score.with_(value=value, raw=value, notes=(*score.notes, *notes))


def _unvarying(x: Array, y: Array, sides: tuple[str, str]) -> tuple[str, ...]:
    """A note for each of two patterns that does not vary where the other one has a value."""
    there = (np.isfinite(x) & np.isfinite(y)).ravel()
    flat = [np.isnan(weighted_pearson(side.ravel(), side.ravel(), there)) for side in (x, y)]
    return tuple(
        f"nothing to compare, as the pattern of {who} does not vary" for who, is_flat in zip(sides, flat, strict=True) if is_flat
    )


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


def _two_splits(pairs: list[tuple[Array, Array]], names: tuple[str, str], table: Discriminations, pattern: Pattern) -> Score:
    """Brain-Score's mean and standard deviation over its two repeats."""
    once = np.ones((1, len(table.truth)))
    values = np.array([_correlate(a[None], b[None], table, pattern, once)[0] for a, b in pairs])
    units = xr.DataArray(values, dims=("split",))
    n_nan, n_pairs = sum(_missing(pair, table) for pair in pairs), len(pairs) * len(table.truth) * (len(table.category) - 1)
    score = Score(value=float(values.mean()), error=float(values.std()), units=units, n_nan=n_nan)
    patterns = [[_pattern(p[None], table, pattern, once)[0] for p in pair] for pair in pairs]
    why = [_unvarying(x, y, names) for x, y in patterns]
    return _without_a_value(score, tuple(dict.fromkeys(itertools.chain(*why))), n_pairs, "brainscore")


def _missing(sides: Iterable[Array], table: Discriminations) -> int:
    """How many pairs of an image and a distractor have no d' on one of the sides."""
    once = np.ones((1, len(table.truth)))
    there = np.all([np.isfinite(_dprimes(p[None], table, once)[0]) for p in sides], axis=0)
    return int(there.size - len(there) - there.sum())


def _standardised(x: Array, y: Array) -> Array:
    """Standard scores of x where y has a value, too; NaN elsewhere, and where nothing varies."""
    kept = np.where(np.isfinite(x) & np.isfinite(y), x, np.nan)
    if np.isnan(kept).all():
        return kept
    deviation = np.nanstd(kept)
    return np.asarray((kept - np.nanmean(kept)) / (deviation if deviation > 0 else np.nan))
