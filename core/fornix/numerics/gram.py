"""Inner products between stimuli, accumulated over blocks of features."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fornix.interfaces import Gram


class GramAccumulator:
    """A Gram made from blocks of features, in float64: memory O(n^2 + block), whatever the number of features.

    Each block is centred by its mean over the n rows before its products are summed. With X the features of all blocks
    side by side and m their means, the result holds ``(X - m)(X - m)'``, ``a = (X - m) m``, ``m.m`` and ``X 1``.

    Parameters
    ----------
    n : int
        Number of stimuli.
    """

    def __init__(self, n: int) -> None:
        self._products = np.zeros((n, n))
        self._mean_products = np.zeros(n)
        self._mean_square = 0.0
        self._row_sums = np.zeros(n)
        self._n_features = 0

    def add(self, block: ArrayLike) -> None:
        """Add further features, (n, width)."""
        features: NDArray[np.float64] = np.array(block, dtype=np.float64)
        mean = features.mean(axis=0)
        self._row_sums += features.sum(axis=1)
        features -= mean
        self._products += features @ features.T
        self._mean_products += features @ mean
        self._mean_square += float(mean @ mean)
        self._n_features += features.shape[1]

    def gram(self, stimulus_id: NDArray[np.str_]) -> Gram:
        """The Gram of everything added so far."""
        return Gram(
            products=self._products,
            mean_products=self._mean_products,
            mean_square=self._mean_square,
            row_sums=self._row_sums,
            n_features=self._n_features,
            stimulus_id=stimulus_id,
        )
