"""A store in a bucket, against a server that speaks S3 over HTTP, and what faulty networks and endpoints do to it."""

from __future__ import annotations

import re
import sys
import threading
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from tests.store.endpoint import (
    Answer,
    Endpoint,
    Fault,
    Request,
    corrupting_the_answer,
    corrupting_what_is_sent,
    cutting_the_body,
    ignoring_conditions,
    losing_the_answer,
    refusing,
)
from tests.store.places import InBucket, contents
from tests.store.test_store import KEY, OTHER_KEY, response, written

from fornix.errors import UsageError
from fornix.store import requests, uploads
from fornix.store.interface import Attempt, Cell, StoreError
from fornix.store.places import open_store


def slow_down(request: Request, pass_on: Any) -> Answer | None:
    return refusing(503, "SlowDown")(request, pass_on)


def everything_written_and_read(
    bucket: InBucket, cell: Cell, units: dict[str, xr.DataArray], attempt: Attempt, job: Path
) -> None:
    """Each write and read once, by a process that has seen nothing before; what comes back is what was given."""
    store = bucket.open()
    stored = store.put_cell(cell, units)
    record = store.put_response_file(OTHER_KEY, written(job / "r.nc"), "array", {"model": "gabor"})
    tried = store.add_attempt(attempt, "log")
    opened = bucket.open()
    assert [opened.cell(KEY), *opened.cells()] == [stored, stored]
    for name, array in opened.units(KEY).items():
        xr.testing.assert_identical(array, units[name])
    assert opened.response_record(OTHER_KEY) == record
    xr.testing.assert_identical(opened.response(OTHER_KEY), response())
    assert list(opened.attempts()) == [tried]
    assert opened.log(tried) == "log"


@pytest.mark.parametrize(
    ("fault", "methods"),
    [
        (slow_down, ("GET", "HEAD", "PUT")),
        (refusing(500, "InternalError"), ("GET", "HEAD", "PUT")),
        (refusing(409, "ConditionalRequestConflict"), ("PUT",)),
        (losing_the_answer, ("GET", "HEAD", "PUT")),
        (cutting_the_body, ("GET",)),
    ],
    ids=["slow down", "internal error", "conflict", "lost answer", "cut body"],
)
def test_what_passes_is_asked_again(
    bucket: InBucket,
    endpoint: Endpoint,
    cell: Cell,
    units: Any,
    attempt: Attempt,
    tmp_path: Path,
    fault: Fault,
    methods: tuple[str, ...],
) -> None:
    """Each request of these methods meets the fault the first time it is made."""
    seen: set[tuple[str, str]] = set()

    def first(request: Request) -> bool:
        made = (request.method, request.path)
        new = made not in seen and request.method in methods
        seen.add(made)
        return new

    endpoint.order(fault, first)
    everything_written_and_read(bucket, cell, units, attempt, tmp_path / "job")


def test_what_is_damaged_on_its_way_is_sent_and_read_again(
    bucket: InBucket, endpoint: Endpoint, cell: Cell, units: Any, attempt: Attempt, tmp_path: Path
) -> None:
    seen: set[tuple[str, str]] = set()

    def first(request: Request, methods: str) -> bool:
        made = (request.method, request.path)
        new = made not in seen and request.method == methods and (".json" in made[1] or ".nc" in made[1])
        if new:
            seen.add(made)
        return new

    endpoint.order(corrupting_the_answer, lambda request: first(request, "GET") and "store.json" not in request.path)
    endpoint.order(corrupting_what_is_sent, lambda request: first(request, "PUT"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        everything_written_and_read(bucket, cell, units, attempt, tmp_path / "job")
    assert {method for method, _ in seen} == {"GET", "PUT"}


def test_a_result_that_is_damaged_on_its_way_to_a_second_writer_stays(bucket: InBucket, endpoint: Endpoint, cell: Cell) -> None:
    first = bucket.open().put_cell(cell)
    second = bucket.open()
    with second.claim(OTHER_KEY):  # it is ready to write
        endpoint.order(corrupting_the_answer, lambda request: request.method == "GET" and "/cells/" in request.path, times=1)
        assert second.put_cell(replace(cell, scalars={"value": 0.75})) == first
    assert bucket.open().cell(KEY) == first


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (404, "NoSuchBucket", "cannot be used: there is no bucket 'lab-.*'; create it, or give another"),
        (405, "MethodNotAllowed", "cannot be used: GetObject answers 405 MethodNotAllowed"),
        (501, "NotImplemented", "cannot be used: GetObject answers 501 NotImplemented"),
        (403, "AccessDenied", r"refuses access \(403 AccessDenied, GetObject\): the credentials in use would need s3:ListBucket"),
        (403, "InvalidAccessKeyId", "its credentials are not accepted"),
        (403, "SignatureDoesNotMatch", "its credentials are not accepted"),
        (400, "ExpiredToken", r"its credentials have expired \(400 ExpiredToken\); renew them, and run again"),
        (403, "RequestTimeTooSkewed", "the clock of this machine is wrong"),
        (503, "SlowDown", r"does not answer as asked \(503 SlowDown\), and went on so for 5 tries; try again later"),
        (418, "Teapot", r"cannot be used: GetObject answers 418 Teapot \(as ordered\)"),
    ],
)
def test_a_refusal_is_a_sentence(bucket: InBucket, endpoint: Endpoint, cell: Cell, status: int, code: str, says: str) -> None:
    store = bucket.open()
    store.put_cell(cell)
    endpoint.order(refusing(status, code))
    for ask in (lambda: open_store(bucket.named), lambda: store.cell(KEY), lambda: store.put_cell(replace(cell, key=OTHER_KEY))):
        expected = says.replace("GetObject", r"\w+")
        endpoint.seen.clear()
        with pytest.raises(StoreError, match=f"the store {bucket.named} .*{expected}"):
            ask()
        # What asking again cannot mend is asked once.
        assert len(endpoint.seen) == (5 if status == 503 else 1)
    endpoint.mend()
    assert [found.key for found in bucket.open().cells()] == [KEY]


