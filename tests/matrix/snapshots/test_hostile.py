"""Publishers that mean ill or are broken, and odd names: a sentence, and never a wrong cell."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr

import fornix
from fornix.errors import UsageError
from fornix.files.settings import cache_folder
from fornix.matrix.snapshots.destinations import open_destination
from fornix.matrix.snapshots.format import CARDS, CELLS, LATEST, MANIFEST, SnapshotError, folder_of
from fornix.matrix.snapshots.pulling import open_snapshot
from fornix.matrix.snapshots.scores import snapshot_of
from fornix.store.places import open_store
from tests.files.conftest import Site, fresh_process, site
from tests.matrix.snapshots.placed import (
    IT,
    MODEL,
    PARENT,
    lay_out,
    place_by_hand,
    serve,
    upload,
    version_in,
)
from tests.store.endpoint import Endpoint
from tests.store.places import InBucket

__all__ = ["fresh_process", "site"]


def with_file(place: Path, name: str, content: bytes) -> None:
    """Publish the same with another content of a file, which its manifest names as it should."""
    at = place / folder_of(version_in(place))
    said = json.loads((at / MANIFEST).read_bytes())
    said["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    lay_out(place, said, {path: (at / path).read_bytes() for path in said["files"] if path != name} | {name: content})


# tables


def set_to(name: str, values: pa.Array) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda table: table.sort_by([("benchmark", "ascending"), ("model", "ascending")]), "not in the order"),
        (lambda table: pa.concat_tables([table.slice(0, 5), table.slice(0, 1)]), "not in the order"),
        (lambda table: pa.concat_tables([table] * 100), "it has 600 rows, and the cards of the snapshot are of 6 cells"),
        (set_to("value", pa.array(["1"] * 6)), "its column value is of string"),
        (set_to("value", pa.array([{"a": 1}] * 6)), "its column value is of struct"),
        (set_to("status", pa.array([1] * 6)), "its column status is of int64"),
        (set_to("status", pa.array([["ok"]] * 6)), "its column status is of list"),
        (set_to("status", pa.array([None] * 6, type=pa.string())), "a value is missing of what is str"),
        (set_to("n_nan", pa.array([float("nan")] * 6)), "its column n_nan is of double"),
        (set_to("n_nan", pa.array([None] * 6, type=pa.int64())), "a value is missing of what is int"),
        (set_to("ranked", pa.array([None] * 6, type=pa.bool_())), "a value is missing of what is bool"),
        (set_to("ranked", pa.array(["False"] * 6)), "its column ranked is of string"),
        (set_to("model", pa.array([1] * 6)), "its column model is of int64"),
        (set_to("model", pa.array(["nobody"] * 3 + ["else"] * 3)), "the cards of the snapshot do not go with its cells"),
        (lambda table: table.append_column("value", table.column("value")), "cannot be read as the cells"),
        (set_to("why", pa.array(["x" * 2**26] + [""] * 5)), "unpacks to"),
    ],
)
def test_a_table_that_is_not_that_of_a_matrix_is_refused(
    place: Path, change: Callable[[pa.Table], pa.Table], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fornix.matrix.snapshots.tables._LARGEST", 1 << 25)
    table = pq.read_table(io.BytesIO((place / folder_of(version_in(place)) / CELLS).read_bytes()))
    changed = io.BytesIO()
    pq.write_table(change(table), changed, compression="zstd")
    with_file(place, CELLS, changed.getvalue())
    with pytest.raises(SnapshotError, match=sentence):
        fornix.pull(place)


def test_one_long_text_does_not_fill_the_memory(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fornix.matrix.snapshots.tables._LARGEST_TEXTS", 1000)
    with pytest.raises(SnapshotError, match=r"a text has \d+ characters, which takes too much memory for 6 cells"):
        fornix.pull(place)


@pytest.mark.parametrize(
    "texts",
    [
        pa.array(["x" * 500_000, *"abcde"]),
        pa.DictionaryArray.from_arrays(pa.array([0] * 6), pa.array(["x" * 30_000, *map(str, range(300))])),
    ],
    ids=["one for each cell", "more than cells"],
)
def test_a_text_that_would_fill_the_memory_is_refused_before_it_does(
    place: Path, texts: pa.Array, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the memory is an array of texts: 4 bytes for each character of the longest, for each of them."""
    fornix.pull(place)  # which imports what it needs
    monkeypatch.setattr("fornix.matrix.snapshots.tables._LARGEST_TEXTS", 1 << 23)
    table = pq.read_table(io.BytesIO((place / folder_of(version_in(place)) / CELLS).read_bytes()))
    changed = io.BytesIO()
    pq.write_table(set_to("why", texts)(table), changed)
    with_file(place, CELLS, changed.getvalue())
    tracemalloc.start()
    try:
        with pytest.raises(SnapshotError, match=r"a text has \d+ characters, which takes too much memory for 6 cells"):
            fornix.pull(place)
        assert tracemalloc.get_traced_memory()[1] < 1 << 23
    finally:
        tracemalloc.stop()


