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
from fornix.files.file import File
from fornix.files.source import Interrupted, NotThere, SourceTrouble, Stream, other_size

#: Seconds within which a host must answer the one probe that decides whether it can be reached.
PROBE_S = 4.0
#: Seconds without a single byte after which a transfer counts as broken off.
STALL_S = 15.0
#: Seconds within which a document must be there, and how many bytes it may have.
DOCUMENT_S = 60.0
LARGEST_DOCUMENT = 1 << 26
_BLOCK = 1 << 18
_NO_HOST = "cannot be a host (a label, what stands between dots, is empty or has over 63 characters)"
_MENDS_ITSELF = (408, 425, 429, 500, 502, 503, 504)
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
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
            response = urllib.request.urlopen(urllib.request.Request(file.url, headers=headers), timeout=STALL_S)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416 and start:
                return self.open(file, 0, "")
            raise _refusal(error) from None
        except (OSError, http.client.HTTPException) as error:
            raise Interrupted(_clause(error)) from None
        except UnicodeError:
            raise SourceTrouble(_NO_HOST) from None
        offset, size = _extent(response)
        if size is not None and not file.fits(size):
            response.close()
            raise other_size(size, file)
        if offset not in (0, start):
            response.close()
            raise SourceTrouble(f"answers with bytes from {offset} on, asked for those from {start} on")
        etag = response.headers.get("ETag", "")
        strong = "" if etag.startswith("W/") else etag
        return Stream(offset, _blocks(response), strong or response.headers.get("Last-Modified", ""))


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
    try:
        with urllib.request.build_opener(_Redirects).open(
            urllib.request.Request(url, headers=headers), timeout=STALL_S
        ) as response:
            while block := response.read1(_BLOCK):
                content += block
                if len(content) > LARGEST_DOCUMENT:
                    raise SourceTrouble(f"answers with more than {LARGEST_DOCUMENT} bytes")
                if time.monotonic() > ends:
                    raise Interrupted(f"gave no whole answer within {DOCUMENT_S:g} s")
            length = response.headers.get("Content-Length", "")
            if length.isdigit() and int(length) != len(content):  # which read1, unlike read, does not mind
                raise Interrupted(f"gave only {len(content)} of {length} bytes")
            return Document(content, response.headers.get("ETag", ""))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 304 and etag:
            return None
        raise _refusal(error) from None
    except (OSError, http.client.HTTPException) as error:
        raise Interrupted(_clause(error)) from None
    except UnicodeError:
        raise SourceTrouble(_NO_HOST) from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Who asked over a connection that nobody can change is not sent to one that somebody can."""

    def redirect_request(self, request: Any, answer: Any, code: int, message: str, headers: Any, url: str) -> Any:
        schemes = ("https",) if urlsplit(request.full_url).scheme == "https" else ("http", "https")
        if urlsplit(url).scheme not in schemes:
            raise SourceTrouble(f"redirects to {url}, which is not {' or '.join(schemes)}")
        return super().redirect_request(request, answer, code, message, headers, url)


def _refusal(error: urllib.error.HTTPError) -> SourceTrouble:
    kind = Interrupted if error.code in _MENDS_ITSELF else NotThere if error.code in (404, 410) else SourceTrouble
    return kind(f"answers {error.code} {error.reason}")


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
    return f"cannot be reached ({text or type(reason).__name__})"


def _extent(response: Any) -> tuple[int, int | None]:
    """Where the answer's first byte lies in the file, and the size of the whole file if the server says it."""
    if response.status == 206:
        match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
        if match is None:
            raise SourceTrouble("answers with a part of the file and does not say which")
        return int(match[1]), None if match[2] == "*" else int(match[2])
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _blocks(response: Any) -> Iterator[bytes]:
    with response:
        while True:
            try:
                block = response.read1(_BLOCK)  # what has come: a transfer that stalls keeps it
            except TimeoutError:
                raise Interrupted(f"sent nothing for {STALL_S:g} s") from None
            except (OSError, http.client.HTTPException) as error:
                raise Interrupted(f"broke off ({str(error) or type(error).__name__})") from None
            if not block:
                return
            yield block
