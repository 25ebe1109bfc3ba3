"""A snapshot's files as a static site: pages, what draws them, and the data, all of it relative, so that it can lie anywhere."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from fornix.matrix.snapshots.cards import read_registry
from fornix.matrix.snapshots.format import CARDS, CELLS, CITATION, LAYERS, MANIFEST, MATRIX, Manifest, SnapshotError
from fornix.matrix.snapshots.tables import read_cells
from fornix.site.pages import page
from fornix.site.scripts import write_scripts

_HERE: Final = Path(__file__).parent
_COPIED: Final = ((CELLS, "All cells as Parquet"), (MATRIX, "Numbers as netCDF"), (CITATION, "How to cite, as CFF"))
#: All that a site may have at its top; whatever else lies there is somebody else's.
_OWN: Final = (
    *("index.html", "compare.html", "scatter.html", "about.html", "model", "benchmark", "assets", "vendor", "data"),
    *("scores.csv", "citations.bib", *(name for name, _ in _COPIED)),
)


def build(snapshot: Path, target: Path) -> None:
    """Write the site of a snapshot.

    Parameters
    ----------
    snapshot : path
        The folder of one version, with cells.parquet, cards.json and manifest.json.
    target : path
        The folder of the site, made here. If it lies in the snapshot, the site links to the snapshot's files; else it has
        copies of them.

    Raises
    ------
    SnapshotError
        If the snapshot is damaged, or the folder is there and not empty.
    """
    if target.exists() and any(target.iterdir()):
        raise SnapshotError(f"{target} is not empty; give another folder for the site, or remove this one")
    try:
        content = {name: (snapshot / name).read_bytes() for name in (MANIFEST, CARDS)}
    except FileNotFoundError as error:
        raise SnapshotError(f"{snapshot} is no folder of a snapshot: it lacks {Path(error.filename).name}") from None
    manifest = Manifest.from_bytes(content[MANIFEST], str(snapshot / MANIFEST))
    registry = read_registry(content[CARDS], str(snapshot / CARDS))
    cards = _with_names(json.loads(content[CARDS]))
    layers = json.loads((snapshot / LAYERS).read_bytes()) if (snapshot / LAYERS).exists() else {}
    matrix = read_cells(snapshot / CELLS, registry)
    target.mkdir(parents=True, exist_ok=True)
    for folder in ("assets", "vendor"):
        shutil.copytree(_HERE / folder, target / folder, ignore=shutil.ignore_patterns("manifest.json", "__pycache__"))
    files = [
        ("All cells as CSV", _scores(matrix, target)),
        *((label, _linked(snapshot / name, target)) for name, label in _COPIED if (snapshot / name).exists()),
        ("Citations as BibTeX", _citations(cards, target)),
    ]
    write_scripts(target / "data", matrix, cards, layers, manifest, files)
    _pages(target, matrix)


def is_site(folder: Path) -> bool:
    """Whether a folder holds what :func:`build` wrote."""
    return (folder / "data" / "site.js").is_file() and (folder / "index.html").is_file()


def put(built: Path, target: Path) -> None:
    """Move a site to where one may be already, which it replaces; what else lies there (``.git``, ``CNAME``) stays.

    Parameters
    ----------
    built : path
        What :func:`build` wrote, beside the target. What is replaced goes into a folder beside it, to be removed by the caller.
    target : path

    Raises
    ------
    OSError
        If it cannot be moved there; what was there is there again.
    """
    target.mkdir(exist_ok=True)
    replaced = built.with_name("replaced")
    replaced.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for source, to in ((target, replaced), (built, target)):
            for name in _OWN:
                if (source / name).exists():
                    shutil.move(source / name, to / name)
                    moved.append((source / name, to / name))
    except OSError:
        for before, now in reversed(moved):
            shutil.move(now, before)
        raise


def _with_names(cards: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """The cards as JSON, each with its kind and identifier."""
    return {
        kind: {name: {**card, "kind": kind, "identifier": name} for name, card in cards.get(kind, {}).items()}
        for kind in ("model", "dataset", "metric", "benchmark")
    }


def _linked(file: Path, target: Path) -> str:
    """How the first page names a file of the snapshot."""
    if file.parent.resolve() in target.resolve().parents:
        return Path(os.path.relpath(file, target)).as_posix()
    shutil.copyfile(file, target / file.name)
    return file.name


def _scores(matrix: xr.Dataset, target: Path) -> str:
    """All cells as a tidy CSV file."""
    import pandas as pd

    names = [name for name in matrix.data_vars if name not in ("details", "key", "model_key", "benchmark_key")]
    models, benchmarks = matrix["model"].values.astype(object), matrix["benchmark"].values.astype(object)
    columns = {
        "model": np.repeat(models, len(benchmarks)),
        "benchmark": np.tile(benchmarks, len(models)),
        **{str(name): matrix[name].transpose("model", "benchmark").values.ravel() for name in names},
    }
    pd.DataFrame(columns, copy=False).to_csv(target / "scores.csv", index=False, lineterminator="\n")
    return "scores.csv"


def _citations(cards: Mapping[str, Mapping[str, Mapping[str, Any]]], target: Path) -> str:
    """The BibTeX of every card, each entry once."""
    entries = dict.fromkeys(card["citation"].strip() for of_kind in cards.values() for card in of_kind.values())
    (target / "citations.bib").write_text("\n\n".join(entry for entry in entries if entry) + "\n", encoding="utf-8")
    return "citations.bib"


def _pages(target: Path, matrix: xr.Dataset) -> None:
    written = {
        "index.html": page("matrix", "fornix: every model on every benchmark"),
        "compare.html": page("compare", "Compare two models – fornix"),
        "scatter.html": page("scatter", "One number against another – fornix"),
        "about.html": page("about", "About this snapshot – fornix"),
    }
    for kind in ("model", "benchmark"):
        for name, title in zip(matrix[kind].values.tolist(), matrix[f"{kind}_title"].values.tolist(), strict=True):
            written[f"{kind}/{name}.html"] = page(kind, f"{title or name} – fornix", root="../", name=name)
    for path, text in written.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
