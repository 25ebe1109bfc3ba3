"""``fornix show``: one plugin's card, in full."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Final

from fornix.cli.arguments import add_json, add_plugins, print_json, registry
from fornix.engine.chosen import leaves
from fornix.errors import UsageError
from fornix.registry.card import KINDS, Card, Kind
from fornix.registry.discovery import WHERE_PLUGINS_ARE, Registry
from fornix.registry.options import did_you_mean
from fornix.registry.problems import listed
from fornix.registry.schema import FIELDS_OF

#: Where the second line of a field begins, and rows of a table.
_BELOW = "\n" + " " * 16
_ROW = "\n    "
NO_FIXED_CHANCE: Final = "no fixed number: what unrelated data score depends on them (the metric's page says how)"


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("show", help="show one plugin's card", description=__doc__)
    parser.add_argument("identifier", help="of a model, dataset, metric or benchmark, or an alias")
    parser.add_argument("--kind", choices=KINDS, help="where two kinds share an identifier")
    add_plugins(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    found = registry(parsed)
    cards = _find(found, parsed.identifier, parsed.kind)
    shown = [{**_filled(card), **_used(found, card), "from": str(found.distribution(card).folder)} for card in cards]
    if parsed.json:
        print_json(shown if len(shown) > 1 else shown[0])
        return 0
    for fields in shown:
        for name, value in fields.items():
            text = NO_FIXED_CHANCE if (name, value) == ("chance", None) else _text(value)
            print(f"{name}:{text}" if text.startswith("\n") else f"{name + ':':<16}{text}")
    return 0


def _find(found: Registry, identifier: str, kind: Kind | None) -> list[Card]:
    kinds = KINDS if kind is None else (kind,)
    known = [(name, card) for k in kinds for card in found.cards(k) for name in (card.identifier, *card.aliases)]
    cards = [card for name, card in known if name.casefold() == identifier.casefold()]
    if not cards:
        for k in kinds:
            with suppress(UsageError):  # one that is there and cannot be used says why
                found.get(k, identifier)
        hint = did_you_mean(identifier, [name for name, _ in known]) or f"; `fornix list` names them all{WHERE_PLUGINS_ARE}"
        raise UsageError(f"there is no {kind or 'plugin'} {identifier!r}{hint}{found.unread}")
    return cards


def _filled(card: Card) -> dict[str, Any]:
    """The fields of a card that its kind has and that say something."""
    stated = asdict(card)
    stated["resources"] = {name: value for name, value in stated["resources"].items() if value}
    names = ("kind", *FIELDS_OF[card.kind])
    return {name: stated[name] for name in names if name == "chance" or stated[name] not in (None, "", (), {}, [])}


def _used(found: Registry, card: Card) -> dict[str, Any]:
    """What a parent's leaves use, each once, in their order: what a model needs for it."""
    if card.aggregate is None:
        return {}
    used = [asdict(leaf.uses) for leaf in leaves(found, card)]
    return {
        "uses": {kind: tuple(dict.fromkeys(name for uses in used for name in uses[kind])) for kind in ("datasets", "metrics")}
    }


def _text(value: Any) -> str:
    """A field for a person to read: rows of a table in lines of their own."""
    if isinstance(value, dict) and any(isinstance(item, dict | tuple | list) for item in value.values()):
        return "".join(f"{_ROW}{_option(item) if _is_option(item) else f'{name}: {_row(item)}'}" for name, item in value.items())
    if isinstance(value, tuple | list) and value and isinstance(value[0], dict):
        return "".join(f"{_ROW}{_row(row)}" for row in value)
    return _row(value).strip().replace("\n", _BELOW)


def _row(value: Any) -> str:
    """A value in one line: of a table what is stated, of many numbers the first."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={_row(item)}" for name, item in value.items() if item not in ("", None))
    if isinstance(value, tuple | list) and all(isinstance(item, int | float) for item in value):
        return listed(list(map(str, value)))
    if isinstance(value, tuple | list):
        return ", ".join(f"({_row(item)})" if isinstance(item, tuple | list) else _row(item) for item in value)
    return str(value)


def _is_option(value: Any) -> bool:
    return isinstance(value, dict) and {"type", "default", "choices", "help"} <= set(value)


def _option(option: dict[str, Any]) -> str:
    """``splits (str, "kfold"; one of "kfold", "shuffle"): how stimuli are split``."""
    default = "" if option["default"] is None else f", {json.dumps(option['default'])}"
    choices = f"; one of {', '.join(map(json.dumps, option['choices']))}" if option["choices"] else ""
    return f"{option['name']} ({option['type']}{default}{choices}){option['help'] and ': ' + option['help']}"
