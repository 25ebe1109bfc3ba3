"""Crossnobis distances between stimuli: squared Mahalanobis distances without the bias that noise gives them."""

from __future__ import annotations

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly
from fornix.numerics.backends import AnyArray, beside, to_numpy

Array = NDArray[np.float64]


def repeated_responses(assembly: xr.DataArray, what: str = "the target") -> tuple[NDArray[np.str_], Array]:
    """The sorted stimuli (n,) and their responses (repetitions, n, neuroids).

    Parameters
    ----------
    assembly : DataArray, dims (presentation, neuroid)
        With the coordinates ``stimulus_id`` and ``repetition`` on presentation.

    Raises
    ------
    AssemblyError
        If there is no repetition, only one, or a stimulus is not shown once in each.
    """
    check_assembly(assembly, dims=("presentation", "neuroid"), finite=True, what=what)
    for name in ("stimulus_id", "repetition"):
        if name not in assembly.coords or assembly[name].dims != ("presentation",):
            raise AssemblyError(f"{what} has no coordinate {name!r} on presentation, which crossnobis distances need")
    stimuli, row = np.unique(np.asarray(assembly["stimulus_id"].values, dtype=np.str_), return_inverse=True)
    repetitions, turn = np.unique(assembly["repetition"].values, return_inverse=True)
    if len(repetitions) < 2:
        raise AssemblyError(f"{what} has one repetition only; crossnobis distances compare repetitions, so at least 2 are needed")
    shown = np.bincount(turn.reshape(-1) * len(stimuli) + row.reshape(-1), minlength=len(repetitions) * len(stimuli))
    if (shown != 1).any():
        k = int(np.flatnonzero(shown != 1)[0])
        raise AssemblyError(
            f"{what} has stimulus {str(stimuli[k % len(stimuli)])!r} {shown[k]} times in repetition "
            f"{repetitions[k // len(stimuli)]!s}; crossnobis distances need each stimulus once in each repetition"
        )
    values = np.asarray(assembly.values, dtype=np.float64)[np.lexsort((row.reshape(-1), turn.reshape(-1)))]
    return np.asarray(stimuli), values.reshape(len(repetitions), len(stimuli), -1)


def noise_covariance(responses: AnyArray) -> AnyArray:
    """Covariance (p, p) of the noise of neuroids, from repetitions, shrunk towards its diagonal.

    Residuals from each stimulus's mean are pooled, with ``n (repetitions - 1)`` degrees of freedom. Covariances are
    multiplied by ``1 - l``, where l, between 0 and 1, is the sum of the estimated variances of the correlations over the
    sum of their squares (Schaefer and Strimmer 2005, Stat Appl Genet Mol Biol 4:32), counted as rsatoolbox counts it: the m
    residual rows stand for m - 1 degrees of freedom where products are averaged.

    Parameters
    ----------
    responses : (repetitions, n, p)

    Raises
    ------
    AssemblyError
        If a neuroid has no noise: its responses are the same in all repetitions.
    """
    n_repetitions, n, p = responses.shape
    residuals = (responses - responses.mean(axis=0)).reshape(-1, p)
    rows, freedom = len(residuals), n * (n_repetitions - 1)
    products = residuals.T @ residuals
    variance = products.diagonal() / freedom
    silent = to_numpy(~(variance > 1e-20 * (responses * responses).mean(axis=(0, 1))))
    if silent.any():
        first = int(np.flatnonzero(silent)[0])
        raise AssemblyError(
            f"{silent.sum()} neuroids (the first is number {first}) respond alike in all repetitions, so they "
            "have no noise to divide by; leave them out, or use another distance"
        )
    deviation = variance**0.5
    squares = (residuals / deviation) ** 2
    mean_products = products / (deviation[:, None] * deviation) / (rows - 1)
    mean_squares = squares.T @ squares / (rows - 1)
    off = np.nonzero(~np.eye(p, dtype=bool))
    of_correlations = rows / freedom**2 * float((mean_squares - mean_products**2)[off].sum())
    shared = float((mean_products[off] ** 2).sum())
    shrinkage = float(np.clip(of_correlations / shared, 0, 1)) if shared > 0 else 1.0
    factors = np.full((p, p), 1 - shrinkage)
    np.fill_diagonal(factors, 1.0)
    return products / freedom * beside(factors, products)


def crossnobis_distances(responses: AnyArray) -> AnyArray:
    """Crossnobis distances (n, n), divided by the number of neuroids; below 0 where noise has it so (Walther et al. 2016).

    For each repetition k, ``(m_i - m_j)' C^-1 (x_i - x_j) / p`` with x the responses of that repetition, m the mean of the
    others and C the :func:`noise_covariance`; then the mean over k. Their expectation is 0 for stimuli that do not differ
    (NeuroImage 137:188).

    Parameters
    ----------
    responses : (repetitions, n, p)
    """
    n_repetitions, n, p = responses.shape
    # C^-1 = A'A with A the inverse of a triangular root of C: responses times A' have noise of covariance 1.
    linalg = array_namespace(responses).linalg
    root = linalg.cholesky(noise_covariance(responses))
    white = linalg.solve(root, responses.reshape(-1, p).T).T.reshape(n_repetitions, n, p)
    white = white - white.mean(axis=(0, 1))
    total = white.sum(axis=0)
    # Products of different repetitions: all products less those of a repetition with itself.
    crossed = total @ total.T - sum(repetition @ repetition.T for repetition in white)
    crossed /= n_repetitions * (n_repetitions - 1) * p
    own = crossed.diagonal()
    return own[:, None] + own[None, :] - 2 * crossed
