"""Dissimilarities between stimuli: from responses or a Gram, and as measured, pair by pair."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import xarray as xr
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.interfaces.assembly import AssemblyError, check_assembly, check_numbers
from fornix.interfaces.responses import Gram
from fornix.numerics.backends import AnyArray, on_device
from fornix.numerics.linear.gram import correlation_distances, euclidean_distances, one_less_correlation, squared_distances
from fornix.numerics.rows import source_stimuli

Array = NDArray[np.float64]
#: The part of a row's square that is rounding, not variance, once its mean is gone: of numbers with 16 digits, and with 7.
CONSTANT_FLOAT64: Final = 1e-28
CONSTANT_FLOAT32: Final = 1e-12
Distance = Literal["correlation", "euclidean", "crossnobis"]


def dissimilarities(responses: xr.DataArray | Gram, distance: Distance = "correlation") -> xr.DataArray:
    """Dissimilarities between all pairs of stimuli.

    Parameters
    ----------
    responses : DataArray, dims (presentation, neuroid), or Gram
        One row for each stimulus.
    distance : {"correlation", "euclidean", "crossnobis"}
        ``1 - Pearson r`` across neuroids; the length of the difference; or what a crossnobis distance is of responses
        without noise, and of a noise covariance of 1: its square divided by the number of neuroids. Of repetitions see
        :func:`fornix.numerics.similarity.crossnobis.crossnobis_distances`.

    Returns
    -------
    DataArray, dims (pair,)
        Coordinates ``stimulus_a``, ``stimulus_b``: a stands before b in the rows. NaN where a stimulus's responses are
        all equal (correlation); 0 where those to two stimuli are equal up to rounding.
    """
    stimuli = source_stimuli(responses)
    matrix = distance_matrix(responses, distance)
    a, b = np.triu_indices(len(stimuli), k=1)
    return xr.DataArray(
        matrix[a, b],
        dims=("pair",),
        coords={"stimulus_a": ("pair", stimuli[a]), "stimulus_b": ("pair", stimuli[b])},
    )


def distance_matrix(responses: xr.DataArray | Gram, distance: Distance, device: str = "numpy") -> AnyArray:
    """Distances between stimuli as a matrix, for what is computed from them.

    Parameters
    ----------
    responses : DataArray, dims (presentation, neuroid), or Gram
        One row for each stimulus.
    distance : {"correlation", "euclidean", "crossnobis"}
        See :func:`dissimilarities`.
    device : str
        Where they are computed and left; see :func:`fornix.numerics.backends.on_device`.

    Returns
    -------
    (n, n)

    Raises
    ------
    AssemblyError
        If there is a single neuroid, of which no correlation can be taken.
    """
    n_features = responses.n_features if isinstance(responses, Gram) else responses.sizes["neuroid"]
    if n_features < 2 and distance == "correlation":
        raise AssemblyError("a correlation distance needs at least 2 neuroids; there is 1")
    if isinstance(responses, Gram):
        if distance == "correlation":
            return correlation_distances(responses, device)
        lengths = euclidean_distances(responses, device)
        return lengths if distance == "euclidean" else lengths**2 / n_features
    values = on_device(responses.values, device)
    xp = array_namespace(values)
    # Not by a Gram: with the means removed from the features, products have fewer digits to lose, and there is one matrix (n, n).
    if distance == "correlation":
        rows = values - values.mean(axis=1, keepdims=True)
        covariance = rows @ rows.T
        variance = xp.asarray(covariance.diagonal(), copy=True)
        squares = xp.einsum("ij,ij->i", values, values)
        constant = CONSTANT_FLOAT32 if responses.dtype.kind == "f" and responses.dtype.itemsize < 8 else CONSTANT_FLOAT64
        return one_less_correlation(covariance, squares, rounding_of=variance, constant=constant)
    mean = values.mean(axis=0)
    rows = values - mean
    squares = squared_distances(rows @ rows.T, float(mean @ mean))
    return xp.sqrt(squares, out=squares) if distance == "euclidean" else squares / n_features


def pair_stimuli(pairs: xr.DataArray, what: str, finite: bool = True) -> NDArray[np.str_]:
    """The sorted stimuli of dissimilarities, dims (..., pair), after checking that each pair occurs once.

    Parameters
    ----------
    pairs : DataArray, dims (..., pair)
        Coordinates ``stimulus_a`` and ``stimulus_b`` on pair.
    what : str
        How sentences call them.
    finite : bool
        False: NaN says that a pair has no dissimilarity.

    Raises
    ------
    AssemblyError
        If a value is NaN (unless it may be) or infinite, or a pair of the stimuli is missing or repeated.
    """
    check_numbers(check_assembly(pairs, finite=finite, what=what), what)
    if np.isinf(pairs.values).any():
        raise AssemblyError(f"{what} has {int(np.isinf(pairs.values).sum())} dissimilarities that are infinite")
    for name in ("stimulus_a", "stimulus_b"):
        if name not in pairs.coords:
            raise AssemblyError(f"{what} has no coordinate {name!r} on pair, by which pairs are matched")
    a, b = pairs["stimulus_a"].values, pairs["stimulus_b"].values
    stimuli, index = np.unique(np.concatenate([a, b]), return_inverse=True)
    first, second = index.reshape(2, -1)
    n, keys = len(stimuli), np.minimum(first, second) * len(stimuli) + np.maximum(first, second)
    if (first == second).any():
        raise AssemblyError(f"{what} pairs stimulus {str(a[first == second][0])!r} with itself")
    if len(np.unique(keys)) < len(keys):
        raise AssemblyError(f"{what} has {len(keys) - len(np.unique(keys))} pairs of stimuli more than once")
    if len(keys) < n * (n - 1) // 2:
        raise AssemblyError(f"{what} lacks {n * (n - 1) // 2 - len(keys)} of the {n * (n - 1) // 2} pairs of its {n} stimuli")
    return np.asarray(stimuli, dtype=np.str_)


def matrices_of_pairs(pairs: xr.DataArray, stimuli: NDArray[np.str_]) -> Array:
    """Dissimilarities, dims (pair,) or (subject, pair), as matrices (subjects or 1, n, n) in the order of ``stimuli``."""
    values = np.atleast_2d(np.asarray(pairs.transpose(..., "pair").values, dtype=np.float64))
    order = np.argsort(stimuli, kind="stable")
    rows = [order[np.searchsorted(stimuli[order], pairs[name].values)] for name in ("stimulus_a", "stimulus_b")]
    matrices = np.zeros((len(values), len(stimuli), len(stimuli)))
    matrices[:, rows[0], rows[1]] = values
    matrices[:, rows[1], rows[0]] = values
    return matrices
