"""Differences of scores on a bent scale, such as r|r|/c, from what is known of them on a straight one.

Near 0 replicates of ``r|r|/c`` say nothing of its error, as it is flat there (:mod:`fornix.numerics.ceilings.bent`). So the
straight scores are taken as normal, as correlated as their replicates are, and bent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Bend = Callable[[Array], Array]

#: Terms of the series of a covariance; of ``x|x|`` at 0, the hardest, they hold 99.9 % of it.
N_TERMS: Final = 7


def straight(values: Array) -> Array:
    """The scale that is not bent."""
    return values


def bent_variances(values: Array, single: Array, correlation: Array, bend: Bend) -> Array:
    """The variances of all differences between bent scores.

    Of normal x and y with correlation rho, ``cov(f(x), f(y)) = sum_n a_n b_n rho^n`` with
    ``a_n = E[f(x) He_n((x - mean)/sd)] / sqrt(n!)`` (Mehler's formula; He_n the Hermite polynomials).

    Parameters
    ----------
    values, single : (m,)
        The straight scores, and their variances.
    correlation : (m, m)
        Of their errors.
    bend : function, element by element
        One that nowhere falls.

    Returns
    -------
    (m, m)
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(99)
    bent = bend(values[:, None] + np.sqrt(single)[:, None] * nodes)
    polynomials = np.polynomial.hermite_e.hermevander(nodes, N_TERMS)[:, 1:]
    scale = np.array([math.sqrt(math.factorial(n)) for n in range(1, N_TERMS + 1)])
    terms = bent @ (weights[:, None] / weights.sum() * polynomials / scale)
    own = (terms**2).sum(axis=1)
    together, power = np.zeros(correlation.shape), np.ones(correlation.shape)
    for n in range(N_TERMS):
        power = power * correlation
        together += np.outer(terms[:, n], terms[:, n]) * power
    return np.asarray(np.maximum(own[:, None] + own - 2 * together, 0.0))


def bent_interval(
    values: tuple[float, float], errors: tuple[float, float], correlation: float, t: float, bend: Bend
) -> tuple[float, float]:
    """An interval of the difference of two bent scores, from the intervals of both and how their errors go together.

    With the scores a and b, their lower and upper ends and correlation rho, the lower end is
    ``a - b - sqrt((a - a_low)^2 + (b_up - b)^2 - 2 rho (a - a_low)(b_up - b))`` and the upper one alike (Zou 2007, Psychol
    Methods 12:399). On a straight scale that is the t interval of the difference.

    Parameters
    ----------
    values, errors : (float, float)
        The straight scores and their standard errors.
    t : float
        How many standard errors an interval of a straight score reaches on either side.
    """
    x, s = np.array(values), np.array(errors)
    (a, b), (a_low, b_low), (a_up, b_up) = (bend(x + k * t * s).tolist() for k in (0, -1, 1))

    def reach(of_a: float, of_b: float) -> float:
        return math.sqrt(max(of_a**2 + of_b**2 - 2 * correlation * of_a * of_b, 0.0))

    return a - b - reach(a - a_low, b_up - b), a - b + reach(a_up - a, b - b_low)


def bent_differences(values: ArrayLike, bend: Bend) -> Array:
    """(m, m): the bent score of each row less that of each column."""
    bent = bend(np.asarray(values, dtype=np.float64))
    return np.asarray(bent[:, None] - bent)
