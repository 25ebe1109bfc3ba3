"""Layer-by-region profiles: how well each layer of a model scores on the data that chose the layers of its regions."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd

from fornix.errors import FornixError
from fornix.extraction.profile import read_profile
from fornix.matrix.snapshots.format import LAYERS, SnapshotError
from fornix.matrix.snapshots.pulling import Snapshot
from fornix.registry.discovery import Registry
from fornix.registry.options import did_you_mean


def stored_profile(registry: Registry, model: str) -> pd.DataFrame:
    """The profile that ``fornix commit`` keeps beside the package of a model.

    Raises
    ------
    UsageError
        If there is no such model.
    FornixError
        If its plugin keeps no profile, or one that cannot be read.
    """
    card = registry.get("model", model)
    root = registry.distribution(card).root
    if root is None:
        raise FornixError(
            f"{card.identifier} is installed, and a profile is kept beside the package of a plugin, not in it: give its folder "
            "by --plugins"
        )
    path = root / "commitment" / f"{card.identifier}.csv"
    table = read_profile(path)
    if table is None:
        raise FornixError(f"there is no profile of {card.identifier} at {path}; `fornix commit {card.identifier}` makes one")
    return table


def published_profile(snapshot: Snapshot, model: str) -> pd.DataFrame:
    """The profile of a model that was published with a matrix.

    Raises
    ------
    SnapshotError
        If the snapshot holds no profiles, or none of this model.
    """
    said = json.loads(snapshot.file(LAYERS).read_bytes())
    rows = said.get(model, {}).get("profile")
    if not rows:
        there = sorted(name for name, known in said.items() if known.get("profile"))
        raise SnapshotError(
            f"the snapshot {snapshot.version} at {snapshot.place.name} has no profile of {model}{did_you_mean(model, there)}"
        )
    table = pd.DataFrame(rows)
    numbers = ["value", "error", "interval_low", "interval_high"]
    table.insert(0, "model", model)
    return table.astype(dict.fromkeys(numbers, float))  # one that is not known is null there


def layer_profiles(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Profiles of models joined, so that layers of networks of other depths can be compared.

    Parameters
    ----------
    tables : sequence of DataFrame
        As :func:`fornix.extraction.profile.profile` gives them: a row for each layer and region, from input to output.

    Returns
    -------
    DataFrame
        Their rows and columns (model, region, data, metric, place, layer, value, error, interval_low, interval_high, selected)
        and ``depth``: how far along the layers that were scored this one is, from 0 (the first) to 1 (the last); 0 of a single
        one. Nothing is left out.
    """
    joined = pd.concat(list(tables), ignore_index=True)
    last = joined.groupby(["model", "region", "data"], sort=False)["place"].transform("max")
    return joined.assign(depth=joined["place"] / last.where(last > 0, 1))
