"""Pulling a snapshot: which version, its files verified against its manifest, and the matrix that they hold. Light: it needs no
plugin, and loads the numerical libraries only when something is read."""

from __future__ import annotations

import hashlib
import os
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fornix.errors import UsageError
from fornix.matrix.given import given_names
from fornix.matrix.snapshots.cache import Memory, ago
from fornix.matrix.snapshots.format import (
    CARDS,
    CELLS,
    LATEST,
    MANIFEST,
    PULLED,
    Manifest,
    Pointer,
    SnapshotError,
    array_files,
    check_version,
    folder_of,
    is_version,
)
from fornix.matrix.snapshots.sources import Away, Missing, Place, hint_within, open_place
from fornix.registry.options import did_you_mean

if TYPE_CHECKING:
    import xarray as xr

    from fornix.interfaces import Score
    from fornix.registry.discovery import Registry

#: So many versions are named where one is asked for that is not there.
_SHOWN: Final = 5


def pull(
    place: str | os.PathLike[str],
    version: str = "latest",
    models: Sequence[str] | str | None = None,
    benchmarks: Sequence[str] | str | None = None,
    *,
    units: bool = False,
) -> xr.Dataset:
    """The published matrix at a place, verified against its manifest.

    What was pulled is kept in the cache (``FORNIX_CACHE``): a version by its name needs no network again, and ``"latest"``
    without a network is the one that was seen last, with a warning.

    Parameters
    ----------
    place : str or path
        An http(s) address, ``s3://bucket/prefix`` (extra ``s3``), or a folder.
    version : str
        A version, as ``attrs["version"]`` of what was pulled says it, or ``"latest"``.
    models, benchmarks : sequence of str, or str, optional
        Identifiers; None: all. A parent brings the benchmarks below it. Ranks stay those among all models of the snapshot.
    units : bool
        Fetch the values of single units and the replicates of these benchmarks, too, so that :func:`fornix.stored_score` needs no
        network.

    Returns
    -------
    Dataset with dims (model, benchmark)
        The matrix as :func:`fornix.run` returns it, with ``rank``, ``rank_low``, ``rank_high``, ``chance``, ``created``,
        ``seconds`` and ``hardware`` of each cell, and what cards say as coordinates (docs/snapshots.md names them all).
        ``.to_dataframe()`` has a row for each (model, benchmark). Its attributes say which snapshot it is: ``snapshot``,
        ``version``, ``manifest_sha256``.

    Raises
    ------
    SnapshotError
        If it cannot be had, or is not what was published; or has no such version, model or benchmark.
    UsageError
        If the place cannot be one.
    """
    snapshot = open_snapshot(place, version)
    matrix = snapshot.matrix(models, benchmarks)
    if units:
        for name in matrix["benchmark"].values[matrix["leaf"].values].tolist():
            snapshot.array_files(name)
    return matrix


def open_snapshot(place: str | os.PathLike[str], version: str = "latest", *, sha256: str | None = None) -> Snapshot:
    """One version at a place; raises as :func:`pull`.

    Parameters
    ----------
    sha256 : str, optional
        Of the manifest of a version that was seen before.
    """
    source = open_place(place)
    memory = None if source.is_here else Memory(source.name)
    if version == "latest":
        return _newest(source, memory)
    try:
        check_version(version)
    except ValueError as error:
        raise _no_version(source, memory, version, f"{error}, and there is none at {source.name}") from None
    try:
        return _of_version(source, memory, version, sha256)
    except Missing as missing:
        raise _no_version(source, memory, version, f"there is no snapshot {version} at {source.name}") from missing


@dataclass
class Snapshot:
    """One version of a published matrix, of which files are fetched when they are asked for.

    Parameters
    ----------
    place : Place
    manifest : Manifest
    manifest_sha256 : str
    """

    place: Place
    manifest: Manifest
    manifest_sha256: str

    @property
    def version(self) -> str:
        """Its version."""
        return self.manifest.version

    def file(self, path: str) -> Path:
        """A file of this version on this machine, verified, to be read only.

        Raises
        ------
        SnapshotError
        """
        where = f"the snapshot {self.version} at {self.place.name}"
        if path not in self.manifest.files:
            raise SnapshotError(f"{where} has no {path}")
        try:
            return self.place.file(folder_of(self.version) + path, self.manifest.files[path])
        except Missing as error:
            raise SnapshotError(
                f"{where} is not whole: {error}, and its manifest names it; tell who keeps it, or pull another version"
            ) from error

    def array_files(self, benchmark: str) -> dict[str, Path]:
        """The files of a leaf's ``replicates`` and ``units``, as :meth:`file` gives them; none where nothing was published."""
        return {name: self.file(path) for name, path in array_files(benchmark).items() if path in self.manifest.files}

    @cached_property
    def registry(self) -> Registry:
        """The cards of its models and benchmarks, and of the datasets and metrics that these use."""
        from fornix.matrix.snapshots.cards import read_registry

        path = self.file(CARDS)
        return read_registry(path.read_bytes(), str(path))

    def matrix(self, models: Sequence[str] | str | None = None, benchmarks: Sequence[str] | str | None = None) -> xr.Dataset:
        """Its matrix, or a part of it; see :func:`pull`."""
        from fornix.matrix.snapshots.tables import read_cells

        named = given_names("models", models), given_names("benchmarks", benchmarks)
        matrix = read_cells(self.file(CELLS), self.registry, *named)
        return matrix.assign_attrs(snapshot=self.place.name, version=self.version, manifest_sha256=self.manifest_sha256)

    def score(self, model: str, benchmark: str, *, units: bool = True) -> Score:
        """The score of a cell, whole; ``units=False``: without the values of single units, whose file is then not fetched.

        Raises
        ------
        UsageError
            If it is of a parent, or there is no result.
        SnapshotError
            If the snapshot has no such model or benchmark, or no arrays, or a damaged file.
        """
        from fornix.matrix.snapshots.arrays import read_score

        try:
            return read_score(self.file, model, benchmark, units=units)
        except SnapshotError:
            cell = self.matrix([model], [benchmark]).sel(model=model, benchmark=benchmark)
            if not cell["leaf"].item():
                raise UsageError(
                    f"{benchmark} is a parent, of which there are no arrays; ask for its children one by one"
                ) from None
            if cell["status"].item() != "ok":
                because = ": ".join(filter(None, (str(cell[name].item()) for name in ("status", "reason", "why"))))
                raise UsageError(f"{model} on {benchmark} has no result in the snapshot {self.version} ({because})") from None
            raise


