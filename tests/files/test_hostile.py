"""A server that means ill, or is broken: each of its answers ends in a sentence, in time, and none in another file."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from tests.files.conftest import Site, answer

from fornix.files import network
from fornix.files.download import part_path
from fornix.files.fetch import FileUnavailable, fetch, fetch_from
from fornix.files.file import File
from fornix.files.network import Network, read_document
from fornix.files.places import cache_path
from fornix.files.source import Interrupted, OtherFile, SourceTrouble

Asked = Callable[[Site], Any]


@pytest.fixture(params=["document", "file"])
def ask(request: pytest.FixtureRequest, content: bytes) -> Asked:
    """Asks the site for a document, or for a file that is known by its hash."""

    def document(site: Site) -> Any:
        site.contents["/latest.json"] = content
        return read_document(f"{site.url}/latest.json")

    def file(site: Site) -> Any:
        return fetch_from(Network(), site.publish("/cells.parquet", content))

    return document if request.param == "document" else file


def raw(*lines: bytes, body: bytes = b"") -> Any:
    """Answers with these lines as they are."""

    def send(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.wfile.write(b"\r\n".join([b"HTTP/1.0 200 OK", *lines, b"", body]))
        handler.close_connection = True

    return send


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Set when the test ends, so that a handler that waits for it ends, too."""
    event = threading.Event()
    yield event
    event.set()