# cards


def card(kind: str, name: str, **fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda cards: cards[kind][name].update(fields)


def renamed(kind: str, name: str, to: str) -> Callable[[dict[str, Any]], None]:
    return lambda cards: cards[kind].update({to: {**cards[kind].pop(name), "identifier": to}})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (card("model", MODEL, authors=5), r"authors is 5, expected tuple"),
        (card("model", MODEL, authors=[5]), r"authors is \(5,\), expected tuple"),
        (card("model", MODEL, parameters="big"), "parameters is 'big', expected int"),
        (card("model", MODEL, parameters=True), "parameters is True, expected int"),
        (card("model", MODEL, parameters=10**400), "do not go with its cells .*too large"),
        (card("model", MODEL, title=None), "title is None, expected str"),
        (card("model", MODEL, title="\x1b[31mred"), "title is .*, expected str"),
        (card("model", MODEL, control="yes"), "control is 'yes', expected bool"),
        (card("model", MODEL, identifier="../../x"), "calls itself '../../x'"),
        (card("model", MODEL, aliases=[1]), "aliases is"),
        (card("benchmark", PARENT, aggregate={"of": "value", "children": [PARENT]}), "do not go with its cells .*recursion"),
        (card("benchmark", PARENT, aggregate={"of": "value", "children": [5]}), "cannot be read"),
        (card("benchmark", IT, uses={"datasets": "Toy", "metrics": []}), "datasets is 'Toy'"),
        (card("benchmark", IT, uses=None), "uses is None, expected Uses"),
        (card("benchmark", IT, uses=[]), r"uses is \[\], expected Uses"),
        (card("benchmark", IT, uses={"datasets": None}), "datasets is None, expected tuple"),
        (card("benchmark", PARENT, aggregate={"of": "value", "children": None}), "children is None, expected Children"),
        (card("benchmark", PARENT, aggregate={"of": "value", "children": "abc"}), "children is 'abc', expected Children"),
        (card("benchmark", PARENT, defect=[]), r"defect is \[\], expected Defect \| None"),
        (card("model", MODEL, training=None), r"training is None, expected tuple\[Training"),
        (card("model", MODEL, training=[None]), r"training is \(None,\), expected tuple\[Training"),
        (card("model", MODEL, training={}), r"training is \{\}, expected tuple\[Training"),
        (card("model", MODEL, resources=None), "resources is None, expected Resources"),
        (card("model", MODEL, resources={"gpu": None}), "gpu is None, expected bool"),
        (card("model", MODEL, options=None), "options is None, expected Mapping"),
        (card("model", MODEL, options={"q": None}), "options is .*, expected Mapping"),
        (card("model", MODEL, options={"q": {"name": "q", "type": "int", "choices": None}}), "choices is None, expected tuple"),
        (card("model", MODEL, aliases={"q": None}), "aliases is .*, expected Mapping"),
        (card("model", MODEL, tasks=None), "tasks is None, expected tuple"),
        (renamed("model", MODEL, "../../x"), r"a model is called '\.\./\.\./x'"),
        (renamed("benchmark", IT, "a b"), "a benchmark is called 'a b'"),
        (renamed("dataset", "Toy", "T" * 101), "a dataset is called 'TTT"),
        (renamed("metric", "toy-correlation", ""), "a metric is called ''"),
        (lambda cards: cards["dataset"].clear(), "do not go with its cells .*no dataset 'Toy'"),
    ],
)
def test_cards_that_are_none_are_refused(place: Path, change: Callable[[dict[str, Any]], None], sentence: str) -> None:
    cards = copy.deepcopy(json.loads((place / folder_of(version_in(place)) / CARDS).read_bytes()))
    change(cards)
    with_file(place, CARDS, json.dumps(cards).encode())
    with pytest.raises(SnapshotError, match=sentence):
        fornix.pull(place)


# versions


def test_a_manifest_that_calls_itself_another_version_is_refused(place: Path) -> None:
    version = version_in(place)
    path = place / folder_of(version) / MANIFEST
    said = json.loads(path.read_bytes())
    path.write_text(json.dumps({**said, "version": "2026-05-13-" + "0" * 32}))
    with pytest.raises(SnapshotError, match=f"is not what was published as {version}"):
        fornix.pull(place, version)


def test_versions_have_as_many_digits_as_nobody_can_make_up_and_all_of_them_count(place: Path) -> None:
    version = version_in(place)
    assert len(version) == len("2026-05-13-") + 32
    for other in (version[:-22], version[:-1] + "0123456789abcdef"[int(version[-1], 16) - 1]):
        said = json.loads((place / folder_of(version) / MANIFEST).read_bytes()) | {"version": other}
        shutil.copytree(place / folder_of(version), place / folder_of(other))
        (place / folder_of(other) / MANIFEST).write_text(json.dumps(said))
    assert fornix.pull(place, version[:-22]).attrs["version"] == version[:-22]  # as they were published before
    with pytest.raises(SnapshotError, match=f"is not what was published as {other}"):
        fornix.pull(place, other)


