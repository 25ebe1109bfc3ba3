"""Figures read back: what is written where, and whether it can be read in print."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from fornix.matrix.figures.look import MM_PER_INCH, PAGE_HEIGHT_MM, TYPE_PT


@lru_cache(maxsize=1)
def written(figure: Figure) -> dict[Text, np.ndarray[Any, Any]]:
    """Each text that is drawn, with its box: left, lower, right, upper, in mm from the lower left corner of the figure.

    A figure is laid out once: tests ask it several questions, and change nothing of it.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()
    beyond = _labels_beyond_axes(figure)
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip() and text not in beyond]
    return {text: text.get_window_extent(renderer).extents / figure.dpi * MM_PER_INCH for text in shown}


def _labels_beyond_axes(figure: Figure) -> set[Text]:
    """Labels of ticks that matplotlib keeps and does not draw."""
    every: set[Text] = set()
    drawn: set[Text] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn |= {label for tick in axis._update_ticks() for label in (tick.label1, tick.label2)} if axes.axison else set()
            every |= {label for tick in (*axis.majorTicks, *axis.minorTicks) for label in (tick.label1, tick.label2)}
    return every - drawn


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in written(figure)]


def assert_legible(figure: Figure, *, width: float) -> None:
    """Type of 7 points at least, all of it within a page, none of it over other type."""
    boxes = written(figure)
    wide, high = figure.get_size_inches() * MM_PER_INCH
    assert wide <= width + 0.01
    assert high <= PAGE_HEIGHT_MM + 0.01
    for text, (left, lower, right, upper) in boxes.items():
        assert text.get_fontsize() >= TYPE_PT, text
        assert left >= -0.1, text
        assert lower >= -0.1, text
        assert right <= wide + 0.1, text
        assert upper <= high + 0.1, text
    # a box has room above and below its letters: a fifth of a line may be shared
    order = sorted(boxes.items(), key=lambda item: item[1][0])
    edges = np.array([box for _, box in order]) + np.array([0.3, 0.3, -0.3, -0.3])
    for i in range(len(edges)):
        over = (edges[i + 1 :, 0] < edges[i, 2]) & (edges[i + 1 :, 1] < edges[i, 3]) & (edges[i, 1] < edges[i + 1 :, 3])
        assert not over.any(), (order[i][0], order[i + 1 + int(np.argmax(over))][0])


def collection(figure: Figure, name: str) -> PolyCollection | None:
    """The polygons of that name, if there are any."""
    found = [artist for artist in figure.findobj(PolyCollection) if artist.get_gid() == name]
    assert len(found) <= 1
    return found[0] if found else None


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Of WCAG 2.2, between 1 and 21."""

    def luminance(colour: tuple[float, ...]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
