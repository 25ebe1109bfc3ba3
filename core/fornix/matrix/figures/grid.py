"""Tables of coloured tiles with named rows and columns: where everything is, in mm, so that no label lies over another."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from fornix.matrix.figures.legend import Entry, draw_legend, height_of, lines_of, words
from fornix.matrix.figures.look import COLUMN_MM, LINE_MM, MM_PER_INCH, PAGE_HEIGHT_MM, ink_on, plain, sheet, shortened, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: How wide the ends of the interval are at each side of a tile: a share of it, and mm at most.
_SIDE: Final = 0.18
_SIDE_MM: Final = 1.2
#: Narrower tiles than this show the value alone.
_SIDES_FROM_MM: Final = 2.0
_SIDES: Final = "at the sides of a tile: the ends of the 95 % interval"
_NO_SIDES: Final = "no room for the ends of the 95 % intervals"
#: Between tiles; smaller ones than that touch.
_BETWEEN_MM: Final = 0.2
_APART_FROM_MM: Final = 1.5
#: Between labels and tiles, and around the figure.
_GAP_MM: Final = 1.2
#: The widest and highest a tile gets.
_WIDEST_MM: Final = 13.0
_HIGHEST_MM: Final = 3.6
#: At most, of the figure's width, for the names of rows, and of mm for those of columns.
_NAMES_SHARE: Final = 0.34
_COLUMN_NAMES_MM: Final = 75.0


@dataclass(frozen=True)
class Grid:
    """A figure with room for tiles, names and a legend.

    Parameters
    ----------
    figure : Figure
    tiles : Axes
        Tile (i, j) covers (j, i) to (j + 1, i + 1); y runs down.
    width_mm, height_mm : float
        Of a tile.
    rows_named, columns_named : int
        Every how manieth row and column is named.
    """

    figure: Figure
    tiles: Axes
    width_mm: float
    height_mm: float
    rows_named: int
    columns_named: int

    @property
    def side(self) -> float:
        """How much of a tile's width each end of an interval has."""
        return min(_SIDE, _SIDE_MM / self.width_mm) if self.width_mm >= _SIDES_FROM_MM else 0.0

    def paint(
        self,
        value: NDArray[np.float64],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
        colours: Colormap,
        limits: tuple[float, float],
    ) -> None:
        """Colour each tile that has a value: the value in the middle, the ends of its interval at the sides, which stay white
        where there is none.

        Parameters
        ----------
        value, low, high : (row, column)
            NaN: nothing.
        limits : (float, float)
            What the first and the last colour stand for.
        """
        from matplotlib.collections import PolyCollection

        side = self.side
        ended = np.isfinite(low) & np.isfinite(high)
        apart = min(self.width_mm, self.height_mm) >= _APART_FROM_MM
        gap_x, gap_y = (_BETWEEN_MM / size / 2 if apart else 0.0 for size in (self.width_mm, self.height_mm))
        corners, colour = [], []
        # the sides lie over the middle, as viewers leave a pale seam between shapes that touch
        for values, start, end in (
            ((value, 0.0, 1.0), (low, 0.0, side), (high, 1.0 - side, 1.0)) if side else ((value, 0.0, 1.0),)
        ):
            for i, j in np.argwhere(np.isfinite(values) & np.isfinite(value)).tolist():
                inset = side if values is value and not ended[i, j] else 0.0
                left, right = j + max(start, gap_x, inset), j + min(end, 1.0 - gap_x, 1.0 - inset)
                corners.append([(left, i + gap_y), (right, i + gap_y), (right, i + 1 - gap_y), (left, i + 1 - gap_y)])
                colour.append(values[i, j])
        # where all tiles touch, an edge of their own colour closes the seams
        edge = {"linewidth": 0.0} if apart else {"linewidth": 0.2, "edgecolor": "face"}
        tiles = PolyCollection(corners, array=colour, cmap=colours, clip_on=False, gid="values", **edge)
        tiles.set_clim(*limits)
        self.tiles.add_collection(tiles)

    def has_room_for(self, texts: NDArray[Any], *, over_sides: bool = False) -> bool:
        """Whether each of these fits on a tile, or on the middle of it."""
        if self.height_mm < LINE_MM * max(text.count("\n") + 1 for text in texts.flat):
            return False
        room = self.width_mm * (1.0 if over_sides else 1.0 - 2 * self.side)
        return max(width_of(text) for text in set(texts.ravel().tolist())) <= room

    def print_on(self, texts: NDArray[Any], value: NDArray[np.float64], colours: Colormap, limits: tuple[float, float]) -> None:
        """Print texts on tiles, in black or white, whatever stands out from their colour."""
        for (i, j), text in np.ndenumerate(texts):
            if text:
                at = float((value[i, j] - limits[0]) / (limits[1] - limits[0]))
                ink = ink_on(colours(at)) if math.isfinite(at) else "black"
                self.tiles.text(j + 0.5, i + 0.5, text, ha="center", va="center_baseline", color=ink, linespacing=1.1)

    def hatch(self, where: NDArray[np.bool_], name: str, **properties: Any) -> None:
        """Hatch tiles; those side by side are one rectangle.

        Parameters
        ----------
        where : (row, column)
        name : str
            Of the group in an SVG file.
        **properties
            Of a matplotlib PolyCollection.
        """
        from matplotlib.collections import PolyCollection

        runs = [(i, *ends) for i, row in enumerate(where) for ends in _runs(row)]
        corners = [[(start, i), (end, i), (end, i + 1), (start, i + 1)] for i, start, end in runs]
        if corners:
            self.tiles.add_collection(PolyCollection(corners, gid=name, **properties))