def test_a_web_server_that_is_no_s3_is_said(bucket: InBucket, endpoint: Endpoint) -> None:
    for page, says in (
        (b"<html>Not found</html>", "answers with what is no answer of S3"),
        (b"", "ListObjectsV2 answers 404 404"),
    ):
        endpoint.mend()
        endpoint.order(lambda request, pass_on, page=page: Answer(404, {"Content-Type": "text/html"}, page))  # type: ignore[misc]
        with pytest.raises(StoreError, match=says):
            open_store(bucket.named)
    endpoint.mend()
    endpoint.order(refusing(301, "PermanentRedirect"))
    endpoint.seen.clear()
    with pytest.raises(StoreError, match=r"its endpoint sends every request elsewhere; is AWS_ENDPOINT_URL right\?"):
        open_store(bucket.named)
    assert len(endpoint.seen) == 2  # what was asked, and where else to ask


def test_a_write_says_what_was_not_stored(bucket: InBucket, endpoint: Endpoint, cell: Cell) -> None:
    store = bucket.open()
    endpoint.order(refusing(403, "AccessDenied"), lambda request: request.method == "PUT")
    with pytest.raises(StoreError, match=r"the cell gabor x Cowley2023\S+ was not stored: the store s3://\S+ refuses access"):
        store.put_cell(cell)


