"""A real web server with faults to order, and settings that point nowhere else."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fornix.files import bucket, download, fetch, network
from fornix.files.file import File

#: What a fault does instead of answering; it gets the handler and the content that was asked for.
Fault = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class Site:
    """A web server: contents by path, and the requests that it saw."""

    port: int = 0
    contents: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    gets: list[dict[str, str]] = field(default_factory=list)
    heads: int = 0
    ranges: bool = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, path: str, content: bytes, *, meant: bytes | None = None) -> File:
        """Put content at a path; returns the file that a card would name (``meant``: what the card expects instead)."""
        self.contents[path] = content
        expected = content if meant is None else meant
        name = path.rsplit("/", 1)[1]
        return File(name, self.url + path, len(expected), sha256=hashlib.sha256(expected).hexdigest())


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            site.heads += 1
            self.send_response(405)
            self.end_headers()

        def do_GET(self) -> None:
            site.gets.append({"path": self.path, **dict(self.headers)})
            content = site.contents.get(self.path)
            if content is None:
                self.send_error(404)
                return
            if site.faults:
                site.faults.pop(0)(self, content)
                return
            answer(self, content, ranges=site.ranges)

    return Handler


def answer(handler: BaseHTTPRequestHandler, content: bytes, *, ranges: bool = True, only: int | None = None) -> None:
    """What a sound server does; ``only`` sends that many bytes and hangs up."""
    etag = f'"{hashlib.md5(content).hexdigest()}"'
    if handler.headers.get("If-None-Match") == etag:
        handler.send_response(304)
        handler.end_headers()
        return
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    same = handler.headers.get("If-Range", etag) == etag
    start = int(asked[1]) if asked and ranges and same else 0
    if start >= len(content) > 0:
        handler.send_error(416)
        return
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - start))
    handler.send_header("ETag", etag)
    handler.end_headers()
    handler.wfile.write(content[start:] if only is None else content[start : start + only])


@pytest.fixture
def site() -> Iterator[Site]:
    with _served() as found:
        yield found


@pytest.fixture
def other_site() -> Iterator[Site]:
    with _served() as found:
        yield found


class _served:
    def __enter__(self) -> Site:
        site = Site()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site))
        self._server.daemon_threads = True
        site.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return site

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The state of a process that just started, with a cache of its own and no mirror; returns the cache folder."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("FORNIX_CACHE", str(cache))
    monkeypatch.delenv("FORNIX_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(fetch, "_provided", None)
    monkeypatch.setattr(fetch, "_verified", {})
    monkeypatch.setattr(network, "_sites", {})
    monkeypatch.setattr(download, "PAUSES_S", (0.01, 0.02))
    bucket.bucket.cache_clear()
    return cache


@pytest.fixture
def content() -> bytes:
    """Half a megabyte that does not repeat: several blocks of a transfer."""
    return b"".join(hashlib.sha256(i.to_bytes(4, "big")).digest() for i in range(1 << 14))
