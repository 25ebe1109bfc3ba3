"""The whole scores of a pulled matrix, and the cards that it is made by; of one with local cells over it, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from fornix.errors import FornixError, UsageError
from fornix.matrix.snapshots.pulling import Snapshot, open_snapshot
from fornix.registry.options import did_you_mean

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Score
    from fornix.registry.discovery import Registry


def snapshot_of(matrix: xr.Dataset) -> Snapshot:
    """The snapshot that a matrix was pulled from.

    Raises
    ------
    UsageError
        If it was not pulled.
    SnapshotError
        If the snapshot cannot be had any more.
    """
    place, version = matrix.attrs.get("snapshot"), matrix.attrs.get("version")
    if not (isinstance(place, str) and isinstance(version, str)):
        raise UsageError(
            "this matrix was not pulled (its attributes name no snapshot); give what fornix.pull returned, or a place"
        )
    return _opened(place, version, matrix.attrs.get("manifest_sha256"))


def registry_of(matrix: xr.Dataset) -> Registry:
    """The cards of a pulled matrix's models and benchmarks, and of the datasets and metrics that these use; raises as
    :func:`snapshot_of`."""
    from fornix.matrix.snapshots.cards import from_json
    from fornix.registry.discovery import Registry

    published = snapshot_of(matrix).registry
    local = from_json(json.loads(matrix.attrs["cards"]), "the overlay") if "cards" in matrix.attrs else []
    return Registry.of_cards([*published.cards(), *local]) if local else published


def score_of(matrix: xr.Dataset, *, units: bool = True) -> Callable[[str, str], Score]:
    """What gives the whole score of a model on a leaf of a pulled matrix; raises as :func:`snapshot_of`.

    Parameters
    ----------
    units : bool
        False: without the values of single units, whose files are then not fetched.

    Returns
    -------
    callable (model, leaf) -> Score
        Raises SnapshotError or StoreError if that has no score, or a damaged one.
    """
    snapshot = snapshot_of(matrix)
    if "origin" not in matrix:
        return lambda model, benchmark: snapshot.score(model, benchmark, units=units)
    from fornix.engine.exchange import score_from
    from fornix.store.places import open_store

    store = open_store(matrix.attrs["store"], read_only=True)

    def either(model: str, benchmark: str) -> Score:
        for dimension, name in (("model", model), ("benchmark", benchmark)):
            if name not in matrix.get_index(dimension):
                known = matrix[dimension].values.tolist()
                raise UsageError(f"the matrix has no {dimension} {name!r}{did_you_mean(name, known)}")
        cell = matrix.sel(model=model, benchmark=benchmark)
        if cell["origin"].item() == "public":
            return snapshot.score(model, benchmark, units=units)
        stored = store.cell(str(cell["key"].item())) if cell["key"].item() else None
        if stored is None:
            raise FornixError(f"{model} on {benchmark} has no result in the store {store.place}")
        return score_from(stored.scalars, store.units(stored.key))

    return either


@lru_cache(maxsize=8)
def _opened(place: str, version: str, sha256: str | None) -> Snapshot:
    return open_snapshot(place, version, sha256=sha256)
