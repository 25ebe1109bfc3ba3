"""``fornix list``: what there is, from the cards alone."""

from __future__ import annotations

import argparse

from fornix.cli.arguments import add_json, add_plugins, print_json, registry
from fornix.registry.card import KINDS, Card
from fornix.registry.discovery import NO_PLUGINS
from fornix.registry.problems import counted


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("list", help="list models, datasets, metrics and benchmarks", description=__doc__)
    parser.add_argument("kind", nargs="?", choices=[*KINDS, *(f"{kind}s" for kind in KINDS)], help="only this kind")
    add_plugins(parser)
    add_json(parser)
    parser.set_defaults(call=call)


def call(parsed: argparse.Namespace) -> int:
    found = registry(parsed)
    kinds = KINDS if parsed.kind is None else (parsed.kind.removesuffix("s"),)
    if parsed.json:
        print_json([_summary(card) for kind in kinds for card in found.cards(kind)])
        return 0
    for kind in kinds:
        cards = found.cards(kind)
        width = max((len(card.identifier) for card in cards), default=0)
        print(f"{kind}s ({len(cards)})")
        for card in cards:
            print(f"  {card.identifier:<{width}}  {card.title}")
    if not any(found.cards(kind) for kind in KINDS):
        print(NO_PLUGINS)
    if found.problems:
        print(f"{counted(len(found.problems), 'problem')}: see `fornix doctor`")
    return 0


def _summary(card: Card) -> dict[str, object]:
    return {
        "kind": card.kind,
        "identifier": card.identifier,
        "version": card.version,
        "title": card.title,
        "modalities": list(card.modalities),
        "parent": card.parent,
    }
