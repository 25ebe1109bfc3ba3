"""Mirrors in S3 buckets, against a real server that speaks S3 over HTTP (moto)."""

from __future__ import annotations

import hashlib
import sys

import pytest
from tests.store.endpoint import refusing, served

from fornix.errors import UsageError
from fornix.files import bucket, download
from fornix.files.fetch import FileUnavailable, at_hand, available, cache_path, fetch
from fornix.files.file import File
from fornix.files.places import not_the_file
from fornix.registry.discovery import Registry
from fornix.registry.doctor import diagnose

boto3 = pytest.importorskip("boto3", reason="boto3 (extra s3) is not installed")
server = pytest.importorskip("moto.server", reason="moto, a simulated S3 server, is not installed")

MIRROR = "s3://lab-mirror/some/prefix"


@pytest.fixture(scope="module")
def endpoint():
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def s3(endpoint, monkeypatch, tmp_path):
    """A client of a server with an empty bucket; fornix finds the server in the environment, as boto3's users say it."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "FORNIX_MIRROR": MIRROR,
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="lab-mirror")
    yield client
    for item in client.list_objects_v2(Bucket="lab-mirror").get("Contents", []):
        client.delete_object(Bucket="lab-mirror", Key=item["Key"])
    client.delete_bucket(Bucket="lab-mirror")


@pytest.fixture
def file(content) -> File:
    """A file whose own host cannot be reached."""
    return File("x.bin", "http://127.0.0.1:9/data/a%20b/x.bin", len(content), sha256=hashlib.sha256(content).hexdigest())


def diagnosed(mirror: str) -> str:
    """What the doctor says of a mirror."""
    (finding,) = [found for found in diagnose(Registry.of_cards([])) if found.subject == mirror]
    return finding.sentence


def put(client, file: File, content: bytes, **how: str) -> None:
    client.put_object(Bucket="lab-mirror", Key=f"some/prefix/{file.mirror_path}", Body=content, **how)


def test_a_file_comes_from_the_bucket_into_the_cache(s3, file, content) -> None:
    put(s3, file, content)
    assert available(file) is None
    assert not at_hand(file)
    assert fetch(file) == cache_path(file)
    assert cache_path(file).read_bytes() == content
    assert at_hand(file)


def test_the_scheme_may_be_in_capitals_as_that_of_a_store(s3, file, content, monkeypatch) -> None:
    put(s3, file, content)
    monkeypatch.setenv("FORNIX_MIRROR", f"S3{MIRROR[2:]}/")
    assert fetch(file).read_bytes() == content
    with pytest.raises(FileUnavailable, match=f"mirror {MIRROR} does not hold it; "):
        fetch(File("y", "http://127.0.0.1:9/data/y", 3, sha256="ab" * 32))


def test_a_public_bucket_needs_no_credentials(s3, file, content, monkeypatch) -> None:
    put(s3, file, content)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "refuses access (403)" in str(available(file))
    put(s3, file, content, ACL="public-read")
    assert fetch(file).read_bytes() == content


def test_a_transfer_goes_on_only_with_the_same_version(s3, file, content, monkeypatch) -> None:
    put(s3, file, content)
    asked = []
    original = bucket.Bucket._ask
    monkeypatch.setattr(
        bucket.Bucket, "_ask", lambda self, what, *a, **k: (asked.append((what, k)), original(self, what, *a, **k))[1]
    )
    part = download.part_path(cache_path(file))
    part.parent.mkdir(parents=True)
    etag = s3.head_object(Bucket="lab-mirror", Key=f"some/prefix/{file.mirror_path}")["ETag"]
    for version, expected in ((etag, "bytes=1000-"), ('"another"', None)):
        part.write_bytes(content[:1000])
        part.with_name(f"{part.name}.version").write_text(version)
        cache_path(file).unlink(missing_ok=True)
        assert fetch(file).read_bytes() == content
        assert asked[-1] == ("get_object", {"IfMatch": etag, **({"Range": expected} if expected else {})})


def test_more_than_the_whole_file_is_no_start(s3, file, content) -> None:
    put(s3, file, content)
    part = download.part_path(cache_path(file))
    part.parent.mkdir(parents=True)
    part.write_bytes(content + b"!")
    etag = s3.head_object(Bucket="lab-mirror", Key=f"some/prefix/{file.mirror_path}")["ETag"]
    part.with_name(f"{part.name}.version").write_text(etag)
    assert fetch(file).read_bytes() == content


def test_a_wrong_file_in_the_bucket_is_passed_over_and_reported(s3, file, content, site, monkeypatch) -> None:
    published = site.publish("/data/x.bin", content)
    put(s3, published, content[::-1])
    with pytest.warns(UserWarning, match=f"mirror {MIRROR} offers another file .has sha256 "):
        assert fetch(published).read_bytes() == content


def test_a_file_of_another_size_is_not_transferred(s3, file) -> None:
    put(s3, file, b"short")
    sentence = (
        f"mirror {MIRROR} offers another file .5 bytes, expected 524288.; 127.0.0.1 cannot be reached .*correct bytes and hash"
    )
    with pytest.raises(FileUnavailable, match=sentence):
        fetch(file)
    assert available(file) is None  # a fault to fail by, not a file that is missing
    (lying,) = not_the_file(file, read_up_to=0)
    assert lying.place.startswith(f"{MIRROR}, at ")
    assert "5 bytes, expected 524288" in lying.wrong


def test_a_bucket_without_the_file_and_no_bucket_at_all_are_told_apart(s3, file, monkeypatch) -> None:
    assert f"mirror {MIRROR} does not hold it; " in str(available(file))
    monkeypatch.setenv("FORNIX_MIRROR", "s3://no-such-lab/prefix")
    with pytest.raises(FileUnavailable, match=r"mirror s3://no-such-lab/prefix cannot be used: there is no bucket 'no-such-lab'"):
        fetch(file)
    assert diagnosed("s3://no-such-lab/prefix").startswith("this mirror cannot be used: there is no bucket 'no-such-lab'")


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (404, "NoSuchBucket", "cannot be used: there is no bucket 'lab-mirror'"),
        (403, "InvalidAccessKeyId", "cannot be used: its credentials are not accepted (403 InvalidAccessKeyId)"),
        (400, "ExpiredToken", "cannot be used: its credentials have expired (400 ExpiredToken)"),
        (301, "PermanentRedirect", "cannot be used: its endpoint sends every request elsewhere"),
    ],
)
def test_a_mirror_that_has_nothing_is_asked_of_one_file_alone(s3, endpoint, monkeypatch, status, code, says) -> None:
    faulty, running = served(tuple(endpoint.removeprefix("http://").split(":")))
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.url)
    faulty.order(refusing(status, code))
    try:
        for name in "abcde":
            each = File(name, f"http://127.0.0.1:9/{name}", 3, sha256="ab" * 32)
            assert f"mirror {MIRROR} {says}" in str(available(each))
            if name == "a":
                asked = faulty.methods()
        assert faulty.methods() == asked
        # The first answer has no room for a reason; and boto3 asks itself whether the bucket lies elsewhere.
        assert asked.count("GET") == (status != 301)
        assert asked.count("HEAD") <= 2
    finally:
        running.shutdown()
        running.server_close()


def test_a_mirror_that_lacks_a_file_may_have_another(s3, file, content, endpoint, monkeypatch) -> None:
    """Also one whose user may read its objects and list none, to whom a bucket refuses what it lacks."""
    put(s3, file, content)
    faulty, running = served(tuple(endpoint.removeprefix("http://").split(":")))
    monkeypatch.setenv("AWS_ENDPOINT_URL", faulty.url)
    faulty.order(refusing(403, "AccessDenied"), lambda request: request.path.endswith("/none"))
    try:
        for name in ("none", "never"):
            assert f"mirror {MIRROR} " in str(available(File(name, f"http://127.0.0.1:9/{name}", 3, sha256="ab" * 32)))
        assert faulty.methods() == ["HEAD", "GET", "HEAD"]
        assert fetch(file).read_bytes() == content
    finally:
        running.shutdown()
        running.server_close()


def test_a_refusing_endpoint_is_asked_once(s3, file, monkeypatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    asked = []
    original = bucket._client

    def counted():
        client = original()
        client.meta.events.register("before-send.s3", lambda request, **_: asked.append(request.url))
        return client

    monkeypatch.setattr(bucket, "_client", counted)
    others = [File(f"{i}", f"http://127.0.0.1:9/{i}", 3, sha256=f"{i:064x}") for i in range(5)]
    for each in (file, *others):
        assert f"mirror {MIRROR} cannot be reached (no answer from http://127.0.0.1:9)" in str(available(each))
        with pytest.raises(FileUnavailable, match=f"mirror {MIRROR} cannot be reached"):
            fetch(each)
    assert len(asked) == 2  # the one try and its one repetition


def test_an_endpoint_with_a_password_is_refused_without_it(file, monkeypatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", MIRROR)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://me:hunter2@127.0.0.1:9")
    with pytest.raises(UsageError, match=r"^the endpoint http://127.0.0.1:9 is given with a user before it; ") as caught:
        fetch(file)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("before", ["", "http//"])
def test_an_endpoint_that_is_no_address_is_refused_without_its_password(file, monkeypatch, before: str) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", MIRROR)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{before}me:hunter2@127.0.0.1:9")
    with pytest.raises(UsageError, match=r"^the endpoint 127.0.0.1:9 is no address; give http\(s\)://host") as caught:
        fetch(file)
    assert caught.value.__suppress_context__


def test_without_boto3_the_extra_is_named(file, monkeypatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", MIRROR)
    monkeypatch.setitem(sys.modules, "botocore.exceptions", None)
    with pytest.raises(FileUnavailable, match=r"needs boto3: run pip install 'fornix\[s3\]'"):
        fetch(file)
