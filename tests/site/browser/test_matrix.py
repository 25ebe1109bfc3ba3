"""The matrix as a reader uses it: with a mouse, with a keyboard, by links."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Page, Route, expect

from tests.site.browser.conftest import Opened
from tests.site.examples import FLAT, MODELS, TREE

#: A benchmark in which every kind of empty cell is, and one that is in view at first; neither is what it is sorted by at first.
FIRST, OTHER = "Flat.00", "Flat.02"


def best(matrix: xr.Dataset, benchmark: str, variable: str = "value") -> list[str]:
    """Its ranked models, the highest first."""
    column = matrix.sel(benchmark=benchmark)
    kept = column["model"].values[column["ranked"].values]
    return [str(name) for name in kept[np.argsort(-column[variable].sel(model=kept).values, kind="stable")]]


def focused(page: Page) -> tuple[int, int]:
    """The row and column of the cell that has the focus; -1 are the heads and the names."""
    row, column = page.evaluate(
        "[document.activeElement.closest('.line').ariaRowIndex, document.activeElement.ariaColIndex].map(Number)"
    )
    return row - 2, column - 2


def test_it_opens_sorted_and_folded_from_a_file_and_over_http(either: Opened, matrix: xr.Dataset) -> None:
    page = either.go()
    either.settled(f"{MODELS} of {MODELS} models, {FLAT + 3} of {FLAT + 7} benchmarks")
    expect(page.locator('.column[aria-sort="descending"]')).to_have_count(1)
    head = str(page.locator('.column[aria-sort="descending"]').get_attribute("title")).removeprefix("Title of ")
    assert either.models()[:8] == best(matrix, head)[:8]
    name = either.models()[0]
    expect(either.cell(name, head)).to_contain_text(f"{matrix['value'].sel(model=name, benchmark=head).item():.3f} ±0.010")
    loaded = {url.rpartition("/")[2] for url in either.asked if "/groups/" in url}
    assert loaded == {"0.js", "1.js"}, "what is in view is loaded, and nothing else"


def test_a_click_on_a_head_sorts_and_another_turns_it_round(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go()
    site.header(OTHER).click()
    expect(site.header(OTHER)).to_have_attribute("aria-sort", "descending")
    assert site.models()[:8] == best(matrix, OTHER)[:8]
    site.header(OTHER).click()
    expect(site.header(OTHER)).to_have_attribute("aria-sort", "ascending")
    assert site.models()[:8] == best(matrix, OTHER)[::-1][:8]
    page.locator(".scroller").evaluate("place => { place.scrollTop = 1e6; }")
    expect(page.locator(f'.line[aria-rowindex="{MODELS + 1}"]')).to_be_visible()
    last = site.models()[-3:]
    assert sorted(last) == ["model-02", "odd", "reader"], "what has no rank comes last, whichever way"


def test_the_tree_unfolds_level_by_level_and_the_link_keeps_it(site: Opened) -> None:
    page = site.go()
    expect(site.header("Ventral.V4")).to_have_count(0)
    fold = site.header("Ventral").get_by_role("button")
    assert fold.get_attribute("aria-label") == "Unfold the 2 children of Ventral"
    fold.click()
    expect(site.header("Ventral.IT")).to_be_visible()
    site.header("Ventral.V4").get_by_role("button").click()
    expect(site.header("Ventral.V4.b")).to_be_visible()
    link = page.url.removeprefix(site.address)
    assert "open=" in link
    site.go(link)
    expect(site.header("Ventral.V4.a")).to_be_visible()
    site.header("Ventral").get_by_role("button").click()
    expect(site.header("Ventral.V4.a")).to_have_count(0)
    page.get_by_role("button", name="Unfold all").click()
    site.settled(f"{FLAT + 7} of {FLAT + 7} benchmarks")
    page.get_by_role("button", name="Fold all").click()
    site.settled(f"{FLAT + 3} of {FLAT + 7} benchmarks")


@pytest.mark.parametrize(
    ("field", "text", "models", "benchmarks"),
    [
        ("Models", "MODEL-1", 10, FLAT + 3),
        ("Models", "nobody", 0, FLAT + 3),
        ("Benchmarks", "ventral v4", MODELS, 5),
        ("Benchmarks", "macaca electrodes flat", MODELS, FLAT),
    ],
)
def test_a_search_leaves_what_has_all_its_words(site: Opened, field: str, text: str, models: int, benchmarks: int) -> None:
    page = site.go()
    page.get_by_label(field, exact=True).fill(text)
    site.settled(f"{models} of {MODELS} models, {benchmarks} of {FLAT + 7} benchmarks")
    site.go(page.url.removeprefix(site.address))
    site.settled(f"{models} of {MODELS} models, {benchmarks} of {FLAT + 7} benchmarks")
    expect(page.get_by_label(field, exact=True)).to_have_value(text)


def test_filters_leave_a_modality_hide_controls_and_the_unscored(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go()
    page.get_by_role("combobox", name="Controls", exact=True).select_option("hidden")
    left = MODELS - int(matrix["control"].values.sum())
    site.settled(f"{left} of {MODELS} models")
    page.get_by_role("combobox", name="Modality", exact=True).select_option("text")
    site.settled(f"1 of {MODELS} models, 1 of {FLAT + 7} benchmarks")
    assert site.models() == ["reader"]
    page.get_by_role("combobox", name="Modality", exact=True).select_option("all")
    page.get_by_role("combobox", name="Unscored models", exact=True).select_option("hidden")
    page.get_by_label("Benchmarks", exact=True).fill("Words")
    site.settled(f"1 of {MODELS} models, 1 of {FLAT + 7} benchmarks")


def test_the_switch_shows_raw_scores_and_sorts_by_them(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go()
    page.get_by_role("combobox", name="Score", exact=True).select_option("raw")
    expect(page).to_have_url(re.compile("score=raw"))
    top = best(matrix, "Ventral", "raw")
    expect(page.locator('.line[aria-rowindex="2"] .name a')).to_have_text(top[0])
    cell = site.cell(top[0], "Ventral")
    expect(cell).to_have_text(f"{matrix['raw'].sel(model=top[0], benchmark='Ventral').item():.3f} ±0.005")


def test_ties_are_intervals_of_ranks_for_eyes_and_ears(site: Opened, matrix: xr.Dataset) -> None:
    site.go(f"index.html#sort={FIRST}:desc&benchmark={FIRST}")
    count = int(matrix["ranked"].sel(benchmark=FIRST).values.sum())
    for place, name in enumerate(best(matrix, FIRST)[:5]):
        low, high = 3 * (place // 3) + 1, 3 * (place // 3) + 3
        expect(site.cell(name, FIRST)).to_have_text(re.compile(f"±0.010\\s#{low}–{high}$"))
        spoken = site.cell(name, FIRST).get_attribute("aria-label") or ""
        assert f"plus or minus 0.010; rank {low} to {high} of {count}" in spoken


def test_uncertainty_is_drawn_in_the_cell_to_scale(site: Opened, matrix: xr.Dataset) -> None:
    site.go(f"index.html#sort=*:asc&benchmark={FIRST}&find=model-0")
    values = matrix["value"].sel(benchmark=FIRST)[matrix["ranked"].sel(benchmark=FIRST).values].values
    low, high = values.min() - 0.01, values.max() + 0.01
    for name in ("model-09", "model-05"):  # the other is the best
        value = matrix["value"].sel(model=name, benchmark=FIRST).item()
        start, width = site.whisker(name, FIRST) or (np.nan, np.nan)
        assert width == pytest.approx(0.9 * 0.02 / (high - low), rel=0.05)
        assert start + width / 2 == pytest.approx(0.05 + 0.9 * (value - low) / (high - low), abs=0.005)
    assert value == values.max()


def test_a_score_beyond_the_ranked_ones_is_not_drawn_as_if_it_were_the_best(site: Opened, matrix: xr.Dataset) -> None:
    column = matrix.sel(benchmark=FIRST)
    ranked = column["ranked"].values
    assert column["raw"].sel(model="odd").item() > column["raw"].values[ranked].max() + 0.005
    assert not column["ranked"].sel(model="odd").item()
    site.go(f"index.html#score=raw&sort=*:asc&benchmark={FIRST}&find=odd")
    expect(site.cell("odd", FIRST)).to_contain_text("±0.005")
    assert site.whisker("odd", FIRST) is None


@pytest.mark.parametrize(
    ("model", "sign", "said"),
    [
        ("model-00", "✕", "failed (RuntimeError)"),
        ("model-01", "✕", "failed: ran out of memory"),
        ("model-02", "✕", "failed: took too long"),
        ("model-03", "", "not computed yet"),
        ("model-04", "↻", "out of date: code changed since it was computed"),
        ("reader", "·", "skipped (modality: it takes text)"),
    ],
)
def test_an_empty_cell_says_why(site: Opened, model: str, sign: str, said: str) -> None:
    page = site.go(f"index.html#sort=*:asc&benchmark={FIRST}&find={model}")
    cell = site.cell(model, FIRST)
    expect(cell).to_have_text(sign)
    assert cell.get_attribute("aria-label") == f"empty: {said}"
    cell.hover()
    expect(page.locator(".panel")).to_contain_text(said)
    page.locator("h1").evaluate("each => each.scrollIntoView()")
    cell.focus()
    expect(page.locator(".panel")).to_contain_text(said)


def test_what_is_out_of_rankings_is_marked_with_its_reason(site: Opened) -> None:
    page = site.go("index.html#sort=*:asc&find=model-02")
    cell = site.cell("model-02", "Ventral")
    expect(cell.locator("b")).to_have_text(re.compile(r"†$"))
    expect(cell).not_to_have_class(re.compile("step-"))
    cell.click()
    expect(page.locator(".panel")).to_contain_text("trained on the same subjects (Data)")


def test_heads_and_names_stay_while_the_rest_scrolls_and_little_is_drawn(site: Opened) -> None:
    page = site.go()
    before = page.locator(".head .name").bounding_box()
    page.locator(".scroller").evaluate("place => { place.scrollTop = 1500; place.scrollLeft = 1200; }")
    expect(page.locator('.line[aria-rowindex="45"]')).to_be_visible()
    assert page.locator(".head .name").bounding_box() == before
    row = page.locator('.line[aria-rowindex="45"] .name')
    assert (row.bounding_box() or {})["x"] == (before or {})["x"]
    assert page.locator(".column").first.is_visible()
    assert page.locator(".cell").count() < 700
    assert page.locator(".grid").get_attribute("aria-rowcount") == str(MODELS + 1)
    assert page.locator(".grid").get_attribute("aria-colcount") == str(FLAT + 4)


def test_all_of_it_is_reached_by_keyboard(site: Opened) -> None:
    page = site.go()
    page.locator(".files summary").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".head .name")).to_be_focused()

    def where() -> tuple[int, int]:
        return focused(page)

    assert where() == (-1, -1)
    for key, place in (
        ("ArrowRight", (-1, 0)),
        ("ArrowDown", (0, 0)),
        ("End", (0, FLAT + 2)),
        ("Control+End", (MODELS - 1, FLAT + 2)),
        ("Home", (MODELS - 1, -1)),
        ("Control+Home", (-1, -1)),
    ):
        page.keyboard.press(key)
        assert where() == place, key
    page.keyboard.press("PageDown")
    assert where()[0] > 3
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.grid')") is None, "the grid is one stop of the tabulator"


def test_keys_sort_fold_choose_and_follow(site: Opened) -> None:
    page = site.go()
    site.header(OTHER).focus()
    page.keyboard.press("Enter")
    expect(site.header(OTHER)).to_have_attribute("aria-sort", "descending")
    expect(site.header(OTHER)).to_be_focused()
    site.header("Ventral").focus()
    page.keyboard.press(" ")
    expect(site.header("Ventral.IT")).to_be_visible()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    chosen = site.models()[:2]
    expect(page.get_by_role("link", name=f"Compare {chosen[0]} with {chosen[1]}")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"model/{chosen[1]}.html$"))
    page.go_back()
    expect(site.header("Ventral.IT")).to_be_visible()


def test_rows_are_drawn_anew_by_what_scrolls_and_read_in_their_order(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go(f"index.html#sort={FIRST}:desc&benchmark={FIRST}")
    order = best(matrix, FIRST)
    page.locator(".line").nth(2).evaluate("row => { row.kept = true; }")
    for top in (1200, 2400, 600):
        page.locator(".scroller").evaluate("(place, top) => { place.scrollTop = top; }", top)
        expect(page.locator(f'.line[aria-rowindex="{top // 44 + 4}"]')).to_be_visible()
        # once it stands still, rows follow each other as they are read, and say what is theirs
        page.wait_for_function(
            "() => { const all = [...document.querySelectorAll('.line')].map(row => +row.ariaRowIndex);"
            " return all.every((row, at) => at === 0 || row > all[at - 1]); }"
        )
        rows = page.locator(".line:not(.head)").evaluate_all(
            "all => all.map(row => [+row.ariaRowIndex, row.querySelector('a').textContent, row.querySelector('a').href,"
            " row.querySelector('input').ariaLabel, row.querySelector('.number').textContent])"
        )
        for row, name, link, box, text in rows[:10]:
            assert name == order[row - 2]
            assert link.endswith(f"/model/{name}.html")
            assert box == f"Choose {name} to compare"
            assert text.startswith(f"{matrix['value'].sel(model=name, benchmark=FIRST).item():.3f} ")
    assert page.locator(".line").evaluate_all("all => all.some(row => row.kept)"), "rows are used again"


def test_cells_are_filled_anew_by_what_scrolls_sideways_and_read_in_their_order(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go("index.html#sort=*:asc&open=*&find=model-1")
    made = page.evaluate("""async () => {
        const place = document.querySelector(".scroller"), frame = () => new Promise(requestAnimationFrame);
        const wide = parseFloat(getComputedStyle(place).getPropertyValue("--column"));
        const cells = () => [...document.querySelectorAll(".grid .cell")];
        for (let step = 0; step < 5; step++) { place.scrollBy(wide, 0); await frame(); }
        const before = new Set(cells()), unfolding = new Set();
        let made = 0;
        for (const [way, steps] of [[1, 12], [-1, 15]])
            for (let step = 0; step < steps; step++) {
                place.scrollBy(way * wide, 0);
                await frame();
                await frame();
                for (const cell of cells()) if (!before.has(cell)) { before.add(cell); made += 1; }
                for (const head of document.querySelectorAll(".column[aria-expanded]")) unfolding.add(head.ariaLabel);
            }
        return [made, place.scrollLeft / wide, [...unfolding].sort()];
    }""")
    # a row may show one column more than it did at first
    assert made[0] <= page.locator(".line").count(), "cells are used again"
    assert made[1] == pytest.approx(2, abs=0.1)
    assert made[2] == ["Ventral", "Ventral.V4"], "a head says what it said of another benchmark"
    for line in page.locator(".line").all():
        order = line.locator(".cell").evaluate_all("all => all.map(each => +each.ariaColIndex)")
        assert order == sorted(order)
        assert len(order) == len(set(order))
    shown = page.locator(".head .column").evaluate_all(
        "all => all.map(each => [each.ariaLabel, each.title, each.ariaExpanded, +each.ariaColIndex])"
    )
    names = {name for name, *_ in shown}
    assert names & {"Ventral", "Ventral.V4"}, "no column that unfolds was another before"
    assert names - set(TREE), "no column that does not unfold was another before"
    for name, title, expanded, index in shown:
        assert title == matrix["benchmark_title"].sel(benchmark=name).item()
        if name == "Odd":  # whose title finds no column
            continue
        assert expanded == ("true" if name in ("Ventral", "Ventral.V4") else None)
        for model in ("model-11", "model-12"):
            cell = site.cell(model, name)
            value = matrix["value"].sel(model=model, benchmark=name).item()
            assert cell.get_attribute("aria-colindex") == str(index)
            expect(cell).to_have_text(re.compile(f"^{value:.3f}" if np.isfinite(value) else "^[^0-9]*$"))
            assert site.whisker(model, name) is not None or not np.isfinite(value)


def test_focus_is_kept_by_a_cell_that_scrolled_out_of_view(site: Opened) -> None:
    page = site.go()
    page.locator('.line[aria-rowindex="3"] .number').first.focus()
    page.locator(".scroller").evaluate("place => { place.scrollTop = 1e6; }")
    expect(page.locator(f'.line[aria-rowindex="{MODELS + 1}"]')).to_be_visible()
    assert focused(page) == (1, 0)
    page.keyboard.press("ArrowDown")
    assert focused(page) == (2, 0)
    expect(page.locator('.line[aria-rowindex="4"]')).to_be_visible()


def test_two_boxes_choose_what_is_compared(site: Opened) -> None:
    page = site.go()
    names = site.models()[:3]
    for name in names:
        page.get_by_label(f"Choose {name} to compare", exact=True).click()
    link = page.get_by_role("link", name=f"Compare {names[1]} with {names[2]}")
    link.click()
    expect(page.get_by_role("heading", name="Compare two models")).to_be_visible()
    expect(page.get_by_role("combobox", name="First model", exact=True)).to_have_value(names[1])
    expect(page.get_by_role("combobox", name="Second model", exact=True)).to_have_value(names[2])


def test_colours_follow_the_score_by_benchmark_by_one_scale_or_not_at_all(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go(f"index.html#sort={FIRST}:desc&benchmark={FIRST}")
    top = best(matrix, FIRST)
    expect(site.cell(top[0], FIRST)).to_have_class(re.compile("step-8"))
    page.get_by_role("combobox", name="Colour", exact=True).select_option("0 to 1")
    step = int(9 * matrix["value"].sel(model=top[0], benchmark=FIRST).item())
    expect(site.cell(top[0], FIRST)).to_have_class(re.compile(f"step-{step}"))
    page.get_by_role("combobox", name="Colour", exact=True).select_option("none")
    expect(site.cell(top[0], FIRST)).not_to_have_class(re.compile("step-"))


def test_the_view_is_saved_as_csv_and_the_files_are_linked(site: Opened, matrix: xr.Dataset, tmp_path: Path) -> None:
    page = site.go("index.html#sort=Ventral:desc&find=model-1")
    page.locator(".files summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of this view").click()
    download.value.save_as(tmp_path / "view.csv")
    lines = (tmp_path / "view.csv").read_text().splitlines()
    order = [name for name in best(matrix, "Ventral") if "model-1" in name]
    assert [line.split(",")[0] for line in lines[1:]] == order
    at = lines[0].split(",").index("Ventral")
    assert float(lines[1].split(",")[at]) == pytest.approx(
        matrix["value"].sel(model=order[0], benchmark="Ventral").item(), rel=1e-4
    )
    links = page.locator(".files a").evaluate_all("all => all.map(link => link.getAttribute('href'))")
    assert links == ["scores.csv", "../cells.parquet", "../matrix.nc", "../CITATION.cff", "citations.bib"]


def hold(site: Opened, benchmark: str) -> list[Route]:
    """Let a group of benchmarks be under way until it is let go; the requests that were stopped."""
    held: list[Route] = []
    site.page.route(f"**/groups/{site.group(benchmark)}.js", lambda route: held.append(route))
    return held


def test_scores_that_are_under_way_are_waited_for_by_what_sorts_by_them(site: Opened, matrix: xr.Dataset) -> None:
    held = hold(site, OTHER)
    page = site.go("index.html#sort=*:desc", until="commit")
    expect(site.cell(site.models()[0], OTHER)).to_have_text("…")
    site.header(OTHER).click()
    expect(page).to_have_url(re.compile(f"sort={OTHER}%3Adesc"))
    held[0].continue_()
    expect(page.locator('.line[aria-rowindex="2"] .name a')).to_have_text(best(matrix, OTHER)[0])
    assert site.models()[:8] == best(matrix, OTHER)[:8]
    assert len(held) == 1, "what is under way is not asked for again"


def test_scores_that_are_under_way_are_waited_for_by_what_saves_them(site: Opened, matrix: xr.Dataset, tmp_path: Path) -> None:
    held = hold(site, OTHER)
    page = site.go(f"index.html#sort=*:asc&find=model-10&benchmark={OTHER}", until="commit")
    expect(site.cell("model-10", OTHER)).to_have_text("…")
    page.locator(".files summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of this view").click()
        held[0].continue_()
    download.value.save_as(tmp_path / "view.csv")
    (line,) = (tmp_path / "view.csv").read_text().splitlines()[1:]
    assert float(line.split(",")[1]) == pytest.approx(matrix["value"].sel(model="model-10", benchmark=OTHER).item(), rel=1e-4)


def test_scores_that_cannot_be_read_are_said_and_asked_for_again(site: Opened, matrix: xr.Dataset) -> None:
    group = site.group(OTHER)
    site.page.route(f"**/groups/{group}.js", lambda route: route.abort())
    page = site.go(f"index.html#sort={OTHER}:desc")
    site.settled(f"data/groups/{group}.js could not be read; the site's folder is not whole; scroll or sort to try again")
    expect(site.cell(site.models()[0], OTHER)).to_have_text("…")
    page.locator(".files summary").click()
    page.get_by_role("button", name="CSV of this view").click()
    page.unroute(f"**/groups/{group}.js")
    page.locator(".scroller").evaluate("place => { place.scrollTop = 40; }")
    expect(page.locator(".count")).to_have_text(f"{MODELS} of {MODELS} models, {FLAT + 3} of {FLAT + 7} benchmarks")
    page.locator(".scroller").evaluate("place => { place.scrollTop = 0; }")
    expect(page.locator('.line[aria-rowindex="2"] .name a')).to_have_text(best(matrix, OTHER)[0])
    expect(site.cell(best(matrix, OTHER)[0], OTHER)).to_contain_text("±0.010")
    assert site.wrong, "the browser says what it could not read"
    assert [text for text in site.wrong if "net::ERR_FAILED" not in text] == []
    site.wrong.clear()


def test_scores_that_cannot_be_read_are_asked_for_once_scrolling_ended_and_not_in_every_frame(site: Opened) -> None:
    group = site.group(OTHER)
    site.page.route(f"**/groups/{group}.js", lambda route: route.abort())
    page = site.go("index.html#sort=*:asc")
    site.settled(f"data/groups/{group}.js could not be read")

    def asked() -> int:
        return sum(url.endswith(f"/groups/{group}.js") for url in site.asked)

    before = asked()
    with page.expect_request(f"**/groups/{group}.js"):
        page.evaluate("""async () => {
            const place = document.querySelector(".scroller");
            for (let step = 0; step < 40; step++) { place.scrollBy(0, 20); await new Promise(requestAnimationFrame); }
        }""")
        during = asked()
    assert during - before <= 2, "a frame of scrolling asked again"
    site.wrong.clear()


def test_an_error_in_drawing_is_not_said_to_be_one_of_the_file(site: Opened) -> None:
    page = site.go()
    said = page.evaluate("""async () => {
        const called = [];
        const scores = fornix.scores({
            came: () => { called.push("came"); throw new Error("not drawn"); },
            lost: () => called.push("lost"),
        });
        const why = await scores.need([0]).catch((error) => error.message);
        return [why, called, scores.lacking() ?? null];
    }""")
    assert said == ["not drawn", ["came"], None]


def test_a_part_of_a_file_of_scores_is_said(site: Opened) -> None:
    group = site.group(OTHER)
    site.page.route(f"**/groups/{group}.js", lambda route: route.fulfill(body="fornix.register(", content_type="text/javascript"))
    site.go()
    site.settled(f"data/groups/{group}.js could not be read")
    assert [text for text in site.wrong if "Unexpected end of input" not in text] == []
    site.wrong.clear()


def test_a_link_to_what_is_not_there_still_opens(site: Opened) -> None:
    page = site.go("index.html#sort=Gone:desc&open=Gone,Ventral&models=gone&score=odd&colour=odd&modality=odd")
    site.settled(f"{MODELS} of {MODELS} models")
    expect(page.get_by_role("combobox", name="Modality", exact=True)).to_have_value("")
    expect(page.get_by_role("combobox", name="Score", exact=True)).to_have_value("ceiled")
    site.go("index.html#sort=Gone:desc&open=Gone,Ventral&models=gone&x=%ff%00")
    expect(site.header("Ventral.IT")).to_be_visible()
