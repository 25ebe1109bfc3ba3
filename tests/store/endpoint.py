"""An S3 endpoint for tests: moto over HTTP, and before it a proxy that does what faulty networks and endpoints do.

moto looks whether there is an object and then writes it, in two steps, and heeds no Content-MD5. The proxy lets one write
through at a time and refuses a body that is not what its digest says, as S3 does.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """What came, and how it is passed on; a fault changes it, or answers itself."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def writes(self) -> bool:
        return self.method in ("PUT", "POST", "DELETE")


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes
    #: Send so many bytes of the body and hang up.
    only: int | None = None


#: Gets the request and what passes it on; returns the answer, or None to hang up.
Fault = Callable[[Request, Callable[[Request], Answer]], Answer | None]


def refusing(status: int, code: str) -> Fault:
    """Answers with an error of S3."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>as ordered</Message></Error>".encode()
    return lambda request, pass_on: Answer(status, {"Content-Type": "application/xml"}, body)


def ignoring_conditions(request: Request, pass_on: Callable[[Request], Answer]) -> Answer:
    """Writes whether or not the conditions of the write hold."""
    if request.writes():
        request.headers = {k: v for k, v in request.headers.items() if k.lower() not in ("if-none-match", "if-match")}
    return pass_on(request)


def losing_the_answer(request: Request, pass_on: Callable[[Request], Answer]) -> None:
    """Does what is asked and hangs up."""
    pass_on(request)


def cutting_the_body(request: Request, pass_on: Callable[[Request], Answer]) -> Answer:
    answer = pass_on(request)
    answer.only = len(answer.body) // 2
    return answer


def corrupting_the_answer(request: Request, pass_on: Callable[[Request], Answer]) -> Answer:
    answer = pass_on(request)
    answer.body = flipped(answer.body)
    return answer


def corrupting_what_is_sent(request: Request, pass_on: Callable[[Request], Answer]) -> Answer:
    request.body = flipped(request.body)
    return pass_on(request)


def flipped(content: bytes) -> bytes:
    """The content with one bit changed, in its middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :] if content else content


@dataclass
class Endpoint:
    """An endpoint of S3 with faults to order."""

    url: str = ""
    #: For each request that a test picks: the fault, and how often it is still to happen.
    faults: list[tuple[Callable[[Request], bool], Fault, list[int]]] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    writing: threading.Lock = field(default_factory=threading.Lock)

    def order(self, fault: Fault, of: Callable[[Request], bool] = lambda request: True, times: int = 1_000_000) -> None:
        """From now on do this instead of answering a request of this kind, so many times."""
        self.faults.append((of, fault, [times]))

    def mend(self) -> None:
        self.faults.clear()

    def methods(self) -> list[str]:
        return [request.method for request in self.seen]

    def fault_for(self, request: Request) -> Fault | None:
        with self.lock:
            self.seen.append(request)
            for picks, fault, left in self.faults:
                if left[0] and picks(request):
                    left[0] -= 1
                    return fault
        return None


def served(target: tuple[str, int]) -> tuple[Endpoint, ThreadingHTTPServer]:
    """Start a proxy before a server of S3."""
    endpoint = Endpoint()

    def pass_on(request: Request) -> Answer:
        digest = {k.lower(): v for k, v in request.headers.items()}.get("content-md5")
        if digest and base64.b64encode(hashlib.md5(request.body).digest()).decode() != digest:
            refused = refusing(400, "BadDigest")(request, pass_on)
            assert refused is not None
            return refused
        if request.writes():
            with endpoint.writing:
                return _forwarded(target, request)
        return _forwarded(target, request)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, BrokenPipeError):
                self.close_connection = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers), body)
            fault = endpoint.fault_for(request)
            answer = pass_on(request) if fault is None else fault(request, pass_on)
            if answer is None:
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            size = answer.headers.get("content-length") if self.command == "HEAD" else None
            self.send_header("Content-Length", size or str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body if answer.only is None else answer.body[: answer.only])
            self.close_connection = answer.only is not None

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    return endpoint, server


def _forwarded(target: tuple[str, int], request: Request) -> Answer:
    connection = HTTPConnection(*target, timeout=60)
    try:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("connection", "expect", "content-length")}
        connection.request(request.method, request.path, body=request.body, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()
