"""The errors of the differences between all pairs of scores that were resampled by one plan.

The variance of a difference is that of the differences of replicates, factor by factor, put together by the rule that single
scores have (:func:`fornix.numerics.uncertainty.intervals.over_factors`), but for its floor. What two models share, the stimuli,
the neuroids, the noise, cancels in it. All pairs come from products of matrices, so a thousand models cost seconds.

The floor: with a part A of the variance due to stimuli, B to neuroids and E to what stimuli do to single neuroids, v_a is A + E
on average, v_b B + E, and 2(v_a + v_b) - v_both A + B + E. A score has much of A and B. A difference of models that are equally
good for every neuroid has no B, and often little A: then all three are about E, and the largest of them is too large by chance,
on average by a fifth with 20 groups of stimuli and 20 neuroids. So differences are held to three quarters of v_a and v_b.

A bootstrap over neuroids loses half of what is not linear in it, as medians jump (:mod:`fornix.numerics.comparison.jumps`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.numerics.comparison.jumps import TAKEN_OFF, jumps
from fornix.numerics.uncertainty.intervals import BOTH, over_factors

Array = NDArray[np.float64]

#: The part of the variance of each factor that the variance of a difference is no less than. With less, too little of a variance
#: that came out too low by chance is made up for: half has 6 % of plain means called different, 8.5 % of rdm with 20 neuroids.
LEAST: Final = 0.75
#: Replicates whose differences have less than this part of their own variance are equal but for rounding.
SAME: Final = 1e-12


class Plan(NamedTuple):
    """How scores were resampled; replicates are paired where it is equal.

    Parameters
    ----------
    factors, schemes : tuple of str
    n_units, n_replicates : tuple of int
        One for each factor.
    grouping : str
        A digest of which stimulus is in which group; empty where the replicates do not say.
    """

    factors: tuple[str, ...]
    schemes: tuple[str, ...]
    n_units: tuple[int, ...]
    n_replicates: tuple[int, ...]
    grouping: str


def plan_of(replicates: xr.DataArray) -> Plan:
    """The plan of the replicates of a score (:func:`fornix.numerics.uncertainty.intervals.replicates_array`)."""
    factors, schemes, units, lengths = (
        tuple(replicates[name].values.tolist()) for name in ("factor", "scheme", "n_units", "n_replicates")
    )
    return Plan(factors, schemes, units, lengths, str(replicates.attrs.get("grouping", "")))


@dataclass(frozen=True, eq=False)
class Pairs:
    """What is known of the errors of all pairs of m scores.

    Parameters
    ----------
    variance : (m, m)
        Of the difference of each pair, NaN where it is not known; 0 on the diagonal.
    freedom : (m, m)
        Degrees of freedom of its square root (Welch-Satterthwaite), at least those of the factor of fewest units.
    single : (m,)
        The variance of each score.
    """

    variance: Array
    freedom: Array
    single: Array

    @property
    def correlation(self) -> Array:
        """(m, m): how the errors of two scores go together, ``(v_i + v_j - v_ij) / (2 s_i s_j)``, kept within -1 and 1."""
        total = self.single[:, None] + self.single
        scale = 2 * np.sqrt(np.outer(self.single, self.single))
        rho = np.divide(total - self.variance, scale, out=np.zeros(scale.shape), where=scale > 0)
        return np.asarray(np.clip(rho, -1.0, 1.0))


def pairs(replicates: Sequence[xr.DataArray]) -> Pairs:
    """The errors of all differences between m scores.

    Parameters
    ----------
    replicates : m arrays of one plan, dims (factor, replicate)
        A replicate that is NaN in one of two scores is left out of their difference.

    Raises
    ------
    ValueError
        If they are of different plans.
    """
    plans = {plan_of(array) for array in replicates}
    if len(plans) != 1:
        raise ValueError(f"these scores were resampled by {len(plans)} plans; scores are paired replicate by replicate, by one")
    (plan,) = plans
    m = len(replicates)
    variances: dict[str, Array] = {}
    too_much = np.zeros((m, m))
    for k, (name, scheme, length) in enumerate(zip(plan.factors, plan.schemes, plan.n_replicates, strict=True)):
        # Last a score of nothing, whose replicates are all 0: differences from it are the scores themselves.
        values = np.stack([*(array.values[k, :length] for array in replicates), np.zeros(length)])
        spread, count = _spreads(values)
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = (count - 1) / count if scheme == "jackknife" else 1 / (count - 1)
            variances[name] = np.where(count > 1, factor * spread, np.nan)
        if name == "neuroids" and scheme == "bootstrap" and length > 1:
            # By chance jumps may be more than all of the variance, or less than nothing: at least half of it is left.
            bound = variances[name][:-1, :-1]
            too_much = TAKEN_OFF * np.clip(jumps(values[:-1], plan.n_units[k]), -bound, bound)
    of_scores = {name: of[:-1, -1] for name, of in variances.items()}
    single = np.broadcast_to(np.asarray(over_factors(of_scores), dtype=np.float64), (m,))
    of_pairs = {name: of[:-1, :-1] for name, of in variances.items()}
    for name in of_pairs.keys() & {"neuroids", BOTH}:
        of_pairs[name] = np.maximum(of_pairs[name] - too_much, 0.0)
    total = np.broadcast_to(np.asarray(over_factors(of_pairs, LEAST), dtype=np.float64), (m, m))
    units = dict(zip(plan.factors, plan.n_units, strict=True))
    return Pairs(variance=total, freedom=_freedom(of_pairs, units, m), single=single)


def _freedom(variances: Mapping[str, Array], units: Mapping[str, int], m: int) -> Array:
    """Degrees of freedom of differences: ``v^2 / sum(v_f^2/(n_f - 1))`` (Welch-Satterthwaite), (m, m).

    v is the variance as single scores have it, of which no floor was lowered. Of a sum the formula gives no fewer than the factor
    of fewest units has; that v_both is subtracted makes it fewer now and then, by chance.
    """
    single = {name: n for name, n in units.items() if name != BOTH} or units
    fewest = float(min(single.values(), default=0) - 1)
    if fewest < 1:
        return np.full((m, m), np.nan)
    spread = np.asarray(sum(variances[name] ** 2 / (n - 1) for name, n in single.items()))
    found = np.divide(over_factors(variances) ** 2, spread, out=np.full((m, m), fewest), where=spread > 0)
    return np.asarray(np.maximum(found, fewest))


def _spreads(values: Array) -> tuple[Array, Array]:
    """For all pairs of rows of (m, r): the sum of squares of their differences around their mean, over how many columns.

    A column where either row is NaN is not counted.
    """
    there = np.isfinite(values)
    held = np.where(there, values, 0.0)
    mean = held.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
    held = np.where(there, held - mean, 0.0)
    product = held @ held.T
    if there.all():
        own = np.diag(product)
        scale = own[:, None] + own
        spread, count = scale - 2 * product, np.full(product.shape, float(values.shape[1]))
    else:
        present = there.astype(np.float64)
        count, squares, sums = present @ present.T, (held**2) @ present.T, held @ present.T
        scale = squares + squares.T
        spread = scale - 2 * product - (sums - sums.T) ** 2 / np.maximum(count, 1.0)
    return np.where(spread > SAME * scale, spread, 0.0), count
