"""Tests of differences: p values, their adjustment for many tests, sign flips, and several tests put together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Sign flips are exact up to so many of them, that is of 14 units; of more units so many are drawn.
MOST_FLIPS: Final = 2**14
#: Units that differ by less than this part of what they are differ by rounding.
ROUNDING: Final = 1e-12


def p_values(difference: ArrayLike, variance: ArrayLike, freedom: ArrayLike) -> Array:
    """Two-sided p of differences by t tests, element by element.

    1 where a difference and its variance are 0: equal whatever is resampled. NaN where a difference has no variance, or it is
    not known.
    """
    from scipy import special

    d, v, df = (np.asarray(given, dtype=np.float64) for given in (difference, variance, freedom))
    p = 2 * special.stdtr(df, -np.abs(d) / np.sqrt(np.where(v > 0, v, np.nan)))
    return np.where((d == 0) & (v == 0), 1.0, p)


def adjusted(p: ArrayLike) -> Array:
    """p values adjusted so that of those below a bound at most that share is expected to be false (Benjamini and Hochberg 1995).

    NaN stays, and is none of the tests.

    Parameters
    ----------
    p : (...)
        A family of tests.
    """
    from scipy.stats import false_discovery_control

    given = np.asarray(p, dtype=np.float64)
    there = np.isfinite(given)
    result = np.full(given.shape, np.nan)
    if there.any():
        result[there] = false_discovery_control(given[there])
    return result


def signed_z(difference: ArrayLike, p: ArrayLike) -> Array:
    """The normal deviate that is as improbable as a two-sided p, with the sign of the difference."""
    from scipy import special

    smallest = np.finfo(np.float64).tiny  # of 0, what is left of a p too small for a number, it would have no bound
    return np.asarray(np.sign(difference) * -special.ndtri(np.maximum(np.asarray(p, dtype=np.float64) / 2, smallest)))


def together(z: ArrayLike) -> tuple[float, float]:
    """Independent tests as one: ``sum z / sqrt(k)`` (Stouffer et al. 1949), and its two-sided p.

    ``scipy.stats.combine_pvalues`` does the same with p of one side, in which a clear difference to the other is 1 and lost.

    Parameters
    ----------
    z : (k,)
        Signed, of :func:`signed_z`. NaN are left out; of none (NaN, NaN).
    """
    from scipy import special

    given = np.asarray(z, dtype=np.float64)
    given = given[np.isfinite(given)]
    if not given.size:
        return float("nan"), float("nan")
    combined = float(given.sum() / np.sqrt(given.size))
    return combined, float(2 * special.ndtr(-abs(combined)))


def sign_flips(differences: ArrayLike) -> float:
    """Two-sided p of the mean of paired differences, had each the other sign as easily.

    Exact up to 14 units; beyond, of 16,384 draws with a fixed seed.

    Parameters
    ----------
    differences : (n,)
        Of independent units: NaN are left out. Of fewer than 2 NaN.
    """
    from scipy.stats import permutation_test

    given = np.asarray(differences, dtype=np.float64)
    given = given[np.isfinite(given)]
    if len(given) < 2:
        return float("nan")
    found = permutation_test(
        (given,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=MOST_FLIPS,
        batch=max(1, 10**7 // len(given)),
        random_state=np.random.default_rng(0),
    )
    return float(found.pvalue)


def effect(difference: float, variance: float, freedom: float, by_unit: ArrayLike) -> tuple[float, float, float]:
    """A difference as a multiple of how much single units differ in it (Cohen's d of pairs), with its 95 % interval.

    The error is ``sqrt(v/s^2 + d^2/(2(n - 1)))`` with the variance v of the difference in place of the ``s^2/n`` that holds for
    independent units (Hedges and Olkin 1985): so it covers the stimuli that units share.

    Parameters
    ----------
    difference, variance, freedom : float
        Of the raw scores.
    by_unit : (n,)
        What single units (neuroids, subjects, presentations) differ by. NaN are left out.

    Returns
    -------
    (d, low, high) : float
        NaN of fewer than 2 units, or units that all differ by the same.
    """
    from scipy import special

    units = np.asarray(by_unit, dtype=np.float64)
    units = units[np.isfinite(units)]
    spread = float(units.std(ddof=1)) if len(units) > 1 else 0.0
    if not spread > ROUNDING * float(np.abs(units).max(initial=0.0)):
        return float("nan"), float("nan"), float("nan")
    d = difference / spread
    reach = float(special.stdtrit(freedom, 0.975)) * float(np.sqrt(variance / spread**2 + d**2 / (2 * (len(units) - 1))))
    return d, d - reach, d + reach
