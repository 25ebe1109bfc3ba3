"""Where the scores that are compared come from: a store or a published matrix, each as a matrix, its cards and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import xarray as xr

from fornix.engine.exchange import score_from
from fornix.engine.plan import plan
from fornix.errors import FornixError, UsageError
from fornix.interfaces.score import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.comparing.measured import ScoreOf
from fornix.matrix.snapshots.arrays import read_score
from fornix.matrix.snapshots.pulling import open_snapshot
from fornix.registry.discovery import Registry
from fornix.store.interface import Store
from fornix.store.places import open_store

#: The attributes of a matrix that say where it is from (:func:`fornix.pull`, :func:`fornix.overlay`).
SNAPSHOT, STORE = "snapshot", "store"


@dataclass(frozen=True, eq=False)
class Source:
    """A matrix with what is needed to compare its models.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
    score_of : function (model, leaf) -> Score
    registry : Registry
        The cards of its benchmarks, and of what they use.
    """

    matrix: xr.Dataset
    score_of: ScoreOf
    registry: Registry


def of_store(
    registry: Registry, store: Store, models: Sequence[str] | None, benchmarks: Sequence[str] | None = None, *, seed: int = 0
) -> Source:
    """What a store holds of these models and benchmarks, None: all, as their plugins are now.

    Raises
    ------
    UsageError
        If a name is unknown.
    """
    matrix = assemble(registry, store, plan(registry, store, models, benchmarks, seed=seed))
    return Source(matrix, _in_store(matrix, store), registry)


def of_snapshot(place: str, version: str, models: Sequence[str] | None, benchmarks: Sequence[str] | None = None) -> Source:
    """What is published of these models and benchmarks, None: all.

    Raises
    ------
    SnapshotError
        If the snapshot cannot be had, or lacks one of them.
    """
    snapshot = open_snapshot(place, version)
    return Source(snapshot.matrix(models, benchmarks), partial(read_score, snapshot.file), snapshot.registry)


def of_matrix(matrix: xr.Dataset, registry: Registry, store: Store | None = None) -> Source:
    """A matrix at hand: pulled, pulled with local cells over it, or assembled from a store.

    Parameters
    ----------
    registry : Registry
        The cards of this machine, for benchmarks that no snapshot has.
    store : Store, optional
        Which the matrix was assembled from, where it does not say so.

    Raises
    ------
    UsageError
        If the matrix does not say where its scores are.
    """
    if store is None and STORE in matrix.attrs:
        store = open_store(matrix.attrs[STORE], read_only=True)
    if SNAPSHOT not in matrix.attrs:
        if store is None:
            raise UsageError(
                "this matrix does not say where its scores are: give the store that it was assembled from (store=...)"
            )
        return Source(matrix, _in_store(matrix, store), registry)
    snapshot = open_snapshot(matrix.attrs[SNAPSHOT], matrix.attrs["version"])
    local = _in_store(matrix, store) if store is not None and "origin" in matrix else None

    def score_of(model: str, leaf: str) -> Score:
        if local is not None and matrix["origin"].sel(model=model, benchmark=leaf).item() == "local":
            return local(model, leaf)
        return read_score(snapshot.file, model, leaf)

    return Source(matrix, score_of, snapshot.registry if local is None else _joined(snapshot.registry, registry))


def _in_store(matrix: xr.Dataset, store: Store) -> ScoreOf:
    """The whole scores of a matrix that was assembled from a store."""
    keys = matrix["key"]

    def score_of(model: str, leaf: str) -> Score:
        key = str(keys.sel(model=model, benchmark=leaf).item())
        cell = store.cell(key) if key else None
        if cell is None:
            raise FornixError("it has no result in the store")
        return score_from(cell.scalars, store.units(key))

    return score_of


def _joined(published: Registry, own: Registry) -> Registry:
    """The cards of a snapshot, and of one's own those that it lacks; aliases might clash, and name no row or column."""
    there = {(card.kind, card.identifier.casefold()): card for card in [*own.cards(), *published.cards()]}
    return Registry.of_cards(replace(card, aliases={}) for card in there.values())
