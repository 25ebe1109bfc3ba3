"""How pages look and whether everybody can use them: axe, contrast, narrow screens, light and dark. Leaves screenshots."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
import xarray as xr
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from fornix.matrix.snapshots.format import SITE
from tests.site.browser.conftest import SHOTS, Opened, opened

PAGES = {
    "matrix": "index.html#open=*",
    "model": "model/model-12.html",
    "benchmark": "benchmark/Flat.00.html",
    "compare": "compare.html#a=model-10&b=reader&leaves=all",
    "scatter": "scatter.html#x=card:parameters&y=Flat.02",
    "about": "about.html",
    "odd": "model/odd.html",
}


@pytest.fixture(params=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    found: Literal["light", "dark"] = request.param
    return found


@pytest.fixture(params=[1280, 375])
def screen(
    request: pytest.FixtureRequest, browser: Browser, snapshot: tuple[Path, xr.Dataset], colours: Literal["light", "dark"]
) -> Iterator[Opened]:
    """The site on a wide and on a narrow screen, in light and in dark."""
    size = {"width": request.param, "height": 800 if request.param == 1280 else 667}
    address = f"{(snapshot[0] / SITE).as_uri()}/"
    yield from opened(browser, address, viewport=size, color_scheme=colours, has_touch=request.param == 375)


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(screen: Opened, colours: str, name: str) -> None:
    page = screen.go(PAGES[name])
    width = (page.viewport_size or {})["width"]
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{width}-{colours}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    drawn = page.locator(".plot text").evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert min(drawn, default=12) >= 9, "text of a plot shrank with it until nobody can read it"
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    assert [
        (each["id"], [node["html"][:200] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in ("serious", "critical")
    ] == []


def luminance(colour: str) -> float:
    """Relative luminance of a #rrggbb colour (WCAG 2.2)."""
    parts = [int(colour.strip()[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_is_legible_on_every_step_of_the_scale_which_goes_one_way(screen: Opened, colours: str) -> None:
    page = screen.go("about.html")
    names = ["--ink", *(f"--step-{n}" for n in range(9))]
    ink, *steps = (
        luminance(each)
        for each in page.evaluate(f"{names}.map(name => getComputedStyle(document.documentElement).getPropertyValue(name))")
    )
    for step in steps:
        light, dark = max(ink, step), min(ink, step)
        assert (light + 0.05) / (dark + 0.05) >= 4.5
    assert all((b < a) == (colours == "light") for a, b in pairwise(steps)), "who sees no hue cannot order the steps"


def test_the_reader_s_choice_of_colours_is_kept_from_page_to_page(site: Opened) -> None:
    page = site.go()
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.get_by_role("button", name="Use dark colours").click()
    after = page.evaluate(ground)
    assert before != after
    page.get_by_role("link", name="About").click()
    expect(page.get_by_role("heading", name="About this snapshot")).to_be_visible()
    assert page.evaluate(ground) == after
    page.get_by_role("button", name="Use light colours").click()
    assert page.evaluate(ground) == before


def test_a_tap_on_a_narrow_screen_says_why_a_cell_is_empty(browser: Browser, snapshot: tuple[Path, xr.Dataset]) -> None:
    address = f"{(snapshot[0] / SITE).as_uri()}/"
    for site in opened(browser, address, viewport={"width": 375, "height": 667}, has_touch=True, is_mobile=True):
        page = site.go("index.html#sort=*:asc&benchmark=Flat.00")
        site.cell("model-01", "Flat.00").tap()
        expect(page.locator(".panel")).to_contain_text("failed: ran out of memory")
        expect(page.locator(".panel")).to_be_in_viewport()
        page.get_by_text("Search, filter and colour").tap()
        page.get_by_label("Models", exact=True).fill("model-1")
        site.settled("10 of 90 models")
        page.locator(".panel a").first.tap()
        expect(page.get_by_role("heading", level=1)).to_have_text("Title of model-01")


def test_a_grid_says_its_roles_and_sizes_to_a_screen_reader(site: Opened) -> None:
    page = site.go()
    grid = page.get_by_role("grid", name="Scores: a row for each model, a column for each benchmark")
    expect(grid.get_by_role("row").first).to_have_attribute("aria-rowindex", "1")
    expect(grid.get_by_role("columnheader").nth(1)).to_have_attribute("aria-colindex", "2")
    expect(grid).to_have_accessible_description(re.compile("Arrow keys move between cells.*space chooses it to compare"))
    expect(page.locator('.column[title="Title of Ventral"]')).to_have_accessible_name("Ventral")
    expect(page.locator('.column[title="Title of Ventral"]')).to_have_attribute("aria-expanded", "false")
    expect(grid.get_by_role("rowheader", name="model-03, a control", exact=True)).to_have_count(1)
    assert grid.get_by_role("rowheader").count() > 5
    assert grid.get_by_role("gridcell").count() > 30
    assert page.locator("[tabindex='0']").evaluate_all("all => all.filter(each => each.closest('[role=grid]')).length") == 1
    order = page.locator(".line").nth(1).evaluate("row => [...row.querySelectorAll('.cell')].map(each => +each.ariaColIndex)")
    assert order == sorted(order)
