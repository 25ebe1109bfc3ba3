"""Small documents that change, over HTTP: asked for anew, with what servers and networks do to them."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.files.conftest import Site, answer

from fornix.files import network
from fornix.files.fetch import fetch_from
from fornix.files.network import Network, read_document
from fornix.files.source import Interrupted, NotThere, OtherFile, SourceTrouble


def refusing(code: int) -> object:
    return lambda handler, content: handler.send_error(code)


def test_a_document_is_asked_for_anew_and_sent_only_if_it_changed(site: Site) -> None:
    site.contents["/latest.json"] = b"one"
    first = read_document(f"{site.url}/latest.json")
    assert first is not None
    assert first.content == b"one"
    assert read_document(f"{site.url}/latest.json", first.etag) is None
    site.contents["/latest.json"] = b"two"
    second = read_document(f"{site.url}/latest.json", first.etag)
    assert second is not None
    assert second.content == b"two"


@pytest.mark.parametrize("code", [500, 503, 429])
def test_a_document_that_is_refused_for_a_while_is_asked_for_again(site: Site, code: int) -> None:
    site.contents["/latest.json"] = b"one"
    site.faults += [refusing(code)] * 2  # type: ignore[list-item]
    found = read_document(f"{site.url}/latest.json")
    assert found is not None
    assert found.content == b"one"
    site.faults += [refusing(code)] * 3  # type: ignore[list-item]
    with pytest.raises(Interrupted, match=f"answers {code}"):
        read_document(f"{site.url}/latest.json")


@pytest.mark.parametrize(("code", "trouble"), [(404, NotThere), (410, NotThere), (403, SourceTrouble)])
def test_what_does_not_mend_itself_is_asked_for_once(site: Site, code: int, trouble: type[Exception]) -> None:
    site.contents["/latest.json"] = b"one"
    site.faults += [refusing(code)] * 2  # type: ignore[list-item]
    with pytest.raises(trouble, match=f"answers {code}"):
        read_document(f"{site.url}/latest.json")
    assert len(site.gets) == 1


def test_half_a_document_is_none(site: Site) -> None:
    site.contents["/latest.json"] = b"whole"
    site.faults.append(lambda handler, content: answer(handler, content, only=3))
    found = read_document(f"{site.url}/latest.json")
    assert found is not None
    assert found.content == b"whole"
    site.faults += [lambda handler, content: answer(handler, content, only=3)] * 3
    with pytest.raises(Interrupted, match=r"gave only 3 of 5 bytes"):
        read_document(f"{site.url}/latest.json")


def test_a_document_that_trickles_in_or_has_no_end_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.contents["/latest.json"] = b"whole"
    monkeypatch.setattr(network, "DOCUMENT_S", 0.0)
    with pytest.raises(Interrupted, match="no whole answer within 0 s"):
        read_document(f"{site.url}/latest.json")
    monkeypatch.setattr(network, "DOCUMENT_S", 60.0)
    monkeypatch.setattr(network, "LARGEST_DOCUMENT", 4)
    with pytest.raises(SourceTrouble, match="more than 4 bytes"):
        read_document(f"{site.url}/latest.json")


def _redirecting(to: str) -> object:
    def redirect(handler: BaseHTTPRequestHandler, content: bytes) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return redirect


def test_a_redirect_is_followed_to_another_host_but_not_out_of_http(site: Site, other_site: Site) -> None:
    site.contents["/latest.json"] = b"here"
    other_site.contents["/there.json"] = b"there"
    site.faults.append(_redirecting(f"{other_site.url}/there.json"))  # type: ignore[arg-type]
    found = read_document(f"{site.url}/latest.json")
    assert found is not None
    assert found.content == b"there"
    site.faults.append(_redirecting("ftp://example.org/latest.json"))  # type: ignore[arg-type]
    with pytest.raises(SourceTrouble, match=r"redirects to ftp://example.org/latest.json, which is not http or https"):
        read_document(f"{site.url}/latest.json")


def test_from_https_no_redirect_leads_to_http() -> None:
    import urllib.request

    asked = urllib.request.Request("https://example.org/latest.json")
    with pytest.raises(SourceTrouble, match="which is not https"):
        network._Redirects(("https",)).redirect_request(asked, None, 302, "Found", {}, "http://example.org/latest.json")


def test_a_file_of_one_source_is_kept_and_never_another(site: Site, fresh_process: Path, content: bytes) -> None:
    file = site.publish("/cells.parquet", content)
    path = fetch_from(Network(), file)
    assert path.read_bytes() == content
    assert path.is_relative_to(fresh_process)
    assert fetch_from(Network(), file) == path
    assert len(site.gets) == 1
    with pytest.raises(OtherFile):
        fetch_from(Network(), site.publish("/other.parquet", content, meant=content[::-1]))
