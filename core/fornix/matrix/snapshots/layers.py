"""Which layers stand for which regions, and how every layer scored where they were chosen: what plugins' folders hold of it, for
readers of a snapshot. No number of the matrix depends on it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from fornix.errors import FornixError
from fornix.extraction.commitment import read_commitment
from fornix.extraction.profile import read_profile
from fornix.registry.card import Card, Kind
from fornix.registry.discovery import Registry

#: Of a row of a profile.
_COLUMNS: Final = ["region", "data", "metric", "place", "layer", "value", "error", "interval_low", "interval_high", "selected"]


#: Whether the card of this kind and name may leave.
Shows = Callable[[Kind, str], bool]


def layers_of(registry: Registry, models: Iterable[str], shows: Shows) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """What is known of the layers of these models, without importing them.

    Parameters
    ----------
    registry : Registry
        Which knows the plugins of the models.
    models : iterable of str
    shows : callable (kind, name) -> bool
        Whether a dataset or metric may be told of: how layers scored on one, or by one, that may not is left out.

    Returns
    -------
    dict
        For each model of which something is known: ``regions``, a list of {region, layers, how}, and ``behaviour``, a layer or
        None, as the ``commitment.toml`` of its package says where it is the only model there; ``profile``, a list of rows as
        ``fornix commit`` wrote them into the plugin's folder.
    list of str
        A sentence for each commitment or profile that is left out, as it cannot be read.
    """
    found: dict[str, dict[str, Any]] = {}
    unread = []
    for name in models:
        card = registry.get("model", name)
        for what, read in (("commitment", _committed), ("profile", partial(_profile, shows=shows))):
            try:
                known = read(registry, card)
            except (FornixError, OSError) as error:
                unread.append(f"the {what} of {name} is left out: {error}")
                continue
            if known:
                found.setdefault(name, {}).update(known)
    return found, unread


def _committed(registry: Registry, card: Card) -> dict[str, Any]:
    owner = registry.distribution(card)
    file = owner.folder / "commitment.toml"
    beside = [other for other in registry.cards("model") if registry.distribution(other).folder == owner.folder]
    if not file.is_file() or len(beside) > 1:
        return {}
    commitment = read_commitment(file)
    regions = [{"region": r, "layers": list(layers), "how": commitment.how[r]} for r, layers in commitment.regions.items()]
    return {"regions": regions, "behaviour": commitment.behaviour}


def _profile(registry: Registry, card: Card, shows: Shows) -> dict[str, Any]:
    root = registry.distribution(card).root
    table = None if root is None else read_profile(root / "commitment" / f"{card.identifier}.csv")
    if table is None:
        return {}
    found = table[_COLUMNS].to_dict(orient="records")
    rows = [row for row in found if shows("dataset", row["data"]) and shows("metric", row["metric"])]
    return {"profile": [{str(name): _plain(value) for name, value in row.items()} for row in rows]} if rows else {}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
