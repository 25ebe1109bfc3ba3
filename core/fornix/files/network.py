"""The network as a source: plain HTTP through the standard library, which knows proxies and certificates of its user."""

from __future__ import annotations

import http.client
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fornix import __version__
from fornix.files import download
from fornix.files.addresses import spoken
from fornix.files.file import File
from fornix.files.source import Interrupted, NotThere, SourceTrouble, Stream, other_size

#: Seconds within which a host must answer the one probe that decides whether it can be reached.
PROBE_S = 4.0
#: Seconds without a single byte after which a transfer counts as broken off.
STALL_S = 15.0
#: Seconds within which an answer must begin, whatever trickles in before it.
ANSWER_S = 60.0
#: A transfer that brings fewer bytes than this in so many seconds is broken off.
SLOWEST = (30_000, 60.0)
#: Seconds within which a document must be there, and how many bytes it may have.
DOCUMENT_S = 60.0
LARGEST_DOCUMENT = 1 << 26
_BLOCK = 1 << 18
#: So much of what a server says of itself is repeated.
_LONGEST = 200
_NO_HOST = "cannot be a host (a label, what stands between dots, is empty or has over 63 characters)"
_MENDS_ITSELF = (408, 425, 429, 500, 502, 503, 504)
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,19})-[0-9]{1,19}/([0-9]{1,19}|\*)")
_sites: dict[str, str | None] = {}
_sites_lock = threading.Lock()


def unreachable(url: str, ask_again: bool = False) -> str | None:
    """None if the url's host answers, else a clause that says why not.

    Each host is probed once per process, and anew with ``ask_again``: after a transfer that would not come through.
    """
    site = _site(url)
    with _sites_lock:
        if ask_again or site not in _sites:
            _sites[site] = _probe(site)
        return _sites[site]


class Network:
    """Files at their urls."""

    def open(self, file: File, start: int, validator: str) -> Stream:
        """See :class:`~fornix.files.source.Source`; an ``ETag`` or date makes the request conditional (``If-Range``)."""
        headers = {"Accept-Encoding": "identity", "User-Agent": f"fornix/{__version__}"}
        if start:
            headers["Range"] = f"bytes={start}-"
            if validator:
                headers["If-Range"] = validator
        try:
            response = _answer(file.url, headers, _Redirects(("http", "https")))
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and start:
                return self.open(file, 0, "")
            raise _refusal(error) from None
        offset, size = _extent(response)
        encoded = _encoded(response)
        if size is not None and not file.fits(size):
            response.close()
            raise encoded or other_size(size, file)
        if offset not in (0, start):
            response.close()
            raise SourceTrouble(f"answers with bytes from {offset} on, asked for those from {start} on")
        etag = response.headers.get("ETag", "")
        strong = "" if etag.startswith("W/") else etag
        return Stream(offset, _blocks(response), strong or response.headers.get("Last-Modified", ""), str(encoded or ""))


@dataclass(frozen=True)
class Document:
    """A small file that may change, whole, and the ``ETag`` of what it is now (empty where the server gives none)."""

    content: bytes
    etag: str


def read_document(url: str, etag: str = "") -> Document | None:
    """A document at its url, asked for again where that may help; None if it still has this ``ETag``.

    A redirect is followed, also to another host, but not from https to anything else.

    Raises
    ------
    SourceTrouble
        :class:`~fornix.files.source.NotThere` if there is none.
    """
    for pause in (*download.PAUSES_S, None):
        try:
            return _document(url, etag)
        except Interrupted:
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


def _document(url: str, etag: str) -> Document | None:
    headers = {"Accept-Encoding": "identity", "Cache-Control": "no-cache", "User-Agent": f"fornix/{__version__}"}
    if etag:
        headers["If-None-Match"] = etag
    ends = time.monotonic() + DOCUMENT_S
    content = b""
    schemes = ("https",) if urlsplit(url).scheme == "https" else ("http", "https")
    try:
        with _answer(url, headers, _Redirects(schemes)) as response:
            if (encoded := _encoded(response)) is not None:
                raise encoded
            while block := response.read1(_BLOCK):
                content += block
                if len(content) > LARGEST_DOCUMENT:
                    raise SourceTrouble(f"answers with more than {LARGEST_DOCUMENT} bytes")
                if time.monotonic() > ends:
                    raise Interrupted(f"gave no whole answer within {DOCUMENT_S:g} s")
            length = _length(response)
            if length not in (None, len(content)):  # which read1, unlike read, does not mind
                raise Interrupted(f"gave only {len(content)} of {length} bytes")
            return Document(content, response.headers.get("ETag", ""))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 304 and etag:
            return None
        raise _refusal(error) from None
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(_clause(error)) from None


