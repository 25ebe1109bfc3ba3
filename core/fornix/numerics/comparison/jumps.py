"""What a bootstrap over neuroids finds too much of in differences of medians, which jump between the neuroids in the middle.

The bootstrap finds too much: 1.1 to 1.6 times the variance that the difference of two medians of 20 to 150 normal values has, and
1.0 to 1.4 times of 500 to 3,000, the more the closer the two agree. What is linear in how often each neuroid was drawn is the
error of the bagged difference, by the infinitesimal jackknife (Efron 2014, J Am Stat Assoc 109:991), and too little of it, as
bagging takes jumps away: 1.0 times where the two hardly agree, 0.3 times where they hardly differ. Their mean is right to a
seventh but for 20 values that hardly differ, where it is 0.75 times, and to a tenth from 500 on. So half of what is not linear
is taken off. Means over neuroids are linear, and lose nothing but by chance.

The two are told apart as components of variance. Let W be how often each neuroid was drawn, (r draws, n neuroids), its columns
centred, and ``W W'/n = U diag(lambda) U'``. Of replicates y, ``(U'y)_k^2`` is ``lambda_k linear + jumps`` on average: a line,
fitted with weights ``1/(1 + lambda)^2``, those for two equal parts (MINQUE; Rao 1971, J Multivar Anal 1:257). With few neuroids
most lambda are 0, and jumps are the residual of least squares; with more than draws none is, and the linear part is Efron's
without the bias that few draws give it (Wager et al. 2014, J Mach Learn Res 15:1625), with less noise than theirs.

Replicates do not say which neuroids were drawn. The draws are made again, from a stream of random numbers that NumPy does not
promise to keep (NEP 19). Should it change, scores stored before are taken as made of other draws, and lose nothing; a test fails.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fornix.numerics.uncertainty.draws import blocks_of_neuroid_draws, times_drawn

Array = NDArray[np.float64]

#: The part of the variance of what is not linear that is taken off.
TAKEN_OFF: Final = 0.5
#: Of the variance of a score itself at least this part is linear, unless its replicates come from other draws.
LINEAR: Final = 0.5
#: By so many of its standard errors this part has to differ from that of replicates from other draws, 0. With 1,000 draws that of
#: up to 7,812 neuroids does; of 8,000 the bootstrap finds 1.02 to 1.08 times the variance of a difference of medians.
STANDARD_ERRORS: Final = 4
#: Replicates that vary by less than this part of themselves are equal but for rounding.
ROUNDING: Final = 1e-12


def jumps(values: Array, n_neuroids: int) -> Array:
    """The variance of what is not linear in how often each neuroid was drawn, of the differences of all pairs of scores.

    Each score is looked at by itself, so that what is said of two does not depend on which others are compared beside them.

    Parameters
    ----------
    values : (m, r)
        Replicates of m scores, by the draws of :func:`fornix.numerics.uncertainty.draws.neuroid_draws`.
    n_neuroids : int

    Returns
    -------
    (m, m)
        Not bounded: below 0 or above the whole variance by chance. 0 of pairs of which it cannot be told: of one neuroid, of too
        many for so few draws, where one of the two has replicates without a value, or of other draws, whose neuroids do not
        explain the score.
    """
    m, r = values.shape
    # From other draws the linear part of the variance has a standard error of about sqrt(2n)/r: r^2/2 pairs of draws tell of it.
    if n_neuroids < 2 or STANDARD_ERRORS * math.sqrt(2 * n_neuroids) > LINEAR * r:
        return np.zeros((m, m))
    whole = np.isfinite(values).all(axis=1, keepdims=True)
    held = np.where(whole, values, 0.0)
    centred = held - held.mean(axis=1, keepdims=True)
    centred[np.abs(centred).max(axis=1) <= ROUNDING * np.abs(held).max(axis=1)] = 0.0
    directions, weights, elsewhere = _intercept(n_neuroids, r)
    along = centred @ directions
    squares = centred @ centred.T
    beyond = elsewhere * squares + (along * (weights - elsewhere)) @ along.T
    own = np.diag(beyond)[:, None]
    known = whole & (own <= (1 - LINEAR) * np.diag(squares)[:, None] / (r - 1))
    return np.where(known & known.T, own + own.T - 2 * beyond, 0.0)


def _intercept(n: int, r: int) -> tuple[Array, Array, float]:
    """Weights of the squares of replicates whose sum is the variance of what is not linear: the intercept of a weighted line.

    Returns
    -------
    (r, k), (k,) and float
        The k directions in which draws differ, the weight of each, and that of all other directions, where lambda is 0.
    """
    times = np.empty((r, n))
    for some, draws in blocks_of_neuroid_draws(np.arange(n), r):
        times[some] = times_drawn(draws, n)
    times -= times.mean(axis=0)
    # The first direction is the one in which no draws differ: of neuroids their sum, of draws their mean.
    if n < r:
        among, vectors = np.linalg.eigh(times.T @ times / n)
        among, directions = among[1:], times @ (vectors[:, 1:] / np.sqrt(n * among[1:]))
    else:
        among, directions = (found[..., 1:] for found in np.linalg.eigh(times @ times.T / n))
    weights = (1 + among) ** -2
    count = weights.sum() + r - 1 - len(among)
    first, second = float(weights @ among), float(weights @ among**2)
    scale = count * second - first**2
    return directions, weights * (second - first * among) / scale, second / scale
