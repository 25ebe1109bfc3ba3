"""The profile of a model: the score of every layer on the commitment data of every region, as a table and as a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from fornix.errors import FornixError
from fornix.extraction.selection import Selection

#: Layers named along the axis of a figure; of more, every second, third and so on.
_NAMED: Final = 40


def profile(model: str, selections: Sequence[Selection]) -> pd.DataFrame:
    """A row for each layer and region: model, region, data, metric, place (in the forward pass), layer, value, error,
    interval_low, interval_high, selected."""
    rows: list[dict[str, Any]] = []
    for selection in selections:
        for place, (layer, score) in enumerate(selection.scores.items()):
            rows.append(
                {
                    "model": model,
                    "region": selection.region,
                    "data": selection.data,
                    "metric": selection.metric,
                    "place": place,
                    "layer": layer,
                    "value": score.value,
                    "error": score.error,
                    "interval_low": score.interval[0],
                    "interval_high": score.interval[1],
                    "selected": layer == selection.layer,
                }
            )
    return pd.DataFrame(rows)


def write_profile(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Write a profile as CSV; rows of other regions that are there stay. Returns what is in the file now."""
    if path.exists():
        before = pd.read_csv(path)
        table = pd.concat([before[~before["region"].isin(table["region"])], table], ignore_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, float_format="%.6f")
    return table


def draw_profile(path: Path, table: pd.DataFrame) -> None:
    """Draw a profile: one panel for each region, layers from input to output, bands of 95 %, the selected layer marked.

    Raises
    ------
    FornixError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise FornixError("drawing the profile needs matplotlib: pip install 'fornix[plot]'") from None
    regions = list(table.groupby("region", sort=False))
    longest = max(len(rows) for _, rows in regions)
    figure = Figure(figsize=(min(max(6.0, 0.3 * longest), 14.0), 3.6 * len(regions)), layout="constrained")
    for axes, (region, rows) in zip(figure.subplots(len(regions), squeeze=False)[:, 0], regions, strict=True):
        at = range(len(rows))
        axes.fill_between(at, rows["interval_low"], rows["interval_high"], alpha=0.2, linewidth=0, label="95 % interval")
        axes.plot(at, rows["value"], marker=".")
        for place, (_, row) in enumerate(rows.iterrows()):
            if row["selected"]:
                axes.plot(place, row["value"], "o", color="black", fillstyle="none", label=f"selected: {row['layer']}")
        every = math.ceil(len(rows) / _NAMED)
        axes.set_xticks(list(at)[::every], rows["layer"].tolist()[::every], rotation=90, fontsize="small")
        axes.set_ylabel(f"{rows['metric'].iloc[0]}, raw score")
        axes.set_title(f"{rows['model'].iloc[0]}: {region} on {rows['data'].iloc[0]}", fontsize="medium")
        axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