def test_without_credentials_it_is_said_that_there_were_none(
    bucket: InBucket, endpoint: Endpoint, cell: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.open().put_cell(cell)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(
        StoreError, match=r"refuses access \(403 .* as no credentials were found \(AWS_PROFILE, AWS_ACCESS_KEY_ID\)"
    ):
        open_store(bucket.named)


def test_an_endpoint_that_refuses_connections_is_said_at_once(bucket: InBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StoreError, match=r"the store s3://\S+ cannot be reached \(.*127\.0\.0\.1:9"):
        open_store(bucket.named)


def test_an_endpoint_that_does_not_answer_is_said(bucket: InBucket, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that trickle in never let a socket time out."""
    release = threading.Event()

    def hanging(request: Request, pass_on: Any) -> None:
        release.wait(60)

    endpoint.order(hanging)
    monkeypatch.setattr(requests, "ANSWER_S", 0.2)
    try:
        with pytest.raises(StoreError, match=r"cannot be reached \(no whole answer within 0.2 s\)"):
            open_store(bucket.named)
    finally:
        release.set()
    assert len([request for request in endpoint.seen if request.method == "GET"]) in (1, 2)  # one again, and no more


def test_what_is_no_answer_of_s3_is_said(bucket: InBucket, endpoint: Endpoint) -> None:
    endpoint.order(
        lambda request, pass_on: Answer(200, {"Content-Type": "text/html"}, b"<html>Log in to the guest network</html>")
    )
    says = r"answers with what is no answer of S3; is its endpoint \(AWS_ENDPOINT_URL\) right"
    with pytest.raises(StoreError, match=says):
        open_store(bucket.named)
    endpoint.mend()
    store = bucket.open()
    endpoint.order(lambda request, pass_on: Answer(200, {"Content-Type": "text/html"}, b"<html>Log in"))
    with pytest.raises(StoreError, match=r"does not answer as asked \(500"):  # as boto3 calls a page that cannot be read
        list(store.cells())


def test_an_endpoint_that_heeds_no_conditions_is_refused_for_writing(bucket: InBucket, endpoint: Endpoint, cell: Cell) -> None:
    bucket.open().put_cell(cell)
    endpoint.order(ignoring_conditions)
    store = bucket.open()
    assert store.cell(KEY) is not None
    for _ in range(2):
        with pytest.raises(StoreError, match=r"was not stored: the endpoint of the store s3://\S+ heeds no conditions of writes"):
            store.put_cell(replace(cell, key=OTHER_KEY))
    assert [name for name in contents(bucket) if OTHER_KEY in name] == []


@pytest.mark.parametrize("header", ["if-none-match", "if-match"])
def test_an_endpoint_that_heeds_one_condition_is_refused_too(
    bucket: InBucket, endpoint: Endpoint, cell: Cell, header: str
) -> None:
    def without(request: Request, pass_on: Any) -> Answer:
        request.headers = {k: v for k, v in request.headers.items() if k.lower() != header}
        answer: Answer = pass_on(request)
        return answer

    endpoint.order(without)
    with pytest.raises(StoreError, match="heeds no conditions"):
        bucket.open().put_cell(cell)


def test_a_large_file_is_sent_in_parts(
    bucket: InBucket, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART", 5 * 2**20)
    large = xr.DataArray([float(i) for i in range(1_500_000)], dims="neuroid")  # 12 MB: two whole parts and a rest
    seen: set[str] = set()

    def first(request: Request) -> bool:
        new = "uploadId" in request.path and request.path not in seen
        seen.add(request.path)
        return new

    endpoint.order(slow_down, first)
    bucket.open().put_response_file(KEY, written(tmp_path / "r.nc", large), "array", {})
    xr.testing.assert_identical(bucket.open().response(KEY), large)
    made = [request for request in endpoint.seen if "uploadId" in request.path]
    assert [request.method for request in made] == ["PUT", "PUT"] * 3 + ["POST", "POST"]
    assert {k.lower(): v for k, v in made[-1].headers.items()}["if-none-match"] == "*"


def test_an_upload_that_fails_leaves_no_parts(
    bucket: InBucket, endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART", 5 * 2**20)
    large = xr.DataArray([float(i) for i in range(1_500_000)], dims="neuroid")
    store = bucket.open()
    endpoint.order(slow_down, lambda request: "partNumber=2" in request.path)
    with pytest.raises(StoreError, match=r"a response was not stored: .*503 SlowDown"):
        store.put_response_file(KEY, written(tmp_path / "r.nc", large), "array", {})
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.bucket)
    assert contents(bucket) == []


def test_uploads_that_killed_writers_began_are_ended_after_a_day(bucket: InBucket) -> None:
    store = bucket.open()
    store.add_attempt(Attempt("m", "b", KEY, "ok", "", "2026-05-13T10:00:00+00:00", 1.0))
    bucket.client.create_multipart_upload(Bucket=bucket.bucket, Key="some/prefix/responses/5f/x.nc")
    (begun,) = bucket.client.list_multipart_uploads(Bucket=bucket.bucket)["Uploads"]
    begun_at = begun["Initiated"].timestamp()  # moto says the same of all
    assert store.objects.tidy(begun_at + 23 * 3600) == 0
    assert store.objects.tidy(begun_at + 25 * 3600) == 1
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.bucket)


def test_a_small_object_is_replaced_only_as_it_was_seen(bucket: InBucket, endpoint: Endpoint) -> None:
    """As the pointer to the latest of published versions is moved."""
    from fornix.store.bucket import Bucket

    objects = Bucket(bucket.named, read_only=False)
    first = objects.replace("latest.json", b"1", None)
    assert first is not None
    assert objects.replace("latest.json", b"2", None) is None
    second = objects.replace("latest.json", b"2", first)
    assert second is not None
    assert objects.replace("latest.json", b"3", first) is None
    endpoint.order(losing_the_answer, lambda request: request.method == "PUT", times=1)
    assert objects.replace("latest.json", b"4", second) is not None
    assert bucket.read("latest.json") == b"4"


def test_many_objects_are_listed_folder_by_folder(bucket: InBucket, cell: Cell, endpoint: Endpoint, monkeypatch: Any) -> None:
    names = sorted(f"cells/{i % 7:02x}/{i:064x}.json" for i in range(60))
    for name in names:
        bucket.write(name, b"{}")
    store = bucket.open()
    original = store.objects._pages  # type: ignore[attr-defined]
    monkeypatch.setattr(store.objects, "_pages", lambda folder, **how: original(folder, **how, MaxKeys=5))
    assert sorted(entry.name for entry in store.objects.entries("cells/")) == names
    assert [entry.name for entry in store.objects.entries("units/")] == []
    assert sorted(store.objects.children("")) == ["cells/"]


def test_what_was_read_once_is_kept_on_this_machine_and_verified(
    bucket: InBucket, endpoint: Endpoint, cell: Cell, units: Any, tmp_path: Path
) -> None:
    bucket.open().put_cell(cell, units)
    store = bucket.open()
    store.units(KEY)
    (kept,) = (path for path in (tmp_path / "cache" / "stores").rglob("*.nc"))
    endpoint.seen.clear()
    store.units(KEY)
    assert not [request for request in endpoint.seen if "/units/" in request.path]
    kept.write_bytes(kept.read_bytes()[:-1])
    xr.testing.assert_identical(store.units(KEY)["units"], units["units"])
    assert [request.method for request in endpoint.seen if "/units/" in request.path] == ["HEAD", "GET"]


def test_what_this_machine_has_just_stored_is_not_fetched(bucket: InBucket, endpoint: Endpoint, tmp_path: Path) -> None:
    store = bucket.open()
    store.put_response_file(KEY, written(tmp_path / "r.nc"), "array", {})
    store.response(KEY)
    assert not [request for request in endpoint.seen if request.method == "GET" and ".nc" in request.path]


def test_a_cache_that_cannot_be_written_is_said(
    bucket: InBucket, tmp_path: Path, cell: Cell, units: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.open().put_cell(cell, units)
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "a file"))
    store = open_store(bucket.named)
    with pytest.raises(
        StoreError, match=r"cannot be kept on this machine, in .*a file/stores .*set FORNIX_CACHE to another folder"
    ):
        store.units(KEY)


def test_something_else_at_a_place_is_refused(bucket: InBucket) -> None:
    bucket.write("thesis.tex", b"")
    with pytest.raises(StoreError, match=f"{bucket.named} is a prefix with other things in it, not a store; give a new prefix"):
        bucket.open()


def test_a_whole_bucket_is_a_place(bucket: InBucket, cell: Cell) -> None:
    store = open_store(f"s3://{bucket.bucket}/")
    assert store.place == f"s3://{bucket.bucket}"
    store.put_cell(cell)
    assert "store.json" in [found["Key"] for found in bucket.client.list_objects_v2(Bucket=bucket.bucket)["Contents"]]


@pytest.mark.parametrize("url", ["s3://", "s3:///prefix", "s3://lab/../x", "s3://lab/a//b"])
def test_a_url_names_a_place_in_a_bucket(url: str) -> None:
    with pytest.raises(UsageError, match=re.escape(f"{url} names no place in a bucket; expected s3://bucket/prefix")):
        open_store(url)


def test_a_url_that_lost_a_slash_is_told(endpoint: Endpoint) -> None:
    with pytest.raises(UsageError, match=r"s3:/lab/x is a path, which has lost a slash"):
        open_store(Path("s3://lab/x"))
    with pytest.raises(UsageError, match=r"s3:/lab/x has lost a slash"):
        open_store("s3:/lab/x")


@pytest.mark.parametrize("place", ["", " ", "https://host/x", "ftp://host/x", "file:///tmp/x"])
def test_what_is_no_place_of_a_store_is_refused(place: str) -> None:
    with pytest.raises(UsageError, match=r"the store is empty|is no store; expected a folder|give the folder itself"):
        open_store(place)


def test_a_scheme_may_be_in_capitals(bucket: InBucket) -> None:
    assert open_store(f"S3://{bucket.bucket}/x").place == f"s3://{bucket.bucket}/x"
    assert open_store(f"s3://{bucket.bucket}/a:b/c@d").place == f"s3://{bucket.bucket}/a:b/c@d"


@pytest.mark.parametrize("password", ["ab/cd", "a#b", "a?b", "a@b", "a@b/c"])
def test_a_password_is_neither_used_nor_printed(password: str) -> None:
    with pytest.raises(UsageError, match=r"^s3://bucket/prefix is given with a user before it; expected s3://bucket/prefix"):
        open_store(f"s3://AKIA:{password}@bucket/prefix")


def test_a_name_that_no_bucket_can_have_is_said(endpoint: Endpoint) -> None:
    with pytest.raises(StoreError, match=r'(?s)the store s3://a b/c cannot be used: .*Invalid bucket name "a b"'):
        open_store("s3://a b/c")


def test_without_boto3_the_extra_is_named(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(StoreError, match=r"the store s3://lab/x needs boto3: run pip install 'fornix\[s3\]'"):
        open_store("s3://lab/x")
