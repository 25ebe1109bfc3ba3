"""The schema of plugin.toml: one row for each field, and the reading of a file against it.

The table is our own rather than a JSON schema: importing a validator would take longer than the whole of
``fornix list`` may, and most rules (identifiers, licences, urls, what belongs to which kind) would be code beside it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from fornix.files.file import File
from fornix.registry.card import KINDS, Aggregate, Card, Children, Defect, Kind, Option, Resources, Training, Uses
from fornix.registry.options import OPTION_TYPES, coerce, did_you_mean

SCHEMA: Final = 1
MODALITIES: Final = ("image", "video", "audio", "text")
TASKS: Final = ("label", "probabilities", "choice", "odd_one_out", "similarity", "surprisal", "reading_times", "next_word")
NORMALISATIONS: Final = (
    "none",
    "s/c",
    "r|r|/c",
    "r^2/c",
    "r/sqrt(c)",
    "(r/c)^2",
    "(s-p)/(c-p)",
    "clip(s/c,0,1)",
    "mean(r_i|r_i|/c_i)",
)
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_OPTION_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


class CardError(ValueError):
    """A plugin.toml breaks the schema.

    Attributes
    ----------
    sentences : tuple of str
        Every fault: file, card, field, what is there, what was expected.
    claims : tuple of (kind, identifier)
        The identifiers that the file would have provided.
    """

    def __init__(self, sentences: list[str], claims: list[tuple[Kind, str]]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = tuple(sentences)
        self.claims = tuple(claims)


class _Faults(Exception):
    """What is wrong inside one value: (path of the field below it, what is wrong) each."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


#: Gives the value its type; raises ValueError where it is not as the field expects, _Faults for faults further down.
Reader: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Field:
    """One field of a card or of a table within it."""

    read: Reader
    expected: str
    kinds: tuple[Kind, ...] = KINDS
    required: bool = False


def _refuse_unless(fits: bool, why: str = "") -> None:
    if not fits:
        raise ValueError(why)


def _text(value: Any) -> str:
    _refuse_unless(isinstance(value, str) and bool(value.strip()))
    return str(value)


def _flag(value: Any) -> bool:
    _refuse_unless(isinstance(value, bool))
    return bool(value)


def _whole(least: int) -> Reader:
    def read(value: Any) -> int:
        _refuse_unless(isinstance(value, int) and not isinstance(value, bool) and value >= least)
        return int(value)

    return read


def _number(value: Any) -> float:
    number = coerce("float", value)
    return float(number)  # type: ignore[arg-type]


def _positive(value: Any) -> float:
    number = _number(value)
    _refuse_unless(number > 0)
    return number


def _one_of(*allowed: str) -> Reader:
    def read(value: Any) -> str:
        _refuse_unless(isinstance(value, str) and value in allowed)
        return str(value)

    return read


def _identifier(value: Any) -> str:
    text = _text(value)
    _refuse_unless(bool(_IDENTIFIER.fullmatch(text)) and len(text) <= 100 and not text.endswith("."))
    _refuse_unless(not _DEVICE.fullmatch(text), "which names a device on some systems")
    return text


