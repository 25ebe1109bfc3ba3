"""The matrix as tiles: what each shows, what is empty and why, and what gives way where there is no room."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from fornix.errors import UsageError
from fornix.matrix.figures import draw_matrix
from fornix.matrix.figures.look import score_colours
from tests.matrix.analyses.tables import flag, table
from tests.matrix.figures.reading import assert_legible, collection, contrast, texts, written

nan = np.nan


@pytest.fixture
def matrix() -> xr.Dataset:
    """Two blocks, a parent with children, a flagged score, one below 0, and cells that are empty for each kind of reason."""
    made = table(
        [[0.4, 0.31, 0.55, nan], [0.7, nan, nan, nan], [nan, nan, nan, 0.9], [nan, nan, nan, -0.3]],
        benchmarks=["P", "P.a", "P.b", "Q"],
        parents=["", "P", "P", ""],
    )
    flag(made, "m1", "P", "trained on the same subjects (a)")
    made["status"][1, 1], made["status"][1, 2], made["status"][2, 0] = "missing", "oom", "failed"
    made["reason"][3, 0] = "stimuli not available"
    return made


def test_each_score_has_a_tile_with_its_number_and_sides_of_its_interval(matrix: xr.Dataset) -> None:
    figure = draw_matrix(matrix)
    tiles = collection(figure, "values")
    assert tiles is not None
    boxes = [path.get_extents().extents for path in tiles.get_paths()]
    assert len(boxes) == 3 * 4  # four scores without children: middle, left and right
    colours = score_colours(-0.5)
    value = {(0, 0): 0.4, (1, 0): 0.7, (2, 1): 0.9, (3, 1): -0.3}
    tiles.update_scalarmappable()
    seen = {}
    for (left, upper, right, _), colour in zip(boxes, tiles.get_facecolor(), strict=True):
        row, column = round(float(upper)), int(left)
        end = "middle" if right - left > 0.5 else "low" if left < column + 0.5 else "high"
        seen[row, column, end] = tuple(colour[:3])
    for (row, column), score in value.items():
        for end, number in (("low", score - 0.04), ("middle", score), ("high", score + 0.04)):
            assert seen[row, column, end] == pytest.approx(colours((number + 0.5) / 1.5)[:3], abs=0.01)
    assert {"0.40", "0.70†", "0.90", "−0.30"} <= set(texts(figure))
    assert "† out of rankings" in texts(figure)
    assert_legible(figure, width=174)


def test_empty_cells_are_hatched_by_their_reason_with_a_legend(matrix: xr.Dataset) -> None:
    figure = draw_matrix(matrix, expand=True)
    hatches = {}
    for kind, cells in {"modality": 6, "stimuli not available": 1, "missing": 1, "failed": 2}.items():
        hatched = collection(figure, f"empty: {kind}")
        assert hatched is not None, kind
        covered = sum(box.width * box.height for box in (path.get_extents() for path in hatched.get_paths()))
        assert covered == pytest.approx(cells), kind
        hatches[kind] = hatched.get_hatch()
    assert len(set(hatches.values())) == 4
    said = texts(figure)
    assert {"skipped: modality", "skipped: stimuli not available", "not computed yet", "failed"} <= set(said)
    samples = [
        each
        for axes in figure.axes
        for each in axes.patches
        if isinstance(each, Rectangle) and to_rgb(each.get_facecolor()) == (1, 1, 1)
    ]
    assert len(samples) == 4
    assert all(each.get_linewidth() > 0 for each in samples), "one of them is white on white without an edge"
    assert "skipped: region" not in said
    assert collection(figure, "empty: region") is None
    assert_legible(figure, width=174)


def test_parents_are_bold_where_their_children_are_drawn_too(matrix: xr.Dataset) -> None:
    bold = {t.get_text() for t in written(draw_matrix(matrix, expand=True)) if t.get_fontweight() == "bold"}
    assert bold == {"P"}
    assert not [t for t in written(draw_matrix(matrix)) if t.get_fontweight() == "bold"]


def test_numbers_stand_out_from_every_colour() -> None:
    figure = draw_matrix(table(np.linspace(-1, 1, 41)[:, None]))
    colours = score_colours(-1.0)
    numbers = [t for t in written(figure) if t.get_text()[-3:-2] == "." and t.axes is figure.axes[0]]
    assert len(numbers) == 41
    for text in numbers:
        score = float(text.get_text().replace("−", "-"))
        assert contrast(to_rgb(text.get_color()), colours((score + 1) / 2)) >= 4.5


def test_a_score_without_an_interval_has_no_sides() -> None:
    matrix = table([[0.4], [0.5]])
    matrix["interval_low"][0], matrix["interval_high"][0] = nan, nan
    tiles = collection(draw_matrix(matrix), "values")
    assert tiles is not None
    boxes = [path.get_extents() for path in tiles.get_paths()]
    assert len(boxes) == 1 + 3
    widths = {int(box.y0): box.width for box in boxes if box.width > 0.5}
    assert widths[0] < 0.9 < widths[1]


@pytest.mark.parametrize(
    ("shape", "width"),
    [
        ((1, 1), 84.0),
        ((1, 60), 84.0),
        ((1, 60), 174.0),
        ((60, 1), 84.0),
        ((40, 14), 84.0),
        ((40, 14), 174.0),
        ((300, 200), 174.0),
    ],
)
def test_whatever_the_size_names_lie_within_a_page_and_not_over_each_other(shape: tuple[int, int], width: float) -> None:
    models = [f"a-model-of-some-length-{i:03d}" for i in range(shape[0])]
    benchmarks = [f"Study2020.region-with_a-name.{j:03d}" for j in range(shape[1])]
    figure = draw_matrix(table(np.full(shape, 0.5), models=models, benchmarks=benchmarks), width=width)
    assert_legible(figure, width=width)
    named = [t for t in texts(figure) if "some-length" in t or "…" in t]
    assert named
    if shape[0] > 100:
        assert any(t.startswith("one in ") and t.endswith(" models is named") for t in texts(figure))
        assert any(t.endswith(" benchmarks is named") for t in texts(figure))
        assert "no room for the ends of the 95 % intervals" in texts(figure)


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(UsageError, match="no cell of this matrix has a score"):
        draw_matrix(table([[nan, nan]]))
