"""A lab's own cells over a published matrix: which of them are shown where, and which may be ranked among the published ones.

Local cells are taken as they are stored. Of plugins only those of the lab's own models and benchmarks are needed: what a
published benchmark is, and how parents are made of children, the cards in the snapshot say.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.engine.chosen import scoring_cards
from fornix.matrix.comparing.children import shares
from fornix.matrix.comparing.ranking import ranks as ranks_of
from fornix.matrix.given import given_names, given_registry, given_store
from fornix.matrix.snapshots.cards import to_json
from fornix.matrix.snapshots.format import SnapshotError, array_files
from fornix.matrix.snapshots.local import LocalModel, local_results
from fornix.matrix.snapshots.overlaid import Overlaid, Row
from fornix.matrix.snapshots.part import Part, part_of
from fornix.matrix.snapshots.pulling import Snapshot, open_snapshot
from fornix.matrix.snapshots.rows import RANKS
from fornix.matrix.snapshots.scores import score_of, snapshot_of
from fornix.matrix.snapshots.sources import Away
from fornix.registry.card import Card, Kind
from fornix.registry.discovery import Registry
from fornix.registry.problems import counted
from fornix.store.interface import Store

#: What follows the name of a model whose code here is not that which was published under the same name.
LOCAL: Final = "@local"
_DIMS: Final = ("model", "benchmark")


def overlay(
    public: xr.Dataset | str | os.PathLike[str],
    store: Store | str | Path | None = None,
    *,
    version: str = "latest",
    models: Sequence[str] | str | None = None,
    benchmarks: Sequence[str] | str | None = None,
    ranks: bool = True,
    plugins: Sequence[str | Path] = (),
    seed: int = 0,
) -> xr.Dataset:
    """A published matrix with the cells of one's own store beside it; nothing is published, and nothing leaves this machine.

    A model that the snapshot lacks gets a row, a benchmark that it lacks a column. A published model that is the same here (its
    code, options and files) gets local cells where it has no published value; where it has one, that is shown. A local model that
    has the name of a published one and is another gets a row of its own, ``NAME@local``.

    A local cell counts in rankings only if it was scored as the published cells of its benchmark were: version, code and data of
    benchmark, datasets and metrics, revisions of fornix, and seed. Else it is flagged, and so are the parents above it; or it is
    stale, if the plugins here would score it neither as it was nor as the published cells.

    Parameters
    ----------
    public : Dataset, str or path
        What :func:`fornix.pull` returned, or the place of a snapshot. Of what was pulled in part, the result has that part, and
        the local models and benchmarks besides: names and ranks are those over the whole snapshot.
    store : Store, path or str, optional
        As :func:`fornix.run` takes it.
    version : str
        Of the snapshot, where a place is given.
    models, benchmarks : sequence of str, or str, optional
        Which local models and leaves are laid over it (default: all that have a result in the store, private ones too).
    ranks : bool
        Rank the models anew where a local value came in, for which the replicates of the published scores there are fetched.
        Where these cannot be read or compared, and for False, published ranks stay and local models have none (NaN); the former
        with a warning.
    plugins : sequence of path
        Plugin folders to look for the local models and benchmarks in, besides what is installed.
    seed : int
        Of the runs whose cells are meant.

    Returns
    -------
    Dataset with dims (model, benchmark)
        As :func:`fornix.pull` returns it, with ``origin``: "public" or "local" for each cell, empty ones too. Where no local
        value came in, ranks are the published ones. :func:`fornix.stored_score` takes it as ``store``.

    Raises
    ------
    UsageError
        If a name is unknown, or ``public`` is no pulled matrix, or has a store over it already.
    SnapshotError, StoreError
        If snapshot or store cannot be read, or does not answer when replicates are asked for.
    """
    if isinstance(public, xr.Dataset):
        snapshot, part = snapshot_of(public), part_of(public)
    else:
        snapshot, part = open_snapshot(public, version), Part()
    named = given_names("models", models), given_names("benchmarks", benchmarks)
    own = given_store(store, read_only=True), given_registry(plugins)
    return laid_over(snapshot, snapshot.matrix(), *own, part, *named, ranks=ranks, seed=seed)


def laid_over(
    snapshot: Snapshot,
    published: xr.Dataset,
    store: Store,
    own: Registry,
    part: Part,
    models: Sequence[str] | None = None,
    benchmarks: Sequence[str] | None = None,
    *,
    ranks: bool = True,
    seed: int = 0,
) -> xr.Dataset:
    """A part of a snapshot with the cells of a store over it, as :func:`overlay` gives it.

    The store is laid over the snapshot whole, and then the part is taken: which models and benchmarks are the lab's own, what
    they are called, and which ranks they have does not depend on the part.

    Parameters
    ----------
    published : Dataset
        The matrix of the snapshot, whole.
    own : Registry
        The plugins that are here.
    models, benchmarks : sequence of str, optional
        Local ones, as :func:`overlay` takes them.
    """
    local = local_results(store, own, models, benchmarks, seed)
    joined, rows = _joined(published, snapshot.registry, own, local.models)
    overlaid = Overlaid(published, joined, rows, local.scored_here, snapshot.manifest.revisions)
    if overlaid.unknown and (part.and_own or part.benchmarks is None):
        without = ", ".join(overlaid.unknown)
        warnings.warn(f"left out, as neither the snapshot nor a plugin here has their cards: {without}", stacklevel=3)
    whole = overlaid.matrix()
    added = json.dumps(to_json(_added(whole, joined, snapshot.registry)))
    whole.attrs = {**published.attrs, "store": store.place, "cards": added}
    shown = part.of(whole, published, joined)
    rows_shown, columns = shown["model"].values.tolist(), shown["benchmark"].values.tolist()
    if hidden := [f"{row} on {leaf}" for row, leaf in overlaid.hidden if row in rows_shown and leaf in columns]:
        warnings.warn(f"of these the published cells are shown, not those here: {', '.join(hidden)}", stacklevel=3)
    if not ranks:
        return shown
    return _ranked_anew(whole, published, joined, snapshot, columns).sel(model=rows_shown, benchmark=columns)


def _ranked_anew(
    matrix: xr.Dataset, published: xr.Dataset, registry: Registry, snapshot: Snapshot, shown: Sequence[str]
) -> xr.Dataset:
    """The matrix with ranks on the benchmarks shown where a local value is ranked; but nowhere without the published models."""
    columns: list[str] = matrix["benchmark"].values.tolist()
    place = {name: j for j, name in enumerate(columns)}
    local = (matrix["ranked"].values & (matrix["origin"].values == "local")).any(axis=0)
    of = {name: list(shares(registry, registry.get("benchmark", name))) for name in shown if local[place[name]]}
    were = _ranked_before(matrix, published)
    left = {}
    for name, leaves in of.items():
        lacking = [path for leaf in leaves if (path := array_files(leaf)["replicates"]) not in snapshot.manifest.files]
        if lacking and were[:, place[name]].any():
            left[name] = f"the snapshot {snapshot.version} has no {lacking[0]}"
    asked = {column for name in of.keys() - left for column in (name, *of[name])}
    try:
        found = ranks_of(
            matrix.sel(benchmark=[name for name in columns if name in asked]), score_of(matrix, units=False), registry
        )
    except Away as away:
        raise SnapshotError(
            f"{away}, and replicates of published scores, which ranks are made of, are not in the cache; connect to the network, "
            "try again later, or, in Python, leave the ranks of local models out (ranks=False)"
        ) from away
    values = {rank: matrix[rank].values.copy() for rank in RANKS}
    own = (matrix["origin"].values == "local") & matrix["ranked"].values
    unranked: dict[str, list[str]] = {}
    for name in [name for name in columns if name in of and name not in left]:
        anew = found.sel(benchmark=name)
        if (gone := were[:, place[name]] & np.isnan(anew["rank"].values)).any():
            model = np.flatnonzero(gone)[0]
            left[name] = f"{matrix['model'].values[model]}: {anew['unranked'].values[model]}"
            continue
        for model in np.flatnonzero(own[:, place[name]] & np.isnan(anew["rank"].values)):
            unranked.setdefault(matrix["model"].values[model], []).append(f"{name} ({anew['unranked'].values[model]})")
        for rank in RANKS:
            values[rank][:, place[name]] = anew[rank].values
    if left:
        reasons = "; ".join(f"{name} ({left[name]})" for name in columns if name in left)
        warnings.warn(
            f"published ranks stay, and local models have none, where published scores cannot be compared anew: {reasons}",
            stacklevel=4,
        )
    if unranked:
        of_models = "; ".join(
            f"{model} on {whys[0]}" + (f", and {counted(len(whys) - 1, 'more benchmark')}" if whys[1:] else "")
            for model, whys in unranked.items()
        )
        warnings.warn(f"these have no rank, as they cannot be compared: {of_models}", stacklevel=4)
    return matrix.assign({rank: (_DIMS, array) for rank, array in values.items()})


def _ranked_before(matrix: xr.Dataset, published: xr.Dataset) -> NDArray[np.bool_]:
    """Which cells of the matrix have a published rank; of benchmarks without any, as of snapshots without ranks, which might."""
    had = published["rank"].reindex(model=matrix["model"].values, benchmark=matrix["benchmark"].values).notnull().values
    might = matrix["ranked"].values & (matrix["origin"].values == "public")
    return np.where(had.any(axis=0), had, might)


# cards of both


def _joined(published: xr.Dataset, cards: Registry, own: Registry, local: Mapping[str, LocalModel]) -> tuple[Registry, list[Row]]:
    """The cards of both, those of the snapshot first, and the rows of the local models."""
    # nothing names a model by its alias, and an alias of one might be the name of another
    taken: dict[tuple[Kind, str], Card] = {
        (card.kind, card.identifier.casefold()): replace(card, aliases={}) if card.kind == "model" else card
        for card in [*own.cards(), *cards.cards()]
    }
    names = published["model"].values.tolist()
    folded = {name.casefold(): place for place, name in enumerate(names)}
    rows = []
    for name, model in local.items():
        place = folded.get(name.casefold())
        if place is None:
            card = replace(model.card, aliases={})
            rows.append(Row(name, model))
        elif _is_same(published, place, model):
            rows.append(Row(names[place], model, place))
            continue
        else:
            card = replace(model.card, aliases={}, identifier=f"{name}{LOCAL}", title=f"{model.card.title} (local)")
            rows.append(Row(card.identifier, model))
        taken["model", card.identifier.casefold()] = card
    return Registry.of_cards(taken.values()), rows


def _is_same(published: xr.Dataset, place: int, model: LocalModel) -> bool:
    """Whether a published row is of the same model, in all that makes its keys."""
    keys = set(published["key"].values[place].tolist())
    same_cell = any(cell.key in keys for cells in model.cells.values() for cell in cells)
    return same_cell or model.model_key in published["model_key"].values[place].tolist()


def _added(matrix: xr.Dataset, registry: Registry, cards: Registry) -> list[Card]:
    """The cards of a matrix's models and benchmarks, and what these use, that the snapshot lacks."""
    of_benchmarks = [registry.get("benchmark", name) for name in matrix["benchmark"].values.tolist()]
    used = [card for benchmark in of_benchmarks for card in scoring_cards(registry, benchmark)]
    there = {(card.kind, card.identifier) for card in cards.cards()}
    needed = {(c.kind, c.identifier): c for c in [*(registry.get("model", m) for m in matrix["model"].values.tolist()), *used]}
    return [card for key, card in needed.items() if key not in there]