def _url(value: Any) -> str:
    text = _text(value)
    parts = urlsplit(text)
    _refuse_unless(parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", text))
    _refuse_unless(".." not in unquote(parts.path).split("/"))
    return text


def _licence(value: Any) -> str:
    try:
        return str(canonicalize_license_expression(_text(value)))
    except InvalidLicenseExpression as error:
        raise ValueError(f"which is no SPDX expression ({error})") from None


def _bibtex(value: Any) -> str:
    text = _text(value).strip()
    _refuse_unless(bool(re.match(r"@\w+\s*\{", text)) and text.endswith("}"))
    return text


def _tuple_of(read: Reader, expected: str, *, least: int = 0) -> Reader:
    """A list whose items are read one by one, none twice."""

    def read_list(value: Any) -> tuple[Any, ...]:
        _refuse_unless(isinstance(value, list) and len(value) >= least)
        items, faults = [], []
        for position, item in enumerate(value):
            try:
                items.append(read(item))
            except ValueError as error:
                faults.append((f"[{position}]", _describe(item, expected, error)))
            except _Faults as below:
                faults += [(f"[{position}]{path}", fault) for path, fault in below.faults]
        if faults:
            raise _Faults(faults)
        _refuse_unless(len(set(items)) == len(items), "which repeats an item")
        return tuple(items)

    return read_list


def _table(build: Callable[..., Any], fields: Mapping[str, Field]) -> Reader:
    """A table whose fields are read by ``fields`` and given to ``build``."""

    def read_table(value: Any) -> Any:
        _refuse_unless(isinstance(value, dict))
        given, faults = _read_fields(value, fields, "such a table")
        if faults:
            raise _Faults([(f".{path}", fault) for path, fault in faults])
        try:
            return build(**given)
        except ValueError as error:
            raise _Faults([("", str(error))]) from None

    return read_table


def _describe(value: Any, expected: str, error: ValueError) -> str:
    shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
    return f"is {shown}{f', {error}' if str(error) else ''}; expected {expected}"


def _read_fields(value: dict[str, Any], fields: Mapping[str, Field], owner: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The values by field, and the faults as (path, what is wrong)."""
    given: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    for name, item in value.items():
        if name not in fields:
            hint = did_you_mean(name, list(fields)) or f"; its fields are {', '.join(fields)}"
            faults.append((name, f"is no field of {owner}{hint}"))
            continue
        try:
            given[name] = fields[name].read(item)
        except ValueError as error:
            faults.append((name, _describe(item, fields[name].expected, error)))
        except _Faults as below:
            faults += [(f"{name}{path}", fault) for path, fault in below.faults]
    missing = [name for name, field in fields.items() if field.required and name not in value]
    return given, faults + [(name, f"is missing; expected {fields[name].expected}") for name in missing]


def _option(**given: Any) -> Option:
    """An option without its name, its default and choices of its own type."""

    def fit(what: str, value: Any) -> Any:
        try:
            return coerce(given["type"], value)
        except ValueError as error:
            raise ValueError(f"has the {what} {value!r}; expected {error}, as its type is {given['type']!r}") from None

    option = Option(
        name="",
        type=given["type"],
        default=fit("default", given["default"]) if "default" in given else None,
        choices=tuple(fit("choice", choice) for choice in given.get("choices", ())),
        help=given.get("help", ""),
    )
    if option.choices and option.default is not None and option.default not in option.choices:
        raise ValueError(f"has the default {option.default!r}, which is none of its choices")
    return option


def _list(value: Any) -> list[Any]:
    _refuse_unless(isinstance(value, list) and bool(value))
    return list(value)


_OPTION: Final = _table(
    _option,
    {
        "type": Field(_one_of(*OPTION_TYPES), f"one of {', '.join(OPTION_TYPES)}", required=True),
        "default": Field(lambda value: value, "a value of the option's type"),
        "choices": Field(_list, "a list of the values allowed, at least one"),
        "help": Field(_text, "a text that says what the option does"),
    },
)


def _options(value: Any) -> dict[str, Option]:
    _refuse_unless(isinstance(value, dict))
    options, faults = {}, []
    for name, table in value.items():
        try:
            _refuse_unless(bool(_OPTION_NAME.fullmatch(name)), "whose name is none of lower-case letters, digits and _")
            option = _OPTION(table)
            options[name] = replace(option, name=name)
        except ValueError as error:
            faults.append((f".{name}", _describe(table, "a table with type, default, choices and help", error)))
        except _Faults as below:
            faults += [(f".{name}{path}", fault) for path, fault in below.faults]
    if faults:
        raise _Faults(faults)
    return options


def _aliases(value: Any) -> dict[str, dict[str, Any]]:
    _refuse_unless(isinstance(value, dict) and all(isinstance(options, dict) for options in value.values()))
    return {_identifier(name): dict(options) for name, options in value.items()}


def _children(value: Any) -> Children:
    _refuse_unless(isinstance(value, list) and bool(value))
    return tuple(_children(item) if isinstance(item, list) else _identifier(item) for item in value)


_IDENTIFIERS: Final = "a list of identifiers, none twice"
_FILE: Final = _table(
    File,
    {
        "name": Field(_identifier, "a file name of letters, digits, '.', '_' and '-'", required=True),
        "url": Field(_url, "an http or https url with a host and no '..' in its path", required=True),
        "bytes": Field(_whole(0), "the size in bytes, an integer", required=True),
        "sha256": Field(_text, "64 lower-case hexadecimal digits"),
        "git_blob": Field(_text, "40 lower-case hexadecimal digits"),
    },
)
_TRAINING: Final = _table(
    Training,
    {
        "dataset": Field(_text, "the name of the data", required=True),
        "kind": Field(
            _one_of("stimuli", "labels", "responses", "same-subject"),
            "one of stimuli, labels, responses, same-subject",
            required=True,
        ),
        "subset": Field(_text, "which part of the data, a text"),
    },
)
_RESOURCES: Final = _table(
    Resources,
    {
        "memory_gb": Field(_positive, "a number above 0"),
        "gpu": Field(_flag, "true or false"),
        "time_limit_s": Field(_positive, "a number of seconds above 0"),
    },
)
_DEFECT: Final = _table(
    Defect,
    {
        "what": Field(_text, "a sentence that says what is wrong with the data", required=True),
        "erratum": Field(_text, "where the fault is documented, a text or url", required=True),
    },
)
_USES: Final = _table(
    Uses,
    {
        "datasets": Field(_tuple_of(_identifier, "an identifier"), _IDENTIFIERS),
        "metrics": Field(_tuple_of(_identifier, "an identifier"), _IDENTIFIERS),
    },
)
_AGGREGATE: Final = _table(
    Aggregate,
    {
        "of": Field(_one_of("value", "raw"), "'value' or 'raw'", required=True),
        "children": Field(_children, "a list of benchmarks, in order; nested lists are averaged first", required=True),
    },
)
_SHOWN: Final[tuple[Kind, ...]] = ("model", "dataset", "benchmark")
_ASKED: Final[tuple[Kind, ...]] = ("model", "benchmark")

#: Every field of a card: how it is read, what is expected, which kinds have it, whether it must be there.
FIELDS: Final[Mapping[str, Field]] = {
    "identifier": Field(
        _identifier,
        "at most 100 letters, digits, '.', '_' and '-', the first a letter or digit, the last no '.', and no device name",
        required=True,
    ),
    "version": Field(_whole(1), "an integer of at least 1, raised when behaviour changes on purpose", required=True),
    "title": Field(_text, "a short text for people", required=True),
    "authors": Field(_tuple_of(_text, "a name", least=1), "a list of at least one name", required=True),
    "licence": Field(
        _licence, "an SPDX identifier such as 'MIT' or 'CC-BY-4.0', or 'LicenseRef-...' with a licence_note", required=True
    ),
    "licence_note": Field(_text, "a sentence about the licence"),
    "citation": Field(_bibtex, "a BibTeX entry", required=True),
    "url": Field(_url, "an http or https url"),
    "year": Field(_whole(1), "a year, an integer"),
    "visibility": Field(_one_of("public", "private"), "'public' or 'private'"),
    "options": Field(_options, "a table: name -> {type, default, choices, help}"),
    "files": Field(_tuple_of(_FILE, "a table"), "a list of tables with name, url, bytes and sha256 or git_blob, none twice"),
    "resources": Field(_RESOURCES, "a table with memory_gb, gpu and time_limit_s"),
    "superseded_by": Field(_identifier, "the identifier of the card that replaces this one"),
    "aliases": Field(_aliases, "a table: identifier -> table of options"),
    "modalities": Field(
        _tuple_of(_one_of(*MODALITIES), f"one of {', '.join(MODALITIES)}"), f"a list out of {', '.join(MODALITIES)}", kinds=_SHOWN
    ),
    "regions": Field(_tuple_of(_text, "a region"), "a list of regions; for a model ['*'] is every region", kinds=_SHOWN),
    "tasks": Field(_tuple_of(_one_of(*TASKS), f"one of {', '.join(TASKS)}"), f"a list out of {', '.join(TASKS)}", kinds=_ASKED),
    "parameters": Field(_whole(0), "the number of trained parameters, an integer", kinds=("model",)),
    "training": Field(_tuple_of(_TRAINING, "a table"), "a list of tables with dataset, kind and subset", kinds=("model",)),
    "replays": Field(_tuple_of(_identifier, "an identifier"), _IDENTIFIERS, kinds=("model",)),
    "deterministic": Field(_flag, "true or false", kinds=("model",)),
    "control": Field(_flag, "true or false", kinds=("model",)),
    "species": Field(_text, "the species' name, a text", kinds=("dataset",)),
    "technique": Field(_text, "how it was measured, a text", kinds=("dataset",)),
    "subjects": Field(_tuple_of(_text, "a subject's name"), "a list of subjects' names, none twice", kinds=("dataset",)),
    "stimuli": Field(_one_of("present", "absent"), "'present' or 'absent'", kinds=("dataset",)),
    "simulated": Field(_flag, "true or false", kinds=("dataset",)),
    "defect": Field(_DEFECT, "a table with what and erratum", kinds=("dataset",)),
    "accepts": Field(
        _tuple_of(_one_of("values", "gram"), "'values' or 'gram'", least=1), "a list out of values, gram", kinds=("metric",)
    ),
    "chance": Field(_number, "what a model of nothing scores, a number", kinds=("metric", "benchmark")),
    "uses": Field(_USES, "a table with datasets and metrics", kinds=("benchmark",)),
    "normalisation": Field(_one_of(*NORMALISATIONS), f"one of {', '.join(NORMALISATIONS)}", kinds=("benchmark",)),
    "parent": Field(_identifier, "the identifier of a benchmark", kinds=("benchmark",)),
    "aggregate": Field(_AGGREGATE, "a table with of and children", kinds=("benchmark",)),
}
_FIELDS_OF: Final[Mapping[Kind, Mapping[str, Field]]] = {
    kind: {name: field for name, field in FIELDS.items() if kind in field.kinds} for kind in KINDS
}


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
        for option in options:
            if option not in card.options:
                hint = did_you_mean(option, list(card.options))
                faults.append((f"aliases.{alias}.{option}", f"is no option of this card; expected one that it declares{hint}"))
    return faults


def read_cards(path: Path) -> tuple[Card, ...]:
    """The cards of one plugin.toml.

    Raises
    ------
    CardError
        If anything in the file breaks the schema; it lists every fault.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
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
    fields = _FIELDS_OF[kind]
    stated = {name: value for name, value in defaults.items() if name in fields} | table
    given, faults = _read_fields(stated, fields, f"a {kind} card")
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