def _newest(source: Place, memory: Memory | None) -> Snapshot:
    """The newest version of a place; where the place does not answer until its matrix is there, the last that is in the cache."""
    try:
        pointer = _latest(source, memory)
        try:
            newest = _of_version(source, memory, pointer.version, pointer.manifest_sha256)
        except Missing as missing:
            raise SnapshotError(f"{missing}, and its {LATEST} names it; try again later, or tell who keeps it") from missing
        if memory is not None:
            for path in PULLED:
                newest.file(path)
        return newest
    except Away as away:
        pointer = _kept(source, memory, away)
    return _of_version(source, memory, pointer.version, pointer.manifest_sha256)


def _latest(source: Place, memory: Memory | None) -> Pointer:
    """The newest version of a place, as it says now."""
    where = f"{source.name}/{LATEST}"
    seen = memory.pointers(where) if memory is not None else []
    try:
        document = source.document(LATEST, seen[0].document.etag if seen else "")
    except Missing as missing:
        kept = memory.versions() if memory is not None else []
        still = f"; version={kept[-1]!r} is in the cache" if kept else ""
        raise SnapshotError(
            f"{missing}, so it is no place of snapshots; give the place that `fornix publish` names"
            f"{hint_within(source.name)}{still}"
        ) from missing
    if document is None:
        document = seen[0].document
    pointer = Pointer.from_bytes(document.content, where)
    if memory is not None:
        memory.keep_pointer(document, where)
    return pointer


def _kept(source: Place, memory: Memory | None, away: Away) -> Pointer:
    """The newest version that was seen and whose matrix is in the cache."""
    where = f"{source.name}/{LATEST}"
    seen = [] if memory is None else [(Pointer.from_bytes(of.document.content, where), of.seen) for of in memory.pointers(where)]
    here = [] if memory is None else [(pointer, when) for pointer, when in seen if memory.has_matrix(pointer)]
    if not here:
        raise SnapshotError(
            f"{away}, and no version of it is whole in the cache; connect to the network, or try again later"
        ) from away
    pointer, when = here[0]
    newer = "" if pointer == seen[0][0] else f"; a newer one, {seen[0][0].version}, was seen, and did not arrive whole"
    warnings.warn(
        f"{away}; this is the snapshot {pointer.version} from the cache, the latest {ago(time.time() - when)} ago{newer}",
        stacklevel=5,
    )
    return pointer


def _of_version(source: Place, memory: Memory | None, version: str, sha256: str | None) -> Snapshot:
    """A version whose manifest has this hash; without a hash, one whose data give it this version. Raises Missing if the place
    has none."""
    name = f"{folder_of(version)}{MANIFEST}"
    kept = memory.manifest(version) if memory is not None else None
    if kept is not None and is_version(kept, version, sha256):
        return _opened(source, kept, name)
    document = source.document(name)
    assert document is not None
    opened = _opened(source, document.content, name)
    if not is_version(document.content, version, sha256):
        raise SnapshotError(
            f"{source.name}/{name} is not what was published as {version}: it was changed, or damaged; tell who keeps it, and do "
            "not use it"
        )
    if memory is not None:
        memory.keep_manifest(version, document.content)
    return opened


def _opened(source: Place, manifest: bytes, name: str) -> Snapshot:
    return Snapshot(source, Manifest.from_bytes(manifest, f"{source.name}/{name}"), hashlib.sha256(manifest).hexdigest())


def _no_version(source: Place, memory: Memory | None, version: str, sentence: str) -> SnapshotError:
    """The error for a version that is not there, with those that are as far as they are known."""
    known = source.versions() or []
    if not known:
        known = memory.versions() if memory is not None else []
        try:
            known = sorted({*known, _latest(source, memory).version})
        except SnapshotError as error:
            return SnapshotError(f"{sentence}: {error}")
    hint = (
        did_you_mean(str(version), known)
        or f"; it has {', '.join(known[-_SHOWN:])}{' and older ones' if len(known) > _SHOWN else ''}"
    )
    return SnapshotError(f"{sentence}{hint}")
