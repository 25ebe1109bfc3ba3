"""The data of the pages as script files: what all share in ``site``, cells by group of benchmarks for the matrix, and a file for
each page of a model or benchmark."""

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
    roots = _roots(matrix)
    groups = list(dict.fromkeys(roots))
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
                "group": [groups.index(root) for root in roots],
            }
        ),
        "groups": groups,
        "first": _first(matrix, groups),
    }
    write_script(folder, "site", site)
    columns, spans = Columns(matrix, _ALL), _spans(matrix)
    for group in groups:
        inside = [at for at, root in enumerate(roots) if root == group]
        tables = [columns.of_benchmark(at, _FEW) for at in inside]
        write_script(folder, f"groups/{group}", {"benchmarks": inside, "tables": tables})
    for at, name in enumerate(benchmarks):
        content = {"card": cards["benchmark"][name], "cells": columns.of_benchmark(at, _ALL), **_used(cards, name)}
        write_script(folder, f"benchmarks/{name}", content)
    for at, name in enumerate(models):
        content = {"card": cards["model"][name], "cells": columns.of_model(at), "fields": spans, "layers": layers.get(name)}
        write_script(folder, f"models/{name}", content)


def _used(cards: Cards, benchmark: str) -> dict[str, Any]:
    """The cards of the datasets and metrics that a leaf uses."""
    uses = cards["benchmark"][benchmark].get("uses") or {}
    return {
        f"{kind}s": [cards[kind][name] for name in uses.get(f"{kind}s", ()) if name in cards[kind]]
        for kind in ("dataset", "metric")
    }


def _roots(matrix: xr.Dataset) -> list[str]:
    """The benchmark at the top of the tree above each."""
    parents = dict(zip(matrix["benchmark"].values.tolist(), matrix["parent"].values.tolist(), strict=True))
    found = []
    for name in parents:
        root: str = name
        while parents[root]:
            root = parents[root]
        found.append(root)
    return found


def _first(matrix: xr.Dataset, groups: Sequence[str]) -> str:
    """What the matrix is sorted by at first: the benchmark at the top of the tree with the most ranked models, if it can be
    one whose data were measured."""
    measured = (~matrix["simulated"].values).tolist()
    ranked = matrix["ranked"].values.sum(axis=0).tolist()
    found = zip(matrix["benchmark"].values.tolist(), measured, ranked, strict=True)
    top: dict[str, tuple[bool, int]] = {name: (real and count > 0, count) for name, real, count in found if name in groups}
    return max(top, key=top.__getitem__)


def _spans(matrix: xr.Dataset) -> list[list[float] | None]:
    """The lowest and the highest score of a ranked model on each benchmark."""
    found: list[list[float] | None] = []
    for column, ranked in zip(matrix["value"].values.T, matrix["ranked"].values.T, strict=True):
        values = column[ranked & np.isfinite(column)]
        found.append([float(f"{values.min():.4g}"), float(f"{values.max():.4g}")] if values.size else None)
    return found
