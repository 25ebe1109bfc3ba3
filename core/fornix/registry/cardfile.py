"""Reading a plugin.toml: every fault of the file in a sentence that names file, card and field, or its cards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fornix.errors import UsageError
from fornix.registry.card import KINDS, Card, Kind
from fornix.registry.fields import read_fields
from fornix.registry.options import complete_options, did_you_mean
from fornix.registry.schema import FIELDS, FIELDS_OF, SCHEMA

#: A file beyond this is not read: everything that starts reads every card there is. Our own largest has 50 kB.
LARGEST_BYTES: Final = 2**20


class CardError(ValueError):
    """A plugin.toml breaks the schema.

    Attributes
    ----------
    sentences : tuple of str
        Every fault: file, card, field, what is there, what was expected.
    claims : tuple of (kind, read_identifier)
        The identifiers that the file would have provided.
    """

    def __init__(self, sentences: list[str], claims: list[tuple[Kind, str]]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)
        self.claims = tuple(claims)


def _contradictions(card: Card, stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What no single field shows: (field, what is wrong)."""
    faults = []
    if card.licence.startswith("LicenseRef-") and not card.licence_note:
        faults.append(("licence_note", f"is missing; expected a sentence, as the licence {card.licence!r} is in no list"))
    if card.kind in ("model", "dataset") or (card.kind == "benchmark" and card.aggregate is None):
        if not card.modalities:
            faults.append(("modalities", f"is missing or empty; expected {FIELDS['modalities'].expected}"))
        if card.kind != "dataset" and not (card.regions or card.tasks):
            faults.append(("regions", "and tasks are both missing or empty; expected at least one of them to be filled"))
    if card.kind == "metric" and not card.accepts:
        faults.append(("accepts", f"is missing; expected {FIELDS['accepts'].expected}"))
    if card.kind == "benchmark" and card.chance is None:
        faults.append(("chance", "is 'none'; expected a number, which a model of nothing scores on these stimuli"))
    if card.kind == "benchmark" and ("uses" in stated) == ("aggregate" in stated):
        given = "are both given" if "uses" in stated else "are both missing"
        faults.append(
            ("uses", f"and aggregate {given}; expected uses for a benchmark with data of its own, aggregate for a parent")
        )
    if card.aggregate is not None:
        leaves = card.aggregate.leaves()
        if len(set(leaves)) < len(leaves) or card.identifier in leaves:
            faults.append(("aggregate.children", "names a benchmark twice, or the card itself; expected each child once"))
    names = [file.name.casefold() for file in card.files]
    if len(set(names)) < len(names):
        faults.append(("files", "gives two files one name; expected a name for each"))
    for alias, options in card.aliases.items():
        try:
            complete_options(card, options)
        except UsageError as error:
            faults.append((f"aliases.{alias}", f"stands for options that do not fit: {error}"))
    return faults


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file that may hold anything at all.

    Raises
    ------
    ValueError
        If it is not a file, not TOML, too large or too deeply nested.
    """
    try:
        if not path.is_file():  # a pipe, for one, would be waited for
            raise ValueError("it is not a file")
        if path.stat().st_size > LARGEST_BYTES:
            raise ValueError(f"it has more than {LARGEST_BYTES} bytes")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except OSError as error:
        raise ValueError(str(error)) from error


def read_cards(path: Path) -> tuple[Card, ...]:
    """The cards of one plugin.toml.

    Raises
    ------
    CardError
        If anything in the file breaks the schema; it lists every fault.
    """
    try:
        document = read_toml(path)
    except ValueError as error:
        raise CardError([f"{path}: cannot be read as TOML ({error})"], []) from error
    schema = document.pop("schema", None)
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        raise CardError([f"{path}: schema is {schema}, written for a newer fornix; this one reads schema {SCHEMA}: upgrade"], [])
    sentences = [] if schema == SCHEMA else [f"{path}: schema is {schema!r}; expected schema = {SCHEMA}"]
    defaults = document.pop("defaults", {})
    if not isinstance(defaults, dict):
        sentences.append(f"{path}: defaults is {defaults!r}; expected a table of fields shared by every card")
        defaults = {}
    for name in defaults:
        if name not in FIELDS or name == "identifier":
            sentences.append(f"{path}: defaults: {name} is no field that cards share{did_you_mean(name, list(FIELDS))}")
    for name in document:
        if name not in KINDS:
            sentences.append(
                f"{path}: {name} is no kind of card; expected [[{']], [['.join(KINDS)}]]{did_you_mean(name, [*KINDS])}"
            )
    cards: list[Card] = []
    claims: list[tuple[Kind, str]] = []
    for kind in KINDS:
        tables = document.get(kind, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            sentences.append(f"{path}: {kind} is not a list of tables; expected [[{kind}]], with two brackets")
            continue
        for table in tables:
            claims += [(kind, table["identifier"])] if isinstance(table.get("identifier"), str) else []
            card, faults = _read_card(kind, table, defaults)
            name = f"{kind} {table.get('identifier', 'without identifier')!r}"
            sentences += [f"{path}: {name}: {field} {fault}" for field, fault in faults]
            cards += [card] if card is not None else []
    if not claims and not sentences:
        sentences.append(f"{path}: has no card; expected at least one [[model]], [[dataset]], [[metric]] or [[benchmark]]")
    sentences += _repeats(path, cards)
    if sentences:
        raise CardError(sentences, claims)
    return tuple(cards)


def _read_card(kind: Kind, table: dict[str, Any], defaults: Mapping[str, Any]) -> tuple[Card | None, list[tuple[str, str]]]:
    fields = FIELDS_OF[kind]
    stated = {name: value for name, value in defaults.items() if name in fields} | table
    misplaced = [name for name in table if name in FIELDS and name not in fields]
    given, faults = read_fields({k: v for k, v in stated.items() if k not in misplaced}, fields, f"a {kind} card")
    faults += [
        (name, f"is a field of {' and '.join(FIELDS[name].kinds)} cards; expected none in a {kind} card") for name in misplaced
    ]
    if faults:
        return None, faults
    card = Card(kind=kind, **given)
    faults = _contradictions(card, stated)
    return (None, faults) if faults else (card, [])


def _repeats(path: Path, cards: list[Card]) -> list[str]:
    """Identifiers and aliases that two cards of one kind share, whatever their case."""
    sentences, seen = [], set()
    for card in cards:
        for name in (card.identifier, *card.aliases):
            if (card.kind, name.casefold()) in seen:
                sentences.append(f"{path}: {card.kind} {name!r}: identifier is used twice; expected it once, whatever its case")
            seen.add((card.kind, name.casefold()))
    return sentences
