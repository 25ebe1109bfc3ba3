"""Rankings of a matrix: a rank for each ranked cell, with the interval of ranks that its ties allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces.score import Normalisation
from fornix.matrix.comparing.children import MissingCells, Share, shares
from fornix.matrix.comparing.measured import SEVERAL_SCALES, ScoreOf, Side, asked, side_by_side
from fornix.numerics.comparison.bent import bent_differences, straight
from fornix.numerics.comparison.standing import different, reliability, split_half, standing
from fornix.registry.discovery import Registry

Array = NDArray[np.float64]

FLAGGED: Final = "out of rankings"
NOT_ALL_CHILDREN: Final = "it lacks some of the children"
NOT_HERE: Final = "the matrix lacks some of its leaves"
NOTHING_IN_COMMON: Final = "the models have no child in common"
NOT_PUBLISHED: Final = "the snapshot has no rank of it"


def ranks(
    matrix: xr.Dataset, score_of: ScoreOf, registry: Registry, *, missing: MissingCells | str = MissingCells.COMPLETE
) -> xr.Dataset:
    """Ranks of the models on each benchmark and parent, with intervals.

    Two models tie where the p of their paired difference is above 0.05, adjusted over all pairs of models that are ranked there
    (Benjamini and Hochberg). Models that have no rank count for nobody's.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
        Of :func:`fornix.matrix.assemble.assemble`, or pulled. Cells that are not ``ranked`` get no rank.
    score_of : function (model, leaf) -> Score
        Called once for each ranked cell of a leaf. One that raises a FornixError leaves that model without a rank there, but that
        of a place that does not answer (Away, Trouble) is raised.
    registry : Registry
        The cards of the benchmarks.
    missing : {"complete", "common"}
        Whether models lacking children of a parent have no rank on it, or all that have any are ranked on those they share.

    Returns
    -------
    Dataset with dims (model, benchmark)
        ``rank`` (1 is the best; equal values share the better rank), ``rank_low`` and ``rank_high`` (the best and the worst rank
        that ties allow), NaN where there is none; ``unranked``, why a cell with a value has no rank. On benchmark:
        ``reliability`` of what its models differ by, for new stimuli, neuroids and subjects
        (:func:`fornix.numerics.comparison.standing.reliability`); ``split_half``, how well the order on a parent would agree with
        that on as many other leaves (:func:`fornix.numerics.comparison.standing.split_half`); and ``compared_on``, the leaves
        that a parent is ranked on where these are not all of it ("; " between them).
    """
    policy = MissingCells(missing)
    found = _Ranks.of(matrix)
    open_parents = _parents(matrix, registry, policy, found)
    for leaf in matrix["benchmark"].values[matrix["leaf"].values].tolist():
        users = [parent for parent in open_parents if leaf in parent.shares]
        wanted = {model: None for parent in users for model in parent.models} | dict.fromkeys(found.ranked(leaf))
        scales = {False} | {parent.shares[leaf].raw for parent in users}
        scores = {model: asked(score_of, model, leaf, scales) for model in wanted}
        sides = {raw: side_by_side({model: of[raw] for model, of in scores.items()}) for raw in scales}
        found.fill(leaf, found.ranked(leaf), sides[False])
        for parent in users:
            parent.add(leaf, sides[parent.shares[leaf].raw])
        for parent in [parent for parent in users if parent.complete]:
            parent.finish(found)
            open_parents.remove(parent)
    return found.dataset()


def published_ranks(matrix: xr.Dataset) -> xr.Dataset:
    """The variables of :func:`ranks` as far as a snapshot has them: ranks and their intervals, among all of its models.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
        Pulled, with the variables rank, rank_low, rank_high.

    Returns
    -------
    Dataset with dims (model, benchmark)
        ``reliability`` and ``split_half``, which would take the replicates of all scores, are NaN.
    """
    found = _Ranks.of(matrix)
    found.rank, found.low, found.high = (matrix[name].values for name in ("rank", "rank_low", "rank_high"))
    found.unranked[matrix["ranked"].values & np.isnan(found.rank)] = NOT_PUBLISHED
    return found.dataset()


@dataclass
class _Ranks:
    """The ranking as it is made."""

    matrix: xr.Dataset
    rank: Array
    low: Array
    high: Array
    unranked: NDArray[np.object_]
    reliability: Array
    split_half: Array
    compared_on: list[str]

    @classmethod
    def of(cls, matrix: xr.Dataset) -> _Ranks:
        shape = matrix["ranked"].shape
        unranked = np.full(shape, "", dtype=object)
        valued = np.isfinite(matrix["value"].values) & ~matrix["ranked"].values
        flags = matrix["flags"].values[valued]
        unranked[valued] = [f"{FLAGGED}: {flag}" if flag else FLAGGED for flag in flags.tolist()]
        rank, low, high = (np.full(shape, np.nan) for _ in range(3))
        reliable, again = (np.full(shape[1], np.nan) for _ in range(2))
        return cls(matrix, rank, low, high, unranked, reliable, again, [""] * shape[1])

    def column(self, benchmark: str) -> int:
        return int(self.matrix.get_index("benchmark").get_loc(benchmark))

    def rows(self, models: Collection[str]) -> NDArray[np.int64]:
        return np.asarray(self.matrix.get_index("model").get_indexer(list(models)), dtype=np.int64)

    def ranked(self, benchmark: str) -> list[str]:
        """The models that are in rankings there."""
        return list(self.matrix["model"].values[self.matrix["ranked"].values[:, self.column(benchmark)]].tolist())

    def fill(self, leaf: str, models: Collection[str], side: Side) -> None:
        """Rank these models on a leaf."""
        of = np.array([side.models.index(model) for model in models if model in side.models], dtype=np.int64)
        block = np.ix_(of, of)
        straight_difference = bent_differences(side.straight, straight)[block]
        apart = different(straight_difference, side.pairs.variance[block], side.pairs.freedom[block])
        bent = bent_differences(side.values, straight)[block]
        self.place(leaf, [side.models[k] for k in of.tolist()], bent, apart)
        self.reliability[self.column(leaf)] = reliability(straight_difference, side.pairs.variance[block])
        for model in models:
            if model in side.left:
                self.refuse(leaf, model, side.left[model])

    def place(self, benchmark: str, models: Collection[str], difference: Array, apart: NDArray[np.bool_]) -> None:
        """Write the ranks that follow from these differences."""
        rows, column = self.rows(models), self.column(benchmark)
        for of_all, values in zip((self.rank, self.low, self.high), standing(difference, apart), strict=True):
            of_all[rows, column] = values

    def refuse(self, benchmark: str, model: str, why: str) -> None:
        self.unranked[self.rows([model])[0], self.column(benchmark)] = why

    def dataset(self) -> xr.Dataset:
        dims = ("model", "benchmark")
        return xr.Dataset(
            {
                "rank": (dims, self.rank),
                "rank_low": (dims, self.low),
                "rank_high": (dims, self.high),
                "unranked": (dims, self.unranked.astype(np.str_)),
                "reliability": ("benchmark", self.reliability),
                "split_half": ("benchmark", self.split_half),
                "compared_on": ("benchmark", np.array(self.compared_on, dtype=np.str_)),
            },
            coords={name: self.matrix[name] for name in dims},
        )


@dataclass
class _Parent:
    """A parent whose leaves come one after another: of all pairs of its models only sums are kept."""

    name: str
    shares: Mapping[str, Share]
    models: list[str]
    left: dict[str, str] = field(default_factory=dict)
    scales: set[Normalisation] = field(default_factory=set)
    done: int = 0
    by_leaf: list[Array] = field(default_factory=list)
    values: Array = field(init=False)
    variance: Array = field(init=False)
    spread: Array = field(init=False)

    def add(self, leaf: str, side: Side) -> None:
        """Add what a leaf says of the differences."""
        m, weight = len(self.models), self.shares[leaf].weight
        if not self.done:
            self.values, self.variance, self.spread = np.zeros(m), np.zeros((m, m)), np.zeros((m, m))
        self.done += 1
        at = np.array([side.models.index(model) if model in side.models else -1 for model in self.models])
        there = at >= 0
        values, variance, freedom = np.full(m, np.nan), np.full((m, m), np.nan), np.full((m, m), np.nan)
        if there.any():
            self.scales.add(side.scale)
        values[there] = side.values[at[there]]
        block, here = np.ix_(at[there], at[there]), np.ix_(there, there)
        variance[here], freedom[here] = side.variances()[block], side.pairs.freedom[block]
        self.left |= {model: f"on {leaf}, {why}" for model, why in side.left.items() if model in self.models}
        self.by_leaf.append(values)
        self.values += weight * values
        self.variance += weight**2 * variance
        self.spread += np.where(variance > 0, (weight**2 * variance) ** 2 / freedom, variance)

    @property
    def complete(self) -> bool:
        return self.done == len(self.shares)

    def finish(self, found: _Ranks) -> None:
        """Rank its models, and keep nothing; on several scales, which have no mean, none is ranked."""
        if len(self.scales) > 1:
            found.compared_on[found.column(self.name)] = ""
            for model in self.models:
                found.refuse(self.name, model, f"{SEVERAL_SCALES}: {', '.join(sorted(self.scales))}")
            return
        of = np.flatnonzero(np.isfinite(self.values))
        block = np.ix_(of, of)
        models = [self.models[k] for k in of.tolist()]
        difference, variance = bent_differences(self.values[of], straight), self.variance[block]
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = variance**2 / self.spread[block]  # Welch-Satterthwaite, over leaves
        found.place(self.name, models, difference, different(difference, variance, freedom))
        found.reliability[found.column(self.name)] = reliability(difference, variance)
        found.split_half[found.column(self.name)] = split_half(np.stack(self.by_leaf, axis=1)[of])
        for model, why in self.left.items():
            found.refuse(self.name, model, why)


def _parents(matrix: xr.Dataset, registry: Registry, policy: MissingCells, found: _Ranks) -> list[_Parent]:
    """The parents of a matrix with the leaves and the models that each is ranked on."""
    parents = []
    ranked, names = matrix["ranked"].values, matrix["model"].values
    for parent in matrix["benchmark"].values[~matrix["leaf"].values].tolist():
        card = registry.get("benchmark", parent)
        of, complete = shares(registry, card), found.ranked(parent)
        if any(leaf not in matrix["benchmark"].values for leaf in of):
            for model in complete:
                found.refuse(parent, model, NOT_HERE)
            continue
        if policy is MissingCells.COMPLETE:
            some = ranked[:, [found.column(leaf) for leaf in of]].any(axis=1) if of else np.zeros(len(names), dtype=bool)
            for model in names[some].tolist():
                if model not in complete and not found.unranked[found.rows([model])[0], found.column(parent)]:
                    found.refuse(parent, model, NOT_ALL_CHILDREN)
            models = complete
        else:
            models, of = _in_common(matrix, registry, parent, found)
        if models and of:
            parents.append(_Parent(parent, of, models))
    return parents


def _in_common(matrix: xr.Dataset, registry: Registry, parent: str, found: _Ranks) -> tuple[list[str], dict[str, Share]]:
    """The models with any ranked leaf of a parent, and the leaves that all of them have; it is noted where these are not all."""
    card = registry.get("benchmark", parent)
    every = shares(registry, card)
    columns = np.array([found.column(leaf) for leaf in every], dtype=np.int64)
    has = matrix["ranked"].values[:, columns]
    flagged = np.char.str_len(matrix["flags"].values[:, found.column(parent)]) > 0
    some = has.any(axis=1) & ~flagged
    models = matrix["model"].values[some].tolist()
    by_all = np.asarray(has[some].all(axis=0) & some.any())
    kept = [leaf for k, leaf in enumerate(every) if by_all[k]]
    if len(kept) < len(every):
        found.compared_on[found.column(parent)] = "; ".join(kept)
    if not kept:
        for model in models:
            found.refuse(parent, model, NOTHING_IN_COMMON)
        return [], {}
    return models, shares(registry, card, kept)
