"""Chromium as Debian has it, driven by Playwright; sites opened as files and over HTTP, with all that pages ask for on record."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest
import xarray as xr
from playwright.sync_api import Browser, Locator, Page, Request, sync_playwright

from fornix.matrix.snapshots.format import SITE
from fornix.site.build import build
from tests.site.examples import stage

_NAMES = ("chromium", "chromium-browser", "google-chrome")
#: Where screenshots go, to be looked at.
SHOTS = Path(os.environ.get("FORNIX_SITE_SHOTS", "site-shots"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; none is a failure in CI, else a skip."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        reason = "Chromium is not installed (apt-get install chromium), so no page was looked at"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # root has no sandbox, as in most containers
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield started
        started.close()


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, xr.Dataset]:
    """The example with its site, and its matrix."""
    folder = tmp_path_factory.mktemp("Ada's place") / "snapshots" / "2026-05-01-0123456789"
    matrix = stage(folder)
    build(folder, folder / SITE)
    return folder, matrix


@pytest.fixture(scope="session")
def matrix(snapshot: tuple[Path, xr.Dataset]) -> xr.Dataset:
    return snapshot[1]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def served(snapshot: tuple[Path, xr.Dataset]) -> Iterator[str]:
    """The address of the site over HTTP."""
    place = snapshot[0].parents[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=place))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{(snapshot[0] / SITE).relative_to(place).as_posix()}/"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Opened:
    """A page, what it asked for, and what went wrong in it."""

    page: Page
    address: str
    asked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def go(self, path: str = "index.html", *, until: Literal["load", "commit"] = "load") -> Page:
        """Open a page of the site, whole (or as far as it can be drawn, until "commit"), anew."""
        self.page.goto("about:blank")
        self.page.goto(self.address + path, wait_until=until)
        self.page.wait_for_selector("main .grid .cell.number, main h1 + :not(.undrawn)")
        return self.page

    def cell(self, model: str, benchmark: str) -> Locator:
        """The cell of the matrix in view."""
        row = self.page.locator(".line", has=self.page.locator(".name a", has_text=re.compile(f"^{re.escape(model)}$")))
        column = self.header(benchmark).get_attribute("aria-colindex")
        return row.locator(f'.cell[aria-colindex="{column}"]')

    def whisker(self, model: str, benchmark: str) -> tuple[float, float] | None:
        """Where the line of its standard error starts in its column and how long it is, in columns, if there is one."""
        cell = self.cell(model, benchmark)
        path = cell.locator("xpath=..").locator(".whiskers path")
        start, wide = cell.evaluate(
            "each => { const [a, b] = [each, each.parentElement].map(one => one.getBoundingClientRect());"
            " return [a.x - b.x, a.width]; }"
        )
        parts = [tuple(map(float, re.findall(r"[\d.]+", part))) for part in (path.get_attribute("d") or "").split("M")[1:]]
        found = [part for part in parts if start <= part[0] < start + wide]
        assert len(found) <= 1
        return ((found[0][0] - start) / wide, found[0][2] / wide) if found else None

    def header(self, benchmark: str) -> Locator:
        """The head of a benchmark's column in view."""
        return self.page.locator(f'.head .column[title="Title of {benchmark}"]')

    def group(self, benchmark: str) -> int:
        """The number of the file that has its cells."""
        self.go()
        found: int = self.page.evaluate(
            "name => fornix.load('site').then(site => fornix.rows(site.benchmarks).find(each => each.benchmark === name).group)",
            benchmark,
        )
        return found

    def models(self) -> list[str]:
        """The models whose rows are drawn, from top to bottom."""
        rows = self.page.locator(".line:not(.head)").evaluate_all(
            "all => all.sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map(row => row.querySelector('.name a').textContent)"
        )
        return [str(name) for name in rows]

    def settled(self, said: str) -> None:
        """Wait until the line above the matrix says so."""
        self.page.locator(".count", has_text=said).wait_for()


@pytest.fixture(scope="session", params=["file", "http"])
def scheme(request: pytest.FixtureRequest) -> Literal["file", "http"]:
    found: Literal["file", "http"] = request.param
    return found


def opened(browser: Browser, address: str, **context: object) -> Iterator[Opened]:
    """A new page in a context of its own; whatever it logs as wrong, or asks of others, fails the test."""
    within = browser.new_context(accept_downloads=True, **context)  # type: ignore[arg-type]
    found = Opened(within.new_page(), address)

    def asked(request: Request) -> None:
        found.asked.append(request.url)

    within.on("request", asked)
    found.page.on("console", lambda message: found.wrong.append(message.text) if message.type in ("error", "warning") else None)
    found.page.on("pageerror", lambda error: found.wrong.append(str(error)))
    found.page.on("dialog", lambda dialog: found.wrong.append(f"dialog {dialog.message}") or dialog.dismiss())
    found.page.set_default_timeout(15_000)
    yield found
    within.close()
    assert found.wrong == []
    others = [url for url in found.asked if not url.startswith((address, "about:blank", "blob:"))]
    assert [url for url in others if not url.startswith(address.rsplit("/", 2)[0])] == []


@pytest.fixture
def site(browser: Browser, snapshot: tuple[Path, xr.Dataset]) -> Iterator[Opened]:
    """The site as files, on a screen of 1280 x 800."""
    yield from opened(browser, f"{(snapshot[0] / SITE).as_uri()}/", viewport={"width": 1280, "height": 800})


@pytest.fixture
def either(browser: Browser, snapshot: tuple[Path, xr.Dataset], served: str, scheme: Literal["file", "http"]) -> Iterator[Opened]:
    """The site as files, and over HTTP."""
    address = served if scheme == "http" else f"{(snapshot[0] / SITE).as_uri()}/"
    yield from opened(browser, address, viewport={"width": 1280, "height": 800})
