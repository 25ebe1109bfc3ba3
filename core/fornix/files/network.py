"""The network as a source: plain HTTP through the standard library, which knows proxies and certificates of its user."""

from __future__ import annotations

import http.client
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import IO, Any
from urllib.parse import urlsplit

from fornix import __version__
from fornix.files.file import File
from fornix.files.source import Interrupted, SourceTrouble, Stream, other_size

#: Seconds within which a host must answer the one probe that decides whether it can be reached.
PROBE_S = 4.0
#: Seconds without a single byte after which a transfer counts as broken off.
STALL_S = 15.0
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
            kind = Interrupted if error.code in _MENDS_ITSELF else SourceTrouble
            raise kind(f"answers {error.code} {error.reason}") from None
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


def _blocks(response: IO[bytes]) -> Iterator[bytes]:
    with response:
        while True:
            try:
                block = response.read(_BLOCK)
            except TimeoutError:
                raise Interrupted(f"sent nothing for {STALL_S:g} s") from None
            except (OSError, http.client.HTTPException) as error:
                raise Interrupted(f"broke off ({str(error) or type(error).__name__})") from None
            if not block:
                return
            yield block
