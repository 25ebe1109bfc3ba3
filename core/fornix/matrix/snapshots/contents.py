"""What goes into a snapshot: the matrix of a store without what is private, as files in a folder, and the manifest of them.

It follows from the store, the cards and the code alone: no clock, machine, user or path is in it, and no data are looked for.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from fornix import __version__
from fornix.engine.exchange import score_from
from fornix.engine.keys import sides
from fornix.engine.plan import SKIP_REASONS, Plan, PlannedCell, plan
from fornix.interfaces import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.comparing.ranking import ranks
from fornix.matrix.coordinates import card_coordinates
from fornix.matrix.snapshots import provenance
from fornix.matrix.snapshots.arrays import Parts, write_scores
from fornix.matrix.snapshots.cards import to_json
from fornix.matrix.snapshots.citation import citation
from fornix.matrix.snapshots.format import CARDS, CELLS, CITATION, LAYERS, MATRIX, Manifest, SnapshotError, SnapshotFile
from fornix.matrix.snapshots.layers import layers_of
from fornix.matrix.snapshots.results import Result, results_of, score_parts, without_errors
from fornix.matrix.snapshots.tables import write_cells, write_matrix
from fornix.matrix.snapshots.visible import OF_CARDS, OF_LAYERS, OF_REFERENCE, OF_SCALARS, Visible
from fornix.numerics.policy import EXTRACTION_REVISION, SCORING_REVISION
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.store.interface import Store, StoreError
from fornix.store.requests import Trouble
from fornix.store.writing import sha256_of

_STATUSES: Final = ("ok", "failed", "oom", "timeout", "missing", "stale", "skipped")
#: How a reason begins that is an exception of a plugin: what it says after it may hold anything, paths and names too.
_EXCEPTION: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.]{0,80}): ")
_REASONS: Final = {"oom": "killed for memory", "timeout": "took too long"}
_DAMAGED: Final = "its arrays are damaged in the store that it comes from"


@dataclass(frozen=True)
class Selection:
    """What is to be published: these models and benchmarks (None: all), and which private plugins may be among them.

    Parameters
    ----------
    models, benchmarks : sequence of str, optional
    named : sequence of str
        Identifiers of private plugins.
    arrays : bool
        Whether the units and replicates of the scores go with them.
    ranks : bool
        Whether models are ranked, for which the replicates of all their scores are read.
    seed : int
        Of the runs whose cells are meant.
    """

    models: Sequence[str] | None = None
    benchmarks: Sequence[str] | None = None
    named: Sequence[str] = ()
    arrays: bool = True
    ranks: bool = True
    seed: int = 0


@dataclass(frozen=True)
class Staged:
    """The files of a snapshot in a folder, but for its site and the file of its manifest.

    Parameters
    ----------
    folder : path
    manifest : Manifest
        With its version.
    left_out : tuple of str
        A sentence for each result, commitment and profile that is not in it, although it might be.
    """

    folder: Path
    manifest: Manifest
    left_out: tuple[str, ...]


def stage(
    registry: Registry, store: Store, selection: Selection, folder: Path, tell: Callable[[str], None] = lambda under_way: None
) -> Staged:
    """Write the files of a snapshot into a folder.

    Parameters
    ----------
    tell : callable
        Told what is under way.

    Raises
    ------
    SnapshotError
        If the store has no result to publish.
    UsageError
        If a name is unknown, or private and was not asked for as such.
    StoreError
        If the store cannot be read.
    """
    visible = Visible(registry, selection.named)
    visible.check_named([*(selection.models or ()), *(selection.benchmarks or ())])
    tell("the results of the store are read")
    planned = plan(visible.planned, store, selection.models, selection.benchmarks, look_for_data=False, seed=selection.seed)
    results = results_of(store, planned)
    kept = without_errors(planned, results)
    if selection.arrays:
        kept = _write_arrays(kept, store, visible, folder, tell)
    if not kept.in_state("ok"):
        raise SnapshotError(
            f"the store {store.place} has no result to publish of these models and benchmarks as their plugins are now; "
            "`fornix matrix` says how each cell stands, and `fornix run` computes what is missing"
        )
    tell("the matrix is assembled")
    matrix = _matrix(kept, results, visible)
    if selection.ranks:
        tell("models are compared in pairs, to rank them")
        matrix = _ranked(matrix, kept, store, visible.registry)
    tell("the tables are written")
    cards = _cards_of(matrix, visible)
    write_cells(folder / CELLS, matrix)
    write_matrix(folder / MATRIX, matrix)
    said = visible.json(to_json(visible.registry.get(card.kind, card.identifier) for card in cards), OF_CARDS)
    layers, unread = layers_of(visible.planned, matrix["model"].values.tolist(), visible.shows_name)
    for name, content in ((CARDS, said), (LAYERS, visible.json(layers, OF_LAYERS))):
        (folder / name).write_text(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    used = [results[cell.key] for cell in kept.in_state("ok")]
    counts = _counts(matrix)

    def cited(version: str) -> str:
        return citation(cards, version, counts, lambda reference: visible.json(reference, OF_REFERENCE))

    manifest = Manifest(
        created=max(cell.created for cell in used),
        fornix=__version__,
        commit=provenance.commit(),
        code=provenance.code(),
        revisions={"scoring": SCORING_REVISION, "extraction": EXTRACTION_REVISION},
        counts=counts,
        hardware=_counted(cell.hardware or "unknown" for cell in used),
        private=visible.named,
        citation=hashlib.sha256(cited("").encode()).hexdigest()[:16],
        files=files_of(folder),
    ).named()
    (folder / CITATION).write_text(cited(manifest.version), encoding="utf-8")
    return Staged(folder, replace(manifest, files=files_of(folder)), (*_left_out(planned, kept), *unread))


def files_of(folder: Path) -> dict[str, SnapshotFile]:
    """All files below a folder as a manifest names them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder).as_posix(): SnapshotFile(sha256_of(p), p.stat().st_size) for p in paths}