def _answer(url: str, headers: dict[str, str], redirects: urllib.request.HTTPRedirectHandler) -> Any:
    """The answer to a request once its body begins; in a thread, as headers that trickle in heed no timeout.

    Raises
    ------
    SourceTrouble, urllib.error.HTTPError
    """
    found: list[Any] = []
    given_up = threading.Event()

    def ask() -> None:
        try:
            found.append(
                urllib.request.build_opener(redirects).open(urllib.request.Request(url, headers=headers), timeout=STALL_S)
            )
        except BaseException as error:
            found.append(error)
        if given_up.is_set() and not isinstance(found[0], BaseException):
            found[0].close()

    thread = threading.Thread(target=ask, daemon=True, name="fornix-http")
    thread.start()
    thread.join(ANSWER_S)
    if not found:
        given_up.set()
        raise Interrupted(f"cannot be reached (no answer within {ANSWER_S:g} s)")
    try:
        if isinstance(found[0], BaseException):
            raise found[0]
    except (urllib.error.HTTPError, SourceTrouble):
        raise
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(_clause(error)) from None
    except UnicodeError:
        raise SourceTrouble(_NO_HOST) from None
    except (ValueError, OverflowError) as error:  # of addresses, its own or one that it redirects to
        raise SourceTrouble(f"cannot be asked ({_printable(str(error))})") from None
    return found[0]


def _encoded(response: Any) -> SourceTrouble | None:
    """The trouble with an answer that is not the file as it is."""
    encoding = response.headers.get("Content-Encoding", "").lower()
    if encoding in ("", "identity"):
        return None
    return SourceTrouble(f"answers in the encoding {_printable(encoding)}, not asked for; have the server send files as they are")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Redirects to some schemes only: who asked over a connection that nobody can change is not sent to one that somebody can."""

    def __init__(self, schemes: tuple[str, ...]) -> None:
        self._schemes = schemes

    def redirect_request(self, request: Any, answer: Any, code: int, message: str, headers: Any, url: str) -> Any:
        if urlsplit(url).scheme not in self._schemes:
            raise SourceTrouble(f"redirects to {_printable(spoken(url))}, which is not {' or '.join(self._schemes)}")
        return super().redirect_request(request, answer, code, message, headers, url)


def _refusal(error: urllib.error.HTTPError) -> SourceTrouble:
    kind = Interrupted if error.code in _MENDS_ITSELF else NotThere if error.code in (404, 410) else SourceTrouble
    return kind(f"answers {error.code} {_printable(str(error.reason))}")


def _printable(text: str) -> str:
    """What others say, as a clause: on one line, not too long, and with nothing in it that would command a terminal."""
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: where it leads does not matter to a probe."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _probe(site: str) -> str | None:
    found: list[str | None] = []

    def ask() -> None:
        request = urllib.request.Request(f"{site}/", method="HEAD", headers={"User-Agent": f"fornix/{__version__}"})
        try:
            urllib.request.build_opener(_StayHere).open(request, timeout=PROBE_S).close()
            found.append(None)
        except urllib.error.HTTPError as error:
            error.close()
            found.append(None)
        except (OSError, http.client.HTTPException) as error:
            found.append(_clause(error))
        except UnicodeError:
            found.append(_NO_HOST)

    # A thread, because looking up a name heeds no timeout: without a name server it can take half a minute.
    thread = threading.Thread(target=ask, daemon=True, name=f"probe {site}")
    thread.start()
    thread.join(PROBE_S)
    return found[0] if found else f"cannot be reached (no answer within {PROBE_S:g} s)"


def _clause(error: BaseException) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return f"cannot be reached (no answer within {STALL_S:g} s)"
    text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
    return f"cannot be reached ({_printable(text) or type(reason).__name__})"


def _length(response: Any) -> int | None:
    """How many bytes the server says to send; None where it does not say."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None


def _extent(response: Any) -> tuple[int, int | None]:
    """Where the answer's first byte lies in the file, and the size of the whole file if the server says it."""
    if response.status == 206:
        match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if match is None:
            raise SourceTrouble("answers with a part of the file and does not say which")
        return int(match[1]), None if match[2] == "*" else int(match[2])
    return 0, _length(response)


def _blocks(response: Any) -> Iterator[bytes]:
    least, within = SLOWEST
    begun, came, slow = time.monotonic(), 0, ""
    with response:
        while True:
            if (now := time.monotonic()) > begun + within:
                slow = f"sent only {came} bytes in {now - begun:.0f} s; try again later" if came < least else ""
                begun, came = now, 0
            try:
                block = response.read1(_BLOCK)  # what has come: a transfer that stalls keeps it
            except TimeoutError:
                raise Interrupted(f"sent nothing for {STALL_S:g} s") from None
            except (OSError, http.client.HTTPException) as error:
                raise Interrupted(f"broke off ({_printable(str(error)) or type(error).__name__})") from None
            if not block:
                return  # a slow one, too, has sent all that it had
            if slow:
                raise SourceTrouble(slow)
            came += len(block)
            yield block
