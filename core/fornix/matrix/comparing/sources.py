"""Where the scores that are compared come from: a store, a published matrix, or the one over the other, each as a matrix, its
cards and its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import xarray as xr

from fornix.engine.exchange import score_from
from fornix.engine.plan import plan
from fornix.errors import FornixError
from fornix.interfaces.score import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.comparing.children import MissingCells
from fornix.matrix.comparing.measured import ScoreOf
from fornix.matrix.comparing.ranking import ranks
from fornix.matrix.given import given_names
from fornix.matrix.snapshots.overlay import laid_over
from fornix.matrix.snapshots.part import Part
from fornix.matrix.snapshots.pulling import open_snapshot, pull
from fornix.matrix.snapshots.scores import registry_of, score_of
from fornix.registry.discovery import Registry
from fornix.store.interface import Store

#: The attribute of a matrix that says which snapshot it was pulled from (:func:`fornix.pull`, :func:`fornix.overlay`).
SNAPSHOT: Final = "snapshot"


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

    def ranked(self, missing: MissingCells | str = MissingCells.COMPLETE) -> xr.Dataset:
        """The matrix with the variables of :func:`fornix.matrix.comparing.ranking.ranks`, among the models in it."""
        return self.matrix.assign(ranks(self.matrix, self.score_of, self.registry, missing=missing).data_vars)


def of_store(
    registry: Registry, store: Store, models: Sequence[str] | None, benchmarks: Sequence[str] | None = None, *, seed: int = 0
) -> Source:
    """What a store holds of these models and benchmarks, None: all, as their plugins are now.

    Raises
    ------
    UsageError
        If a name is unknown.
    """
    return of_assembled(assemble(registry, plan(registry, store, models, benchmarks, seed=seed)), registry, store)


def of_snapshot(
    place: str | Path,
    version: str,
    models: Sequence[str] | None,
    benchmarks: Sequence[str] | None = None,
    *,
    units: bool = True,
) -> Source:
    """What is published of these models and benchmarks, None: all; ``units`` as :func:`of_published` takes it.

    Raises
    ------
    SnapshotError
        If the snapshot cannot be had, or lacks one of them.
    """
    return of_published(pull(place, version, models, benchmarks), units=units)


def of_overlay(
    place: str | Path,
    version: str,
    store: Store,
    own: Registry,
    models: Sequence[str] | None,
    benchmarks: Sequence[str] | None = None,
    *,
    units: bool = True,
    ranks: bool = True,
    seed: int = 0,
) -> Source:
    """These models and benchmarks of what is published with the results of a store laid over it (:func:`fornix.overlay`).

    Parameters
    ----------
    own : Registry
        The plugins that are here.
    models, benchmarks : sequence of str, optional
        As they are called in the overlay; None: all.
    units, ranks, seed
        As :func:`of_published` and :func:`fornix.overlay` take them.

    Raises
    ------
    SnapshotError, StoreError
        If snapshot or store cannot be had, or neither has one of them.
    """
    snapshot = open_snapshot(place, version)
    part = Part(given_names("models", models), given_names("benchmarks", benchmarks))
    return of_published(laid_over(snapshot, snapshot.matrix(), store, own, part, ranks=ranks, seed=seed), units=units)


def of_published(matrix: xr.Dataset, *, units: bool = True) -> Source:
    """A matrix that was pulled, or pulled with local cells over it: by its own cards, whatever is installed here.

    Parameters
    ----------
    units : bool
        False: scores may lack the values of single units, and the files of a snapshot that hold them are not fetched.
    """
    return Source(matrix, score_of(matrix, units=units), registry_of(matrix))


def of_assembled(matrix: xr.Dataset, registry: Registry, store: Store) -> Source:
    """A matrix that was assembled from a store, by these cards."""
    return Source(matrix, _in_store(matrix, store), registry)


def _in_store(matrix: xr.Dataset, store: Store) -> ScoreOf:
    """The whole scores of a matrix that was assembled from a store."""
    keys = matrix["key"]

    def stored(model: str, leaf: str) -> Score:
        key = str(keys.sel(model=model, benchmark=leaf).item())
        cell = store.cell(key) if key else None
        if cell is None:
            raise FornixError("it has no result in the store")
        return score_from(cell.scalars, store.units(key))

    return stored
