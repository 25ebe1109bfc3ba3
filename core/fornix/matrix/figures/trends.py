"""Scores against a number of the models as a figure: points with their intervals, and the fitted line with its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.matrix.figures.legend import Entry, draw_legend, height_of, line, lines_of, marker, words
from fornix.matrix.figures.look import (
    BAND,
    BLUE,
    COLUMN_MM,
    DARK,
    GREY,
    LINE_MM,
    MM_PER_INCH,
    VERMILION,
    look,
    plain,
    sheet,
    shortened,
)
from fornix.matrix.figures.names import Names
from fornix.matrix.figures.tiles import OUT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_MM: Final = 14.0
_BELOW_MM: Final = 9.0
_MARGIN_MM: Final = 3.0
#: The height of the axes, of their width.
_SHAPE: Final = 0.75
_FITTED: Final[dict[str, Any]] = {"color": BLUE}
_CONTROL: Final[dict[str, Any]] = {"color": BLUE, "markerfacecolor": "white"}
_NOT_FITTED: Final[dict[str, Any]] = {"color": GREY, "markeredgecolor": GREY}
#: Points of a line that names keep clear of.
_ALONG: Final = 21


def draw_trend(trend: xr.Dataset, *, width: float = COLUMN_MM) -> Figure:
    """Scores against a number, with 95 % intervals of each score and of the fitted line.

    Models that are not fitted though they have both numbers, such as those out of rankings, are drawn in grey. Models are named
    where a name has room beside its point.

    Parameters
    ----------
    trend : Dataset
        As :func:`fornix.matrix.analyses.trend` gives it.
    width : float
        Of the figure, in mm.

    Raises
    ------
    UsageError
        If no model has both numbers.
    FornixError
        If matplotlib is not installed.
    """
    on_log = trend.attrs["scale"] == "log"
    number, value = trend["number"].values, trend["value"].values
    both = np.isfinite(number) & np.isfinite(value) & ((number > 0) | (not on_log))
    if not both.any():
        raise UsageError(
            f"no model has both {trend.attrs['against']} and a score on {trend.attrs['benchmark']}, so there is nothing to draw"
        )
    drawn = trend.isel(model=np.flatnonzero(both))
    with look():
        wide = width - _LEFT_MM - _MARGIN_MM
        tall = wide * _SHAPE
        figure = sheet(width, tall)
        axes = figure.add_axes((0, 0, wide / width, 1))
        if on_log:
            axes.set_xscale("log")
        axes.grid()
        _draw_line(axes, drawn)
        _draw_points(axes, drawn)
        _set_ticks(axes, drawn["number"].values, on_log=on_log)
        axes.set_xlabel(shortened([plain(trend.attrs["against"])], wide)[0])
        axes.set_ylabel(shortened([plain(trend.attrs["benchmark"])], tall)[0])
        axes.yaxis.set_label_coords((LINE_MM + 0.6 - _LEFT_MM) / wide, 0.5)
        named = _name_points(axes, drawn, wide, tall)

        # what the legend says depends on the names that had room, so its height comes last
        lines = lines_of(_legend(drawn, named), width)
        foot = height_of(lines)
        high = tall + _BELOW_MM + foot + _MARGIN_MM
        figure.set_size_inches(width / MM_PER_INCH, high / MM_PER_INCH)
        axes.set_position((_LEFT_MM / width, (foot + _BELOW_MM) / high, wide / width, tall / high))
        legend = figure.add_axes((0, 0, 1, foot / high))
        legend.set_axis_off()
        draw_legend(legend, lines)
        legend.set(xlim=(0, width), ylim=(0, foot))
        return figure


def _groups(drawn: xr.Dataset) -> list[tuple[NDArray[np.bool_], dict[str, Any], str]]:
    """Which points look how, and what that means."""
    fitted, control = drawn["left_out"].values == "", drawn["control"].values
    return [
        (fitted & ~control, _FITTED, "model"),
        (fitted & control, _CONTROL, "control"),
        (~fitted, _NOT_FITTED, "not fitted"),
    ]


def _draw_points(axes: Axes, drawn: xr.Dataset) -> None:
    x, y = drawn["number"].values, drawn["value"].values
    for where, look_of, _ in _groups(drawn):
        (at,) = np.nonzero(where)
        bars = {"color": look_of["color"], "linewidth": 0.6, "alpha": 0.6}
        axes.vlines(x[at], drawn["interval_low"].values[at], drawn["interval_high"].values[at], **bars)
        axes.hlines(y[at], drawn["number_low"].values[at], drawn["number_high"].values[at], **bars)
        axes.plot(x[at], y[at], "o", **look_of)


def _draw_line(axes: Axes, drawn: xr.Dataset) -> None:
    if drawn.sizes["at"]:
        at = drawn["at"].values
        axes.fill_between(at, drawn["fitted_low"], drawn["fitted_high"], color=VERMILION, alpha=BAND, linewidth=0)
        axes.plot(at, drawn["fitted"], color=VERMILION)


def _set_ticks(axes: Axes, number: NDArray[np.float64], *, on_log: bool) -> None:
    from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullFormatter

    if on_log:
        # "10 M" rather than a power, which would be drawn as mathematics
        ends = math.log10(number.max() / number.min())
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if ends >= 2 else (1.0, 2.0, 5.0), numticks=6))
        axes.xaxis.set_major_formatter(EngFormatter(sep="\N{NO-BREAK SPACE}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif (number == np.round(number)).all():
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _name_points(axes: Axes, drawn: xr.Dataset, wide: float, tall: float) -> int:
    """Name the points that have room for it; returns how many."""

    def in_mm(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2): where points of the data are, in mm from the lower left corner of the axes."""
        shown = axes.transAxes.inverted().transform(axes.transData.transform(np.stack([x, y], axis=1)))
        return np.asarray(shown * (wide, tall))

    low, high = axes.get_xlim(), axes.get_ylim()
    names = Names((wide, tall), in_mm(drawn["number"].values, drawn["value"].values))
    names.keep_clear(in_mm(drawn["at"].values, drawn["fitted"].values))
    number, value = drawn["number"].values, drawn["value"].values
    for along in np.linspace(0, 1, _ALONG):
        for low_end, high_end, upright in (("interval_low", "interval_high", True), ("number_low", "number_high", False)):
            at = drawn[low_end].values * (1 - along) + drawn[high_end].values * along
            names.keep_clear(in_mm(number, at) if upright else in_mm(at, value))
    out = drawn["left_out"].values != ""
    texts = [plain(name) + (OUT if is_out else "") for name, is_out in zip(drawn["model"].values, out, strict=True)]
    placed = names.placed(texts)
    for text, (x, y) in placed:
        axes.text(x / wide, y / tall, text, transform=axes.transAxes, ha="left", va="bottom", color=DARK)
    axes.set(xlim=low, ylim=high)
    return len(placed)


def _legend(drawn: xr.Dataset, named: int) -> list[Entry]:
    found = [marker(text, **look_of) for where, look_of, text in _groups(drawn) if where.any()]
    if named < drawn.sizes["model"]:
        found.append(words(f"{named} of {drawn.sizes['model']} are named"))
    told = drawn.attrs
    if told["no_fit"]:
        return [*found, words(f"no line: {told['no_fit']}")]
    per = "per factor of 10" if told["scale"] == "log" else "per unit"
    slope, low, high = (f"{told[name]:#.3g}".replace("-", "−") for name in ("slope", "slope_low", "slope_high"))
    r, rho = (f"{told[name]:.2f}".replace("-", "−") for name in ("pearson", "spearman"))
    return [
        *found,
        line("least squares, 95 % interval of the mean", True, color=VERMILION),
        words(f"slope {slope} ({low} to {high}) {per}"),
        words(f"r {r}, Spearman's {rho}, {told['n']} models"),
    ]
