"""Values of pairs of stimuli: as a symmetric matrix (n, n), or as a row of what is above its diagonal, row by row."""

from __future__ import annotations

import math

from array_api_compat import array_namespace, device, is_torch_array
from scipy.spatial.distance import squareform

from fornix.numerics.backends import AnyArray, zeros


def of_pairs(matrix: AnyArray) -> AnyArray:
    """The values (n (n - 1)/2,) above the diagonal of a matrix (n, n)."""
    return matrix[_above_diagonal(len(matrix), matrix)] if is_torch_array(matrix) else squareform(matrix, checks=False)


def matrix_of(pairs: AnyArray) -> AnyArray:
    """The symmetric matrix (n, n) of values (n (n - 1)/2,), with a diagonal of 0."""
    if not is_torch_array(pairs):
        return squareform(pairs, checks=False)
    n = (1 + math.isqrt(1 + 8 * len(pairs))) // 2
    matrix = zeros((n, n), pairs)
    matrix[_above_diagonal(n, pairs)] = pairs
    return matrix + matrix.T


def _above_diagonal(n: int, like: AnyArray) -> AnyArray:
    xp = array_namespace(like)
    return xp.triu(xp.ones((n, n), dtype=xp.bool, device=device(like)), k=1)
