"""The schema of plugin.toml: one row for each field of a card. ``cardfile.py`` reads a file against it.

The table is our own rather than a JSON schema: importing a validator would take longer than the whole of
``fornix list`` may, and most rules (identifiers, licences, urls, what belongs to which kind) would be code beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from fornix.files.file import File
from fornix.registry.card import KINDS, Aggregate, Children, ChoosesBy, Defect, Kind, Option, Resources, Training, Uses
from fornix.registry.fields import (
    Faults,
    Field,
    describe,
    one_of,
    read_bibtex,
    read_flag,
    read_identifier,
    read_licence,
    read_number,
    read_positive,
    read_text,
    read_url,
    refuse_unless,
    table_of,
    tuple_of,
    whole_number,
)
from fornix.registry.options import OPTION_TYPES, coerce

Read = TypeVar("Read")

#: The version of the schema that a file names.
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
    "mean(r_i/sqrt(c_i))",
    "mean(s_j/c_j)",
)
_OPTION_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


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
    refuse_unless(isinstance(value, list) and bool(value))
    return list(value)


_OPTION: Final = table_of(
    _option,
    {
        "type": Field(one_of(*OPTION_TYPES), f"one of {', '.join(OPTION_TYPES)}", required=True),
        "default": Field(lambda value: value, "a value of the option's type"),
        "choices": Field(_list, "a list of the values allowed, at least one"),
        "help": Field(read_text, "a text that says what the option does"),
    },
)


def _by_name(value: Any, read: Callable[[str, Any], Read], expected: str) -> dict[str, Read]:
    """A table of tables, each read by its name; all their faults at once."""
    refuse_unless(isinstance(value, dict))
    found, faults = {}, []
    for name, table in value.items():
        try:
            found[name] = read(name, table)
        except ValueError as error:
            faults.append((f".{name}", describe(table, expected, error)))
        except Faults as below:
            faults += [(f".{name}{path}", fault) for path, fault in below.faults]
    if faults:
        raise Faults(faults)
    return found


def _options(value: Any) -> dict[str, Option]:
    def read(name: str, table: Any) -> Option:
        refuse_unless(bool(_OPTION_NAME.fullmatch(name)), "whose name is none of lower-case letters, digits and _")
        option: Option = _OPTION(table)
        return replace(option, name=name)

    return _by_name(value, read, "a table with type, default, choices and help")


def _aliases(value: Any) -> dict[str, dict[str, Any]]:
    refuse_unless(isinstance(value, dict) and all(isinstance(options, dict) for options in value.values()))
    return {read_identifier(name): dict(options) for name, options in value.items()}


def _options_given(value: Any) -> dict[str, Any]:
    refuse_unless(isinstance(value, dict))
    return dict(value)


def _chance(value: Any) -> float | None:
    return None if value == "none" else read_number(value)


def _children(value: Any) -> Children:
    refuse_unless(isinstance(value, list) and bool(value))
    return tuple(_children(item) if isinstance(item, list) else read_identifier(item) for item in value)


_IDENTIFIERS: Final = "a list of identifiers, none twice"
_FILE: Final = table_of(
    File,
    {
        "name": Field(read_identifier, "a file name of letters, digits, '.', '_' and '-'", required=True),
        "url": Field(read_url, "an http or https url with a host and no '..' in its path", required=True),
        "bytes": Field(whole_number(0), "the size in bytes, an integer", required=True),
        "sha256": Field(read_text, "64 lower-case hexadecimal digits"),
        "git_blob": Field(read_text, "40 lower-case hexadecimal digits"),
    },
)
_TRAINING: Final = table_of(
    Training,
    {
        "dataset": Field(read_text, "the name of the data", required=True),
        "kind": Field(
            one_of("stimuli", "labels", "responses", "same-subject"),
            "one of stimuli, labels, responses, same-subject",
            required=True,
        ),
        "subset": Field(read_text, "which part of the data, a text"),
    },
)
_RESOURCES: Final = table_of(
    Resources,
    {
        "memory_gb": Field(read_positive, "a number above 0"),
        "gpu": Field(read_flag, "true or false"),
        "time_limit_s": Field(read_positive, "a number of seconds above 0"),
    },
)
_DEFECT: Final = table_of(
    Defect,
    {
        "what": Field(read_text, "a sentence that says what is wrong with the data", required=True),
        "erratum": Field(read_text, "where the fault is documented, a text or url", required=True),
    },
)
_CHOOSES_BY: Final = table_of(
    ChoosesBy,
    {
        "metric": Field(read_identifier, "the identifier of a metric", required=True),
        "options": Field(_options_given, "a table: option of the metric -> value"),
        "recording": Field(read_text, "the name of one of the dataset's recordings"),
    },
)


def _commitment(value: Any) -> dict[str, ChoosesBy]:
    def read(region: str, table: Any) -> ChoosesBy:
        read_text(region)
        chosen: ChoosesBy = _CHOOSES_BY(table)
        return chosen

    return _by_name(value, read, "a table with metric, options and recording")


_USES: Final = table_of(
    Uses,
    {
        "datasets": Field(tuple_of(read_identifier, "an identifier"), _IDENTIFIERS),
        "metrics": Field(tuple_of(read_identifier, "an identifier"), _IDENTIFIERS),
    },
)
_AGGREGATE: Final = table_of(
    Aggregate,
    {
        "of": Field(one_of("value", "raw"), "'value' or 'raw'", required=True),
        "children": Field(_children, "a list of benchmarks, in order; nested lists are averaged first", required=True),
    },
)
_SHOWN: Final[tuple[Kind, ...]] = ("model", "dataset", "benchmark")
_ASKED: Final[tuple[Kind, ...]] = ("model", "benchmark")

#: Every field of a card: how it is read, what is expected, which kinds have it, whether it must be there.
FIELDS: Final[Mapping[str, Field]] = {
    "identifier": Field(
        read_identifier,
        "at most 100 letters, digits, '.', '_' and '-', the first a letter or digit, the last no '.', and no device name",
        required=True,
    ),
    "version": Field(whole_number(1), "an integer of at least 1, raised when behaviour changes on purpose", required=True),
    "title": Field(read_text, "a short text for people", required=True),
    "note": Field(read_text, "a sentence that whoever uses it must know"),
    "authors": Field(tuple_of(read_text, "a name", least=1), "a list of at least one name", required=True),
    "licence": Field(
        read_licence, "an SPDX identifier such as 'MIT' or 'CC-BY-4.0', or 'LicenseRef-...' with a licence_note", required=True
    ),
    "licence_note": Field(read_text, "a sentence about the licence"),
    "citation": Field(read_bibtex, "a BibTeX entry", required=True),
    "url": Field(read_url, "an http or https url"),
    "year": Field(whole_number(1), "a year, an integer"),
    "visibility": Field(one_of("public", "private"), "'public' or 'private'"),
    "options": Field(_options, "a table: name -> {type, default, choices, help}"),
    "files": Field(tuple_of(_FILE, "a table"), "a list of tables with name, url, bytes and sha256 or git_blob, none twice"),
    "resources": Field(_RESOURCES, "a table with memory_gb, gpu and time_limit_s"),
    "superseded_by": Field(read_identifier, "the identifier of the card that replaces this one"),
    "aliases": Field(_aliases, "a table: identifier -> table of options"),
    "modalities": Field(
        tuple_of(one_of(*MODALITIES), f"one of {', '.join(MODALITIES)}"), f"a list out of {', '.join(MODALITIES)}", kinds=_SHOWN
    ),
    "regions": Field(tuple_of(read_text, "a region"), "a list of regions; for a model ['*'] is every region", kinds=_SHOWN),
    "tasks": Field(tuple_of(one_of(*TASKS), f"one of {', '.join(TASKS)}"), f"a list out of {', '.join(TASKS)}", kinds=_ASKED),
    "parameters": Field(
        whole_number(0), "the number of parameters of the network, trained or drawn at random, an integer", kinds=("model",)
    ),
    "training": Field(tuple_of(_TRAINING, "a table"), "a list of tables with dataset, kind and subset", kinds=("model",)),
    "replays": Field(tuple_of(read_identifier, "an identifier"), _IDENTIFIERS, kinds=("model",)),
    "selected_on": Field(tuple_of(read_identifier, "an identifier"), _IDENTIFIERS, kinds=("model",)),
    "deterministic": Field(read_flag, "true or false", kinds=("model",)),
    "control": Field(read_flag, "true or false", kinds=("model",)),
    "species": Field(read_text, "the species' name, a text", kinds=("dataset",)),
    "technique": Field(read_text, "how it was measured, a text", kinds=("dataset",)),
    "subjects": Field(tuple_of(read_text, "a subject's name"), "a list of subjects' names, none twice", kinds=("dataset",)),
    "stimuli": Field(one_of("present", "absent"), "'present' or 'absent'", kinds=("dataset",)),
    "simulated": Field(read_flag, "true or false", kinds=("dataset",)),
    "commitment": Field(_commitment, "a table: region -> {metric, options, recording}", kinds=("dataset",)),
    "defect": Field(_DEFECT, "a table with what and erratum", kinds=("dataset",)),
    "accepts": Field(
        tuple_of(one_of("values", "gram"), "'values' or 'gram'", least=1), "a list out of values, gram", kinds=("metric",)
    ),
    "chance": Field(
        _chance,
        "what a model of nothing scores: a number, or for a metric 'none' where it depends on the data",
        kinds=("metric", "benchmark"),
    ),
    "uses": Field(_USES, "a table with datasets and metrics", kinds=("benchmark",)),
    "normalisation": Field(one_of(*NORMALISATIONS), f"one of {', '.join(NORMALISATIONS)}", kinds=("benchmark",)),
    "parent": Field(read_identifier, "the identifier of a benchmark", kinds=("benchmark",)),
    "aggregate": Field(_AGGREGATE, "a table with of and children", kinds=("benchmark",)),
}
#: The same, of each kind.
FIELDS_OF: Final[Mapping[Kind, Mapping[str, Field]]] = {
    kind: {name: field for name, field in FIELDS.items() if kind in field.kinds} for kind in KINDS
}
