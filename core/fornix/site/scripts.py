"""The data of the pages as script files: what all share in ``site``, cells by group of benchmarks for the matrix, and a file for
each page of a model or benchmark.

A group is a few benchmarks that are seen together: some of the tree's top, or children of one parent. The first page loads the
groups in view, which keeps it small however large the matrix is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from fornix.matrix.snapshots.format import Manifest
from fornix.site.encoding import Columns, table, write_script
from fornix.site.vendoring import libraries

#: What the matrix and the scatter plot know of a cell.
_FEW: Final = (
    *("status", "reason", "why", "value", "error", "raw", "raw_error", "ceiling"),
    *("ranked", "rank", "rank_low", "rank_high", "normalisation", "coverage", "flags", "notes"),
)
#: What the pages of models and benchmarks know.
_ALL: Final = (*_FEW, "interval_low", "interval_high", "ceiling_error", "created", "hardware")
#: Coordinate of the matrix -> column of the table of models, or of benchmarks.
_OF_MODELS: Final = {
    "model": "model",
    "model_title": "title",
    "control": "control",
    "model_modalities": "modalities",
    "parameters": "parameters",
    "model_year": "year",
    "authors": "authors",
    "licence": "licence",
}
_OF_BENCHMARKS: Final = {
    "benchmark": "benchmark",
    "benchmark_title": "title",
    "parent": "parent",
    "leaf": "leaf",
    "simulated": "simulated",
    "benchmark_modalities": "modalities",
    **{name: name for name in ("region", "species", "technique", "dataset", "metric")},
}

#: So many benchmarks are loaded at once.
_TOGETHER: Final = 6

#: kind -> identifier -> card
Cards = Mapping[str, Mapping[str, Mapping[str, Any]]]


def write_scripts(
    folder: Path,
    matrix: xr.Dataset,
    cards: Cards,
    layers: Mapping[str, Any],
    manifest: Manifest,
    files: Sequence[tuple[str, str]],
) -> None:
    """Write the data of a site.

    Parameters
    ----------
    folder : path
        Of the data, below the site.
    matrix : Dataset
        As a snapshot's cells are read, with the coordinates that cards give.
    cards : mapping
        kind -> identifier -> card as JSON.
    layers : mapping
        model -> what is known of its layers (:func:`fornix.matrix.snapshots.layers.layers_of`).
    files : sequence of (label, address)
        What can be downloaded.
    """
    matrix = matrix.transpose("model", "benchmark", ...)
    models, benchmarks = matrix["model"].values.tolist(), matrix["benchmark"].values.tolist()
    order = _order(matrix)
    groups = _groups(matrix, order)
    group_of = {at: number for number, inside in enumerate(groups) for at in inside}
    said = manifest.to_json()
    site = {
        **{name: said[name] for name in ("version", "created", "fornix", "commit", "revisions", "counts", "hardware", "private")},
        "files": files,
        "libraries": [
            {"name": of["name"], "version": of["version"], "licence": of["licence"], "file": of["files"]["package/LICENSE"]}
            for of in libraries()
        ],
        "models": table({column: matrix[name].values.tolist() for name, column in _OF_MODELS.items()}),
        "benchmarks": table(
            {
                **{column: matrix[name].values.tolist() for name, column in _OF_BENCHMARKS.items()},
                "ranked": matrix["ranked"].values.sum(axis=0).tolist(),
                "group": [group_of[at] for at in range(len(benchmarks))],
            }
        ),
        "order": order,
    }
    write_script(folder, "site", site)
    write_script(folder, "spans", _spans(matrix))
    columns = Columns(matrix, _ALL)
    for number, inside in enumerate(groups):
        tables = [columns.of_benchmark(at, _FEW) for at in inside]
        write_script(folder, f"groups/{number}", {"benchmarks": inside, "tables": tables})
    for at, name in enumerate(benchmarks):
        content = {"card": cards["benchmark"][name], "cells": columns.of_benchmark(at, _ALL), **_used(cards, name)}
        write_script(folder, f"benchmarks/{name}", content)
    for at, name in enumerate(models):
        content = {"card": cards["model"][name], "cells": columns.of_model(at), "layers": layers.get(name)}
        write_script(folder, f"models/{name}", content)


def _used(cards: Cards, benchmark: str) -> dict[str, Any]:
    """The cards of the datasets and metrics that a leaf uses."""
    uses = cards["benchmark"][benchmark].get("uses") or {}
    return {
        f"{kind}s": [cards[kind][name] for name in uses.get(f"{kind}s", ()) if name in cards[kind]]
        for kind in ("dataset", "metric")
    }


def _order(matrix: xr.Dataset) -> list[int]:
    """The benchmarks as they are shown: measured ones before simulated ones, then those with the most ranked models; what a
    parent is made of behind it, in its order."""
    parents, names = matrix["parent"].values.tolist(), matrix["benchmark"].values.tolist()
    ranked, simulated = matrix["ranked"].values.sum(axis=0).tolist(), matrix["simulated"].values.tolist()
    order: list[int] = []

    def add(at: int) -> None:
        order.append(at)
        for child, parent in enumerate(parents):
            if parent == names[at]:
                add(child)

    for root in sorted((at for at, parent in enumerate(parents) if not parent), key=lambda at: (simulated[at], -ranked[at], at)):
        add(root)
    return order


def _groups(matrix: xr.Dataset, order: Sequence[int]) -> list[list[int]]:
    """What is loaded together: siblings, in the order in which they are shown, so many at most."""
    siblings: dict[str, list[int]] = {}
    parents = matrix["parent"].values.tolist()
    for at in order:
        siblings.setdefault(parents[at], []).append(at)
    return [among[start : start + _TOGETHER] for among in siblings.values() for start in range(0, len(among), _TOGETHER)]


def _spans(matrix: xr.Dataset) -> list[list[float] | None]:
    """The lowest and the highest score of a ranked model on each benchmark."""
    found: list[list[float] | None] = []
    for column, ranked in zip(matrix["value"].values.T, matrix["ranked"].values.T, strict=True):
        values = column[ranked & np.isfinite(column)]
        found.append([float(f"{values.min():.4g}"), float(f"{values.max():.4g}")] if values.size else None)
    return found
