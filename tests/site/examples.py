"""A staged snapshot in which every kind of cell, card and tree occurs, and in which every field of a card may hold anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from fornix.files.file import File
from fornix.matrix.coordinates import card_coordinates, coordinates
from fornix.matrix.snapshots import cards
from fornix.matrix.snapshots.contents import files_of
from fornix.matrix.snapshots.format import CARDS, CELLS, CITATION, LAYERS, MANIFEST, MATRIX, Manifest
from fornix.matrix.snapshots.tables import write_cells, write_matrix
from fornix.registry.card import Aggregate, Card, Defect, Training, Uses
from fornix.registry.discovery import Registry

#: What a page must show as it is: markup, quotes, ends of scripts and of lines, and letters that are read from right to left.
HOSTILE: Final = "<script>hacked=1</script>\"'`&amp;${hacked}</script><!--\u2028\u2029\u200f\u05d0\u200e\\'); hacked=2; ('é漢🧠"
MODELS: Final = 90
FLAT: Final = 24
#: The benchmarks that are no flat ones, in the matrix's order: a tree of two levels, one that stands alone, one of text.
TREE: Final = ("Ventral", "Ventral.V4", "Ventral.V4.a", "Ventral.V4.b", "Ventral.IT", "Odd", "Words")
CITATION_TEXT: Final = "@misc{%s,\n  title = {%s},\n}"


def model_name(number: int) -> str:
    return f"model-{number:02d}"


def _card(kind: Any, name: str, **fields: Any) -> Card:
    said = {"title": f"Title of {name}", "authors": ("Ada", "Bela"), "licence": "MIT", "citation": CITATION_TEXT % (name, name)}
    return Card(kind=kind, identifier=name, version=1, **{**said, **fields})


def registry() -> Registry:
    """The cards. ``odd`` and what it is scored on (``Odd``) are hostile in every field that takes a text."""
    text = HOSTILE
    file = File(text, "https://example.org/'\"><script>hacked=4</script>x", 12345, sha256="0" * 64)
    odd: dict[str, Any] = {
        **{name: text for name in ("title", "note", "licence", "licence_note", "citation")},
        "authors": (text, text),
        "url": "javascript:hacked=3",
        "files": (file,),
        "modalities": ("image", text),
        "regions": (text,),
    }
    models = [
        _card("model", model_name(n), modalities=("image",), parameters=10 ** (3 + n % 6), year=2000 + n % 25, control=n % 7 == 3)
        for n in range(MODELS - 2)
    ]
    models += [
        _card("model", "reader", modalities=("text",), url="https://example.org/reader", tasks=("label",)),
        _card(
            "model",
            "odd",
            **odd,
            tasks=(text,),
            training=(Training(text, "stimuli", text),),
            replays=(text,),
            selected_on=(text,),
        ),
    ]
    leaf = {"modalities": ("image",), "regions": ("V4",), "uses": Uses(("Data",), ("fit",)), "normalisation": "s/c"}
    flat = [_card("benchmark", f"Flat.{n:02d}", **leaf) for n in range(FLAT)]
    benchmarks = [
        _card("benchmark", "Ventral", modalities=("image",), aggregate=Aggregate("value", (("Ventral.V4",), "Ventral.IT"))),
        _card("benchmark", "Ventral.V4", modalities=("image",), aggregate=Aggregate("value", ("Ventral.V4.a", "Ventral.V4.b"))),
        *(_card("benchmark", name, **leaf) for name in ("Ventral.V4.a", "Ventral.V4.b", "Ventral.IT")),
        _card("benchmark", "Odd", **{**odd, "uses": Uses(("Odd.data",), ("odd-fit",)), "normalisation": "none"}),
        _card("benchmark", "Words", modalities=("text",), tasks=("label",), uses=Uses(("Data",), ("fit",))),
        *flat,
    ]
    others = [
        _card(
            "dataset", "Data", species="Macaca mulatta", technique="electrodes", subjects=("A", "B"), url="https://example.org/d"
        ),
        _card(
            "dataset",
            "Odd.data",
            **odd,
            species=text,
            technique=text,
            subjects=(text,),
            defect=Defect(text, "javascript:hacked=5"),
        ),
        _card("metric", "fit"),
        _card("metric", "odd-fit", title=text, citation=text),
    ]
    return Registry.of_cards([*models, *benchmarks, *others])


def matrix(of: Registry) -> xr.Dataset:
    """Scores that fall with the number of the model and are tied in threes; every kind of empty cell; some out of rankings."""
    names = [card.identifier for card in of.cards("model")], [*TREE, *(f"Flat.{n:02d}" for n in range(FLAT))]
    shape = (len(names[0]), len(names[1]))
    rng = np.random.default_rng(0)
    value = 0.9 - 0.008 * np.arange(shape[0])[:, None] + 0.001 * np.arange(shape[1])[None, :]
    value[:, -1] = rng.normal(0.5, 0.1, shape[0])
    status = np.full(shape, "ok", dtype="U8")
    reason, why = np.full(shape, "", dtype="U400"), np.full(shape, "", dtype="U400")
    flags, notes = np.full(shape, "", dtype="U400"), np.full(shape, "", dtype="U400")
    text, odd, words = names[0].index("reader"), names[0].index("odd"), TREE.index("Words")
    status[text, :], reason[text, :], why[text, :] = "skipped", "modality", "it takes text"
    status[:, words], reason[:, words], why[:, words] = "skipped", "modality", "Words shows text, the model takes image"
    status[text, words], reason[text, words], why[text, words] = "ok", "", ""
    for row, kind in enumerate(("failed", "oom", "timeout", "missing", "stale")):
        status[row, 7], reason[row, 7] = kind, "RuntimeError" if kind == "failed" else ""
    status[8, 8], reason[8, 8], why[8, 8] = "failed", HOSTILE, HOSTILE
    flags[2, :], flags[odd, :], notes[odd, :] = "trained on the same subjects (Data)", HOSTILE, HOSTILE
    ok = status == "ok"
    value[~ok] = np.nan
    ranked = ok & (flags == "")
    rank = np.full(shape, np.nan)
    for column in range(shape[1]):
        rows = np.flatnonzero(ranked[:, column])
        rank[rows[np.argsort(-value[rows, column])], column] = np.arange(1, len(rows) + 1)
    rank[5, TREE.index("Odd")] = np.nan  # ranked, but its rank is not known
    third = (rank - 1) // 3
    many = np.broadcast_to(ranked.sum(axis=0), shape)
    dims = ("model", "benchmark")
    numbers = {
        "value": value,
        "error": np.where(ok, 0.01, np.nan),
        "interval_low": value - 0.02,
        "interval_high": value + 0.02,
        "raw": value[:, ::-1] * 0.5,
        "raw_error": np.where(ok, 0.005, np.nan),
        "ceiling": np.where(ok, 0.8, np.nan),
        "ceiling_error": np.where(ok, 0.02, np.nan),
        "rank": rank,
        "rank_low": 3 * third + 1,
        "rank_high": np.minimum(3 * third + 3, many),
    }
    numbers["raw"] = np.where(ok, 0.9 - value, np.nan)  # the other way round
    words_of = {"status": status, "reason": reason, "why": why, "flags": flags, "notes": notes}
    told = {
        "normalisation": np.where(ok, "s/c", ""),
        "created": np.where(ok, "2026-05-01T12:00:00.000000+00:00", ""),
        "hardware": np.where(ok, "x86_64", ""),
    }
    return xr.Dataset(
        {name: (dims, values) for name, values in {**numbers, **words_of, **told, "ranked": ranked}.items()},
        coords={**coordinates(of, *names), **card_coordinates(of, *names)},
    )


def stage(folder: Path) -> xr.Dataset:
    """Write the snapshot's files into a folder; returns its matrix."""
    of = registry()
    scores = matrix(of)
    folder.mkdir(parents=True)
    write_cells(folder / CELLS, scores)
    write_matrix(folder / MATRIX, scores)
    (folder / CARDS).write_text(json.dumps(cards.to_json(of.cards())), encoding="utf-8")
    profile = [
        {"region": HOSTILE, "data": HOSTILE, "metric": HOSTILE, "place": n, "layer": f"{HOSTILE}{n}", "selected": n == 2}
        | {"value": 0.1 * n, "error": 0.01, "interval_low": 0.1 * n - 0.02, "interval_high": 0.1 * n + 0.02}
        for n in range(4)
    ]
    regions = [{"region": "*", "layers": [HOSTILE], "how": f"selected on {HOSTILE}"}]
    (folder / LAYERS).write_text(json.dumps({"odd": {"regions": regions, "behaviour": HOSTILE, "profile": profile}}))
    (folder / CITATION).write_text("cff-version: 1.2.0\n")
    status = scores["status"].values
    manifest = Manifest(
        created="2026-05-01T12:00:00.000000+00:00",
        fornix="0.1.0",
        commit=None,
        code="0" * 16,
        revisions={"scoring": 1, "extraction": 1},
        counts={
            "models": status.shape[0],
            "benchmarks": status.shape[1],
            "cells": status.size,
            "ok": int((status == "ok").sum()),
        },
        hardware={"x86_64": int((status == "ok").sum())},
        private=(),
        files=files_of(folder),
    ).named()
    (folder / MANIFEST).write_bytes(manifest.to_bytes())
    return scores
