"""Cards as JSON and back: what a snapshot says of its models, benchmarks, datasets and metrics, without their plugins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, Final

from fornix.files.file import File
from fornix.matrix.snapshots.format import SnapshotError
from fornix.registry.card import (
    KINDS,
    Aggregate,
    Card,
    ChoosesBy,
    Defect,
    Kind,
    Option,
    Resources,
    Training,
    Uses,
)
from fornix.registry.discovery import Registry
from fornix.registry.fields import UNPRINTABLE, read_identifier
from fornix.registry.schema import FIELDS_OF

#: Fields that hold tables: what one is made of, and whether there is a list of them, one for each name, or one alone.
_TABLES: Final[Mapping[str, tuple[type[Any], str]]] = {
    "files": (File, "list"),
    "training": (Training, "list"),
    "options": (Option, "named"),
    "commitment": (ChoosesBy, "named"),
    "resources": (Resources, "one"),
    "uses": (Uses, "one"),
    "defect": (Defect, "one"),
    "aggregate": (Aggregate, "one"),
}
#: What a field that is declared so holds.
_ALONE: Final[Mapping[str, Any]] = {
    **{"str": str, "Kind": str, "int": int, "float": (int, float), "bool": bool, "None": type(None)},
    **{made_of.__name__: made_of for made_of, _ in _TABLES.values()},
}
#: Fields, of a card or of a table in it, that hold JSON as it is.
_JSON: Final = ("aliases", "default", "options")


def to_json(cards: Iterable[Card]) -> dict[str, dict[str, Any]]:
    """Cards as ``{kind: {identifier: {field: value}}}``: every field that cards of the kind have, lists for tuples."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for card in sorted(cards, key=lambda card: card.identifier):
        found[card.kind][card.identifier] = {name: _plain(getattr(card, name)) for name in FIELDS_OF[card.kind]}
    return found


def from_json(said: Mapping[str, Any], where: str) -> list[Card]:
    """Cards that :func:`to_json` made, also by a newer fornix: a field that this one does not know is left out.

    Parameters
    ----------
    where : str
        Where they lie, as errors name it.

    Raises
    ------
    SnapshotError
        If they are not cards.
    """
    try:
        return [_card(kind, name, of) for kind in KINDS for name, of in said.get(kind, {}).items()]
    except (TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        raise SnapshotError(f"the cards in {where} cannot be read ({error}); was it written by fornix?") from error


def read_registry(content: bytes, where: str) -> Registry:
    """The cards of a snapshot's cards.json as a registry, which knows no plugins; raises as :func:`from_json`.

    They are called as cards of plugins are: names of files and pages are made of what a card is called.
    """
    try:
        said = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{where} is damaged ({error})") from error
    if not isinstance(said, dict):
        raise SnapshotError(f"{where} is damaged; expected a JSON object with the cards of each kind")
    cards = from_json(said, where)
    for card in cards:
        try:
            read_identifier(card.identifier)
        except ValueError:
            raise SnapshotError(
                f"the cards in {where} cannot be read (a {card.kind} is called {card.identifier!r:.120}, as no plugin can be); "
                "was it written by fornix?"
            ) from None
    return Registry.of_cards(cards)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(item) for name, item in asdict(value).items()}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _card(kind: Kind, identifier: str, said: Mapping[str, Any]) -> Card:
    known = {field.name for field in fields(Card)} - {"kind"}
    card = Card(kind=kind, **{name: _read(name, value) for name, value in said.items() if name in known})
    _check(card)
    if card.identifier != identifier:
        raise ValueError(f"the card of {identifier!r} calls itself {card.identifier!r}")
    return card


def _read(name: str, value: Any) -> Any:
    if name not in _TABLES:
        return value if name in _JSON else _frozen(value)
    made_of, how = _TABLES[name]
    if how == "list" and isinstance(value, list):
        return tuple(_table(made_of, item) for item in value)
    if how == "named" and isinstance(value, Mapping):
        return {key: _table(made_of, item) for key, item in value.items()}
    return _table(made_of, value) if how == "one" else value


def _table(made_of: type[Any], said: Any) -> Any:
    """What a table says, made into what it is; what is no table stays, for :func:`_check` to refuse."""
    if not isinstance(said, Mapping):
        return said
    known = {field.name for field in fields(made_of)}
    made = made_of(**{name: value if name in _JSON else _frozen(value) for name, value in said.items() if name in known})
    _check(made)
    return made


def _check(made: Any) -> None:
    """See that each field holds what it is declared to hold; of the words of a list any: a newer fornix may know others."""
    for field in fields(made):
        value, declared = getattr(made, field.name), str(field.type)
        words = value if isinstance(value, tuple) else (value,)
        if not _fits(value, declared) or any(UNPRINTABLE.search(word) for word in words if isinstance(word, str)):
            raise ValueError(f"{field.name} is {value!r:.80}, expected {declared}")


def _fits(value: Any, declared: str) -> bool:
    """Whether a value is of a type as a dataclass of cards spells it; None is only where that says so."""
    outer, _, inner = declared.removesuffix("]").partition("[")
    if declared == "JSON":
        return True
    if declared == "Children":
        return isinstance(value, tuple) and all(_fits(child, "str | Children") for child in value)
    if outer == "Literal":
        return isinstance(value, str)
    if outer == "tuple":
        return isinstance(value, tuple) and all(_fits(item, inner.removesuffix(", ...")) for item in value)
    if outer == "Mapping":
        return isinstance(value, Mapping) and all(_fits(item, inner.removeprefix("str, ")) for item in value.values())
    if " | " in declared:
        return any(_fits(value, part) for part in declared.split(" | "))
    return isinstance(value, _ALONE[declared]) and isinstance(value, bool) == (declared == "bool")


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
