"""What a bootstrap over neuroids finds too much of in differences of medians, which jump between the neuroids in the middle.

The bootstrap finds too much: 1.1 to 1.6 times the variance that the difference of two medians of 20 to 150 normal values has, the
more the closer the two agree. What is linear in how often each neuroid was drawn is the error of the bagged difference, by the
infinitesimal jackknife (Efron 2014, J Am Stat Assoc 109:991), and too little of it, as bagging takes jumps away: 1.0 times where
the two hardly agree, 0.3 times where they hardly differ. Their mean is right to a seventh but for 20 values that hardly differ,
where it is 0.75 times. So half of what is not linear is taken off. Means over neuroids are linear, and lose nothing.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fornix.numerics.uncertainty.draws import neuroid_draws

Array = NDArray[np.float64]

#: The part of the variance of what is not linear that is taken off.
TAKEN_OFF: Final = 0.5
#: Of the variance of a score itself at least this part is linear, unless its replicates come from other draws.
LINEAR: Final = 0.5


def jumps(values: Array, n_neuroids: int) -> Array | None:
    """What is not linear in how often each neuroid was drawn.

    Parameters
    ----------
    values : (m, r)
        Replicates of m scores, by the draws of :func:`fornix.numerics.uncertainty.draws.neuroid_draws`.
    n_neuroids : int

    Returns
    -------
    (m, r) or None
        Residuals of a linear fit, scaled so that ``sum(residual^2)/(r - 1)`` is their variance. None where it cannot be told: of
        too few draws, of replicates without a value, or of other draws, whose neuroids do not explain the scores.
    """
    r = values.shape[1]
    if r < 2 * n_neuroids or not np.isfinite(values).all():
        return None
    draws = neuroid_draws(np.arange(n_neuroids), r)
    times = np.stack([np.bincount(draw, minlength=n_neuroids) for draw in draws]).astype(np.float64)
    # Each row sums to the number of neuroids: the last column follows from the others.
    basis, _ = np.linalg.qr((times - times.mean(axis=0))[:, :-1])
    centred = values - values.mean(axis=1, keepdims=True)
    left = (centred - (centred @ basis) @ basis.T) * math.sqrt((r - 1) / (r - n_neuroids))
    if ((left**2).sum(axis=1) > (1 - LINEAR) * (centred**2).sum(axis=1)).any():
        return None
    return np.asarray(left)
