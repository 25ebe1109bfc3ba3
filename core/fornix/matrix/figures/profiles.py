"""Layer-by-region profiles as figures: one panel for each region and data, layers from input to output."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from fornix.errors import UsageError
from fornix.matrix.analyses.profiles import layer_profiles
from fornix.matrix.figures.legend import Entry, draw_legend, height_of, line, lines_of, marker
from fornix.matrix.figures.look import (
    BAND,
    BLACK,
    CYCLE,
    LINE_MM,
    PAGE_HEIGHT_MM,
    PAGE_MM,
    encoded,
    look,
    plain,
    sheet,
    shortened,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LEFT_MM: Final = 14.0
_RIGHT_MM: Final = 3.0
_TITLE_MM: Final = 6.0
_PANEL_MM: Final = 42.0
_LOWEST_PANEL_MM: Final = 20.0
#: For the numbers and the name of an axis of depth.
_DEPTH_MM: Final = 9.0
_NAMES_MM: Final = 40.0
#: What a line of the legend takes beside its text.
_SWATCH_MM: Final = 10.0
#: Layers stand this far apart where the figure allows it.
_LAYER_MM: Final = 5.0
#: More models than colours take dashes.
_DASHES: Final = ("-", "--", ":", "-.")


def draw_profiles(profiles: pd.DataFrame, *, width: float = PAGE_MM) -> Figure:
    """The scores of layers on the data that chose the layers of regions, with bands of 95 % intervals.

    Of one model, the layers are named, every second where there is no room for all, every third, and so on. Several models are
    drawn by how deep their layers are. The layer that stands for the region is marked.

    Parameters
    ----------
    profiles : DataFrame
        As :func:`fornix.matrix.analyses.layer_profiles` gives them.
    width : float
        Of the figure at most, in mm.

    Raises
    ------
    UsageError
        If there is nothing in them.
    FornixError
        If matplotlib is not installed.
    """
    if not len(profiles):
        raise UsageError("these profiles have no layers, so there is nothing to draw")
    panels = list(profiles.groupby(["region", "data"], sort=False))
    models = list(dict.fromkeys(profiles["model"]))
    colours = {model: CYCLE[i % len(CYCLE)] for i, model in enumerate(models)}
    dashes = {model: _DASHES[i // len(CYCLE) % len(_DASHES)] for i, model in enumerate(models)}
    with look():
        by_name = len(models) == 1
        if by_name:
            longest = max(len(rows) for _, rows in panels)
            width = min(width, max(_LEFT_MM + _LAYER_MM * longest + _RIGHT_MM, width / 2))
            names = shortened(map(plain, profiles["layer"]), _NAMES_MM)
            below = max(map(width_of, names)) + 3.0
        else:
            below = _DEPTH_MM
        lines = lines_of(_legend(models, colours, dashes, width), width)
        foot = height_of(lines)
        panel = (PAGE_HEIGHT_MM - foot) / len(panels) - _TITLE_MM - below
        panel = max(min(panel, _PANEL_MM), _LOWEST_PANEL_MM)
        high = (panel + _TITLE_MM + below) * len(panels) + foot
        figure = sheet(width, high)
        for number, ((region, data), rows) in enumerate(panels):
            top = high - number * (panel + _TITLE_MM + below) - _TITLE_MM
            axes = figure.add_axes((_LEFT_MM / width, (top - panel) / high, 1 - (_LEFT_MM + _RIGHT_MM) / width, panel / high))
            axes.grid(axis="y")
            for model, own in rows.groupby("model", sort=False):
                _draw_layers(axes, own, by_name=by_name, color=colours[model], linestyle=dashes[model])
            if by_name:
                _name_layers(axes, rows, width - _LEFT_MM - _RIGHT_MM)
            else:
                axes.set_xlabel("depth: from the first layer (0) to the last (1)")
            axes.set_ylabel(shortened([f"{plain(rows['metric'].iloc[0])}, raw score"], panel + _TITLE_MM)[0])
            axes.yaxis.set_label_coords((LINE_MM + 0.6 - _LEFT_MM) / (width - _LEFT_MM - _RIGHT_MM), 0.5)
            of_one = f"{plain(models[0])}: " if by_name else ""
            title = f"{of_one}{plain(region)} on {plain(data)}"
            axes.set_title(shortened([title], width - _LEFT_MM - _RIGHT_MM)[0])
        legend = figure.add_axes((0, 0, 1, foot / high))
        legend.set_axis_off()
        draw_legend(legend, lines)
        legend.set(xlim=(0, width), ylim=(0, foot))
        return figure


def profile_png(table: pd.DataFrame) -> bytes:
    """The figure of a profile as ``fornix commit`` keeps it beside the table.

    Raises
    ------
    FornixError
        If matplotlib is not installed.
    """
    return encoded(draw_profiles(layer_profiles([table])), ".png")


def _draw_layers(axes: Axes, rows: pd.DataFrame, *, by_name: bool, **properties: Any) -> None:
    at = rows["place"] if by_name else rows["depth"]
    axes.fill_between(at, rows["interval_low"], rows["interval_high"], alpha=BAND, linewidth=0, color=properties["color"])
    axes.plot(at, rows["value"], marker=".", **properties)
    chosen = rows["selected"].astype(bool)
    axes.plot(at[chosen], rows["value"][chosen], **_SELECTED)


_SELECTED: Final[dict[str, Any]] = {
    "color": BLACK,
    "linestyle": "none",
    "marker": "o",
    "markerfacecolor": "none",
    "markersize": 6.0,
    "zorder": 3,
}


def _name_layers(axes: Axes, rows: pd.DataFrame, wide_mm: float) -> None:
    names = shortened(map(plain, rows["layer"]), _NAMES_MM)
    places = rows["place"].tolist()
    span = max(places) - min(places) + 1
    every = math.ceil(LINE_MM * span / wide_mm)
    axes.set_xticks(places[::every], names[::every], rotation=90)
    axes.set_xlim(min(places) - 0.5, max(places) + 0.5)


def _legend(models: list[str], colours: dict[str, str], dashes: dict[str, str], width: float) -> list[Entry]:
    drawn = shortened(map(plain, models), width - _SWATCH_MM) if len(models) > 1 else ["score of a layer"]
    found = [
        line(f"{text}, 95 % interval" if len(models) == 1 else text, True, color=colours[model], linestyle=dashes[model])
        for text, model in zip(drawn, models, strict=True)
    ]
    chosen = {name: value for name, value in _SELECTED.items() if name not in ("marker", "linestyle", "zorder")}
    return [*found, marker("the layer that stands for the region", **chosen)]
