"""What holds for every figure: files of each format, text that stays text, one look, and names of any kind."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from fornix.errors import FornixError, UsageError
from fornix.matrix.analyses import benchmark_correlations, layer_profiles, ranking, trend
from fornix.matrix.figures import draw_correlations, draw_matrix, draw_profiles, draw_ranking, draw_trend, save
from fornix.matrix.figures.look import plain, shortened, width_of
from tests.matrix.analyses.tables import table
from tests.matrix.analyses.test_profiles import profile
from tests.matrix.figures.reading import assert_legible

#: Names that are mathematics, markup or another script to somebody.
ODD = ["$x_1^2$", "a_b_c", "\\alpha{", "<b>&amp;</b>", 'say "no"', "%5", "naïve–Übung"]


def matrix_of(models: list[str]) -> Figure:
    return draw_matrix(table(np.linspace(0, 0.6, len(models))[:, None], models=models, benchmarks=["V4_$a$.x-y"]))


def ranking_of(models: list[str]) -> Figure:
    return draw_ranking(ranking(table(np.linspace(0, 0.6, len(models))[:, None], models=models, benchmarks=["V4_$a$"]), "V4_$a$"))


def trend_of(models: list[str]) -> Figure:
    numbers = 10.0 ** np.arange(len(models))
    of = table(np.linspace(0, 0.6, len(models))[:, None] ** 2, models=models, benchmarks=["V4_$a$"], parameters=numbers)
    return draw_trend(trend(of, "V4_$a$", "parameters"), width=174)


def correlations_of(benchmarks: list[str]) -> Figure:
    value = np.random.default_rng(0).normal(size=(12, len(benchmarks)))
    return draw_correlations(benchmark_correlations(table(value, benchmarks=benchmarks)))


def profiles_of(models: list[str]) -> Figure:
    return draw_profiles(layer_profiles([profile(model, 0.1, 0.3, 0.2) for model in models]))


KINDS = [matrix_of, ranking_of, trend_of, correlations_of, profiles_of]
every_kind = pytest.mark.parametrize("draw", KINDS, ids=lambda draw: draw.__name__)
Draw = Callable[[list[str]], Figure]


def svg_texts(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]


@every_kind
def test_odd_names_come_out_as_text(draw: Draw, tmp_path: Path) -> None:
    figure = draw(ODD)
    assert_legible(figure, width=174)
    save(figure, tmp_path / "f.svg")
    there = svg_texts(tmp_path / "f.svg")
    for name in ODD:
        assert name in there, name
    assert not any("mathdefault" in text for text in there)


@every_kind
def test_formats_are_what_they_say_and_the_same_each_time(draw: Draw, tmp_path: Path) -> None:
    formats = {".pdf": b"%PDF-", ".svg": b"<?xml", ".PNG": b"\x89PNG"}
    figure = draw(["a", "b", "c"])
    for suffix in formats:
        save(figure, tmp_path / f"one{suffix}")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "pdf.fonttype": 3, "svg.fonttype": "path"}):
        figure = draw(["a", "b", "c"])
        for suffix in formats:
            save(figure, tmp_path / f"other{suffix}")
    for suffix, start in formats.items():
        content = (tmp_path / f"one{suffix}").read_bytes()
        assert content.startswith(start)
        assert content == (tmp_path / f"other{suffix}").read_bytes(), suffix
        if suffix == ".pdf":
            assert content.rstrip().endswith(b"%%EOF")
            assert b"/CIDFontType2" in content or b"/TrueType" in content
            assert b"/Type3" not in content
            assert b"CreationDate" not in content
        if suffix == ".svg":
            assert b"<dc:date>" not in content


def test_a_format_that_is_not_drawn_is_named(tmp_path: Path) -> None:
    for name in ("f.eps", "f"):
        with pytest.raises(UsageError, match=r"names no format of figures by its suffix; the formats are \.pdf, \.svg, \.png"):
            save(Figure(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_settings_of_the_user_stay_as_they_are() -> None:
    before = dict(mpl.rcParams)
    with mpl.rc_context({"font.size": 30}):
        matrix_of(["a"])
        assert mpl.rcParams["font.size"] == 30
    assert dict(mpl.rcParams) == before


def test_figures_belong_to_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only pyplot keeps figures, and opens windows for them."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for draw in KINDS:
        assert draw(["a", "b", "c"]).canvas.manager is None


def test_names_are_one_line_that_every_format_can_hold() -> None:
    assert plain("a\nb\tc\x00d e") == "a b c d e"
    assert plain("a\ud800") == "a\N{REPLACEMENT CHARACTER}"
    assert plain("日本 \u0645") == "日本 \u0645"


def test_long_names_keep_their_ends() -> None:
    (short,) = shortened(["a-very-long-name-of-a-model-2021-in1k"], 20.0)
    assert width_of(short) <= 20.0
    assert short[:5] == "a-ver"
    assert short[-4:] == "in1k"
    assert shortened(["short"], 20.0) == ["short"]


def test_without_matplotlib_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(FornixError, match=r"drawing needs matplotlib.*'fornix\[plot\]'"):
        matrix_of(["a"])
