"""A snapshot made by hand out of the toys, and places that serve it: a folder, a bucket, a web server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from fornix.engine.exchange import score_arrays, score_scalars
from fornix.engine.plan import plan
from fornix.interfaces import Score
from fornix.matrix.assemble import assemble
from fornix.matrix.snapshots import cards
from fornix.matrix.snapshots.format import CARDS, CELLS, LATEST, MANIFEST, Manifest, Pointer, SnapshotFile, folder_of
from fornix.matrix.snapshots.tables import write_cells
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty
from fornix.registry.discovery import Registry
from fornix.store.folder import FolderStore
from fornix.store.interface import Cell
from tests.engine.conftest import TOYS, toy_registry
from tests.files.conftest import Site

MODEL, OTHER = "toy-behaving", "toy-linear"
IT, V4, PARENT = "Toy.IT-correlation", "Toy.V4-correlation", "Toy-correlation"


def scored(value: float, seed: int = 0) -> Score:
    """A score with units, and replicates that share their stimuli with those of every other."""
    rng = np.random.default_rng(seed)
    drawn = value + rng.normal(0, 0.01, 20) + np.random.default_rng(99).normal(0, 0.05, 20)
    given = Score(
        value,
        resampled=("stimuli",),
        details={"agreement": 0.7},
        units=xr.DataArray(rng.normal(size=3), dims="neuroid", coords={"neuroid": ["a", "b", "c"]}),
    )
    return with_uncertainty(given, replicates_array({"stimuli": (drawn, "bootstrap", 20)}))


def fill(store: FolderStore, scores: Mapping[tuple[str, str], Score], registry: Registry | None = None, seed: int = 0) -> None:
    """Put scores into a store as if a run had computed them with the plugins of a registry (default: the toys)."""
    registry = registry or toy_registry(TOYS)
    models, benchmarks = ({name: None for name in names} for names in zip(*scores, strict=True))
    for planned in plan(registry, store, list(models), list(benchmarks), seed=seed).cells:
        score = scores.get((planned.model, planned.benchmark))
        if score is not None:
            made = Cell(
                planned.key,
                planned.model,
                planned.benchmark,
                key_parts=planned.key_parts,
                scalars=score_scalars(score),
                provenance={"seconds": 1.5},
            )
            store.put_cell(made, score_arrays(score))


def toy_matrix(store: FolderStore, toys: Path = TOYS) -> xr.Dataset:
    """The matrix of the toys in a store."""
    registry = toy_registry(toys)
    return assemble(registry, plan(registry, store))


def place_by_hand(
    folder: Path,
    matrix: xr.Dataset,
    *,
    created: str = "2026-05-13T10:00:00Z",
    files: Mapping[str, bytes] | None = None,
    more: Mapping[str, Any] | None = None,
    toys: Path = TOYS,
) -> str:
    """Lay out a snapshot of the toys in a folder, as the newest there; returns its version.

    Parameters
    ----------
    files : mapping
        Further files, or others in place of those made here.
    more : mapping
        Fields of the manifest, in place of those made here or beside them.
    """
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    write_cells(scratch / CELLS, matrix)
    contents = {
        CELLS: (scratch / CELLS).read_bytes(),
        CARDS: json.dumps(cards.to_json(toy_registry(toys).cards())).encode(),
        **(files or {}),
    }
    (scratch / CELLS).unlink()
    scratch.rmdir()
    entries = {path: SnapshotFile(hashlib.sha256(content).hexdigest(), len(content)) for path, content in contents.items()}
    made = Manifest(created, "0.1.0", None, "0" * 16, {"scoring": 1, "extraction": 1}, {"models": 2}, {}, (), entries)
    return lay_out(folder, {**made.to_json(), **(more or {})}, contents)


def version_of(said: Mapping[str, Any]) -> str:
    """What a manifest that says this is called, whatever a later minor schema adds; as docs/snapshots.md has it."""
    data = {name: value for name, value in said.items() if name not in ("version", "commit")}
    shown = {path for path in said["files"] if path.startswith("site/") or path == "CITATION.cff"}
    data["files"] = {path: of for path, of in said["files"].items() if path not in shown}
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{said['created'][:10]}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def lay_out(folder: Path, said: dict[str, Any], contents: Mapping[str, bytes]) -> str:
    """Write a version with this manifest, named after what it says, and point to it; returns the version."""
    said["version"] = version_of(said)
    manifest = json.dumps(said).encode()
    version = folder / folder_of(said["version"])
    for path, content in {**contents, MANIFEST: manifest}.items():
        (version / path).parent.mkdir(parents=True, exist_ok=True)
        (version / path).write_bytes(content)
    point(folder, said["version"], manifest, said["created"])
    return str(said["version"])


def point(folder: Path, version: str, manifest: bytes, created: str = "") -> None:
    """Have latest.json name a version."""
    (folder / LATEST).write_bytes(Pointer(version, created, hashlib.sha256(manifest).hexdigest()).to_bytes())


def serve(site: Site, folder: Path, below: str = "/lab") -> str:
    """Have a web server serve what lies in a folder; returns the address of the place."""
    site.contents = {f"{below}/{path.relative_to(folder)}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return f"{site.url}{below}"


def upload(client: Any, bucket: str, folder: Path, prefix: str = "some/place") -> str:
    """Put what lies in a folder into a bucket; returns the place."""
    for path in folder.rglob("*"):
        if path.is_file():
            client.put_object(Bucket=bucket, Key=f"{prefix}/{path.relative_to(folder)}", Body=path.read_bytes())
    return f"s3://{bucket}/{prefix}"


def version_in(place: Path) -> str:
    """The version that a place points to."""
    return str(json.loads((place / LATEST).read_bytes())["version"])
