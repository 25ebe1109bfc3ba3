"""The manifest and the pointer: what they say comes back, what a newer fornix adds is passed over, and what is wrong is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fornix.matrix.snapshots.format import Manifest, Pointer, SnapshotError, SnapshotFile, check_version, is_version
from tests.matrix.snapshots.placed import version_of

HASH = "ab" * 32
MANIFEST = Manifest(
    created="2026-05-13T10:00:00.000000+00:00",
    fornix="0.1.0",
    commit="0" * 40,
    code="1" * 16,
    revisions={"scoring": 3, "extraction": 1},
    counts={"models": 2, "ok": 3},
    hardware={"NVIDIA H200": 3},
    private=("ours",),
    files={"cells.parquet": SnapshotFile(HASH, 12), "units/V4.a.nc": SnapshotFile("cd" * 32, 0)},
).named()


def said(**changed: Any) -> bytes:
    return json.dumps({**MANIFEST.to_json(), **changed}).encode()


def test_a_manifest_comes_back() -> None:
    assert Manifest.from_bytes(MANIFEST.to_bytes(), "m") == MANIFEST
    assert MANIFEST.version == version_of(MANIFEST.to_json())
    assert is_version(MANIFEST.to_bytes(), MANIFEST.version)
    assert not is_version(replace(MANIFEST, created="2026-05-14T10:00:00Z").to_bytes(), MANIFEST.version)
    assert MANIFEST.version.startswith("2026-05-13-")


def test_its_version_is_that_of_its_data_and_not_of_what_shows_it() -> None:
    shown = {"site/index.html": SnapshotFile(HASH, 1), "CITATION.cff": SnapshotFile(HASH, 2)}
    assert replace(MANIFEST, files={**MANIFEST.files, **shown}).named().version == MANIFEST.version
    for commit in (None, "1" * 40):  # an installed fornix knows none, and one that changed no code has another
        assert replace(MANIFEST, commit=commit).named().version == MANIFEST.version
    for changed in (
        replace(MANIFEST, files={**MANIFEST.files, "cells.parquet": SnapshotFile("ef" * 32, 12)}),
        replace(MANIFEST, counts={"models": 3, "ok": 3}),
        replace(MANIFEST, code="2" * 16),
        replace(MANIFEST, citation="2" * 16),
        replace(MANIFEST, private=()),
    ):
        assert changed.named().version != MANIFEST.version


def test_the_order_of_files_says_nothing() -> None:
    backwards = dict(reversed(MANIFEST.files.items()))
    assert replace(MANIFEST, files=backwards).to_bytes() == MANIFEST.to_bytes()


def test_a_newer_minor_schema_is_read_and_what_it_adds_passed_over() -> None:
    more = {"schema": [1, 7], "doi": "10.5281/zenodo.1", "files": {"cells.parquet": {"sha256": HASH, "bytes": 12, "rows": 9}}}
    found = Manifest.from_bytes(said(**more), "m")
    assert found.schema == (1, 7)
    assert found.files == {"cells.parquet": SnapshotFile(HASH, 12)}


def test_a_newer_major_schema_is_refused_with_what_to_do() -> None:
    for read, content in (
        (Manifest.from_bytes, said(schema=[2, 0], files="otherwise")),
        (Pointer.from_bytes, b'{"format": "fornix-snapshots", "schema": [2, 0]}'),
    ):
        with pytest.raises(SnapshotError, match=r"published by a newer fornix .*pip install --upgrade fornix"):
            read(content, "m")


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "/etc/passwd",
        "units/../../x",
        "",
        "units//x.nc",
        "C:\\x",
        "a\0b",
        "./x",
        "x/.",
        "x" * 600,
        "a\nb",
        "\ud800",
        "a\u2028b",
    ],
)
def test_a_file_outside_of_the_snapshot_is_refused(path: str) -> None:
    with pytest.raises(SnapshotError, match=r"is damaged .*lies outside of it"):
        Manifest.from_bytes(said(files={path: {"sha256": HASH, "bytes": 1}}), "m")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>404</html>",
        b"[]",
        b"\xff",
        b'{"format": "fornix-snapshots", "schema": [1, 0]}',
        said(schema=None),
        said(schema=["1", 0]),
        said(version="2026-05-13"),
        said(version="../../../x"),
        said(files={"cells.parquet": {"sha256": "AB" * 32, "bytes": 1}}),
        said(files={"cells.parquet": {"sha256": HASH}}),
        said(files={"cells.parquet": {"sha256": HASH, "bytes": "1"}}),
        said(files=[]),
        said(counts=None),
        said(created="\x1b[2J"),
        said(created=None),
        said(files={"cells.parquet": {"sha256": HASH, "bytes": -1}}),
        said().replace(b'"ok": 3', b'"ok": 1e999'),
        b"[" * 100_000,
    ],
)
def test_what_is_no_manifest_gets_a_sentence(content: bytes) -> None:
    with pytest.raises(SnapshotError, match=r"^there/manifest\.json is (damaged|not what fornix publishes) \(.+\)"):
        Manifest.from_bytes(content, "there/manifest.json")


def test_a_pointer_comes_back_and_a_damaged_one_is_said() -> None:
    pointer = Pointer(MANIFEST.version, MANIFEST.created, HASH)
    assert Pointer.from_bytes(pointer.to_bytes(), "p") == pointer
    for wrong in ({"version": "x"}, {"manifest_sha256": "x"}, {"manifest_sha256": None}):
        with pytest.raises(SnapshotError, match="p is damaged"):
            Pointer.from_bytes(json.dumps({**json.loads(pointer.to_bytes()), **wrong}).encode(), "p")


def test_only_versions_are_versions() -> None:
    assert check_version(MANIFEST.version) == MANIFEST.version
    for wrong in (
        "latest",
        "2026-05-13-012345678",
        "2026-05-13-012345678G",
        MANIFEST.version + "\n",
        "٢٠٢٦-05-13-0123456789",
        None,
    ):
        with pytest.raises(ValueError, match="is no version of a snapshot"):
            check_version(wrong)
