"""A lab whose plugins are partly private, and a store in which there is a result of everything on everything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import xarray as xr

from fornix.engine.exchange import score_arrays, score_scalars
from fornix.engine.plan import plan
from fornix.interfaces import Score
from fornix.numerics.uncertainty.intervals import replicates_array
from fornix.registry.discovery import Registry
from fornix.store import kept
from fornix.store.folder import FolderStore
from fornix.store.interface import Attempt, Cell
from tests.engine.conftest import TOYS, edit, toy_registry

NET, DATA, METRIC, MEASURE = "lab-secret-net", "Hush2026", "sotto-metric", "Undisclosed.IT-correlation"
#: A public benchmark that uses private data, as a third child of the public parent.
ON_PRIVATE_DATA = "Toy.onhush-correlation"
PARENT, LEAVES = "Toy-correlation", ("Toy.IT-correlation", "Toy.V4-correlation")
PRIVATE_NAMES = (NET, DATA, METRIC, MEASURE)
#: What an error message, a log or a machine may hold and nobody else is to read.
TRACES = ("/home/alice", "alice", "node17.cluster", "s3://lab-bucket", "hunter2")

_HEAD = """schema = 1
[defaults]
version = 1
authors = ["The lab"]
licence = "MIT"
citation = "@misc{lab, title = {Kept to themselves}}"
visibility = "private"
"""


def lab_plugins(folder: Path) -> Path:
    """The toys, and private plugins beside them, which the cards of some toys name."""
    shutil.copytree(TOYS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    cards = {
        "models": f'[[model]]\nidentifier = "{NET}"\ntitle = "Ours"\nmodalities = ["image"]\nregions = ["IT", "V4"]\n',
        "datasets": f'[[dataset]]\nidentifier = "{DATA}"\ntitle = "Ours"\nmodalities = ["image"]\nregions = ["IT"]\n'
        'subjects = ["monkey Q"]\n',
        "metrics": f'[[metric]]\nidentifier = "{METRIC}"\ntitle = "Ours"\naccepts = ["values"]\n',
        "benchmarks": f'[[benchmark]]\nidentifier = "{MEASURE}"\ntitle = "Ours"\nmodalities = ["image"]\nregions = ["IT"]\n'
        f'uses = {{ datasets = ["Toy"], metrics = ["toy-correlation"] }}\nparent = "{PARENT}"\n',
    }
    for kinds, card in cards.items():
        root, package = folder / kinds / "lab", f"fornix_{kinds[:-1]}_lab"
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text("")
        (root / package / "plugin.py").write_text("")
        (root / package / "plugin.toml").write_text(_HEAD + card)
        (root / "pyproject.toml").write_text(
            f'[project]\nname = "fornix-{kinds[:-1]}-lab"\nversion = "1"\n'
            f'[project.entry-points.fornix]\nlab = "{package}.plugin"\n'
        )
    of_models = folder / "models/toy/fornix_model_toy/plugin.toml"
    edit(
        of_models,
        'title = "Fixed linear features of a small image"',
        f'title = "Fixed linear features of a small image"\nnote = "Half as good as {NET}, see {DATA}."\n'
        f'training = [{{ dataset = "{DATA}", kind = "stimuli" }}]\nselected_on = ["{DATA}"]\nsuperseded_by = "{NET}"',
    )
    of_benchmarks = folder / "benchmarks/toy/fornix_benchmark_toy/plugin.toml"
    edit(of_benchmarks, f'"{LEAVES[1]}"]', f'"{LEAVES[1]}", "{MEASURE}", "{ON_PRIVATE_DATA}"]')
    with of_benchmarks.open("a") as cards_of_benchmarks:
        cards_of_benchmarks.write(
            f'[[benchmark]]\nidentifier = "{ON_PRIVATE_DATA}"\ntitle = "On data that nobody has"\nmodalities = ["image"]\n'
            f'regions = ["IT"]\nuses = {{ datasets = ["{DATA}"], metrics = ["{METRIC}"] }}\nparent = "{PARENT}"\n'
        )
    return folder


def score_of(value: float, seed: int = 0, notes: Iterable[str] = ()) -> Score:
    """A score with all arrays, its ceiling's too."""
    rng = np.random.default_rng(seed)

    def replicates(around: float) -> xr.DataArray:
        by_factor = {"stimuli": (around + rng.normal(0, 0.02, 6), "jackknife")}
        return replicates_array({**by_factor, "neuroids": (around + rng.normal(0, 0.02, 4), "bootstrap", 3)})

    units = xr.DataArray(rng.normal(size=(2, 3)), dims=("split", "neuroid"), coords={"neuroid": ["a", "b", "ç"]})
    ceiling = Score(0.9, error=0.01, units=units[0], replicates=replicates(0.9), details={"upper": 0.95})
    return Score(
        value,
        error=0.04,
        interval=(value - 0.08, value + 0.08),
        raw=value * 0.9,
        ceiling=ceiling,
        normalisation="s/c",  # type: ignore[arg-type]
        chance=0.125,
        units=units,
        unit_replicates=xr.DataArray(rng.normal(size=(4, 3)), dims=("replicate", "neuroid")),
        replicates=replicates(value),
        raw_replicates=replicates(value * 0.9),
        resampled=("stimuli", "neuroids"),
        notes=tuple(notes),
        details={"agreement": 0.7, "unknown": float("nan")},
    )


def fill(store: FolderStore, plugins: Path, *, models: list[str] | None = None, day: int = 1, seed: int = 0) -> None:
    """Put a result of each of these models on every leaf, private or not, as if a run had computed it on this day of May."""
    registry = toy_registry(plugins)
    names = models or [card.identifier for card in registry.cards("model")]
    leaves = [card.identifier for card in registry.cards("benchmark") if card.aggregate is None]
    now, kept._now = kept._now, lambda: datetime(2026, 5, day, 12, tzinfo=UTC).isoformat(timespec="microseconds")
    try:
        for number, planned in enumerate(plan(registry, store, names, leaves).cells):
            if planned.state == "skipped":
                continue
            score = score_of(0.3 + 0.01 * number, seed + number, [f"compared with {NET}"] if number == 0 else [])
            cell = Cell(
                planned.key,
                planned.model,
                planned.benchmark,
                key_parts=planned.key_parts,
                scalars=score_scalars(score),
                provenance={
                    "seconds": 1.5 + number,
                    "host": "node17.cluster",
                    "user": "alice",
                    "hardware": {
                        "model": {"system": "Linux", "machine": "x86_64", "gpu": "NVIDIA H200", "host": "node17.cluster"},
                        "scoring": {"system": "Linux", "machine": "x86_64"},
                    },
                },
            )
            store.put_cell(cell, score_arrays(score))
    finally:
        kept._now = now


def failed(store: FolderStore, registry: Registry, model: str, benchmark: str) -> None:
    """Record an attempt that failed, with more in its message than its author would want to be read."""
    (planned,) = plan(registry, store, [model], [benchmark]).cells
    reason = f"FileNotFoundError: no file /home/alice/{NET}/w.pt on node17.cluster (s3://lab-bucket, key hunter2)"
    store.add_attempt(
        Attempt(model, benchmark, planned.key, "failed", reason, "2026-05-01T12:00:00+00:00", 2.0), f"{os.getcwd()} {reason}"
    )
