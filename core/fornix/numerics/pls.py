"""Partial least squares with several targets (PLS2), exact, many training parts at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import linalg

from fornix.numerics.decomposition import Array, Rows, Source

#: A component whose squared covariance is this far below the first one's is rounding: the source has no more.
EXHAUSTED = 1e-12
#: The cross-products are formed anew when their largest eigenvalue has fallen this far: updating them costs digits.
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
    iteration of Wold's NIPALS run to its limit); scores ``t = Xw``; X and Y are deflated by t. Only inner products
    ``K = XX'`` are needed (Lindgren, Geladi, Wold 1993): ``t ~ K Y c`` with c the dominant eigenvector of ``Y'KY``, a
    matrix of the size of the targets, of which LAPACK computes that one. Rows weigh in inner products over stimuli as
    their part says; those that do not train are carried along, which gives their scores without coefficients.

    Parameters
    ----------
    source : Source of n rows
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
    rotation = None
    if targets.shape[1] > len(targets):
        # A rotation of the targets changes no score, so more targets than rows are worked on in n coordinates.
        rotation = np.linalg.qr(targets.T)[0]
        targets = targets @ rotation
    q, n = targets.shape[1], len(targets)
    size = max(1, int(BATCH_SIZE // (q * q + n * (n_components + 8))))
    for start in range(0, len(parts), size):
        batch = _Batch(source, targets, parts[start : start + size])
        for _ in range(n_components):
            if not batch.add_component():
                break
        for prediction in batch.predictions(wanted[start : start + size]):
            yield prediction if rotation is None else prediction @ rotation.T


@dataclass(eq=False)
class _Batch:
    """The state of PLS fits to several training parts; arrays have one column, or leading entry, for each part."""

    source: Source
    targets: Array
    parts: Sequence[TrainingPart]
    scores: list[Array] = field(default_factory=list)  # (n, parts) for each component
    loadings: list[Array] = field(default_factory=list)  # (q, parts) for each component

    def __post_init__(self) -> None:
        count = len(self.parts)
        self.weights = np.stack([part.weights for part in self.parts], axis=1)
        self.sizes = self.weights.sum(axis=0)
        self.means = np.stack([self._paired(k).T @ self.weights[:, k] / self.sizes[k] for k in range(count)], axis=1)
        centre = self.targets.mean(axis=0)
        self.centred_targets, self.means_left = self.targets - centre, self.means - centre[:, None]
        self.whole = self.source.times_products(self.centred_targets)
        self.row_sums = self.source.times_products(self.weights)
        self.products = [self._first_products(k) for k in range(count)]
        self.first = np.zeros(count)
        self.reference = np.zeros(count)

    def _paired(self, k: int) -> Array:
        paired = self.parts[k].paired
        return self.targets if paired is None else self.targets[paired]

    def _targets_times(self, c: Array) -> Array:
        """``Y c`` for each part, centred: (n, parts) from c (q, parts)."""
        product = self.targets @ c
        for k, part in enumerate(self.parts):
            if part.paired is not None:
                product[:, k] = product[part.paired, k]
        return np.asarray(product - (self.means * c).sum(axis=0))

    def _times_targets(self, t: Array) -> Array:
        """``Y' t`` (q, parts) from t (n, parts) that sums to 0, weights included."""
        if any(part.paired is not None for part in self.parts):
            t = t.copy()
            for k, part in enumerate(self.parts):
                if part.paired is not None:
                    column = np.zeros(len(t))
                    np.add.at(column, part.paired, t[:, k])
                    t[:, k] = column
        return np.asarray(self.targets.T @ t)

    def _without_scores(self, t: Array) -> Array:
        """Columns t less their weighted projections on the scores so far; for all rows."""
        for previous in self.scores:
            t = t - previous * (previous * self.weights * t).sum(axis=0)
        return t

    def _times_gram(self, t: Array) -> Array:
        product = self.source.times_products(t)
        return np.asarray(product - (product * self.weights).sum(axis=0) / self.sizes)

    def _first_products(self, k: int) -> Array:
        """``Y'KY`` (q, q) of part k before deflation: from that of all rows, less what some rows do not weigh."""
        if self.parts[k].paired is not None:
            return self._cross_products(k)
        weights = self.weights[:, k : k + 1]
        light = np.flatnonzero(weights < 1)
        product = self.whole - self.source.times_products((1 - weights[light]) * self.centred_targets[light], light)
        product -= np.outer(self.row_sums[:, k], self.means_left[:, k])
        return np.asarray((weights * (self.centred_targets - self.means_left[:, k])).T @ product)

    def _cross_products(self, k: int) -> Array:
        """``Y'KY`` (q, q) of part k from the deflated targets themselves."""
        weights = self.weights[:, k]
        y = weights[:, None] * (self._paired(k) - self.means[:, k])
        for t in self.scores:
            y = y - np.outer(weights * t[:, k], t[:, k] @ y)
        return np.asarray(y.T @ self.source.times_products(y))

    def add_component(self) -> bool:
        """Extract one component in each part; False where no part has one left."""
        q, count = self.means.shape
        directions = np.zeros((q, count))
        for k in range(count):
            value, vector = self._dominant(k)
            if value < REFRESH * self.reference[k]:
                self.products[k] = self._cross_products(k)
                value, vector = self._dominant(k)
                self.reference[k] = value
            self.first[k] = max(self.first[k], value)
            self.reference[k] = max(self.reference[k], value)
            if value > EXHAUSTED * self.first[k]:
                directions[:, k] = vector
        if not directions.any():
            return False
        u = self._without_scores(self._targets_times(directions)) * self.weights
        t = self._without_scores(self._without_scores(self._times_gram(u)))
        length = np.sqrt((t * t * self.weights).sum(axis=0))
        t = t / np.where(length > 0, length, 1.0)
        trained = t * self.weights
        product = self._without_scores(self._times_gram(trained))
        loading = self._times_targets(trained)
        change = self._times_targets(product * self.weights)
        curvature = (trained * product).sum(axis=0)
        for k in range(count):
            b, v = loading[:, k], change[:, k]
            self.products[k] += curvature[k] * np.outer(b, b) - np.outer(b, v) - np.outer(v, b)
        self.scores.append(t)
        self.loadings.append(loading)
        return True

    def _dominant(self, k: int) -> tuple[float, Array]:
        last = self.means.shape[0] - 1
        values, vectors = linalg.eigh(self.products[k], subset_by_index=[last, last], check_finite=False)
        return float(values[0]), vectors[:, 0]

    def predictions(self, wanted: Sequence[Rows]) -> Iterator[Array]:
        for k, rows in enumerate(wanted):
            prediction = np.tile(self.means[:, k], (len(rows), 1))
            for t, loading in zip(self.scores, self.loadings, strict=True):
                prediction += np.outer(t[rows, k], loading[:, k])
            yield prediction
