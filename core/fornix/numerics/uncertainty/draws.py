"""Draws with replacement, as how often each unit comes up in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def counts_drawn(n: int, n_draws: int, seed: int | np.random.Generator) -> NDArray[np.float64]:
    """How often each of n units is drawn when n are drawn with replacement.

    Parameters
    ----------
    n : int
        Units: stimuli, subjects, or groups of them.
    n_draws : int
    seed : int or Generator
        A generator is drawn from, so that draws that follow are others.

    Returns
    -------
    (n_draws, n)
    """
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=n_draws).astype(np.float64)
