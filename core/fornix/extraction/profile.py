"""The profile of a model: the score of every layer on the commitment data of every region, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd

from fornix.errors import FornixError
from fornix.extraction.selection import Selection

_COLUMNS: Final = (
    "model",
    "region",
    "data",
    "metric",
    "place",
    "layer",
    "value",
    "error",
    "interval_low",
    "interval_high",
    "selected",
)


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
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def read_profile(path: Path) -> pd.DataFrame | None:
    """The profile in a CSV file, or None where there is no file.

    Raises
    ------
    FornixError
        If the file holds something else.
    """
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:  # what pandas raises of a file that is no table is a ValueError
        raise FornixError(f"{path} cannot be read as a profile ({error}); move it away") from None
    if lacking := [name for name in _COLUMNS if name not in table]:
        raise FornixError(f"{path} is no profile, as it has no column {lacking[0]}; move it away")
    return table


def joined(before: pd.DataFrame | None, new: pd.DataFrame, *, every_layer: bool) -> tuple[pd.DataFrame, list[str]]:
    """A profile with new rows in place of those of the same regions and data. All others stay: of a region that was selected
    anew on other data, as not selected.

    Parameters
    ----------
    every_layer : bool
        Whether all layers of the model were scored anew. If not, rows that are of more layers stay, and only what is selected
        among them changes.

    Returns
    -------
    DataFrame, list of str
        The profile, and a sentence for each region whose earlier rows stay.
    """
    if before is None:
        return new, []
    before, kept = before.copy(), []
    before.loc[before["region"].isin(new["region"]), "selected"] = False
    for (region, data), rows in new.groupby(["region", "data"], sort=False):
        same = (before["region"] == region) & (before["data"] == data)
        if not every_layer and (more := set(before.loc[same, "layer"]) - set(rows["layer"])):
            before.loc[same & before["layer"].isin(rows.loc[rows["selected"], "layer"]), "selected"] = True
            new = new.drop(rows.index)
            kept.append(
                f"the profile of {region} on {data} stays as it was, as it has {len(more)} more layers than were scored "
                "now; without --layers it is made anew"
            )
        else:
            before = before[~same].copy()
    return pd.concat([table for table in (before, new) if len(table)], ignore_index=True), kept


def profile_csv(table: pd.DataFrame) -> bytes:
    """A profile as CSV."""
    text: str = table.to_csv(index=False, float_format="%.6f")
    return text.encode()