# which cells


def _write_arrays(planned: Plan, store: Store, visible: Visible, folder: Path, tell: Callable[[str], None]) -> Plan:
    """Write the arrays of all results; the plan without those whose arrays cannot be read."""
    damaged: set[str] = set()

    def scores(cells: Sequence[PlannedCell]) -> Iterator[tuple[str, Parts]]:
        for cell in cells:
            try:
                scalars, arrays = score_parts(store, cell.key, f"{cell.model} on {cell.benchmark}")
            except Trouble:
                raise
            except StoreError:
                damaged.add(cell.key)
                continue
            yield cell.model, (visible.json(dict(scalars), OF_SCALARS), arrays)

    for benchmark in dict.fromkeys(cell.benchmark for cell in planned.cells):
        cells = [cell for cell in planned.in_state("ok") if cell.benchmark == benchmark]
        if cells:
            tell(f"units and replicates of {benchmark} are written")
            write_scores(folder, benchmark, scores(cells))
    lost = (
        replace(cell, state="missing", reason="damaged", why=_DAMAGED) if cell.key in damaged else cell for cell in planned.cells
    )
    return Plan(tuple(lost))


def _left_out(planned: Plan, kept: Plan) -> Iterator[str]:
    for before, after in zip(planned.cells, kept.cells, strict=True):
        if before.state != after.state:
            yield f"{after.model} on {after.benchmark} is left out: {after.why}"


# the matrix


def _matrix(planned: Plan, results: Mapping[str, Result], visible: Visible) -> xr.Dataset:
    """The matrix as it may leave, with all columns of a snapshot but the ranks."""
    said = Plan(tuple(_as_told(cell, visible) for cell in planned.cells))
    matrix = assemble(visible.registry, said)
    models, benchmarks = matrix["model"].values.tolist(), matrix["benchmark"].values.tolist()
    matrix = matrix.assign_coords(card_coordinates(visible.registry, models, benchmarks))
    matrix = matrix.assign({name: _each_text(matrix[name], visible) for name in ("notes", "flags", "why")})
    titles = ("model_title", "authors", "benchmark_title")
    matrix = matrix.assign_coords({name: _each_text(matrix[name], visible) for name in titles})
    cells = {(cell.model, cell.benchmark): results.get(cell.key) for cell in planned.in_state("ok")}
    model_keys, benchmark_keys = _sides(planned)
    found = [[cells.get((model, benchmark)) for benchmark in benchmarks] for model in models]
    chances = _chances(visible.registry, benchmarks)
    beside: dict[str, list[list[Any]]] = {
        "chance": [[chance if cell is None else cell.chance for cell, chance in zip(row, chances, strict=True)] for row in found],
        "created": [["" if cell is None else cell.created for cell in row] for row in found],
        "seconds": [[math.nan if cell is None else cell.seconds for cell in row] for row in found],
        "hardware": [["" if cell is None else cell.hardware for cell in row] for row in found],
        "model_key": [[model_keys.get(model, "")] * len(benchmarks) for model in models],
        "benchmark_key": [[benchmark_keys.get(benchmark, "") for benchmark in benchmarks]] * len(models),
    }
    return matrix.assign({name: (("model", "benchmark"), np.array(rows)) for name, rows in beside.items()})


