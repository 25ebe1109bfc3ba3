"""``fornix.stored_score``: one score out of a store or a published matrix, whole."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from fornix.engine.exchange import score_from
from fornix.engine.plan import plan
from fornix.errors import UsageError
from fornix.interfaces import Score
from fornix.matrix.given import given_registry, given_store
from fornix.matrix.snapshots.pulling import open_snapshot
from fornix.matrix.snapshots.scores import score_of
from fornix.matrix.snapshots.sources import is_place
from fornix.store.interface import Store


def stored_score(
    model: str,
    benchmark: str,
    store: Store | xr.Dataset | str | Path | None = None,
    *,
    plugins: Sequence[str | Path] = (),
    seed: int = 0,
) -> Score:
    """The score of a cell as a run stored it, with what the matrix has no room for: units, replicates and ceiling.

    Two models are compared in pairs by the differences of their replicates.

    Parameters
    ----------
    model, benchmark : str
        Identifiers; of a benchmark, that of a leaf.
    store : Store, Dataset, path or str, optional
        As :func:`fornix.run` takes it; or the place of a snapshot, or a matrix of :func:`fornix.pull` or :func:`fornix.overlay`,
        which need no plugin.
    plugins, seed
        As :func:`fornix.run` takes them; of a store alone.

    Raises
    ------
    UsageError
        If an identifier is unknown or that of a parent, the cell has no result as its plugins are now, or plugins or a seed are
        given with what is published.
    StoreError, SnapshotError
        If its arrays are damaged, or cannot be had.
    """
    published = isinstance(store, xr.Dataset) or (isinstance(store, str | Path) and is_place(store))
    if published and (plugins or seed):
        raise UsageError(
            "plugins and seed choose among the results of a store, and what is published needs neither; leave them out"
        )
    if isinstance(store, xr.Dataset):
        return score_of(store)(model, benchmark)
    if isinstance(store, str | Path) and is_place(store):
        return open_snapshot(store).score(model, benchmark)
    registry, place = given_registry(plugins), given_store(store, read_only=True)
    if registry.get("benchmark", benchmark).aggregate is not None:
        raise UsageError(f"{benchmark} is a parent, which is not stored; ask for its children one by one")
    (planned,) = plan(registry, place, [model], [benchmark], seed=seed).cells
    cell = place.cell(planned.key) if planned.state == "ok" else None
    if cell is None:
        because = ": ".join(part for part in (planned.state, planned.reason, planned.why) if part)
        raise UsageError(f"{model} on {benchmark} has no result in the store ({because}); `fornix run` computes it")
    return score_from(cell.scalars, place.units(cell.key))
