"""The models of one benchmark as a figure: scores with their intervals, and beside them the ranks that these leave open."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.matrix.figures.legend import Entry, draw_legend, height_of, lines_of, marker, words
from fornix.matrix.figures.look import BLUE, COLUMN_MM, GREY, LINE_MM, PAGE_HEIGHT_MM, look, plain, sheet, shortened, width_of
from fornix.matrix.figures.tiles import OUT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW_MM: Final = 3.4
_NAMES_SHARE: Final = 0.4
_GAP_MM: Final = 1.5
#: For the ticks and the label of an axis, and for a title.
_AXIS_MM: Final = 8.0
_TITLE_MM: Final = 5.0
_CONTENDER: Final[dict[str, Any]] = {"color": BLUE}
_CONTROL: Final[dict[str, Any]] = {"color": BLUE, "markerfacecolor": "white"}
_OUT: Final[dict[str, Any]] = {"color": GREY}
#: Of the room for scores and ranks together.
_RANKS_SHARE: Final = 0.3


def draw_ranking(ranking: xr.Dataset, *, width: float = COLUMN_MM) -> Figure:
    """The models of a benchmark, the best on top.

    Lines are 95 % intervals of scores, and beside them, where ranks are known, of ranks: models that no test tells apart
    overlap there. Controls are open circles; models that are out of rankings come last, in grey. Where the page has no room
    for all names, every second model is named, every third, and so on.

    Parameters
    ----------
    ranking : Dataset, dim model
        As :func:`fornix.matrix.analyses.ranking` gives it.
    width : float
        Of the figure, in mm.

    Raises
    ------
    UsageError
        If no model has a score.
    FornixError
        If matplotlib is not installed.
    """
    n = ranking.sizes["model"]
    if n == 0:
        raise UsageError(f"no model has a score on {ranking.attrs['benchmark']}, so there is nothing to draw")
    with look():
        out = ranking["left_out"].values != ""
        names = [plain(name) + (OUT if is_out else "") for name, is_out in zip(ranking["model"].values, out, strict=True)]
        names = shortened(names, width * _NAMES_SHARE)
        left = max(map(width_of, names)) + 2 * _GAP_MM
        above, every = _TITLE_MM, 1
        for _ in range(2):  # what is said of names takes room itself
            lines = lines_of(_legend(ranking, every), width)
            below = _AXIS_MM + height_of(lines)
            row = min(_ROW_MM, (PAGE_HEIGHT_MM - above - below) / n)
            every = math.ceil(LINE_MM / row)
        high = above + max(row * n, 6.0) + below
        figure = sheet(width, high)

        def axes_at(start: float, wide: float) -> Axes:
            made = figure.add_axes((start / width, below / high, wide / width, 1 - (above + below) / high))
            made.set_ylim(n - 0.5, -0.5)
            made.grid(axis="x")
            made.tick_params(axis="y", length=0)
            made.spines["left"].set_visible(False)
            return made

        room = width - left - 2 * _GAP_MM
        known = np.isfinite(ranking["rank"].values)
        wide = room * (1 - _RANKS_SHARE) - 2 * _GAP_MM if known.any() else room
        scores = axes_at(left, wide)
        scores.set_yticks(range(0, n, every), names[::every])
        scores.set_xlabel("score")
        _draw_scores(scores, ranking, out)
        if known.any():
            ranks = axes_at(left + room * (1 - _RANKS_SHARE), room * _RANKS_SHARE)
            ranks.set_yticks([])
            ranks.set_xlabel("rank")
            _draw_ranks(ranks, ranking, known)
        title = shortened([plain(ranking.attrs["benchmark"])], width - 2 * _GAP_MM)[0]
        figure.text(0.5, 1 - 0.5 * above / high, title, ha="center", va="center")
        legend = figure.add_axes((0, 0, 1, height_of(lines) / high))
        legend.set_axis_off()
        draw_legend(legend, lines)
        legend.set(xlim=(0, width), ylim=(0, height_of(lines)))
        return figure


def _draw_scores(axes: Axes, ranking: xr.Dataset, out: NDArray[np.bool_]) -> None:
    value, low, high = (ranking[name].values for name in ("value", "interval_low", "interval_high"))
    for where, look_of in zip(_groups(ranking, out), (_CONTENDER, _CONTROL, _OUT), strict=True):
        (at,) = np.nonzero(where)
        axes.hlines(at, low[at], high[at], color=look_of["color"], linewidth=0.9)
        axes.plot(value[at], at, "o", **look_of)
    seen = np.concatenate([value, low, high])
    if np.nanmin(seen) < 0:
        axes.axvline(0, color=GREY, linewidth=0.6, zorder=0.5)


def _draw_ranks(axes: Axes, ranking: xr.Dataset, known: NDArray[np.bool_]) -> None:
    (at,) = np.nonzero(known)
    rank, low, high = (ranking[name].values[at] for name in ("rank", "rank_low", "rank_high"))
    axes.hlines(at, low, high, color=BLUE, linewidth=0.9)
    # a model that no other can share its rank with has no line
    axes.plot(rank, at, "|", color=BLUE, markersize=4.0, markeredgewidth=1.0)
    last = float(np.nanmax(high))
    axes.set_xlim(0.5, last + 0.5)
    axes.set_xticks(np.unique(np.round(np.linspace(1, last, 4))))


def _groups(ranking: xr.Dataset, out: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which models are contenders, controls, and out of rankings."""
    control = ranking["control"].values
    return ~out & ~control, ~out & control, out


def _legend(ranking: xr.Dataset, every: int) -> list[Entry]:
    out = ranking["left_out"].values != ""
    said = ("model", "control", f"{OUT} out of rankings")
    looks = (_CONTENDER, _CONTROL, _OUT)
    there = [where.any() for where in _groups(ranking, out)]
    found = [marker(text, **look_of) for text, look_of, any_ in zip(said, looks, there, strict=True) if any_]
    lines = "lines: 95 % intervals"
    if np.isfinite(ranking["rank"].values).any():
        lines += ", and ranks that no test excludes"
    return [*found, words(lines), *([words(f"one in {every} models is named")] if every > 1 else [])]
