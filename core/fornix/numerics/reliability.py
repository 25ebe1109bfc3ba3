"""How reliable repeated measurements are: the split-half consistency of neuroids, which is their ceiling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.interfaces.score import Score
from fornix.numerics.crossed import median_replicates
from fornix.numerics.uncertainty import (
    jackknife_pearson,
    replicates_array,
    stimulus_groups,
    with_uncertainty,
)

Definition = Literal["default", "brainscore"]


def spearman_brown(r: ArrayLike) -> NDArray[np.float64]:
    """Reliability of the whole from the correlation r of its halves: ``2r / (1 + r)`` (Spearman 1910, Brown 1910)."""
    r = np.asarray(r, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(2 * r / (1 + r))


def internal_consistency(assembly: xr.DataArray, definition: Definition = "default") -> Score:
    """Split-half reliability over repetitions, corrected to the full number of repetitions.

    The unique repetitions are split at random into halves; responses are averaged over each half (over the repetitions
    that are there), correlated over stimuli (Pearson) for each neuroid and corrected by :func:`spearman_brown`. The value
    is the median over neuroids, averaged over splits.

    Parameters
    ----------
    assembly : DataArray, dims (presentation, neuroid)
        Coordinates ``stimulus_id`` and ``repetition`` on presentation. A missing repetition is an absent row or NaN.
    definition : {"default", "brainscore"}
        Default: 100 splits from ``numpy.random.default_rng(1)``; the error is from the groups of stimuli and the draws of
        neuroids that scores use (:func:`fornix.numerics.crossed.median_replicates`). Brain-Score: 10 splits as
        scikit-learn's ``ShuffleSplit`` draws them (train 0.5, seed 1), error ``std(splits) / sqrt(10)``.

    Returns
    -------
    Score
        ``units`` has dims (split, neuroid); ``n_nan`` counts the units that are NaN (a constant half).

    Raises
    ------
    AssemblyError
        If there are fewer than two repetitions, or a stimulus has one repetition twice.
    """
    cube, stimulus_id = _by_repetition(assembly)
    splits = list(_shuffled_halves(cube.shape[0]) if definition == "brainscore" else _random_halves(cube.shape[0]))
    groups = stimulus_groups(stimulus_id)
    everything, without_group = _consistencies(cube, splits, groups)
    units = xr.DataArray(everything, dims=("split", "neuroid"), coords=assembly["neuroid"].coords)
    per_split = np.nanmedian(everything, axis=1)
    score = Score(value=float(per_split.mean()), units=units, n_nan=int(np.isnan(everything).sum()))
    if definition == "brainscore":
        return score.with_(error=float(per_split.std() / np.sqrt(len(splits))))
    names = units["neuroid_id"].values if "neuroid_id" in units.coords else np.arange(units.sizes["neuroid"])
    replicates = replicates_array(median_replicates(everything, without_group, names))
    return with_uncertainty(score, replicates)


def _by_repetition(assembly: xr.DataArray) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """The responses as (repetition, stimulus, neuroid), NaN where a repetition is missing, and the sorted stimuli."""
    check_assembly(assembly, dims=("presentation", "neuroid"), what="the assembly whose consistency is asked")
    for name in ("stimulus_id", "repetition"):
        if name not in assembly.coords:
            raise AssemblyError(f"internal consistency needs the coordinate {name!r} on presentation")
    stimuli, column = np.unique(assembly["stimulus_id"].values, return_inverse=True)
    repetitions, row = np.unique(assembly["repetition"].values, return_inverse=True)
    if len(repetitions) < 2:
        raise AssemblyError("internal consistency needs at least 2 repetitions; the assembly has 1")
    if len(np.unique(row * len(stimuli) + column)) < len(row):
        raise AssemblyError("a stimulus has the same repetition twice; number its presentations in the coordinate 'repetition'")
    cube = np.full((len(repetitions), len(stimuli), assembly.sizes["neuroid"]), np.nan)
    cube[row, column] = assembly.values
    return cube, stimuli


def _random_halves(n: int, n_splits: int = 100, seed: int = 1) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    rng = np.random.default_rng(seed)
    for _ in range(n_splits):
        order = rng.permutation(n)
        yield order[: n // 2], order[n // 2 :]


def _shuffled_halves(n: int, n_splits: int = 10, seed: int = 1) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """As ``sklearn.model_selection.ShuffleSplit(n_splits, train_size=0.5, random_state=seed)`` draws them."""
    rng = np.random.RandomState(seed)
    for _ in range(n_splits):
        order = rng.permutation(n)
        yield order[n - n // 2 :], order[: n - n // 2]


def _consistencies(
    cube: NDArray[np.float64], splits: Sequence[tuple[NDArray[Any], NDArray[Any]]], groups: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Corrected consistency (split, neuroid), and the same without each group of stimuli (group, split, neuroid)."""
    seen = ~np.isnan(cube)
    filled = np.where(seen, cube, 0.0)
    everything, without_group = [], []
    for halves in splits:
        counts = [seen[half].sum(axis=0) for half in halves]
        with np.errstate(invalid="ignore"):
            x, y = (filled[half].sum(axis=0) / count for half, count in zip(halves, counts, strict=True))
        r, r_without_group = jackknife_pearson(x, y, groups)
        everything.append(r)
        without_group.append(r_without_group)
    return spearman_brown(np.array(everything)), spearman_brown(np.array(without_group).transpose(1, 0, 2))
