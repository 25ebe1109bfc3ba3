"""How reliable repeated measurements are: the split-half consistency of neuroids, over repetitions or over subjects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces.score import Score
from fornix.numerics.ceilings.recordings import FEWEST_LEFT, by_unit, enough_stimuli, resampling_groups
from fornix.numerics.ceilings.timed import mean_over_bins
from fornix.numerics.correlation import pearson_from_sums
from fornix.numerics.definition import Definition
from fornix.numerics.missing import lacking, too_many
from fornix.numerics.uncertainty.crossed import median_of_units, median_replicates
from fornix.numerics.uncertainty.intervals import replicates_array, stimulus_groups
from fornix.numerics.uncertainty.means import unit_replicates
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty

#: What the halves are made of: a coordinate of the presentations.
Over = Literal["repetition", "subject"]
Array = NDArray[np.float64]

#: Responses held at once while halves are averaged.
MOST_NUMBERS: Final = 300_000
#: Subjects are left out in at most this many groups.
SUBJECT_GROUPS: Final = 20
#: Halves whose correlation is this near to -1 are opposites but for rounding; their reliability would be -1/rounding.
OPPOSITE: Final = 1e-9


def spearman_brown(r: ArrayLike) -> Array:
    """Reliability of the whole from the correlation r of its halves: ``2r / (1 + r)`` (Spearman 1910, Brown 1910).

    NaN where the halves are opposites, r = -1 but for rounding. Near there it has no bound: -18 of r = -0.9, -198 of -0.99.
    """
    r = np.asarray(r, dtype=np.float64)
    return np.asarray(2 * r / np.where(1 + r > OPPOSITE, 1 + r, np.nan))


def internal_consistency(
    assembly: xr.DataArray, definition: Definition = "default", over: Over = "repetition", group_on: str = ""
) -> Score:
    """Split-half reliability over repetitions or subjects, corrected to the full number of them.

    The unique repetitions are split at random into halves; responses are averaged over each half (over the repetitions
    that are there), correlated over stimuli (Pearson) for each neuroid and corrected by :func:`spearman_brown`. The value
    is the median over neuroids, averaged over splits (:func:`fornix.numerics.uncertainty.crossed.median_of_units`, as of
    predictivity). A neuroid whose halves correlate near -1 has a consistency far below -1, which the median bears and their mean
    does not.

    Parameters
    ----------
    assembly : DataArray, dims (presentation, neuroid[, time_bin])
        Coordinates ``stimulus_id`` and ``over`` on presentation. A missing repetition is an absent row or NaN. Of time bins the
        mean is taken (:func:`fornix.numerics.ceilings.timed.mean_over_bins`).
    definition : {"default", "brainscore"}
        Default: 100 splits from ``numpy.random.default_rng(1)``; the error is from the groups of stimuli and the draws of
        neuroids that scores use (:func:`fornix.numerics.uncertainty.crossed.median_replicates`). Brain-Score: 10 splits as
        scikit-learn's ``ShuffleSplit`` draws them (train 0.5, seed 1), error ``std(splits) / sqrt(10)``.
    over : {"repetition", "subject"}
        Halves of subjects say how well people predict other people. The error is then for new stimuli and new subjects, who
        are left out one by one, or in 20 groups, after they were split (not of 2 or 3, whose halves would be empty); neuroids
        (the measures) are taken as they are.
    group_on : str
        A coordinate of the presentations, such as a story, whose groups of stimuli are drawn anew in place of single stimuli:
        that of scores whose splits keep such groups whole.

    Returns
    -------
    Score
        ``units`` has dims (split, neuroid[, time_bin]); ``n_nan`` counts the units that are NaN (a constant half). Neuroids
        that have no value in any split are noted, and where they are more than a fifth of all there is no value (default
        definition).

    Raises
    ------
    AssemblyError
        If there are fewer than two repetitions (subjects), or a stimulus has one of them twice; if responses are infinite, no
        numbers, or none that can be computed with; if there are fewer than 4 stimuli (3, in Brain-Score's definition).
    """
    if "time_bin" in assembly.dims:
        return mean_over_bins(assembly, lambda one: internal_consistency(one, definition, over, group_on))
    cube, stimulus_id, names = by_unit(assembly, over)
    fewest = FEWEST_LEFT if definition == "brainscore" else FEWEST_LEFT + 1
    enough_stimuli(len(stimulus_id), fewest, "internal consistency")
    n_splits = 10 if definition == "brainscore" else 100
    halves = np.array(list((_shuffled_halves if definition == "brainscore" else _random_halves)(len(names), n_splits)))
    if definition == "brainscore":
        groups, of_stimuli = np.zeros(len(stimulus_id), dtype=np.int64), ""
    else:
        groups, of_stimuli = resampling_groups(assembly, stimulus_id, group_on)
    everything, without_group = _consistencies(cube, halves, groups, fewest)
    units = xr.DataArray(everything, dims=("split", "neuroid"), coords=assembly["neuroid"].coords)
    score = Score(value=float(median_of_units(everything)), units=units, n_nan=int(np.isnan(everything).sum()))
    score = _without_a_value(score, everything, f"{over}s", definition)
    if definition == "brainscore":
        return score.with_(error=float(median_of_units(everything[:, None]).std() / np.sqrt(n_splits)))
    if np.isnan(score.value):
        return score
    neuroids = units["neuroid_id"].values if "neuroid_id" in units.coords else np.arange(units.sizes["neuroid"])
    factors = median_replicates(everything, without_group - everything, neuroids)
    few = "subjects" if over == "subject" and len(names) < 4 else ""  # of three, one half is empty without its only subject
    if over == "subject":
        factors = {"stimuli": factors["stimuli"]}
        left_out = stimulus_groups(names, SUBJECT_GROUPS)
        if not few:
            without_subjects = _without_units(cube, halves, left_out)
            factors["subjects"] = median_replicates(everything, without_subjects - everything, neuroids)["stimuli"]
    score = score.with_(unit_replicates=unit_replicates(units, without_group - everything, grouping=of_stimuli))
    return with_stated_uncertainty(score, replicates_array(factors, not_resampled=few).assign_attrs(grouping=of_stimuli))


def _random_halves(n: int, n_splits: int) -> Iterator[NDArray[np.bool_]]:
    """Which of n units are in the first half."""
    rng = np.random.default_rng(1)
    for _ in range(n_splits):
        yield np.isin(np.arange(n), rng.permutation(n)[: n // 2])


def _shuffled_halves(n: int, n_splits: int) -> Iterator[NDArray[np.bool_]]:
    """As ``sklearn.model_selection.ShuffleSplit(n_splits, train_size=0.5, random_state=1)`` draws them."""
    rng = np.random.RandomState(1)
    for _ in range(n_splits):
        yield np.isin(np.arange(n), rng.permutation(n)[n - n // 2 :])


def _without_a_value(score: Score, units: Array, over: str, definition: Definition) -> Score:
    """The score with a note on neuroids that have no value in any split, and without its value where they are too many."""
    empty, n = int(np.isnan(units).all(axis=0).sum()), units.shape[1]
    if not empty or (definition == "brainscore" and empty < n):
        return score
    what = f"neuroids have no consistency, as their responses are missing, do not vary, or are opposites in halves of the {over}"
    value = np.nan if too_many(empty, n) else score.value
    return score.with_(value=value, raw=value, notes=(*score.notes, lacking(empty, n, what, "a median")))


def _consistencies(cube: Array, halves: NDArray[np.bool_], groups: NDArray[np.int64], fewest: int) -> tuple[Array, Array]:
    """Corrected consistency (split, neuroid), and the same without each group of stimuli (group, split, neuroid).

    NaN of neuroids with both halves of fewer stimuli than ``fewest``, or, without a group, than one less.

    Parameters
    ----------
    cube : (unit, stimulus, neuroid)
    halves : (split, unit)
        True for the first half.
    groups : (stimulus,) int
    """
    shift = _typical(cube)
    sums = np.array([_sums(cube, halves, shift, np.flatnonzero(groups == group)) for group in range(groups.max() + 1)])
    total = sums.sum(axis=0)

    def corrected(of_some: Array, at_least: int) -> Array:
        return spearman_brown(np.where(of_some[0] >= at_least, pearson_from_sums(of_some, shift), np.nan))

    without = np.stack([corrected(total - of_group, fewest - 1) for of_group in sums])
    return corrected(total, fewest), without


def _without_units(cube: Array, halves: NDArray[np.bool_], groups: NDArray[np.int64]) -> Array:
    """Corrected consistency without each group of units (group, split, neuroid), the others staying in their halves."""
    shift, stimuli = _typical(cube), np.arange(cube.shape[1])
    kept = [groups != group for group in range(groups.max() + 1)]
    sums = [_sums(cube[units], halves[:, units], shift, stimuli) for units in kept]
    return spearman_brown(np.array([pearson_from_sums(of_kept, shift) for of_kept in sums]))


def _typical(cube: Array) -> Array:
    """A response (neuroid,) near the mean of each neuroid, from which sums of squares lose no digits."""
    there = np.isfinite(cube[:, 0])
    return np.asarray(np.where(there, cube[:, 0], 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1))


def _sums(cube: Array, halves: NDArray[np.bool_], shift: Array, stimuli: NDArray[np.int64]) -> Array:
    """Over some stimuli: n and the sums of x, y, xx, yy and xy (6, split, neuroid), x and y being averages over halves."""
    n_units, _, n_neuroids = cube.shape
    first = halves.astype(np.float64)
    sums = np.zeros((6, len(halves), n_neuroids))
    at_once = max(MOST_NUMBERS // (n_neuroids * max(n_units, len(halves))), 1)
    for start in range(0, len(stimuli), at_once):
        rows = stimuli[start : start + at_once]
        contiguous = rows[-1] - rows[0] == len(rows) - 1
        block = cube[:, rows[0] : rows[-1] + 1] if contiguous else cube[:, rows]
        shape = (len(halves), len(rows), n_neuroids)
        flat = block.reshape(n_units, -1)
        missing = np.isnan(flat)
        if missing.any():
            filled, seen = np.where(missing, 0.0, flat), 1.0 - missing
            x, counted = first @ filled, first @ seen
            with np.errstate(divide="ignore", invalid="ignore"):
                y = (filled.sum(axis=0) - x) / (seen.sum(axis=0) - counted)
                x /= counted
            there = np.isfinite(x) & np.isfinite(y)
            x, y = (np.where(there, side - np.tile(shift, len(rows)), 0.0).reshape(shape) for side in (x, y))
            sums[0] += there.reshape(shape).sum(axis=1)
        else:
            x = first @ flat
            y = flat.sum(axis=0) - x
            size = first.sum(axis=1)[:, None]
            x, y = x / size, y / (n_units - size)
            x, y = ((side.reshape(shape) - shift) for side in (x, y))
            sums[0] += len(rows)
        sums[1] += x.sum(axis=1)
        sums[2] += y.sum(axis=1)
        for k, (a, b) in enumerate(((x, x), (y, y), (x, y)), start=3):
            sums[k] += np.einsum("psn,psn->pn", a, b)
    return sums
