"""Publishing: a snapshot of a store is staged, written to its place, made whole by its manifest, and then pointed to.

Whatever is killed when: a version without a manifest is no version yet, and publishing again finishes it. The files of a version
follow from its name, so that publishers of the same data write the same bytes; those of different data write different versions.
What they share, the pointer, moves on a condition, and never back to an older snapshot unless that is asked for.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fornix.engine.silence import breaking_silence
from fornix.matrix.given import given_names
from fornix.matrix.snapshots.contents import Selection, files_of, stage
from fornix.matrix.snapshots.destinations import Destination, open_destination
from fornix.matrix.snapshots.format import (
    CARDS,
    CELLS,
    CITATION,
    INDEX,
    LATEST,
    MANIFEST,
    MATRIX,
    SITE,
    Manifest,
    Pointer,
    SnapshotError,
    folder_of,
    is_version,
)
from fornix.registry.discovery import Registry
from fornix.store.interface import Store

#: How often a pointer is tried that others move at the same time.
_TRIES: Final = 50
_GENERATOR: Final = '<meta name="generator" content="fornix">'


@dataclass(frozen=True)
class Published:
    """What publishing did.

    Parameters
    ----------
    place : str
    manifest : Manifest
        Of the snapshot, with its version.
    written : tuple of str
        The names of the files that were written, or would be; none if all was there.
    latest : str
        The version that the place's pointer names now.
    left_out : tuple of str
        A sentence for each result, commitment and profile that is not in the snapshot, although it might be.
    """

    place: str
    manifest: Manifest
    written: tuple[str, ...]
    latest: str
    left_out: tuple[str, ...]

    @property
    def version(self) -> str:
        """Of the snapshot."""
        return self.manifest.version


def publish(
    registry: Registry,
    store: Store,
    to: str | os.PathLike[str],
    *,
    models: Sequence[str] | str | None = None,
    benchmarks: Sequence[str] | str | None = None,
    named: Sequence[str] | str = (),
    arrays: bool = True,
    ranks: bool = True,
    seed: int = 0,
    also: Callable[[Path], None] | None = None,
    back: bool = False,
    dry_run: bool = False,
) -> Published:
    """Publish what a store holds as a snapshot.

    The same results, cards and code are, with the same libraries, the same version: publishing them again writes nothing but what
    is missing or damaged.

    Parameters
    ----------
    to : str or path
        A folder, or ``s3://bucket/prefix``.
    models, benchmarks : sequence of str, optional
        Identifiers (a parent stands for its leaves); None: all that are public.
    named : sequence of str
        Identifiers of private plugins that may leave, too: models, benchmarks, and the datasets and metrics that these use.
    arrays : bool
        Whether the units and replicates of the scores are published with them.
    ranks : bool
        Whether models are ranked, for which the replicates of all their scores are read.
    also : callable, optional
        Given the folder with the snapshot's files, writes more below its ``site``. It has to write the same for the same files.
    back : bool
        Have the place point to this snapshot even if it points to one with newer results.
    dry_run : bool
        Write nothing to the place.

    Raises
    ------
    SnapshotError
        If there is nothing to publish, or the place cannot be written or holds something else.
    UsageError
        If a name is unknown, or private and was not asked for as such.
    """
    place = open_destination(to)
    asked = given_names("models", models), given_names("benchmarks", benchmarks), given_names("named", named or None) or []
    before = _pointer(place)
    _check_index(place)
    scratch: AbstractContextManager[Any] = tempfile.TemporaryDirectory(prefix="fornix-publish-") if dry_run else place.scratch()
    with scratch as within, breaking_silence() as tell:
        folder = Path(within) / "snapshot"
        folder.mkdir()
        staged = stage(registry, store, Selection(*asked, arrays, ranks, seed), folder, tell)
        manifest = staged.manifest
        if also is not None:
            tell("its pages are made")
            (folder / MANIFEST).write_bytes(manifest.to_bytes())
            also(folder)
            (folder / MANIFEST).unlink()
            manifest = replace(manifest, files=files_of(folder))
        if dry_run:
            at = folder_of(manifest.version)
            new = [] if place.read(f"{at}{MANIFEST}") else [f"{at}{path}" for path in (*manifest.files, MANIFEST)]
            latest = before[0].version if before else ""
            return Published(place.name, manifest, tuple(new), latest, staged.left_out)
        tell(f"{len(manifest.files)} files are written to {place.name}")
        manifest, written = _write(place, folder, manifest)
    pointed, moved = _point(place, manifest, back)
    indexed = _index(place)
    return Published(place.name, manifest, (*written, *moved, *indexed), pointed.version, staged.left_out)


def _write(place: Destination, folder: Path, manifest: Manifest) -> tuple[Manifest, list[str]]:
    """Write a version; returns its manifest, which may be that of who was first, and the names of what was written."""
    at = folder_of(manifest.version)
    theirs = _manifest(place, manifest.version)
    written = []
    if theirs is None and place.check_conditions(f"{at}{CITATION}", folder / CITATION):
        written.append(f"{at}{CITATION}")
    of = manifest if theirs is None else theirs
    # a site of another build than that of who was first is not this version's
    files = [(f"{at}{path}", folder / path, file) for path, file in manifest.files.items() if of.files.get(path) == file]
    written += place.put_all(files)
    if theirs is None and place.put_new(f"{at}{MANIFEST}", manifest.to_bytes()):
        return manifest, [*written, f"{at}{MANIFEST}"]
    return theirs or _manifest(place, manifest.version) or manifest, written


def _manifest(place: Destination, version: str) -> Manifest | None:
    """The manifest of a version that is whole."""
    name = f"{folder_of(version)}{MANIFEST}"
    found = place.read(name)
    if found is None:
        return None
    where = f"{place.name}/{name}"
    manifest = Manifest.from_bytes(found.content, where)
    if not is_version(found.content, version):
        raise SnapshotError(f"{where} is damaged (it is not that of its version); remove it, and publish again")
    return manifest


# pointing to it


def _pointer(place: Destination) -> tuple[Pointer, str] | None:
    """What a place points to, and the version of that object."""
    found = place.read(LATEST)
    if found is None:
        return None
    return Pointer.from_bytes(found.content, f"{place.name}/{LATEST}"), found.version


def _point(place: Destination, manifest: Manifest, back: bool) -> tuple[Pointer, list[str]]:
    """Have the place point to a snapshot, unless it points to a newer one; returns what it points to, and what was written."""
    found = place.read(f"{folder_of(manifest.version)}{MANIFEST}")
    assert found is not None
    mine = Pointer(manifest.version, manifest.created, hashlib.sha256(found.content).hexdigest())
    for _ in range(_TRIES):
        now = _pointer(place)
        if now is not None and (now[0] == mine or (now[0].created > mine.created and not back)):
            return now[0], []
        if place.move(LATEST, mine.to_bytes(), None if now is None else now[1]):
            return mine, [LATEST]
    raise SnapshotError(
        f"{place.name}/{LATEST} was moved by others {_TRIES} times in a row; {manifest.version} is there and whole: publish again"
    )


def _check_index(place: Destination) -> None:
    found = place.read(INDEX)
    if found is not None and _GENERATOR.encode() not in found.content:
        raise SnapshotError(
            f"{place.name} has an {INDEX} that fornix did not write, and it would be written over; give a new folder or prefix"
        )


def _index(place: Destination) -> list[str]:
    """Have the front page lead to where the place points, whoever moved it last; returns what was written."""
    written: list[str] = []
    for _ in range(_TRIES):
        now = _pointer(place)
        assert now is not None
        whole = _manifest(place, now[0].version)
        page = _page(now[0].version, whole is not None and f"{SITE}{INDEX}" in whole.files).encode()
        found = place.read(INDEX)
        if found is not None and found.content == page:
            break
        if place.move(INDEX, page, None if found is None else found.version):
            written = [INDEX]
    return written


def _page(version: str, has_site: bool) -> str:
    """The front page of a place."""
    at = folder_of(version)
    site = f"{at}{SITE}{INDEX}"
    forward = f'<meta http-equiv="refresh" content="0; url={site}">\n' if has_site else ""
    links = [site] if has_site else [f"{at}{name}" for name in (CELLS, MATRIX, CARDS, CITATION, MANIFEST)]
    items = "\n".join(f'<li><a href="{link}">{link}</a></li>' for link in links)
    head = f'<meta charset="utf-8">\n{_GENERATOR}\n{forward}<title>Snapshot {version}</title>'
    body = f"<h1>Snapshot {version}</h1>\n<ul>\n{items}\n</ul>"
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
