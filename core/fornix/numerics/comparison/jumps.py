"""What a bootstrap over neuroids finds too much of in differences of medians, which jump between the neuroids in the middle.

The bootstrap finds too much: 1.1 to 1.6 times the variance that the difference of two medians of 20 to 150 normal values has, the
more the closer the two agree. What is linear in how often each neuroid was drawn is the error of the bagged difference, by the
infinitesimal jackknife (Efron 2014, J Am Stat Assoc 109:991), and too little of it, as bagging takes jumps away: 1.0 times where
the two hardly agree, 0.3 times where they hardly differ. Their mean is right to a seventh but for 20 values that hardly differ,
where it is 0.75 times. So half of what is not linear is taken off. Means over neuroids are linear, and lose nothing.

With more neuroids than half of the draws the fit has too little left to tell from, and nothing is taken off: the bootstrap finds
1.0 to 1.2 times the variance of the difference of two medians of 1,000 to 3,000 normal values.

Replicates do not say which neuroids were drawn. The draws are made again, from a stream of random numbers that NumPy does not
promise to keep (NEP 19). Should it change, scores stored before are taken as made of other draws, and lose nothing; a test fails.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fornix.numerics.uncertainty.draws import neuroid_draws, times_drawn

Array = NDArray[np.float64]

#: The part of the variance of what is not linear that is taken off.
TAKEN_OFF: Final = 0.5
#: Of the variance of a score itself at least this part is linear, unless its replicates come from other draws.
LINEAR: Final = 0.5
#: Replicates that vary by less than this part of themselves are equal but for rounding.
ROUNDING: Final = 1e-12


def jumps(values: Array, n_neuroids: int) -> Array:
    """What is not linear in how often each neuroid was drawn.

    Each score is looked at by itself, so that what is said of two does not depend on which others are compared beside them.

    Parameters
    ----------
    values : (m, r)
        Replicates of m scores, by the draws of :func:`fornix.numerics.uncertainty.draws.neuroid_draws`.
    n_neuroids : int

    Returns
    -------
    (m, r)
        Residuals of a linear fit, scaled so that ``sum(residual^2)/(r - 1)`` is their variance; 0 of replicates that do not vary.
        NaN in the rows of which it cannot be told: of too few draws, of replicates without a value, or of other draws, whose
        neuroids do not explain the score.
    """
    r = values.shape[1]
    if r < 2 * n_neuroids:
        return np.full(values.shape, np.nan)
    times = times_drawn(neuroid_draws(np.arange(n_neuroids), r), n_neuroids)
    # Each row sums to the number of neuroids: the last column follows from the others.
    basis, _ = np.linalg.qr((times - times.mean(axis=0))[:, :-1])
    whole = np.isfinite(values).all(axis=1, keepdims=True)
    held = np.where(whole, values, 0.0)
    centred = held - held.mean(axis=1, keepdims=True)
    centred[np.abs(centred).max(axis=1) <= ROUNDING * np.abs(held).max(axis=1)] = 0.0
    left = (centred - (centred @ basis) @ basis.T) * math.sqrt((r - 1) / (r - n_neuroids))
    explained = (left**2).sum(axis=1, keepdims=True) <= (1 - LINEAR) * (centred**2).sum(axis=1, keepdims=True)
    return np.where(whole & explained, left, np.nan)
