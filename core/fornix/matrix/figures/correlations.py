"""Correlations between benchmarks as a figure: Spearman's below the diagonal, Pearson's above it, like beside like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from fornix.errors import UsageError
from fornix.matrix.analyses.correlations import FEWEST
from fornix.matrix.figures.grid import Grid, grid
from fornix.matrix.figures.legend import scale, swatch, words
from fornix.matrix.figures.look import CORRELATIONS, PAGE_MM, look
from fornix.matrix.figures.tiles import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LIMITS: Final = (-1.0, 1.0)
_NONE: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": "#9a9a9a", "linewidth": 0.0, "hatch": "////"}


def draw_correlations(correlations: xr.Dataset, *, width: float = PAGE_MM) -> Figure:
    """Correlations between benchmarks as tiles, in the order of their tree.

    A tile has the colour of its correlation in the middle and of the ends of its 95 % interval at its sides, and prints the
    correlation and the number of models where there is room. The diagonal has the number of models of a benchmark. Benchmarks
    without any correlation are not drawn.

    Parameters
    ----------
    correlations : Dataset
        As :func:`fornix.matrix.analyses.benchmark_correlations` gives it.
    width : float
        Of the figure at most, in mm.

    Raises
    ------
    UsageError
        If no two benchmarks have a correlation.
    FornixError
        If matplotlib is not installed.
    """
    known = np.isfinite(correlations["spearman"].values) & ~np.eye(correlations.sizes["benchmark"], dtype=bool)
    kept = [place for place in np.argsort(correlations["order"].values) if known[place].any()]
    if not kept:
        raise UsageError(
            f"no two of these benchmarks have ranked scores of {FEWEST} models that differ, so there is no correlation to draw"
        )
    drawn = correlations.isel(benchmark=kept, other=kept)
    lower = np.tri(drawn.sizes["benchmark"], k=-1, dtype=bool)
    value, low, high = (np.where(lower, drawn[f"spearman{e}"], drawn[f"pearson{e}"]) for e in ("", "_low", "_high"))
    np.fill_diagonal(value, np.nan)
    with look():
        from matplotlib import colormaps

        colours = colormaps[CORRELATIONS]
        names = drawn["benchmark"].values.tolist()
        lacking = ~np.isfinite(value) & ~np.eye(len(names), dtype=bool)
        entries = [
            scale("correlation over models", colours, _LIMITS, (-1.0, -0.5, 0.0, 0.5, 1.0)),
            words("below the diagonal: Spearman's; above it: Pearson's"),
            words("on it, where there is room: models of the benchmark"),
        ]
        if lacking.any():
            entries.append(swatch(f"fewer than {FEWEST} models on both, or scores that do not differ", **_NONE))
        made = grid(names, names, entries, width_mm=width, called=("rows", "columns"), square=True)
        made.paint(value, low, high, colours, _LIMITS)
        if (texts := _texts(made, value, drawn["n"].values)) is not None:
            made.print_on(texts, value, colours, _LIMITS)
        made.hatch(lacking, "none", **_NONE)
        return made.figure


def _texts(made: Grid, value: NDArray[np.float64], n: NDArray[np.int64]) -> NDArray[Any] | None:
    """What is printed on each tile: the correlation, and below it the number of models where there is room."""
    numbers = np.vectorize(number, otypes=[object])(value)
    counts = np.vectorize(lambda count: f"n {count}", otypes=[object])(n)
    on_diagonal = np.eye(len(n), dtype=bool)
    both = np.where(numbers == "", "", numbers + "\n" + counts)
    for texts in (both, numbers):
        texts = np.asarray(np.where(on_diagonal, counts, texts))
        if made.has_room_for(texts):
            return texts
    return None
