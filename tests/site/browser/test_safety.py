"""Nothing that a card says is more than text, and a page asks nothing of anybody else."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr
from playwright.sync_api import Browser, Route, expect

from fornix.matrix.snapshots.format import SITE
from tests.site.browser.conftest import Opened
from tests.site.examples import HOSTILE

HACKED = "typeof hacked !== 'undefined'"


@pytest.mark.parametrize(
    "path",
    [
        "index.html#open=*&find=odd",
        "model/odd.html",
        "benchmark/Odd.html",
        "compare.html#a=odd&b=model-05&leaves=all",
        "scatter.html#x=Odd&y=Flat.02",
        "about.html",
    ],
)
def test_strings_of_cards_come_out_as_text(either: Opened, path: str) -> None:
    page = either.go(path)
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    shown = page.locator("main").evaluate("each => each.textContent")
    if path.startswith(("model/", "benchmark/")):  # the others name models and benchmarks alone
        assert HOSTILE in shown
    assert page.evaluate(HACKED) is False
    assert page.locator("main script, main iframe, main object, main embed, main [onclick], main [onerror]").count() == 0
    links = page.locator("a").evaluate_all("all => all.map(each => each.protocol)")
    assert set(links) <= {"file:", "http:", "https:"}
    assert "javascript:" not in page.locator("main").evaluate(
        "each => [...each.querySelectorAll('[href]')].map(a => a.href).join()"
    )


def test_every_field_of_a_card_is_shown_as_it_is(site: Opened) -> None:
    page = site.go("model/odd.html")
    assert page.get_by_role("heading", level=1).evaluate("each => each.textContent") == HOSTILE
    facts = dict(
        page.locator(".facts > div").evaluate_all("all => all.map(each => [...each.children].map(part => part.textContent))")
    )
    assert facts["authors"] == f"{HOSTILE}, {HOSTILE}"
    assert facts["licence"] == f"{HOSTILE}: {HOSTILE}"
    assert facts["note"] == facts["regions"] == facts["tasks"] == facts["replays answers to"] == HOSTILE
    assert facts["trained on"] == f"{HOSTILE} ({HOSTILE}): stimuli"
    assert facts["address"] == "javascript:hacked=3"
    assert page.get_by_label("BibTeX of odd", exact=True).evaluate("each => each.textContent") == HOSTILE
    page = site.go("benchmark/Odd.html")
    datasets = dict(
        page.locator(".dataset .facts > div").evaluate_all("all => all.map(each => [...each.children].map(p => p.textContent))")
    )
    assert datasets["subjects"] == f"1: {HOSTILE}"
    assert datasets["known defect"] == f"{HOSTILE} javascript:hacked=5"


def test_texts_of_cells_reach_panel_and_csv_as_text(site: Opened, tmp_path: Path) -> None:
    page = site.go("index.html#sort=*:asc&benchmark=Flat.01&find=model-08")
    site.cell("model-08", "Flat.01").click()
    assert f"failed ({HOSTILE}: {HOSTILE})" in page.locator(".panel").evaluate("each => each.textContent")
    assert page.evaluate(HACKED) is False


@pytest.mark.parametrize("path", ["index.html", "model/odd.html"])
def test_the_policy_stops_inline_script_and_other_hosts(
    browser: Browser, snapshot: tuple[Path, xr.Dataset], served: str, path: str
) -> None:
    for address in (served, f"{(snapshot[0] / SITE).as_uri()}/"):
        page = browser.new_page()
        page.goto(address + path)
        page.wait_for_selector("main h1 + *")
        stopped = page.evaluate("""async () => {
            const seen = [];
            document.addEventListener("securitypolicyviolation", (event) => seen.push(event.effectiveDirective));
            const inline = document.createElement("script");
            inline.textContent = "window.ran = true";
            document.body.append(inline);
            const div = document.createElement("div");
            div.innerHTML = "<p style='color: red' onclick='1'></p>";
            document.body.append(div);
            const elsewhere = document.createElement("script");
            elsewhere.src = "https://example.org/x.js";
            document.body.append(elsewhere);
            const style = document.createElement("style");
            style.textContent = "p { color: red }";
            document.body.append(style);
            let fetched = false;
            try { await fetch("https://example.org/"); fetched = true; } catch { /* as it must be */ }
            await new Promise((done) => setTimeout(done, 300));
            return { seen, ran: Boolean(window.ran), fetched };
        }""")
        assert stopped["ran"] is False
        assert stopped["fetched"] is False
        assert {"script-src-elem", "style-src-elem", "style-src-attr", "connect-src"} <= set(stopped["seen"])
        page.close()


def test_without_scripts_a_page_says_where_the_numbers_are(browser: Browser, snapshot: tuple[Path, xr.Dataset]) -> None:
    within = browser.new_context(java_script_enabled=False)
    page = within.new_page()
    # as in browsers from before 2024, which cannot ask in a style sheet whether scripts are on
    css = (snapshot[0] / SITE / "assets" / "site.css").read_text(encoding="utf-8").replace("(scripting:", "(unknown:")
    page.route("**/assets/site.css", lambda route: route.fulfill(body=css, content_type="text/css"))
    page.goto(f"{(snapshot[0] / SITE).as_uri()}/model/model-01.html")
    note = page.locator("noscript p")  # an element only where scripts are off
    expect(note).to_be_visible()
    expect(page.locator(".undrawn")).to_have_css("display", "none")  # and not only for the first seconds
    assert "The same numbers are in scores.csv" in note.inner_text()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Title of model-01")
    within.close()


def test_a_browser_that_does_not_know_the_language_says_where_the_numbers_are(site: Opened) -> None:
    site.page.route("**/assets/data.js", lambda route: route.fulfill(body="const fornix = ??;", content_type="text/javascript"))
    site.page.goto(f"{site.address}model/model-01.html")
    note = site.page.locator(".undrawn")
    expect(note).to_be_hidden()  # at first, as a page that is being drawn is not to blink
    expect(note).to_be_visible(timeout=20_000)
    expect(note).to_contain_text("this browser is older than the pages ask for")
    note.get_by_role("link", name="scores.csv").click(trial=True)
    assert site.wrong, "the browser says what it could not read"
    site.wrong.clear()


def test_a_page_that_is_slow_to_come_does_not_blame_browser_or_folder(site: Opened) -> None:
    held: list[Route] = []
    site.page.route("**/data/site.js", lambda route: held.append(route))
    site.page.goto(f"{site.address}index.html", wait_until="commit")
    note = site.page.locator(".undrawn")
    expect(note).to_be_visible(timeout=20_000)
    expect(note).to_contain_text("Nothing drawn yet? The page may still be loading; else this browser is older")
    held[0].continue_()
    expect(note).to_have_count(0)


def test_a_site_that_is_not_whole_says_so(browser: Browser, snapshot: tuple[Path, xr.Dataset], tmp_path: Path) -> None:
    import shutil

    shutil.copytree(snapshot[0] / SITE, tmp_path / "site")
    (tmp_path / "site" / "data" / "models" / "model-01.js").unlink()
    page = browser.new_page()
    page.goto(f"{(tmp_path / 'site').as_uri()}/model/model-01.html")
    expect(page.get_by_role("alert")).to_contain_text("data/models/model-01.js could not be read; the site's folder is not whole")
    page.close()
