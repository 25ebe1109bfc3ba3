"""Layer commitments: which layers of a network stand for which region, fixed before any test score is computed.

Reads and writes ``commitment.toml``; choosing the layers is in ``selection``. Imports nothing heavy.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fornix.errors import FornixError, UsageError

#: The region name that stands for every region.
EVERY_REGION = "*"


@dataclass(frozen=True)
class Commitment:
    """A model's map from regions to layers, and its behavioural readout.

    Parameters
    ----------
    regions : mapping of str to tuple of str
        Region -> layers (dotted paths); the features of several layers are concatenated. ``"*"`` is every region that has
        no entry of its own.
    behaviour : str, optional
        The layer that tasks are read from; None: the model performs no task.
    how : mapping of str to str
        Region -> ``"declared"`` or ``"selected on <data>"``; regions without an entry are declared.

    Raises
    ------
    ValueError
        If a region has no layer or one that is no tuple, or ``how`` says anything else.
    """

    regions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    behaviour: str | None = None
    how: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for region, layers in self.regions.items():
            if isinstance(layers, str):
                raise ValueError(f"the layers of region {region!r} are {layers!r}; expected a tuple: ({layers!r},)")
            if not layers:
                raise ValueError(f"region {region!r} of a commitment has no layer; name at least one")
        for region, how in self.how.items():
            if region not in self.regions:
                raise ValueError(f"'how' names region {region!r}, which the commitment does not map")
            if how != "declared" and not (how.startswith("selected on ") and how.removeprefix("selected on ").strip()):
                raise ValueError(f"how of region {region!r} is {how!r}; expected 'declared' or 'selected on <data>'")
        complete = {region: self.how.get(region, "declared") for region in self.regions}
        object.__setattr__(self, "how", complete)

    def layers_of(self, region: str) -> tuple[str, ...] | None:
        """The layers that stand for a region, or None where the model does not offer it."""
        return self.regions.get(region, self.regions.get(EVERY_REGION))

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer the commitment names, each once, in order."""
        named = [layer for layers in self.regions.values() for layer in layers]
        return tuple(dict.fromkeys([*named, *([self.behaviour] if self.behaviour else [])]))


def declared(layers: Any, behaviour: str | None = None) -> Commitment:
    """A declared commitment from a map of regions to a layer, or to several in a list.

    Raises
    ------
    UsageError
        If it is no such map.
    """
    given: dict[str, tuple[str, ...]] = {}
    for region, names in layers.items() if isinstance(layers, Mapping) else [("", None)]:
        several = (names,) if isinstance(names, str) else names
        if not isinstance(several, list | tuple) or not all(isinstance(name, str) for name in (region, *several)):
            example = layers if isinstance(layers, str) else "layer4"
            raise UsageError(
                f"layers maps regions to layers, such as {{'V4': {example!r}}}, or {{'*': {example!r}}} for every region; "
                f"got {layers!r}"
            )
        given[region] = tuple(several)
    return Commitment(given, behaviour)


def read_commitment(path: Path | str) -> Commitment:
    """Read a commitment from a ``commitment.toml``, or from the one in a folder.

    The file holds a table for each region, ``[regions.V4]`` with ``layers`` (list of dotted paths) and ``how``
    (``"declared"`` or ``"selected on <data>"``), optionally ``[behaviour]`` with ``layer``. What ``fornix commit`` selected has a
    table ``[regions.V4.selection]`` that says from what; no answer of the model depends on it.

    Raises
    ------
    FornixError
        If there is no such file, or something in it is not as described; the sentence names file, field and what was expected.
    """
    path = Path(path)
    file = path / "commitment.toml" if path.is_dir() else path
    try:
        return _commitment(_read(file))
    except ValueError as error:
        raise FornixError(f"{file}: {error}") from None


@dataclass(frozen=True)
class Selected:
    """The layers selected for a region.

    Parameters
    ----------
    layers : tuple of str
    data : str
        The dataset they were selected on.
    about : mapping
        What ``[regions.<region>.selection]`` says; None is left out.
    """

    layers: tuple[str, ...]
    data: str
    about: Mapping[str, Any]


def with_selected(path: Path, selected: Mapping[str, Selected]) -> str:
    """The text of the commitment at ``path`` with the layers of these regions entered; all other regions are as they were.

    Comments in the file are lost.

    Raises
    ------
    FornixError
        If there is no such file, or it is no commitment.
    """
    document = _read(path)
    entries = {
        region: {"layers": list(one.layers), "how": f"selected on {one.data}", "selection": one.about}
        for region, one in selected.items()
    }
    try:
        document["regions"] = {**_table(document.get("regions", {}), "regions"), **entries}
        _commitment(document)
    except ValueError as error:
        raise FornixError(f"{path}: {error}") from None
    return "\n".join(_lines(document, ())).strip() + "\n"


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FornixError(f"there is no layer commitment at {file}; write a commitment.toml there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FornixError(f"{file} is not valid TOML: {error}") from None


def _lines(table: Mapping[str, Any], name: tuple[str, ...]) -> list[str]:
    """A table in TOML: its own values, then the tables below it."""
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping) and value is not None}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items()]
    if name and (lines or not table):
        lines = ["", f"[{'.'.join(map(_key, name))}]", *lines]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += _lines(value, (*name, key))
    return lines


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _commitment(data: Mapping[str, Any]) -> Commitment:
    _only(data, {"regions", "behaviour"}, "the file")
    regions, how = {}, {}
    for region, entry in _table(data.get("regions", {}), "regions").items():
        where = f"[regions.{region}]"
        _only(_table(entry, where), {"layers", "how", "selection"}, where)
        _table(entry.get("selection", {}), f"[regions.{region}.selection]")
        regions[region] = _dotted_paths(entry.get("layers"), f"layers of {where}")
        how[region] = entry.get("how", "declared")
        if not isinstance(how[region], str):
            raise ValueError(f"how of {where} is {how[region]!r}; expected 'declared' or 'selected on <data>'")
    behaviour = None
    if "behaviour" in data:
        _only(_table(data["behaviour"], "[behaviour]"), {"layer"}, "[behaviour]")
        behaviour = data["behaviour"].get("layer")
        if not isinstance(behaviour, str) or not behaviour:
            raise ValueError(f"layer of [behaviour] is {behaviour!r}; expected one dotted path")
    if not regions and behaviour is None:
        raise ValueError("it commits to nothing: give a [regions.<name>] table or a [behaviour] table")
    return Commitment(regions, behaviour, how)


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is {value!r}; expected a table")
    return value


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(table) - known)
    if unknown:
        raise ValueError(f"{where} has a key {unknown[0]!r}; it holds {', '.join(sorted(known))}")


def _dotted_paths(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ValueError(f"{where} is {value!r}; expected a list of dotted paths")
    return tuple(value)