def test_headers_that_trickle_in_are_given_up(
    site: Site, ask: Asked, monkeypatch: pytest.MonkeyPatch, released: threading.Event
) -> None:
    def trickle(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n")
        while not released.wait(0.01):
            handler.wfile.write(b"z")

    monkeypatch.setattr(network, "ANSWER_S", 0.3)
    site.faults += [trickle] * 4
    with pytest.raises(Interrupted, match=r"no answer within 0\.3 s"):
        ask(site)


def test_a_file_that_trickles_in_is_given_up_and_what_came_is_kept(
    site: Site, content: bytes, monkeypatch: pytest.MonkeyPatch, released: threading.Event
) -> None:
    def trickle(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        answer(handler, content, only=100)
        while not released.wait(0.01):
            handler.wfile.write(b"z")

    monkeypatch.setattr(network, "SLOWEST", (30_000, 0.2))
    file = site.publish("/cells.parquet", content)
    site.faults.append(trickle)
    with pytest.raises(SourceTrouble, match=r"sent only \d+ bytes in 0 s; try again later"):
        fetch_from(Network(), file)
    assert part_path(cache_path(file)).stat().st_size >= 100
    assert fetch_from(Network(), file).read_bytes() == content  # whatever came of it


@pytest.mark.parametrize(("more", "whole"), [([], True), ([b"one more"], False)])
def test_a_slow_file_that_is_whole_is_taken(monkeypatch: pytest.MonkeyPatch, more: list[bytes], whole: bool) -> None:
    """Its last block ends a minute of too few bytes; one that goes on after that is broken off."""
    now = 0.0

    blocks = [b"one", b"last", *more, b""]

    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            nonlocal now
            now += 40.0
            return blocks.pop(0)

    came = []
    monkeypatch.setattr(network.time, "monotonic", lambda: now)
    with nullcontext() if whole else pytest.raises(SourceTrouble, match=r"sent only 7 bytes in 80 s; try again later"):
        came += list(network._blocks(Slow()))
    assert came == ([b"one", b"last"] if whole else [])


@pytest.mark.parametrize("length", [b"\xb2", b"-5", b"9" * 5000, b"ten"])
def test_a_length_that_is_none_is_passed_over(site: Site, length: bytes, content: bytes) -> None:
    site.contents["/latest.json"] = b"one"
    site.faults.append(raw(b"Content-Length: " + length, body=b"one"))
    found = read_document(f"{site.url}/latest.json")
    assert found is not None
    assert found.content == b"one"
    file = site.publish("/cells.parquet", content)
    site.faults.append(raw(b"Content-Length: " + length, body=content))
    assert fetch_from(Network(), file).read_bytes() == content


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        (b"http://[::1", "cannot be asked"),
        (b"http://127.0.0.1:abc/", "cannot be reached"),
        (b"ftp://me:hunter2@host/x?signature=hunter2", "redirects to ftp://host/x, which is not http or https"),
        (b"file:///etc/passwd", "not allowed|which is not http"),
        (b"", "redirect"),
    ],
)
def test_a_redirect_to_nowhere_is_said_and_no_password_with_it(site: Site, ask: Asked, to: bytes, sentence: str) -> None:
    def redirect(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(302)
        handler.send_header("Location", to.decode())
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.faults += [redirect] * 12
    with pytest.raises(SourceTrouble, match=sentence) as caught:
        ask(site)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_arrives_compressed_although_nobody_asked_is_said(site: Site, ask: Asked, content: bytes) -> None:
    packed = gzip.compress(content)
    encoded = raw(b"Content-Encoding: gzip", b"Content-Length: %d" % len(packed), body=packed)
    site.faults += [encoded] * 3
    with pytest.raises(
        SourceTrouble, match="answers in the encoding gzip, not asked for; have the server send files as they are"
    ):
        ask(site)


@pytest.mark.parametrize("longer", [False, True])
def test_what_arrives_compressed_is_said_where_no_length_is_stated(site: Site, content: bytes, longer: bool) -> None:
    """A file of known size, of which less comes, or more, as what looks like noise is longer when it is compressed."""
    content = content if longer else b"one " * 10_000
    file = site.publish("/cells.parquet", content)
    site.faults += [raw(b"Content-Encoding: gzip", body=gzip.compress(content))] * (1 if longer else 4)
    with pytest.raises(SourceTrouble, match="answers in the encoding gzip, not asked for; have the server send"):
        fetch_from(Network(), file)
    assert fetch_from(Network(), file).read_bytes() == content  # and nothing of what came is gone on from


def test_what_arrives_compressed_is_said_where_the_size_of_the_file_is_not_known(site: Site, content: bytes) -> None:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    file = File("x.tsv", site.publish("/x.tsv", content).url, 0, git_blob=blob)
    packed = gzip.compress(content)
    encoded = raw(b"Content-Encoding: gzip", b"Content-Length: %d" % len(packed), body=packed)
    site.faults.append(encoded)
    with pytest.raises(SourceTrouble, match=rf"answers in the encoding gzip, .* \(what came has git blob .*, expected {blob}\)"):
        fetch_from(Network(), file)
    site.faults.append(encoded)
    with pytest.raises(FileUnavailable, match="answers in the encoding gzip") as caught:
        fetch(file)
    assert "correct bytes and hash in the card" not in str(caught.value)  # to those of the compressed one


def test_another_file_as_long_as_the_one_that_is_meant_is_another_file_whatever_its_encoding(site: Site, content: bytes) -> None:
    file = site.publish("/data.tgz", content)
    site.faults.append(raw(b"Content-Encoding: x-gzip", body=content[::-1]))
    with pytest.raises(OtherFile, match=r"offers another file \(has sha256"):
        fetch_from(Network(), file)


def test_a_file_that_is_itself_packed_may_be_said_to_be(site: Site, content: bytes) -> None:
    """Many servers say so of .tgz files, and send them as they are."""
    file = site.publish("/data.tgz", content)
    site.faults.append(raw(b"Content-Encoding: x-gzip", b"Content-Length: %d" % len(content), body=content))
    assert fetch_from(Network(), file).read_bytes() == content


def test_what_a_server_says_cannot_command_a_terminal(site: Site, ask: Asked) -> None:
    site.faults += [lambda handler, content: handler.wfile.write(b"HTTP/1.0 403 \x1b[2J" + b"no" * 500 + b"\r\n\r\n")]
    with pytest.raises(SourceTrouble, match=r"answers 403 \[2Jno") as caught:
        ask(site)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("noted", [b"\xff\xfe", b"one\nHost: other", "\u2028".encode()])
def test_a_damaged_note_beside_a_part_is_none(site: Site, content: bytes, noted: bytes) -> None:
    file = site.publish("/cells.parquet", content)
    part = part_path(cache_path(file))
    part.parent.mkdir(parents=True)
    part.write_bytes(content[:1000])
    Path(f"{part}.version").write_bytes(noted)
    assert fetch_from(Network(), file).read_bytes() == content


def test_an_answer_that_comes_too_late_is_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()

    class Late:
        def open(self, *_: Any, **__: Any) -> Any:
            time.sleep(0.2)
            return self

        def close(self) -> None:
            closed.set()

    monkeypatch.setattr(network, "ANSWER_S", 0.01)
    monkeypatch.setattr(network.urllib.request, "build_opener", lambda *_: Late())
    with pytest.raises(Interrupted, match="no answer"):
        network._answer(f"{site.url}/x", {}, network._Redirects(("http",)))
    assert closed.wait(5)
