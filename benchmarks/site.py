"""The site of 1,000 models on 200 benchmarks in Chromium: how long it takes to build, what its first page weighs, how long until
there is something to read, and how evenly it scrolls; beside the naive way, all cells in one HTML table.

    pip install playwright; apt-get install chromium
    python benchmarks/site.py [--models 1000] [--benchmarks 200]
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import tempfile
import time
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import xarray as xr
from playwright.sync_api import Page, sync_playwright

from fornix.matrix.coordinates import card_coordinates, coordinates
from fornix.matrix.snapshots import cards
from fornix.matrix.snapshots.contents import files_of
from fornix.matrix.snapshots.format import CARDS, CELLS, MANIFEST, MATRIX, SITE, Manifest
from fornix.matrix.snapshots.tables import write_cells, write_matrix
from fornix.registry.card import Aggregate, Card, Uses
from fornix.registry.discovery import Registry
from fornix.site.build import build

#: Scrolls a place by a step in each frame, and says how long each frame took, in ms.
_SCROLL = """async ([selector, down, across]) => {
  const place = document.querySelector(selector) ?? document.scrollingElement, frames = [];
  let before = await new Promise(requestAnimationFrame);
  for (let step = 0; step < 180; step++) {
    place.scrollBy(across, down);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  return frames;
}"""


def snapshot(folder: Path, models: int, benchmarks: int) -> xr.Dataset:
    """A snapshot with groups of ten benchmarks, a parent each."""

    def card(kind: Any, name: str, **fields: Any) -> Card:
        return Card(
            kind=kind,
            identifier=name,
            version=1,
            title=f"The {kind} {name}",
            authors=("A",),
            licence="MIT",
            citation="",
            **fields,
        )

    of_models = [card("model", f"network-{n:04d}", modalities=("image",), parameters=1000 * n) for n in range(models)]
    of_benchmarks, names = [card("dataset", "Data", species="Macaca mulatta"), card("metric", "ridge")], []
    for group in range(benchmarks // 10):
        children = tuple(f"Study{group:02d}.region{n}-ridge" for n in range(9))
        names += [f"Study{group:02d}-ridge", *children]
        of_benchmarks.append(card("benchmark", names[-10], modalities=("image",), aggregate=Aggregate("value", children)))
        uses = Uses(("Data",), ("ridge",))
        of_benchmarks += [card("benchmark", name, modalities=("image",), regions=("IT",), uses=uses) for name in children]
    of = Registry.of_cards([*of_models, *of_benchmarks])
    rng = np.random.default_rng(0)
    shape = (models, len(names))
    ok = rng.random(shape) < 0.9
    value, error = np.where(ok, rng.normal(0.5, 0.15, shape), np.nan), np.where(ok, rng.uniform(0.005, 0.05, shape), np.nan)
    rank = np.where(ok, np.argsort(np.argsort(np.where(ok, -value, np.inf), axis=0), axis=0) + 1.0, np.nan)
    numbers = {"value": value, "error": error, "interval_low": value - 2 * error, "interval_high": value + 2 * error}
    numbers |= {"raw": value * 0.8, "raw_error": error * 0.8, "ceiling": np.where(ok, 0.8, np.nan), "rank": rank}
    numbers |= {"rank_low": np.maximum(rank - 5, 1), "rank_high": rank + 5}
    words = {
        "status": np.where(ok, "ok", "skipped"),
        "reason": np.where(ok, "", "modality"),
        "normalisation": np.where(ok, "s/c", ""),
    }
    words |= {"why": np.where(ok, "", "it takes text"), "created": np.where(ok, "2026-05-01T12:00:00+00:00", "")}
    identifiers = [c.identifier for c in of_models]
    matrix = xr.Dataset(
        {name: (("model", "benchmark"), each) for name, each in {**numbers, **words, "ranked": ok}.items()},
        coords={**coordinates(of, identifiers, names), **card_coordinates(of, identifiers, names)},
    )
    write_cells(folder / CELLS, matrix)
    write_matrix(folder / MATRIX, matrix)
    (folder / CARDS).write_text(json.dumps(cards.to_json(of.cards())))
    manifest = Manifest(
        "2026-05-01T12:00:00+00:00", "0", None, "0" * 16, {}, {"cells": matrix["value"].size}, {}, (), files_of(folder)
    )
    (folder / MANIFEST).write_bytes(manifest.named().to_bytes())
    return matrix


def naive(path: Path, matrix: xr.Dataset) -> None:
    """All cells in one table of HTML, with sticky heads."""
    head = "".join(f"<th>{escape(name)}</th>" for name in matrix["benchmark"].values.tolist())
    values, errors = matrix["value"].values.tolist(), matrix["error"].values.tolist()
    lines = [
        f"<tr><th>{escape(name)}</th>" + "".join(f"<td><b>{v:.3f}</b> ±{e:.3f}</td>" for v, e in zip(*row, strict=True)) + "</tr>"
        for name, *row in zip(matrix["model"].values.tolist(), values, errors, strict=True)
    ]
    style = "thead th{position:sticky;top:0;background:#fff}tbody th{position:sticky;left:0;background:#fff}"
    path.write_text(
        f"<!doctype html><title>all</title><style>{style}</style><table><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def measured(page: Page, address: str, ready: str, place: str, times: int = 3) -> dict[str, float]:
    """Seconds until there is something to read (median), and frames of scrolling; beside them the time of the processor that the
    page's main thread took, which says the same on a busy machine."""
    seconds, work = [], []
    thread = page.context.new_cdp_session(page)
    thread.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = thread.send("Performance.getMetrics")["metrics"]
        return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")

    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    for _ in range(times):
        page.goto("about:blank")
        asked.clear()
        start, before = time.perf_counter(), worked()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(ready, timeout=120_000)
        page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        seconds.append(time.perf_counter() - start)
        work.append(worked() - before)
    files = [Path(unquote(urlsplit(url).path)) for url in asked if url.startswith("file:")]
    found = {
        "seconds to read": statistics.median(seconds),
        "seconds of work": statistics.median(work),
        "compressed kB": sum(len(gzip.compress(file.read_bytes())) for file in files) / 1e3,
        "elements": page.evaluate("document.getElementsByTagName('*').length"),
    }
    for name, step in (("down", [place, 140, 0]), ("across", [place, 0, 90])):
        before = worked()
        frames = sorted(page.evaluate(_SCROLL, step))
        found[f"work in a frame {name}, ms"] = (worked() - before) * 1e3 / len(frames)
        found |= {
            f"frame {name}, median ms": statistics.median(frames),
            f"frame {name}, 95 % ms": frames[int(0.95 * len(frames))],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--benchmarks", type=int, default=200)
    given = parser.parse_args()
    chromium = next(path for name in ("chromium", "google-chrome") if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        within = Path(folder)
        matrix = snapshot(within, given.models, given.benchmarks)
        start = time.perf_counter()
        build(within, within / SITE)
        seconds, files = time.perf_counter() - start, [path for path in (within / SITE).rglob("*") if path.is_file()]
        print(f"built in {seconds:.1f} s: {len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB")
        naive(within / "naive.html", matrix)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        for name, path, fragment, ready, place in (
            ("site", within / SITE / "index.html", "", "body[data-shown]", ".scroller"),
            ("all unfolded", within / SITE / "index.html", "#open=*", "body[data-shown]", ".scroller"),
            ("naive", within / "naive.html", "", "tbody tr:last-child", "html"),
        ):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            found = measured(page, path.as_uri() + fragment, ready, place)
            print(f"{name}: " + ", ".join(f"{what} {number:.3g}" for what, number in found.items()))
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
