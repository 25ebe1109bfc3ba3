"""From replicates of a score to its standard error and interval. How a metric makes its replicates is its own business.

A factor is what was resampled: ``stimuli``, ``neuroids``, ``subjects``, or ``both`` of two crossed factors at once.

Fewer than 8 subjects are left out one by one. Where leaving one out leaves nothing to score (of two subjects who are compared
with each other, and of one subject alone), how the score varies with subjects cannot be known: they are not resampled, the error
covers the other factors (there may be none: NaN), and a note says so.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, Final

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces.score import Score

#: Fewer subjects than this are jackknifed, not bootstrapped.
FEW_SUBJECTS: Final = 8
#: The factor in which two crossed factors are resampled at once.
BOTH: Final = "both"


def stimulus_groups(stimulus_id: ArrayLike, n_groups: int = 20, seed: int = 0) -> NDArray[np.int64]:
    """The group of each row for a delete-group jackknife over stimuli.

    Groups are drawn over the sorted unique stimuli, so they depend neither on the order of the rows nor on how often a
    stimulus was shown, and all copies of a stimulus lie in one group.

    Parameters
    ----------
    stimulus_id : (n,) str
    n_groups : int
        At most this many groups, whose sizes differ by at most one stimulus; one stimulus each where there are fewer.
    seed : int

    Returns
    -------
    (n,) int
        Values 0 to g - 1.
    """
    unique, row = np.unique(np.asarray(stimulus_id), return_inverse=True)
    group = np.empty(len(unique), dtype=np.int64)
    group[np.random.default_rng(seed).permutation(len(unique))] = np.arange(len(unique)) % n_groups
    return group[row.reshape(-1)]


def grouping(stimulus_id: ArrayLike, groups: ArrayLike) -> str:
    """A digest of which stimulus is in which group: two scores are resampled together only where theirs are equal.

    Parameters
    ----------
    stimulus_id : (n,) str
    groups : (n,) int
    """
    pairs = np.unique(np.char.add(np.char.add(np.asarray(groups).astype(np.str_), " "), np.asarray(stimulus_id, dtype=np.str_)))
    return hashlib.sha256("\n".join(pairs.tolist()).encode()).hexdigest()[:16]


def replicates_array(by_factor: Mapping[str, Sequence[Any]], not_resampled: str = "") -> xr.DataArray:
    """Replicates of a score as one array.

    Parameters
    ----------
    by_factor : factor -> (values, scheme) or (values, scheme, n_units)
        ``values`` (r,): the score of each resample, NaN where it has none. ``scheme``: ``"jackknife"`` (replicate k leaves
        unit or group of units k out; n_units is the number of replicates) or ``"bootstrap"`` (n_units, how many units
        were drawn with replacement, must be given, except for the factor ``both``).
    not_resampled : str
        A factor that the score has, of too few units to resample. It becomes an attribute, and a note of the score.

    Returns
    -------
    DataArray, dims (factor, replicate)
        Short rows end in NaN; ``n_replicates`` says where, as a replicate may be NaN itself. Further coordinates on factor:
        ``factor``, ``scheme``, ``n_units`` and ``variance_factor``, such that the variance of a factor is
        ``variance_factor * sum((r - mean)**2)`` over the replicates r that are not NaN: (m - 1)/m for m jackknife replicates,
        1/(m - 1) for m bootstrap replicates.

    Raises
    ------
    ValueError
        If a scheme is unknown, or a bootstrap does not say how many units it drew.
    """
    rows = [np.asarray(entry[0], dtype=np.float64) for entry in by_factor.values()]
    values = np.full((len(rows), max((len(row) for row in rows), default=0)), np.nan)
    schemes, n_units, factors = [], [], []
    for k, (name, entry) in enumerate(by_factor.items()):
        values[k, : len(rows[k])] = rows[k]
        scheme, m = entry[1], int(np.isfinite(rows[k]).sum())
        if scheme == "jackknife":
            factors.append((m - 1) / m if m > 1 else math.nan)
            n_units.append(len(rows[k]))
        elif scheme == "bootstrap":
            factors.append(1 / (m - 1) if m > 1 else math.nan)
            if len(entry) < 3 and name != BOTH:
                raise ValueError(
                    f"the bootstrap over {name} does not say how many units it drew, which its interval needs: "
                    "give (values, 'bootstrap', n_units)"
                )
            n_units.append(int(entry[2]) if len(entry) > 2 else 0)
        else:
            raise ValueError(f"the scheme of the replicates over {name} is {scheme!r}; expected 'bootstrap' or 'jackknife'")
        schemes.append(scheme)
    return xr.DataArray(
        values,
        dims=("factor", "replicate"),
        coords={
            "factor": ("factor", np.array(list(by_factor), dtype=np.str_)),
            "scheme": ("factor", np.array(schemes, dtype=np.str_)),
            "n_replicates": ("factor", np.array([len(row) for row in rows], dtype=np.int64)),
            "n_units": ("factor", np.array(n_units, dtype=np.int64)),
            "variance_factor": ("factor", np.array(factors, dtype=np.float64)),
        },
        attrs={"not_resampled": not_resampled} if not_resampled else {},
    )


def factor_variances(replicates: xr.DataArray) -> dict[str, float]:
    """The variance that each factor contributes: ``variance_factor * sum((r - mean)**2)`` over its non-NaN replicates."""
    variances = {}
    for k, name in enumerate(replicates["factor"].values.tolist()):
        row = replicates.values[k]
        row = row[np.isfinite(row)]
        spread = float(((row - row.mean()) ** 2).sum()) if len(row) else math.nan
        variances[name] = float(replicates["variance_factor"].values[k]) * spread
    return variances


def variance(replicates: xr.DataArray) -> float:
    """The variance of a score for new units of every factor resampled: :func:`over_factors` of its replicates."""
    return float(over_factors(factor_variances(replicates)))


def over_factors(variances: Mapping[str, ArrayLike], least: float = 1.0) -> Any:
    """The variance for new units of every factor, from those of the factors; of many scores or differences element by element.

    Two crossed factors a and b with ``both``: ``min(max(2(v_a + v_b) - v_both, v_a, v_b), v_both)`` (Schuett et al. 2023,
    eLife 12:e82566). Without ``both``: the sum over factors, as for few jackknifed subjects and stimuli. NaN of no factor.

    Parameters
    ----------
    variances : factor -> (...)
    least : float
        The part of v_a and of v_b that the variance is no less than: all, or what differences take
        (:data:`fornix.numerics.comparison.differences.LEAST`).
    """
    single = [np.asarray(v, dtype=np.float64) for name, v in variances.items() if name != BOTH]
    if BOTH not in variances or not single:
        return sum(np.asarray(v, dtype=np.float64) for v in variances.values()) if variances else math.nan
    both = np.asarray(variances[BOTH], dtype=np.float64)
    return np.minimum(np.maximum(2 * sum(single) - both, least * reduce(np.maximum, single)), both)


def degrees_of_freedom(replicates: xr.DataArray) -> float:
    """Degrees of freedom of the standard error: :func:`freedom` of its replicates."""
    names = replicates["factor"].values.tolist()
    units = dict(zip(names, replicates["n_units"].values.tolist(), strict=True))
    schemes = dict(zip(names, replicates["scheme"].values.tolist(), strict=True))
    return float(freedom(factor_variances(replicates), units, schemes))


def freedom(variances: Mapping[str, ArrayLike], units: Mapping[str, int], schemes: Mapping[str, str]) -> Any:
    """Degrees of freedom of the standard error, from the variances of factors; of many scores element by element.

    Jackknifed subjects crossed with another factor: Welch-Satterthwaite, ``v^2 / sum(v_f^2/(n_f - 1))`` with the whole
    variance v and those of the factors. Otherwise the smaller number of resampled units, minus 1.

    Parameters
    ----------
    variances, units, schemes : factor -> its variance, how many units it has, and how they were resampled
    """
    single = {name: n for name, n in units.items() if name != BOTH} or units
    if not single or min(single.values()) < 2:
        return math.nan
    if schemes.get("subjects") == "jackknife" and len(single) > 1:
        spread = np.asarray(sum(np.asarray(variances[name]) ** 2 / (n - 1) for name, n in single.items()))
        return np.divide(over_factors(variances) ** 2, spread, out=np.full(spread.shape, math.nan), where=spread > 0)
    return float(min(single.values()) - 1)


def with_uncertainty(score: Score, replicates: xr.DataArray) -> Score:
    """The score with its standard error and 95 % interval from replicates of its value.

    The interval is ``value +- t * SE``, never the percentile interval (for RSA that covers 69 to 89 %). Few subjects,
    jackknifed, are named in a note, and so are subjects who were too few to resample.

    Parameters
    ----------
    score : Score
    replicates : DataArray, dims (factor, replicate)
        From :func:`replicates_array`, on the scale of ``score.value``.
    """
    from scipy import special  # a third of what a worker imports, and only some of them make intervals

    total = variance(replicates)
    error = math.sqrt(total) if total >= 0 else math.nan
    margin = float(special.stdtrit(degrees_of_freedom(replicates), 0.975)) * error if error > 0 else error
    factors = replicates["factor"].values.tolist()
    notes = [
        f"jackknife over {n} subjects"
        for name, scheme, n in zip(factors, replicates["scheme"].values, replicates["n_units"].values, strict=True)
        if name == "subjects" and scheme == "jackknife"
    ]
    if "not_resampled" in replicates.attrs:
        notes.append(f"{replicates.attrs['not_resampled']} not resampled")
    return score.with_(
        error=error,
        interval=(score.value - margin, score.value + margin),
        replicates=replicates,
        resampled=tuple(name for name in factors if name != BOTH),
        notes=(*score.notes, *(note for note in notes if note not in score.notes)),
    )