def test_the_scores_of_a_matrix_are_those_of_the_manifest_that_it_was_pulled_by(place: Path) -> None:
    matrix = fornix.pull(place)
    path = place / folder_of(version_in(place)) / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'"commit": null', b'"commit": "0"'))  # which no version follows from
    assert open_snapshot(place, version_in(place)).manifest.commit == "0"
    with pytest.raises(SnapshotError, match="is not what was published as"):
        snapshot_of(matrix)


# names


@pytest.mark.parametrize("name", [None, 5, b"x", ["x"], "", "  ", "a\0b", "a\nb", "\ud800", "file:///tmp/x"])
def test_what_names_no_place_is_refused(name: Any) -> None:
    for read in (fornix.pull, open_destination):
        with pytest.raises(UsageError, match=r"place of snapshots|no place|give the folder itself"):
            read(name)


@pytest.mark.parametrize(
    "name",
    ["http://[::1", "http://h:99999/x", "http://h:abc/x", "http:///x", f"http://{'ü' * 70}/x", "https://h/x?token=hunter2"],
)
def test_what_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no address of a place of snapshots") as caught:
        fornix.pull(name)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https", "s3", "ftp"])
def test_a_password_in_an_address_is_neither_used_nor_printed(scheme: str) -> None:
    written = [
        f"{scheme}://me:{password}@host/x" for password in ("hunter2", "h/hunter2", "hunter2/h", "1/hunter2", "h@h/hunter2")
    ]
    written += [f"{scheme}://me:hunter2{mark}hunter2@host/x" for mark in "/#?@:"]
    for address in (*written, f"{scheme}://:hunter2@host/x", f"{scheme}://me:hunter2@[::1/../x"):
        for read in (fornix.pull, open_destination, open_store) if scheme == "s3" else (fornix.pull, open_destination):
            with pytest.raises(UsageError) as caught:
                read(address)
            assert "hunter2" not in str(caught.value)
    assert not cache_folder().exists()


def test_a_scheme_may_be_in_capitals_and_a_path_have_spaces(place: Path, site: Site) -> None:
    url = serve(site, place, "/my%20lab/%C3%BC")
    for name in (url, url.replace("http", "HTTP"), f"{site.url}/my lab/ü///"):
        assert fornix.pull(name).attrs["snapshot"] == url


@pytest.mark.parametrize("what", ["models", "benchmarks"])
def test_names_that_are_none_are_refused(place: Path, what: str) -> None:
    for names, sentence in (([], "is an empty list"), (5, "names 5; expected"), ([None], "names None; expected")):
        with pytest.raises(UsageError, match=f"{what} {sentence}"):
            fornix.pull(place, **{what: names})  # type: ignore[arg-type]
    with pytest.raises(SnapshotError, match="None is no version"):
        fornix.pull(place, version=None)  # type: ignore[arg-type]


def test_the_working_folder_is_a_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for name in (".", Path(), Path("."), "./"):
        assert fornix.pull(name).attrs["snapshot"] == str(place)


# folders, buckets


@pytest.mark.parametrize("name", [LATEST, CELLS])
def test_a_pipe_in_a_folder_is_no_file(place: Path, name: str) -> None:
    path = place / name if name == LATEST else place / folder_of(version_in(place)) / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SnapshotError, match=f"{name} is no file"):
        fornix.pull(place)
    if name == LATEST:
        with pytest.raises(SnapshotError, match=f"{name} is no file"):
            open_destination(place).read(LATEST)


def test_a_pointer_without_end_is_not_read(
    place: Path, bucket: InBucket, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    monkeypatch.setattr("fornix.matrix.snapshots.sources.LARGEST_DOCUMENT", 10)
    monkeypatch.setattr("fornix.matrix.snapshots.bucket.LARGEST_DOCUMENT", 10)
    for name in (place, where):
        with pytest.raises(SnapshotError, match="bytes"):
            fornix.pull(name)


def test_a_bucket_is_asked_whether_its_pointer_changed(
    place: Path, bucket: InBucket, endpoint: Endpoint, matrix: xr.Dataset
) -> None:
    where = upload(bucket.client, bucket.bucket, place)
    fornix.pull(where)
    endpoint.seen.clear()
    fornix.pull(where)
    (asked,) = endpoint.seen
    assert asked.headers["If-None-Match"] == f'"{hashlib.md5((place / LATEST).read_bytes()).hexdigest()}"'
    newer = place_by_hand(place, matrix, created="2026-06-01T00:00:00Z")
    upload(bucket.client, bucket.bucket, place)
    assert fornix.pull(where).attrs["version"] == newer
