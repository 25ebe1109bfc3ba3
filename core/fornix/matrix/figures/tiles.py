"""The matrix as a figure: tiles coloured by score, the ends of its interval at their sides, and hatches where there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.matrix.analyses.arrangement import arranged
from fornix.matrix.figures.grid import Grid, grid
from fornix.matrix.figures.legend import Entry, scale, swatch, words
from fornix.matrix.figures.look import PAGE_MM, look, score_colours

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

#: What empty cells look like: reason of a skip, or status -> hatch.
HATCHES: Final = {
    "modality": "////",
    "stimuli not available": "\\\\\\\\",
    "region": "----",
    "task": "||||",
    "data not available": "xxxx",
    "visibility": "++++",
    "missing": "",
    "stale": "oo",
    "failed": "....",
}
#: Marks a score that is out of rankings.
OUT: Final = "†"
MINUS: Final = "−"
_NAMED: Final = {"missing": "not computed yet", "stale": "stale", "failed": "failed"}


def draw_matrix(matrix: xr.Dataset, *, expand: bool = False, width: float = PAGE_MM) -> Figure:
    """A matrix as tiles.

    A tile has the colour of its score (the reported value) in the middle and of the ends of its 95 % interval at its sides, which
    so fade into it where the score is certain. Models and benchmarks that share scores stand together; those without any are not
    drawn. Where tiles have no room for it, the number is not printed, then the sides, then every second name.

    Parameters
    ----------
    matrix : Dataset, dims (model, benchmark)
        As :func:`fornix.matrix.assemble.assemble` gives it.
    expand : bool
        Whether the children of parents are drawn too.
    width : float
        Of the figure at most, in mm.

    Returns
    -------
    Figure
        :func:`fornix.matrix.figures.save` writes it.

    Raises
    ------
    UsageError
        If there is no score to draw.
    FornixError
        If matplotlib is not installed.
    """
    shown = arranged(matrix, expand=expand)
    if not shown.sizes["model"]:
        raise UsageError("no cell of this matrix has a score, so there is nothing to draw")
    with look():
        models, benchmarks = shown["model"].values.tolist(), shown["benchmark"].values.tolist()
        parents = set(shown["parent"].values.tolist()) if expand else set()
        why = _why_empty(shown)
        low = _lowest(shown)
        colours = score_colours(low)
        made = grid(
            models,
            benchmarks,
            _legend(shown, why, colours, low),
            width_mm=width,
            bold=[name in parents for name in benchmarks],
        )
        made.paint(shown["value"].values, shown["interval_low"].values, shown["interval_high"].values, colours, (low, 1.0))
        if (marks := _marks(made, shown)) is not None:
            made.print_on(marks, shown["value"].values, colours, (low, 1.0))
        for kind in HATCHES:
            made.hatch(why == kind, f"empty: {kind}", **_empty_look(kind))
        return made.figure


def _lowest(shown: xr.Dataset) -> float:
    """Where the scale starts: 0, or below where scores do, in steps of a half."""
    lowest = min(float(np.nanmin(shown["value"].values)), float(np.nanmin(shown["interval_low"].values, initial=0.0)))
    return max(math.floor(min(lowest, 0.0) * 2) / 2, -1.0)


def _why_empty(shown: xr.Dataset) -> NDArray[Any]:
    """(model, benchmark) str: the key of HATCHES of each empty cell; empty where there is a score."""
    status, reason = shown["status"].values, shown["reason"].values
    kind = np.where(status == "skipped", reason, status).astype(object)
    kind[~np.isin(kind, list(HATCHES))] = "failed"  # of each kind (oom, timeout), and a score that is no number
    return np.asarray(np.where(np.isfinite(shown["value"].values), "", kind))


def _marks(made: Grid, shown: xr.Dataset) -> NDArray[Any] | None:
    """(model, benchmark) str: what is printed on each tile, the number where there is room; None where there is for nothing."""
    value = shown["value"].values
    numbers = np.vectorize(number, otypes=[object])(value)
    flag = np.where(np.isfinite(value) & (shown["flags"].values != ""), OUT, "").astype(object)
    if made.has_room_for(numbers) and made.has_room_for(numbers + flag, over_sides=True):
        return np.asarray(numbers + flag)
    signs = np.where(np.char.startswith(numbers.astype(np.str_), MINUS), MINUS, "").astype(object)
    return np.asarray(signs + flag) if made.has_room_for(signs + flag, over_sides=True) else None


def number(value: float) -> str:
    """A score as it is printed on a tile; nothing where there is none."""
    if not math.isfinite(value):
        return ""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace("-", MINUS)


def _empty_look(kind: str) -> dict[str, Any]:
    return {"facecolor": "white", "edgecolor": "#9a9a9a", "linewidth": 0.0, "hatch": HATCHES[kind] or None}


def _legend(shown: xr.Dataset, why: NDArray[Any], colours: Colormap, low: float) -> list[Entry]:
    """What the colours, sides, marks and hatches of this matrix mean."""
    value, flags = shown["value"].values, shown["flags"].values
    ticks = [tick for tick in (-1.0, -0.5, 0.0, 0.5, 1.0) if tick >= low]
    beyond = colours(1.0) if max(np.nanmax(value), np.nanmax(shown["interval_high"].values, initial=0.0)) > 1 else None
    found = [
        scale("score (the value as it is reported)", colours, (low, 1.0), ticks, above=beyond),
    ]
    if (np.isfinite(value) & (flags != "")).any():
        found.append(words(f"{OUT} out of rankings"))
    for kind in HATCHES:
        if (why == kind).any():
            # with an edge, as one look of empty cells is white without a hatch
            found.append(swatch(_NAMED.get(kind, f"skipped: {kind}"), **{**_empty_look(kind), "linewidth": 0.5}))
    return found
