"""``fornix show``: one plugin's card, in full."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import asdict
from difflib import get_close_matches
from typing import Any

from fornix.cli.arguments import add_json, add_plugins, print_json, registry
from fornix.errors import UsageError
from fornix.registry.card import KINDS, Card, Kind
from fornix.registry.discovery import Registry
from fornix.registry.schema import FIELDS_OF


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
    shown = [{**_filled(card), "from": str(found.distribution(card).folder)} for card in cards]
    if parsed.json:
        print_json(shown if len(shown) > 1 else shown[0])
        return 0
    for fields in shown:
        for name, value in fields.items():
            print(f"{name + ':':<16}{_text(value)}")
    return 0


def _find(found: Registry, identifier: str, kind: Kind | None) -> list[Card]:
    kinds = KINDS if kind is None else (kind,)
    known = [(name, card) for k in kinds for card in found.cards(k) for name in (card.identifier, *card.aliases)]
    cards = [card for name, card in known if name.casefold() == identifier.casefold()]
    if not cards:
        for k in kinds:
            with suppress(UsageError):  # one that is there and cannot be used says why
                found.get(k, identifier)
        names = [name for name, _ in known]
        close = get_close_matches(identifier, names, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UsageError(f"there is no {kind or 'plugin'} {identifier!r}{hint} (`fornix list` names them all){found.unread}")
    return cards


def _filled(card: Card) -> dict[str, Any]:
    """The fields of a card that its kind has and that say something."""
    stated = asdict(card)
    stated["resources"] = {name: value for name, value in stated["resources"].items() if value}
    return {name: stated[name] for name in ("kind", *FIELDS_OF[card.kind]) if stated[name] not in (None, "", (), {}, [])}


def _text(value: Any) -> str:
    if isinstance(value, tuple | list) and value and isinstance(value[0], dict):
        return "".join(f"\n    {', '.join(f'{k}={v}' for k, v in row.items() if v not in ('', None))}" for row in value)
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value).strip().replace("\n", "\n" + " " * 16)