def _sides(planned: Plan) -> tuple[dict[str, str], dict[str, str]]:
    """The two sides of the keys, by model and by benchmark: within one plan each has one, with and without results."""
    models: dict[str, str] = {}
    benchmarks: dict[str, str] = {}
    for cell in planned.cells:
        if cell.key_parts and (cell.model not in models or cell.benchmark not in benchmarks):
            models[cell.model], benchmarks[cell.benchmark] = sides(cell.key_parts)
    return models, benchmarks


def _ranked(matrix: xr.Dataset, planned: Plan, store: Store, registry: Registry) -> xr.Dataset:
    """The matrix with the ranks of its models."""
    keys = {(cell.model, cell.benchmark): cell.key for cell in planned.in_state("ok")}

    def score_of(model: str, leaf: str) -> Score:
        return score_from(*score_parts(store, keys[model, leaf], f"{model} on {leaf}"))

    found = ranks(matrix, score_of, registry)
    return matrix.assign({name: found[name] for name in ("rank", "rank_low", "rank_high")})


def _as_told(cell: PlannedCell, visible: Visible) -> PlannedCell:
    """A cell with as much of why it is empty as may be told anybody: kinds of errors, and what follows from cards."""
    if cell.state == "failed":
        exception = _EXCEPTION.match(cell.reason)
        reason = _REASONS.get(cell.why) or (visible.text(exception[1]) if exception else "")
        return replace(cell, reason=reason)
    if cell.state == "stale":
        return replace(cell, why="its result is that of other code or data than there are now")
    assert cell.state != "skipped" or cell.reason in SKIP_REASONS
    return cell


def _each_text(array: xr.DataArray, visible: Visible) -> xr.DataArray:
    words, where = np.unique(array.values, return_inverse=True)
    told = np.array([visible.text(str(word)) for word in words], dtype=np.str_)
    return array.copy(data=told[where].reshape(array.shape))


def _chances(registry: Registry, benchmarks: Sequence[str]) -> list[float]:
    """What a model of nothing scores on each leaf by its card; that of a parent no card states."""
    cards = [registry.get("benchmark", name) for name in benchmarks]
    return [math.nan if card.aggregate is not None or card.chance is None else card.chance for card in cards]


def _counts(matrix: xr.Dataset) -> dict[str, int]:
    status = matrix["status"].values
    sizes = {"models": matrix.sizes["model"], "benchmarks": matrix.sizes["benchmark"], "cells": status.size}
    return {**sizes, **{name: int((status == name).sum()) for name in _STATUSES}}


def _counted(words: Iterator[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))


# cards


def _cards_of(matrix: xr.Dataset, visible: Visible) -> list[Card]:
    """The cards of the matrix's models and benchmarks, and of the data and metrics that these name."""
    registry = visible.registry
    models = [registry.get("model", name) for name in matrix["model"].values.tolist()]
    benchmarks = [registry.get("benchmark", name) for name in matrix["benchmark"].values.tolist()]
    named = {("dataset", name) for card in benchmarks for name in card.uses.datasets}
    named |= {("metric", name) for card in benchmarks for name in card.uses.metrics}
    named |= {("dataset", name) for card in models for name in card.selected_on}
    named |= {("dataset", training.dataset) for card in models for training in card.training}
    others = [card for card in registry.cards() if any((card.kind, name) in named for name in (card.identifier, *card.aliases))]
    return [*models, *benchmarks, *(card for card in others if visible.shows(card))]