def _runs(row: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, end) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def grid(
    rows: Sequence[str],
    columns: Sequence[str],
    entries: Sequence[Entry],
    *,
    width_mm: float,
    called: tuple[str, str] = ("models", "benchmarks"),
    bold: Sequence[bool] = (),
    square: bool = False,
) -> Grid:
    """A grid of tiles, one for each pair of a row and a column.

    Tiles are as large as the width allows, up to some mm, and lower where the page would be too short. Where there is no room for
    all names, every second is named, every third, and so on.

    Parameters
    ----------
    rows, columns : sequence of str
        At least one each.
    entries : sequence of Entry
        Of the legend below the tiles.
    width_mm : float
        At most, of the figure.
    called : (str, str)
        What rows and columns are, in the plural.
    bold : sequence of bool
        Of the columns' names; default: none.
    square : bool
        Whether tiles are as high as wide, as far as the page allows.
    """
    names = shortened([plain(name) for name in rows], width_mm * _NAMES_SHARE)
    left = max(width_of(name) for name in names) + 2 * _GAP_MM
    width = min((width_mm - left - _GAP_MM) / len(columns), _WIDEST_MM)
    columns_named = math.ceil(LINE_MM / width)
    named = range(0, len(columns), columns_named)
    strong = list(bold) if bold else [False] * len(columns)
    headings = [_heading(plain(columns[j]), max(int(width * columns_named // LINE_MM), 1), strong[j]) for j in named]
    top = max(width_of(text, bold=strong[j]) for j, text in zip(named, headings, strict=True)) + 2 * _GAP_MM
    wide = min(width_mm, max(left + width * len(columns) + _GAP_MM, COLUMN_MM))
    rows_named = 1
    for _ in range(2):  # what is said of names takes room itself
        said = [words(_SIDES if width >= _SIDES_FROM_MM else _NO_SIDES)]
        said += _said(dict(zip(called, (rows_named, columns_named), strict=True)))
        lines = lines_of([*entries, *said], wide)
        below = height_of(lines) + _GAP_MM
        height = min(width if square else _HIGHEST_MM, (PAGE_HEIGHT_MM - top - below) / len(rows))
        rows_named = math.ceil(LINE_MM / height)
    high = top + height * len(rows) + below

    figure = sheet(wide, high)
    tiles = figure.add_axes((left / wide, below / high, width * len(columns) / wide, height * len(rows) / high))
    tiles.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    tiles.tick_params(length=0, pad=_GAP_MM / MM_PER_INCH * 72, bottom=False, labelbottom=False, top=True, labeltop=True)
    tiles.set_xticks([j + 0.5 for j in named], headings, rotation=90, va="bottom", multialignment="left", linespacing=1.1)
    for j, label in zip(named, tiles.get_xticklabels(), strict=True):
        label.set_fontweight("bold" if strong[j] else "normal")
    tiles.set_yticks([i + 0.5 for i in range(0, len(rows), rows_named)], names[::rows_named])
    for spine in tiles.spines.values():
        spine.set_visible(False)
    legend = figure.add_axes((0, 0, 1, (below - _GAP_MM) / high))
    legend.set_axis_off()
    draw_legend(legend, lines)
    legend.set(xlim=(0, wide), ylim=(0, below - _GAP_MM))
    return Grid(figure, tiles, width, height, rows_named, columns_named)


def _said(named: Mapping[str, int]) -> list[Entry]:
    """A line for each kind of names of which not all are there."""
    return [words(f"one in {every} {kind} is named") for kind, every in named.items() if every > 1]


def _heading(name: str, lines: int, bold: bool) -> str:
    """A name on so many lines at most, broken behind its dots, dashes and underscores so that the longest is short."""
    parts = re.split(r"(?<=[._-])(?=\w)", name)
    best = name
    for limit in sorted(
        {width_of("".join(parts[i:j]), bold=bold) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}
    ):
        broken = [""]
        for part in parts:
            if broken[-1] and width_of(broken[-1] + part, bold=bold) > limit:
                broken.append("")
            broken[-1] += part
        if len(broken) <= lines:
            best = "\n".join(broken)
            break
    return "\n".join(shortened(best.split("\n"), _COLUMN_NAMES_MM))
