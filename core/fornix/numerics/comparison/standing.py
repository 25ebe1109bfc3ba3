"""Where scores stand among each other: ranks with intervals, from which pairs differ, and how reliable an order is."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fornix.numerics.ceilings.reliability import spearman_brown
from fornix.numerics.comparison.evidence import adjusted, p_values
from fornix.numerics.correlation import spearman

Array = NDArray[np.float64]

#: Two models tie where the adjusted p of their difference is above this.
TIED: Final = 0.05
#: Fewer models than this have no order to speak of.
FEWEST: Final = 3


class Standing(NamedTuple):
    """The rank of each score, the best 1, and the ranks it may have, (m,) each: ``low <= rank <= high``."""

    rank: Array
    low: Array
    high: Array


def different(difference: Array, variance: Array, freedom: Array) -> NDArray[np.bool_]:
    """Which pairs differ: by a t test each, adjusted over all pairs. All (m, m)."""
    m = len(difference)
    above = np.triu_indices(m, 1)
    p = np.full((m, m), np.nan)
    p[above] = adjusted(p_values(difference[above], variance[above], freedom[above]))
    found = p <= TIED
    return np.asarray(found | found.T)


def standing(difference: Array, apart: NDArray[np.bool_]) -> Standing:
    """Ranks with intervals: ``low`` is 1 and how many are better for sure, ``high`` m less how many are worse for sure.

    Ties are no groups: a may tie with b and b with c where a and c differ.

    Parameters
    ----------
    difference : (m, m)
        The score of each row less that of each column.
    apart : (m, m) bool
        Which differ, of :func:`different`.
    """
    better, m = difference < 0, len(difference)
    rank = 1.0 + better.sum(axis=1)
    return Standing(rank, 1.0 + (better & apart).sum(axis=1), float(m) - ((difference > 0) & apart).sum(axis=1))


def reliability(difference: Array, variance: Array) -> float:
    """How well the scores of these models would agree with those of new stimuli, neuroids and subjects.

    ``1 - sum v_ij / sum d_ij^2`` over all pairs: the part of what models differ by that is not the error of their differences,
    which is the expected correlation of two such experiments. Errors that all models share change no order and count for
    nothing. Below 0 where models differ by less than their errors; NaN of fewer than 3 models.

    Parameters
    ----------
    difference, variance : (m, m)
        Pairs that are NaN are left out.
    """
    above = np.triu_indices(len(difference), 1)
    squares, noise = difference[above] ** 2, variance[above]
    there = np.isfinite(squares) & np.isfinite(noise)
    total = float(squares[there].sum())
    return 1 - float(noise[there].sum()) / total if len(difference) >= FEWEST and total > 0 else float("nan")


def split_half(values: Array, n_splits: int = 100, seed: int = 0) -> float:
    """How well the order of models would agree with that on as many other benchmarks.

    Scores are standardised on each benchmark and averaged over a random half of the benchmarks and over the other; the Spearman
    correlation of the two, averaged over splits, corrected to the full number (Spearman-Brown).

    Parameters
    ----------
    values : (m, b)
        None of them NaN.

    Returns
    -------
    float
        NaN of fewer than 3 models or 2 benchmarks.
    """
    m, b = values.shape
    if m < FEWEST or b < 2:
        return float("nan")
    deviation = values.std(axis=0)
    standard = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    rng = np.random.default_rng(seed)
    found = np.empty(n_splits)
    for k in range(n_splits):
        order = rng.permutation(b)
        halves = (standard[:, part].mean(axis=1) for part in (order[: b // 2], order[b // 2 :]))
        found[k] = float(spearman(*(half[:, None] for half in halves))[0])
    return float(spearman_brown(np.nanmean(found)))
