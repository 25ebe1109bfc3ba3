"""What rankings, trends, correlations and profiles draw: which artist stands where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fornix.errors import UsageError
from fornix.matrix.analyses import benchmark_correlations, layer_profiles, ranking, trend
from fornix.matrix.figures import draw_correlations, draw_profiles, draw_ranking, draw_trend
from fornix.matrix.figures.look import GREY
from fornix.matrix.figures.names import Names
from tests.matrix.analyses.tables import flag, table
from tests.matrix.analyses.test_profiles import profile
from tests.matrix.figures.reading import assert_legible, collection, texts, written

nan = np.nan


def points(figure: Figure, axes: int = 0, marker: str = "o") -> dict[tuple[float, float], Line2D]:
    """The markers of these axes, by where they are."""
    lines = [line for line in figure.axes[axes].lines if line.get_marker() == marker]
    return {(float(x), float(y)): line for line in lines for x, y in np.asarray(line.get_xydata())}


def segments(figure: Figure, axes: int = 0) -> list[list[list[float]]]:
    found = [c for c in figure.axes[axes].collections if isinstance(c, LineCollection)]
    return [np.asarray(segment).round(6).tolist() for lines in found for segment in lines.get_segments()]


class TestRanking:
    @pytest.fixture
    def matrix(self) -> xr.Dataset:
        made = table([[0.3], [0.9], [0.5]], models=["third", "flagged", "second"])
        flag(made, "flagged", "B0", "trained on the same subjects (a)")
        made["control"][0] = True
        return made

    def test_scores_stand_at_their_place_with_their_intervals(self, matrix: xr.Dataset) -> None:
        figure = draw_ranking(ranking(matrix, "B0"))
        there = points(figure)
        assert set(there) == {(0.5, 0.0), (0.3, 1.0), (0.9, 2.0)}
        assert there[0.3, 1.0].get_markerfacecolor() == "white"  # a control
        assert there[0.9, 2.0].get_color() == GREY
        assert [[0.46, 0.0], [0.54, 0.0]] in segments(figure)
        assert {"third", "second", "flagged†", "† out of rankings", "control", "B0"} <= set(texts(figure))
        assert len(figure.axes) == 2  # without ranks there are none drawn
        assert_legible(figure, width=84)

    def test_ranks_are_drawn_as_intervals_beside_the_scores(self, matrix: xr.Dataset) -> None:
        dims = ("model", "benchmark")
        ranks = {"rank": [[2.0], [nan], [1]], "rank_low": [[1.0], [nan], [1]], "rank_high": [[2.0], [nan], [2]]}
        matrix = matrix.assign({name: (dims, values) for name, values in ranks.items()})
        figure = draw_ranking(ranking(matrix, "B0"))
        assert segments(figure, 1) == [[[1, 0], [2, 0]], [[1, 1], [2, 1]]]
        assert set(points(figure, 1, "|")) == {(1.0, 0.0), (2.0, 1.0)}
        assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()
        assert_legible(figure, width=84)

    def test_a_figure_too_narrow_for_its_legend_is_refused(self, matrix: xr.Dataset) -> None:
        with pytest.raises(UsageError, match=r"a figure of 20 mm has no room for its legend; make it \d\d mm wide"):
            draw_ranking(ranking(matrix, "B0"), width=20)

    def test_of_many_models_all_are_drawn_and_some_named(self) -> None:
        figure = draw_ranking(ranking(table(np.linspace(0, 1, 300)[:, None]), "B0"))
        assert len(points(figure)) == 300
        assert_legible(figure, width=84)
        assert any(text.startswith("one in ") for text in texts(figure))

    def test_one_model_and_none(self) -> None:
        assert_legible(draw_ranking(ranking(table([[0.5]]), "B0")), width=84)
        with pytest.raises(UsageError, match="no model has a score on B0"):
            draw_ranking(ranking(table([[nan]]), "B0"))


class TestTrend:
    PARAMETERS = (1e5, 2e6, 1e7, 3e8)

    def matrix(self) -> xr.Dataset:
        made = table([[0.1], [0.25], [0.3], [0.5]], parameters=self.PARAMETERS)
        flag(made, "m3", "B0", "trained on the same subjects (a)")
        return made

    def test_points_bars_line_and_band(self) -> None:
        data = trend(self.matrix(), "B0", "parameters")
        figure = draw_trend(data)
        axes = figure.axes[0]
        assert axes.get_xscale() == "log"
        there = points(figure)
        assert set(there) == set(zip(self.PARAMETERS, (0.1, 0.25, 0.3, 0.5), strict=True))
        assert there[3e8, 0.5].get_color() == GREY
        assert [[1e5, 0.06], [1e5, 0.14]] in segments(figure)
        (line,) = [line for line in axes.lines if len(np.asarray(line.get_xdata())) > 50]
        np.testing.assert_allclose(line.get_ydata(), data["fitted"])
        (band,) = [c for c in axes.collections if isinstance(c, PolyCollection)]
        assert np.asarray(band.get_paths()[0].vertices)[:, 1].max() == pytest.approx(float(data["fitted_high"].max()))
        said = texts(figure)
        assert {"parameters", "B0", "not fitted", "m3†"} <= set(said)
        assert any(text.startswith("slope 0.1") and text.endswith("per factor of 10") for text in said)
        assert any("3 models" in text for text in said)
        assert "1 M" in [text.replace("\N{NO-BREAK SPACE}", " ") for text in said]
        assert_legible(figure, width=84)

    def test_errors_of_a_number_that_is_a_score_are_drawn_too(self) -> None:
        figure = draw_trend(trend(table([[0.1, 0.3], [0.2, 0.5], [0.3, 0.6]]), "B0", "B1"))
        assert [[0.26, 0.1], [0.34, 0.1]] in segments(figure)

    def test_without_a_line_it_says_why(self) -> None:
        figure = draw_trend(trend(table([[0.2], [0.1]], size=[2, 3]), "B0", "size"))
        assert "no line: 2 models, and a line takes 3" in texts(figure)
        assert_legible(figure, width=84)
        assert "no line: 1 model, and a line takes 3" in texts(draw_trend(trend(table([[0.2]], size=[2]), "B0", "size")))
        with pytest.raises(UsageError, match="no model has both size and a score on B0"):
            draw_trend(trend(table([[nan], [0.1]], size=[2, nan]), "B0", "size"))

    @pytest.mark.parametrize("n", [1, 12, 300])
    def test_names_that_are_drawn_lie_over_nothing(self, n: int) -> None:
        rng = np.random.default_rng(n)
        names = [f"model-of-a-family-{k}" for k in range(n)]
        figure = draw_trend(trend(table(rng.random((n, 1)), models=names, size=rng.random(n)), "B0", "size"))
        assert len(points(figure)) == n
        assert_legible(figure, width=84)
        drawn = [text for text in texts(figure) if text.startswith("model-of")]
        assert drawn
        assert (f"{len(drawn)} of {n} are named" in texts(figure)) == (len(drawn) < n)


class TestNames:
    def test_a_name_is_nearer_to_its_point_than_to_any_other(self) -> None:
        # to the right of the first there is room, just below the second
        at = np.array([[10.0, 10.0], [14.0, 12.7], [30.0, 20.0]])
        placed = dict(Names((40.0, 30.0), at).placed(["aaaa", "bbbb", "cccc"]))
        assert placed["aaaa"][0] < 10
        assert placed["bbbb"][0] > 14
        assert placed["cccc"][0] > 30

    def test_names_stay_within_the_axes_and_avoid_lines(self) -> None:
        corner = np.array([[0.5, 0.5]])
        ((_, (left, lower)),) = Names((40.0, 30.0), corner).placed(["corner"])
        assert left >= 0
        assert lower >= 0
        assert not Names((3.0, 3.0), corner).placed(["no room for this"])
        names = Names((60.0, 30.0), np.array([[30.0, 15.0]]))
        names.keep_clear(np.array([[35.0, 15.0], [nan, nan]]))
        ((_, (left, _)),) = names.placed(["aside"])
        assert left < 30


class TestCorrelations:
    def test_spearman_is_below_the_diagonal_pearson_above_and_counts_on_it(self) -> None:
        rng = np.random.default_rng(0)
        value = np.exp(2 * rng.normal(size=(20, 3)))
        value[:, 1] += value[:, 0]
        value[3, 2] = nan
        data = benchmark_correlations(table(value))
        figure = draw_correlations(data)
        order = np.argsort(data["order"].values)
        said = {(round(t.get_position()[0] - 0.5), round(t.get_position()[1] - 0.5)): t.get_text() for t in in_tiles(figure)}
        for row, i in enumerate(order):
            for column, j in enumerate(order):
                pair = data.isel(benchmark=i, other=j)
                name = "spearman" if row > column else "pearson"
                expected = f"{pair[name].item():.2f}\nn {pair['n'].item()}".replace("-", "−")
                assert said[column, row] == (f"n {pair['n'].item()}" if i == j else expected)
        assert_legible(figure, width=174)

    def test_pairs_without_a_correlation_are_hatched_and_lone_benchmarks_left_out(self) -> None:
        value = np.full((9, 5), nan)
        rng = np.random.default_rng(0)
        value[:4, :2], value[4:8, 2:4], value[8, 4] = rng.random((4, 2)), rng.random((4, 2)), 0.5
        figure = draw_correlations(benchmark_correlations(table(value)))
        assert not {"B4"} & set(texts(figure))
        hatched = collection(figure, "none")
        assert hatched is not None
        assert sum(p.get_extents().width * p.get_extents().height for p in hatched.get_paths()) == pytest.approx(8)
        with pytest.raises(UsageError, match="no correlation to draw"):
            draw_correlations(benchmark_correlations(table(value[:, 3:])))

    def test_of_many_benchmarks_names_do_not_lie_over_each_other(self) -> None:
        names = [f"Study2021.some-region_{k}" for k in range(90)]
        value = np.random.default_rng(0).normal(size=(12, 90))
        assert_legible(draw_correlations(benchmark_correlations(table(value, benchmarks=names))), width=174)


def in_tiles(figure: Figure) -> list[Any]:
    return [text for text in written(figure) if text.axes is figure.axes[0] and text in figure.axes[0].texts]


class TestProfiles:
    def test_layers_of_one_model_are_named_and_the_selected_one_is_marked(self) -> None:
        table = pd.concat([profile("m", 0.1, 0.3, 0.2), profile("m", 0.2, 0.1, region="IT")])
        figure = draw_profiles(layer_profiles([table]))
        assert {"m: V4 on A", "m: IT on A", "ridge, raw score", "layer0", "layer1", "layer2"} <= set(texts(figure))
        (marked,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]
        assert np.asarray(marked.get_xydata()).tolist() == [[1, 0.3]]
        (band,) = [c for c in figure.axes[0].collections if isinstance(c, PolyCollection)]
        heights = np.asarray(band.get_paths()[0].vertices)[:, 1]
        assert (heights.min(), heights.max()) == pytest.approx((0.06, 0.34))
        assert_legible(figure, width=174)

    def test_models_are_drawn_by_depth_each_in_its_own_look(self) -> None:
        models = [f"model-{k}" for k in range(9)]
        figure = draw_profiles(layer_profiles([profile(model, 0.1, 0.3, 0.2) for model in models]))
        lines = [line for line in figure.axes[0].lines if line.get_linestyle() != "None"]
        assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 9
        assert np.asarray(lines[0].get_xdata()).tolist() == [0, 0.5, 1]
        assert set(models) <= set(texts(figure))
        assert_legible(figure, width=174)

    @pytest.mark.parametrize(("layers", "width"), [(1, 174.0), (200, 84.0)])
    def test_names_of_layers_do_not_lie_over_each_other(self, layers: int, width: float) -> None:
        named = profile("m", *np.linspace(0, 1, layers)).assign(layer=[f"blocks.{k}.attention" for k in range(layers)])
        figure = draw_profiles(layer_profiles([named]), width=width)
        assert "blocks.0.attention" in texts(figure)
        assert_legible(figure, width=width)

    def test_no_layers_are_nothing_to_draw(self) -> None:
        with pytest.raises(UsageError, match="no layers"):
            draw_profiles(layer_profiles([profile("m", 0.1)]).iloc[:0])
