"""Partial least squares with several targets (PLS2), exact, many training parts at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from fornix.numerics.backends import AnyArray, beside, largest_eigenvectors, to_numpy, zeros
from fornix.numerics.linear.decomposition import Array, Rows, Source

#: A component whose squared covariance is this far below the first one's is rounding: the source has no more.
EXHAUSTED = 1e-24
#: The squared covariances are formed anew when the largest has fallen this far: updating them costs digits.
REFRESH = 1e-5
#: Training parts worked on at once hold about this many numbers.
BATCH_SIZE = 20_000_000


@dataclass(frozen=True, eq=False)
class TrainingPart:
    """One fit: how much each row of the source weighs, and the target row that it is paired with.

    Parameters
    ----------
    weights : (n,)
        0 for a row that does not train, else up to 1.
    paired : (n,) int, optional
        By default row i of the source goes with row i of the targets.
    """

    weights: Array
    paired: Rows | None = None


def pls_predictions(
    source: Source, targets: Array, parts: Sequence[TrainingPart], wanted: Sequence[Rows], n_components: int
) -> Iterator[Array]:
    """Predictions of PLS2 regression (unscaled) fitted to each training part.

    Component k has the weights ``w = argmax |Y'Xw|, |w| = 1``: the dominant left singular vector of X'Y (the power
    iteration of Wold's NIPALS run to its limit); scores ``t = Xw``; X and Y are deflated by t. As in the improved kernel
    algorithm of Dayal and MacGregor (1997, J. Chemometrics 11:73), X'Y is formed once and X never deflated: the weights are
    turned into r such that ``t = Xr`` of X as it was. The dominant direction comes from an eigenvector of ``(X'Y)'X'Y``, a
    matrix of the size of the targets, of which LAPACK computes that one. Rows weigh in inner products over stimuli as
    their part says. All is computed in the library and on the device of the source.

    Parameters
    ----------
    source : Source of n rows
        A rotation of the features changes nothing, so inner products do as well.
    targets : (n, q)
    parts : sequence of TrainingPart
    wanted : sequence of (k,) int
        The rows of the source to predict, for each part.
    n_components : int
        A source of lower rank gives as many components as it has.

    Yields
    ------
    (k, q)
    """
    coordinates = source.rough_coordinates()
    y, rotation = beside(targets, coordinates), None
    if targets.shape[1] > len(targets):
        # A rotation of the targets changes no score, so more targets than rows are worked on in n coordinates.
        rotation = array_namespace(y).linalg.qr(y.T)[0]
        y = y @ rotation
    # In a unit of about their largest, a power of two that changes no digit: eigenvalues hold eighth powers of these numbers.
    features, _ = _in_own_unit(coordinates)
    y, unit = _in_own_unit(y)
    (n, p), q = features.shape, y.shape[1]
    n_components = min(n_components, p)
    size = max(1, BATCH_SIZE // (q * (p + q) + n_components * (2 * p + q) + 2 * n))
    for start in range(0, len(parts), size):
        batch = _Batch(features, y, parts[start : start + size], n_components)
        for k, rows in enumerate(wanted[start : start + size]):
            prediction = batch.prediction(k, rows) * unit
            yield to_numpy(prediction if rotation is None else prediction @ rotation.T)


def _in_own_unit(values: AnyArray) -> tuple[AnyArray, float]:
    """Values divided by the power of two next to the largest, and that power."""
    xp = array_namespace(values)
    largest = float(xp.max(xp.abs(values))) if all(values.shape) else 0.0
    unit = math.ldexp(1.0, math.frexp(largest)[1])
    return values / unit, unit


class _Batch:
    """PLS fits to several training parts. Arrays have one leading entry for each part, so that vectors are rows.

    Attributes
    ----------
    feature_means, target_means : (parts, p), (parts, q)
        Over the training rows, as they weigh.
    covariances : (parts, p, q)
        ``X'Y``, never deflated.
    squares : (parts, q, q)
        ``(X'Y)'X'Y``, deflated by the components so far.
    directions : (parts, components, p)
        r, such that the scores ``t = Xr`` have length 1.
    loadings, target_loadings : (parts, components, p), (parts, components, q)
        ``X't`` and ``Y't``, whose products deflation takes from ``X'Y``.
    """

    def __init__(self, features: AnyArray, targets: AnyArray, parts: Sequence[TrainingPart], n_components: int) -> None:
        xp = array_namespace(features)
        self.features = features
        self.weights = beside(np.stack([part.weights for part in parts]), features)
        self.feature_means = self.weights @ features / xp.sum(self.weights, axis=1, keepdims=True)
        # A mean shared by all rows changes no covariance, but costs digits.
        centre = xp.mean(targets, axis=0)
        self.covariances, means = _covariances(features, targets - centre, parts)
        self.target_means = means + centre
        self.squares = self.covariances.mT @ self.covariances
        count, p, q = self.covariances.shape
        self.first, self.reference = np.zeros((2, count))
        self.directions, self.loadings = zeros((2, count, n_components, p), features)
        self.target_loadings = zeros((count, n_components, q), features)
        for component in range(n_components):
            if not self._add(component):
                break

    def prediction(self, k: int, rows: Rows) -> AnyArray:
        """What part k predicts, (m, q), of rows of the source."""
        scores = (self.features[rows] - self.feature_means[k]) @ self.directions[k].T
        return self.target_means[k] + scores @ self.target_loadings[k]

    def _add(self, component: int) -> bool:
        """Extract one component of each part; False where no part has one left."""
        dominant, left = self._dominant()
        if not left.any():
            return False
        xp = array_namespace(dominant)
        past = self.directions[:, :component], self.loadings[:, :component], self.target_loadings[:, :component]
        directions, loadings, target_loadings = past
        w = _times(self.covariances, dominant) - _sum(_times(target_loadings, dominant), loadings)
        r = w - _sum(_times(loadings, w), directions)
        r -= _sum(_times(loadings, r), directions)
        t = r @ self.features.T - xp.sum(r * self.feature_means, axis=1, keepdims=True)
        length = xp.sqrt(xp.sum(t * t * self.weights, axis=1, keepdims=True))
        length[length == 0] = 1.0
        r, t = r / length, t / length
        loading, target_loading = (t * self.weights) @ self.features, _sum(r, self.covariances)
        change = _sum(loading, self.covariances) - _sum(_times(loadings, loading), target_loadings)
        change -= xp.sum(loading * loading, axis=1, keepdims=True) / 2 * target_loading
        twofold = change[:, :, None] * target_loading[:, None, :]
        self.squares -= twofold + twofold.mT
        self.directions[:, component], self.loadings[:, component] = r, loading
        self.target_loadings[:, component] = target_loading
        return True

    def _dominant(self) -> tuple[AnyArray, NDArray[np.bool_]]:
        """The direction in the targets of each part's next component, (parts, q), and which parts have one left; else it is 0."""
        values, vectors = largest_eigenvectors(self.squares)
        fallen = np.flatnonzero(values < REFRESH * self.reference)
        if len(fallen):
            for k in fallen.tolist():
                deflated = self.covariances[k] - self.loadings[k].T @ self.target_loadings[k]
                self.squares[k] = deflated.T @ deflated
            values[fallen], vectors[fallen] = largest_eigenvectors(self.squares[fallen])
            self.reference[fallen] = values[fallen]
        self.first, self.reference = np.maximum(self.first, values), np.maximum(self.reference, values)
        left = values > EXHAUSTED * self.first
        vectors[np.flatnonzero(~left)] = 0.0
        return vectors, left


def _covariances(features: AnyArray, targets: AnyArray, parts: Sequence[TrainingPart]) -> tuple[AnyArray, AnyArray]:
    """``X'Y`` (parts, p, q) and the means of Y (parts, q), over the rows of each part as they weigh, the mean of Y removed.

    A part's products are those of a part already known, of all rows, or of none, and what the rows add that weigh
    something else.
    """
    n, p = features.shape
    covariances = zeros((len(parts), p, targets.shape[1]), features)
    means = zeros((len(parts), targets.shape[1]), features)
    known: dict[int, list[tuple[Array, AnyArray]]] = {}  # for each pairing: weights, products
    for k, part in enumerate(parts):
        y = targets if part.paired is None else targets[part.paired]
        if id(part.paired) not in known:
            known[id(part.paired)] = [(np.zeros(n), zeros(covariances[k].shape, features)), (np.ones(n), features.T @ y)]
        references = known[id(part.paired)]
        differing = [np.flatnonzero(part.weights != weights) for weights, _ in references]
        nearest = min(range(len(references)), key=lambda i: len(differing[i]))
        (weights, products), rows = references[nearest], differing[nearest]
        added = beside((part.weights - weights)[rows, None], features)
        products = products + features[rows].T @ (added * y[rows])
        if nearest < 2:
            references[2:] = [(part.weights, products)]
        own = beside(part.weights, features)
        means[k] = own @ y / part.weights.sum()
        covariances[k] = products - (own @ features)[:, None] * means[k]
    return covariances, means


def _times(matrices: AnyArray, vectors: AnyArray) -> AnyArray:
    """The product of each matrix (parts, a, b) and its vector (parts, b)."""
    return (matrices @ vectors[:, :, None])[:, :, 0]


def _sum(coefficients: AnyArray, rows: AnyArray) -> AnyArray:
    """The sum (parts, b) of the rows (parts, a, b) of each part, times coefficients (parts, a)."""
    return (coefficients[:, None, :] @ rows)[:, 0, :]
