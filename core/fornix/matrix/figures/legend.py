"""What stands below a figure: swatches and scales in lines that are broken where the figure ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fornix.errors import UsageError
from fornix.matrix.figures.look import BAND, BLACK, LINE_MM, plain, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: A swatch, and what is between things.
SWATCH_MM: Final = (5.0, 2.6)
GAP_MM: Final = 1.2
_BETWEEN_MM: Final = 4.0
_LINE_MM: Final = 4.2


class Entry(NamedTuple):
    """One thing of a legend: its size in mm, and what draws it at (x, y), its lower left corner in mm."""

    width_mm: float
    height_mm: float
    draw: Callable[[Axes, float, float], None]


def swatch(text: str, **properties: Any) -> Entry:
    """A small rectangle and what it means; the properties are those of a matplotlib Rectangle."""
    text = plain(text)
    wide, high = SWATCH_MM

    def draw(axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Rectangle

        axes.add_patch(Rectangle((x, y + (_LINE_MM - high) / 2), wide, high, **properties))
        axes.text(x + wide + GAP_MM, y + _LINE_MM / 2, text, va="center_baseline")

    return Entry(wide + GAP_MM + width_of(text), _LINE_MM, draw)


def marker(text: str, symbol: str = "o", **properties: Any) -> Entry:
    """A marker of a plot and what it means; the properties are those of a matplotlib Line2D."""
    text = plain(text)
    wide = 2.5

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.plot([x + wide / 2], [y + _LINE_MM / 2], symbol, clip_on=False, **properties)
        axes.text(x + wide + GAP_MM, y + _LINE_MM / 2, text, va="center_baseline")

    return Entry(wide + GAP_MM + width_of(text), _LINE_MM, draw)


def line(text: str, band: bool = False, **properties: Any) -> Entry:
    """A line of a plot, on a band of its colour or not, and what it means; the properties are those of a matplotlib Line2D."""
    text = plain(text)
    wide, high = SWATCH_MM

    def draw(axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Rectangle

        if band:
            corner = (x, y + (_LINE_MM - high) / 2)
            axes.add_patch(Rectangle(corner, wide, high, facecolor=properties["color"], alpha=BAND, linewidth=0))
        axes.plot([x, x + wide], [y + _LINE_MM / 2] * 2, clip_on=False, **properties)
        axes.text(x + wide + GAP_MM, y + _LINE_MM / 2, text, va="center_baseline")

    return Entry(wide + GAP_MM + width_of(text), _LINE_MM, draw)


def words(text: str) -> Entry:
    """A line of text."""
    text = plain(text)

    def draw(axes: Axes, x: float, y: float) -> None:
        axes.text(x, y + _LINE_MM / 2, text, va="center_baseline")

    return Entry(width_of(text), _LINE_MM, draw)


def scale(text: str, colours: Any, ends_at: tuple[float, float], ticks: Sequence[float], *, above: Any = None) -> Entry:
    """A bar of colours with ticks below it and what they mean beside it.

    Parameters
    ----------
    colours : Colormap
    ends_at : (float, float)
        The numbers that its first and its last colour stand for.
    above : colour, optional
        Of what lies beyond the upper end; None: nothing does.
    """
    wide, tall, beyond = 32.0, 2.6, 3.0 if above is not None else 0.0
    text = plain(text)
    left, high = 3.0, tall + LINE_MM + 2.0  # 3.0: half a tick's label

    def draw(axes: Axes, x: float, y: float) -> None:
        from matplotlib.patches import Polygon

        upper = y + high - (_LINE_MM - tall) / 2
        lower = upper - tall
        start, n = x + left, 64
        edges = [start + wide * i / n for i in range(n + 1)]
        axes.pcolormesh(
            edges, [lower, upper], [[(i + 0.5) / n for i in range(n)]], cmap=colours, vmin=0, vmax=1, edgecolors="face"
        )
        if above is not None:
            end = start + wide
            corners = [(end, lower), (end, upper), (end + beyond, (lower + upper) / 2)]
            axes.add_patch(Polygon(corners, facecolor=above, edgecolor="none"))
        for tick in ticks:
            at = start + wide * (tick - ends_at[0]) / (ends_at[1] - ends_at[0])
            axes.plot([at, at], [lower - 0.7, lower], color=BLACK, linewidth=0.5)
            axes.text(at, lower - 0.9, f"{tick:g}".replace("-", "−"), ha="center", va="top")
        axes.text(start + wide + beyond + GAP_MM, (lower + upper) / 2, text, va="center")

    return Entry(left + wide + beyond + GAP_MM + width_of(text), high, draw)


def lines_of(entries: Sequence[Entry], width_mm: float) -> list[list[Entry]]:
    """The entries in lines no wider than this.

    Raises
    ------
    UsageError
        If one of them is wider by itself.
    """
    widest = max((entry.width_mm for entry in entries), default=0.0) + 2 * GAP_MM
    if widest > width_mm:
        raise UsageError(f"a figure of {width_mm:g} mm has no room for its legend; make it {math.ceil(widest)} mm wide")
    lines: list[list[Entry]] = []
    end = 0.0
    for entry in entries:
        if not lines or end + _BETWEEN_MM + entry.width_mm > width_mm - 2 * GAP_MM:
            lines.append([])
            end = -_BETWEEN_MM
        lines[-1].append(entry)
        end += _BETWEEN_MM + entry.width_mm
    return lines


def height_of(lines: Sequence[Sequence[Entry]]) -> float:
    """How high lines are together, in mm."""
    return sum(max(entry.height_mm for entry in line) for line in lines) + GAP_MM if lines else 0.0


def draw_legend(axes: Axes, lines: Sequence[Sequence[Entry]]) -> None:
    """Draw lines from the top of axes in mm."""
    y = height_of(lines)
    for line in lines:
        high = max(entry.height_mm for entry in line)
        y -= high
        x = GAP_MM
        for entry in line:
            entry.draw(axes, x, y + high - entry.height_mm)
            x += entry.width_mm + _BETWEEN_MM
