"""The pages beside the matrix: models, benchmarks, two side by side, scatter plots, what the snapshot is."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import xarray as xr
from playwright.sync_api import Browser, Page, expect
from scipy.stats import pearsonr, spearmanr

from fornix.matrix.snapshots.format import CARDS, MANIFEST, Manifest
from fornix.site.build import build
from tests.site.browser.conftest import Opened, opened
from tests.site.examples import CITATION_TEXT, HOSTILE, MODELS, stage


def rows(page: Page, label: str) -> list[list[str]]:
    """The text of the table with this label, row by row."""
    found: list[list[str]] = page.get_by_role("region", name=label, exact=True).evaluate(
        "each => [...each.querySelectorAll('tbody tr')].map(row => [...row.children].map(cell => cell.textContent))"
    )
    return found


def fact(page: Page, term: str) -> str:
    return page.locator(".facts > div", has=page.locator(f"dt:text-is({term!r})")).first.locator("dd").inner_text()


def test_a_model_has_its_card_its_scores_and_how_to_run_and_cite_it(either: Opened, matrix: xr.Dataset) -> None:
    page = either.go("model/model-12.html")
    expect(page.get_by_role("heading", level=1)).to_have_text("Title of model-12")
    assert fact(page, "licence") == "MIT"
    assert fact(page, "parameters") == "1,000"
    assert fact(page, "computed") == "2026-05-01"
    table = {row[0]: row for row in rows(page, "Scores of model-12")}
    row = matrix.sel(model="model-12", benchmark="Ventral.IT")
    assert table["Ventral.IT"][1] == f"{row['value'].item():.3f} ± 0.010"
    assert table["Ventral.IT"][3] == f"{row['rank_low'].item():.0f}–{row['rank_high'].item():.0f}"
    assert "Words" not in table
    page.get_by_text("1 of 31 benchmarks, and why").click()
    assert rows(page, "Benchmarks without a score") == [["Words", "skipped (modality: Words shows text, the model takes image)"]]
    expect(page.get_by_label("BibTeX of model-12", exact=True)).to_have_text(CITATION_TEXT % ("model-12", "model-12"))
    expect(page.get_by_label("command", exact=True)).to_contain_text("fornix run --models model-12 --benchmarks ")
    place = "http://127.0.0.1" if either.address.startswith("http") else "/"
    expect(page.get_by_label("Python", exact=True)).to_contain_text(
        re.compile(f'fornix.pull\\("{place}.*models=\\["model-12"\\]')
    )
    assert "/snapshots/" not in page.get_by_label("Python", exact=True).inner_text()


def test_a_model_shows_its_layers_and_their_profile(site: Opened) -> None:
    page = site.go("model/odd.html")
    assert rows(page, "Which layers stand for which region") == [["every region", HOSTILE, f"selected on {HOSTILE}"]]
    expect(page.locator("figure svg .point")).to_have_count(4)
    expect(page.locator("figure svg .selected .ring")).to_have_count(1)
    assert page.locator("figure svg").get_attribute("role") == "img"
    page.get_by_text("4 layers in numbers").click()
    table = page.get_by_role("region", name=re.compile("^Layers of odd")).locator("tbody tr")
    expect(table).to_have_count(4)
    expect(table.nth(2)).to_contain_text("0.200 ± 0.010")
    site.go("model/reader.html")
    expect(page.get_by_text("The snapshot knows nothing of its layers.")).to_be_visible()


def test_a_benchmark_has_its_ranking_its_ceiling_and_its_data(either: Opened, matrix: xr.Dataset) -> None:
    page = either.go("benchmark/Flat.00.html")
    assert fact(page, "ceiling") == "0.800 ± 0.020"
    assert fact(page, "normalisation") == "s/c"
    assert fact(page, "species") == "Macaca mulatta"
    table = rows(page, "Ranking on Flat.00")
    column = matrix.sel(benchmark="Flat.00")
    ranked = column["model"].values[column["ranked"].values]
    order = ranked[np.argsort(-column["value"].sel(model=ranked).values)].tolist()
    assert [row[0] for row in table[: len(order)]] == order
    assert table[0][1] == "1–3"
    low, high = (f"{column[name].sel(model=order[0]).item():.3f}" for name in ("interval_low", "interval_high"))
    assert table[0][4] == f"{low} to {high}"
    assert [row[0] for row in table[len(order) :]] == ["odd"], "what is out of rankings follows"
    page.get_by_text(f"6 of {MODELS} models, and why").click()
    assert ["model-01", "failed: ran out of memory"] in rows(page, "Models without a score")
    assert page.get_by_role("link", name="https://example.org/d").get_attribute("href") == "https://example.org/d"
    expect(page.get_by_label("BibTeX of Data", exact=True)).to_contain_text("@misc{Data")
    expect(page.locator(".strip .interval")).to_have_count(len(table))


def test_a_model_whose_rank_is_not_known_comes_behind_those_that_have_one(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go("benchmark/Odd.html")
    table = rows(page, "Ranking on Odd")
    count = int(matrix["ranked"].sel(benchmark="Odd").values.sum())
    assert table[0][:2] == ["model-00", "1–3"]
    assert table[count - 1][:2] == ["model-05", ""]


def test_a_parent_names_its_children_and_how_they_are_averaged(site: Opened) -> None:
    page = site.go("benchmark/Ventral.html")
    expect(page.get_by_text("The mean of 2 benchmarks, those in brackets first: (Ventral.V4), Ventral.IT")).to_be_visible()
    page.get_by_role("link", name="Ventral.V4", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Title of Ventral.V4")
    assert fact(page, "part of") == "Ventral"


@pytest.fixture
def of_two_parents(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """The example, in which a benchmark is a child of two parents, and its card names the one that is second by name."""
    stage(tmp_path / "snapshot")
    cards = json.loads((tmp_path / "snapshot" / CARDS).read_text())
    cards["benchmark"]["Ventral.IT"]["parent"] = "Ventral"
    own = cards["benchmark"]["Flat.00"]
    own.update(uses=cards["benchmark"]["Ventral"]["uses"], normalisation="none")
    own["aggregate"] = {"of": "value", "children": ["Ventral.IT", "Words"]}
    (tmp_path / "snapshot" / CARDS).write_text(json.dumps(cards))
    build(tmp_path / "snapshot", tmp_path / "site")
    yield from opened(browser, f"{(tmp_path / 'site').as_uri()}/")


def test_a_child_of_two_parents_is_named_by_both(of_two_parents: Opened) -> None:
    for parent in ("Flat.00", "Ventral"):
        page = of_two_parents.go(f"benchmark/{parent}.html")
        expect(page.get_by_text("The mean of 2 benchmarks")).to_be_visible()
        page.get_by_role("link", name="Ventral.IT", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Title of Ventral.IT")
        assert fact(page, "part of") == "Ventral", "below which it is shown"


def test_two_models_stand_side_by_side_and_the_link_keeps_them(
    either: Opened, snapshot: tuple[Path, xr.Dataset], matrix: xr.Dataset
) -> None:
    page = either.go("compare.html#a=model-10&b=model-11")
    expect(page.get_by_role("status").first).to_have_text(
        re.compile("^Both have a score on 26 of these benchmarks, one alone on 0")
    )
    table = {row[0]: row for row in rows(page, "model-10 and model-11")}
    a, b = (matrix["value"].sel(model=name, benchmark="Ventral").item() for name in ("model-10", "model-11"))
    assert table["Ventral"][1:4] == [f"{a:.3f} ± 0.010", f"{b:.3f} ± 0.010", f"+{a - b:.3f}"]
    page.get_by_role("combobox", name="Benchmarks", exact=True).select_option("all")
    page.get_by_role("combobox", name="Second model", exact=True).select_option("reader")
    expect(page.get_by_role("region", name="model-10 and reader", exact=True)).to_be_visible()
    words = {row[0]: row for row in rows(page, "model-10 and reader")}["Words"]
    assert words[1] == "skipped (modality: Words shows text, the model takes image)"
    assert words[3] == ""
    page.get_by_role("button", name="Swap").click()
    expect(page.get_by_role("region", name="reader and model-10", exact=True)).to_be_visible()
    either.go(page.url.removeprefix(either.address))
    expect(page.get_by_role("region", name="reader and model-10", exact=True)).to_be_visible()
    command = shlex.split(page.get_by_label("command", exact=True).inner_text())
    assert command[:4] == ["fornix", "compare", "reader", "model-10"]
    place = either.address.partition("/snapshots/")[0].removeprefix("file://")
    assert command[4:6] == ["--snapshot", unquote(place)], "a place is one word, whatever is in its name"
    version = Manifest.from_bytes((snapshot[0] / MANIFEST).read_bytes(), "here").version
    assert command[6:] == ["--version", version]
    either.go("compare.html#a=gone&b=model-11")
    expect(page.get_by_role("alert")).to_contain_text("has no model gone; choose others")
    either.go("compare.html#a=gone&b=gone")
    expect(page.get_by_role("alert")).to_have_text("This snapshot has no model gone; choose others.")
    either.go("compare.html#a=model-11&b=model-11")
    expect(page.get_by_role("alert")).to_have_text("These are one model; choose two to compare them.")


def test_a_benchmark_is_plotted_against_another_and_against_a_card(either: Opened, matrix: xr.Dataset) -> None:
    page = either.go("scatter.html#x=Flat.23&y=Flat.02")
    x, y = (matrix["value"].sel(benchmark=name).values for name in ("Flat.23", "Flat.02"))
    both = np.isfinite(x) & np.isfinite(y)
    expect(page.locator(".plot .point")).to_have_count(int(both.sum()))
    # those out of rankings (a flagged one, and the hostile one) are drawn, and in no correlation
    ranked = both & matrix["ranked"].sel(benchmark="Flat.23").values & matrix["ranked"].sel(benchmark="Flat.02").values
    out = both.sum() - ranked.sum()
    assert out > 0
    expect(page.locator(".plot .point.unranked")).to_have_count(int(out))
    r, rho = pearsonr(x[ranked], y[ranked]).statistic, spearmanr(x[ranked], y[ranked]).statistic
    said = (
        f"{both.sum()} models have both, {out} of them out of rankings; without those Pearson's r {r:.3f}, Spearman's {rho:.3f}."
    ).replace(" -", " −")
    expect(page.get_by_role("status")).to_have_text(said)
    assert said in (page.locator(".plot").get_attribute("aria-label") or "")
    assert len(rows(page, "The same in numbers")) == both.sum()
    page.get_by_role("combobox", name="Across", exact=True).select_option("card: parameters")
    expect(page.locator(".plot .label").first).to_have_text("parameters")
    parameters = matrix["parameters"].values
    ranked = np.isfinite(parameters) & matrix["ranked"].sel(benchmark="Flat.02").values
    r = pearsonr(np.log10(parameters[ranked]), y[ranked]).statistic
    expect(page.get_by_role("status")).to_contain_text(f"Pearson's r {r:.3f} (with the logarithm)".replace(" -", " −"))
    page.get_by_role("combobox", name="Score", exact=True).select_option("raw")
    either.go(page.url.removeprefix(either.address))
    expect(page.get_by_role("combobox", name="Score", exact=True)).to_have_value("raw")
    for name in ("gone", "toString", "__proto__"):
        either.go(f"scatter.html#x={name}&y=Flat.02")
        expect(page.get_by_role("alert")).to_have_text(f"this snapshot has no benchmark {name}; choose another.")


def test_points_lie_where_their_numbers_are(site: Opened, matrix: xr.Dataset) -> None:
    page = site.go("scatter.html#x=Flat.03&y=Flat.02")
    drawn = page.locator(".plot .point circle").evaluate_all(
        "all => all.map(each => [+each.getAttribute('cx'), +each.getAttribute('cy')])"
    )
    x = [float(row[1].split(" ")[0]) for row in rows(page, "The same in numbers")]
    y = [float(row[2].split(" ")[0]) for row in rows(page, "The same in numbers")]
    assert np.corrcoef(x, [at for at, _ in drawn])[0, 1] == pytest.approx(1, abs=1e-4)
    assert np.corrcoef(y, [at for _, at in drawn])[0, 1] == pytest.approx(-1, abs=1e-4)


def test_the_snapshot_says_what_it_is(site: Opened, snapshot: tuple[Path, xr.Dataset]) -> None:
    page = site.go("about.html")
    assert fact(page, "version").startswith("2026-05-01-")
    assert "models: 90, benchmarks: 31" in fact(page, "contents")
    for name in ("table-core", "virtual-core", "d3"):
        expect(page.locator("main")).to_contain_text(name)
    page.get_by_role("link", name="ISC").click()
    expect(page.locator("body")).to_contain_text("Mike Bostock")
