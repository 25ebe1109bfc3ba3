"""The array libraries that solvers run on: NumPy, or torch on any of its devices.

Functions go by the arrays they are given (the array API standard, through array-api-compat); nothing is set for a whole process.
Metrics take their arrays to the device that the environment names. What else is here is what the standard has no name for.
Everything is float64 in both. On one machine they agree to about 1e-12 of the largest number in a result times the condition
number of what is solved; the tests hold predictions to 1e-9.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from array_api_compat import array_namespace, device, is_torch_array
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from scipy.linalg import lapack

from fornix.errors import UsageError

#: An array of either library, float64.
AnyArray: TypeAlias = Any


def scoring_device() -> str:
    """The device that metrics are to compute on: the environment variable ``FORNIX_SCORING_DEVICE``, by default ``"numpy"``."""
    return os.environ.get("FORNIX_SCORING_DEVICE", "numpy")


def on_device(values: ArrayLike, name: str = "numpy") -> AnyArray:
    """Values as float64 in the library of a device.

    Parameters
    ----------
    values : array_like
    name : str
        ``"numpy"``, or a device as torch names them: ``"cpu"``, ``"cuda"``, ``"cuda:1"``.

    Raises
    ------
    UsageError
        If torch is not installed or does not have the device.
    """
    array = np.asarray(values, dtype=np.float64)
    if name == "numpy":
        return array
    try:
        import torch
    except ImportError:
        raise UsageError(f"the device {name!r} needs torch: pip install 'fornix[torch]', or take the device 'numpy'") from None
    try:
        # A copy: the caller's numbers are not the tensor's to change.
        return torch.tensor(array, device=name)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"torch cannot use the device {name!r}: {str(error).splitlines()[0]}") from None


def to_numpy(array: AnyArray) -> NDArray[np.float64]:
    """An array of either library as a NumPy array; shares its memory where it lies on the CPU."""
    return np.asarray(array.cpu() if is_torch_array(array) else array)


def beside(values: ArrayLike, other: AnyArray) -> AnyArray:
    """Values as float64 in the library and on the device of another array; their own memory where that can be."""
    return array_namespace(other).asarray(np.asarray(values, dtype=np.float64), device=device(other))


def zeros(shape: Sequence[int], like: AnyArray) -> AnyArray:
    """Zeros in the library and on the device of another array."""
    return array_namespace(like).zeros(tuple(shape), dtype=like.dtype, device=device(like))


def inner(a: AnyArray, b: AnyArray) -> float:
    """The sum of the products of all entries of two arrays of one shape."""
    return float(a.reshape(-1) @ b.reshape(-1))


def largest_eigenvectors(matrices: AnyArray) -> tuple[NDArray[np.float64], AnyArray]:
    """The largest eigenvalue of each symmetric matrix (k, n, n), as NumPy's (k,), and its eigenvector (k, n).

    LAPACK computes that vector alone, matrix by matrix; torch has all or none, and takes all matrices at once.
    """
    if is_torch_array(matrices):
        every, vectors = array_namespace(matrices).linalg.eigh(matrices)
        return to_numpy(every[:, -1]), vectors[:, :, -1]
    last = matrices.shape[1] - 1
    found = [linalg.eigh(matrix, subset_by_index=[last, last], check_finite=False) for matrix in matrices]
    return np.array([values[0] for values, _ in found]), np.stack([vectors[:, 0] for _, vectors in found])


def cholesky(matrix: AnyArray) -> AnyArray | None:
    """The lower factor L (n, n) of ``matrix = L L'``; None where the matrix is not positive definite."""
    xp = array_namespace(matrix)
    if is_torch_array(matrix):
        lower, failed = xp.linalg.cholesky_ex(matrix)
        return None if int(failed) else lower
    try:
        return xp.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return None


def solve_triangular(lower: AnyArray, right: AnyArray, transposed: bool = False) -> AnyArray:
    """``L^-1 right``, or ``L'^-1 right``, for a lower triangle L (n, n) and right (n, k)."""
    if is_torch_array(lower):
        return array_namespace(lower).linalg.solve_triangular(lower.mT if transposed else lower, right, upper=transposed)
    return linalg.solve_triangular(lower, right, trans=int(transposed), lower=True, check_finite=False)


def cholesky_solve(lower: AnyArray, right: AnyArray) -> AnyArray:
    """``(L L')^-1 right`` (n, k)."""
    return solve_triangular(lower, solve_triangular(lower, right), transposed=True)


def cholesky_inverse(lower: AnyArray) -> AnyArray:
    """``(L L')^-1`` (n, n)."""
    if is_torch_array(lower):
        return lower.cholesky_inverse()
    # The transpose is the same matrix as LAPACK stores it, which gives one triangle of the inverse back.
    inverse, _ = lapack.dpotri(lower.T, lower=0)
    triangle = inverse.T
    return triangle + np.tril(triangle, -1).T


def inverse_trace(lower: AnyArray) -> float:
    """The trace of ``(L L')^-1``: at least its largest eigenvalue, at most n times that."""
    inverse = solve_triangular(lower, identity(lower.shape[0], lower))
    return float(array_namespace(inverse).sum(inverse * inverse))


def identity(n: int, like: AnyArray) -> AnyArray:
    """The identity matrix (n, n) in the library and on the device of another array."""
    return array_namespace(like).eye(n, dtype=like.dtype, device=device(like))
