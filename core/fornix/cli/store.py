"""``fornix store``: checks, tidies and copies a store, in a folder or a bucket (``s3://bucket/prefix``)."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from fornix.cli.arguments import add_json, add_store, print_json
from fornix.errors import UsageError
from fornix.registry.problems import counted

if TYPE_CHECKING:
    from fornix.store.kept import KeptStore


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = verbs.add_parser("store", help="check, tidy or copy a store", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="{verify,gc,copy}", parser_class=type(parser))
    verify = actions.add_parser(
        "verify",
        help="read everything and say what is damaged",
        description="Reads everything; exits with 1 if something is damaged.",
    )
    gc = actions.add_parser(
        "gc",
        help="remove what nobody needs",
        description="Removes what killed writers left and arrays that no record names, a day old or older, and claims that "
        "lapsed; writes the index of a large store anew in few segments.",
    )
    for action in (verify, gc):
        add_store(action)
    copy = actions.add_parser(
        "copy",
        help="copy a store to another place",
        description="Copies all that a store holds to another, verified, and leaves out what is there: run again, it goes on.",
    )
    copy.add_argument("source", metavar="FROM", help="a folder or s3://bucket/prefix")
    copy.add_argument("target", metavar="TO", help="a folder or s3://bucket/prefix")
    for action, call in ((verify, _verify), (gc, _gc), (copy, _copy)):
        add_json(action)
        action.set_defaults(call=call)


def _verify(parsed: argparse.Namespace) -> int:
    from fornix.store.upkeep import verify

    place = _opened(parsed.store, read_only=True)
    read: list[str] = []
    damages = []
    for damage in verify(place, read.append):
        damages.append(damage)
        if not parsed.json:
            print(f"{place.place}/{damage.name} {damage.wrong}", flush=True)
    if parsed.json:
        print_json({"records": len(read), "damaged": [{"name": d.name, "wrong": d.wrong} for d in damages]})
    else:
        print(f"{counted(len(read), 'record')} read, {len(damages) or 'nothing'} damaged")
    return 1 if damages else 0


def _gc(parsed: argparse.Namespace) -> int:
    from fornix.store.upkeep import collect

    removed = collect(_opened(parsed.store))
    if parsed.json:
        print_json({"left": removed.left, "unnamed": removed.unnamed, "segments": removed.segments})
        return 0
    print(
        f"removed: {counted(removed.left, 'thing')} that killed writers left, {counted(removed.unnamed, 'file')} of arrays that "
        f"no record names, {counted(removed.segments, 'superseded segment')} of the index"
    )
    return 0


def _copy(parsed: argparse.Namespace) -> int:
    from fornix.store.places import open_store
    from fornix.store.upkeep import copy

    source = _opened(parsed.source, read_only=True)
    target = open_store(parsed.target)
    if source.place == target.place:
        raise UsageError(f"{source.place} would be copied to itself; give two places")
    counts: Counter[str] = Counter()
    for copied in copy(source, target):
        counts[copied.how] += 1
        if copied.how == "damaged" and not parsed.json:
            print(f"not copied: {source.place}/{copied.name} {copied.wrong}", flush=True)
    if parsed.json:
        print_json({how: counts[how] for how in ("copied", "there", "other", "damaged")})
    else:
        print(
            f"{counted(counts['copied'], 'record')} copied, {counts['there']} there already, {counts['other']} left as they are "
            f"in {target.place} (another result under the same key), {counts['damaged']} damaged"
        )
    return 1 if counts["damaged"] else 0


def _opened(place: str | None, *, read_only: bool = False) -> KeptStore:
    """A store that is there."""
    from fornix.store.places import open_store

    store = open_store(place, read_only=read_only)
    if next(store.objects.children(""), None) is None:
        raise UsageError(f"there is no store at {store.place}")
    return store
