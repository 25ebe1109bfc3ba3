"""Options of a plugin: declared in its card, checked and completed here, part of every key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from fornix.errors import UsageError
from fornix.registry.card import JSON, Card

#: What each type of option expects, in words.
OPTION_TYPES: Final[Mapping[str, str]] = {
    "int": "a whole number",
    "float": "a finite number",
    "str": "a text",
    "bool": "true or false",
    "list": "a list",
    "table": "a table",
}


def did_you_mean(word: str, known: list[str]) -> str:
    """``"; did you mean 'x'?"`` for the known word closest to ``word`` whatever its case, or nothing."""
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


def coerce(type_: str, value: Any) -> JSON:
    """``value`` as JSON of the given option type.

    A whole number becomes a float where a float is declared; numbers and arrays of numpy become plain ones. A text is
    never read as a number.

    Raises
    ------
    ValueError
        If it is of another type; the message says what was expected.
    """
    value = _plain(value)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if type_ == "float" and (whole or isinstance(value, float)):
        try:
            number = float(value)
        except OverflowError:  # a whole number larger than any float
            number = math.inf
        if math.isfinite(number):
            return number
    fits = {
        "int": whole,
        "str": isinstance(value, str),
        "bool": isinstance(value, bool),
        "list": isinstance(value, list),
        "table": isinstance(value, dict),
    }
    if not fits.get(type_, False):
        raise ValueError(OPTION_TYPES[type_])
    try:
        survives = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError):
        survives = False
    if not survives:
        raise ValueError(
            f"{OPTION_TYPES[type_]} of what JSON can hold: texts, finite numbers, true, false, null, lists and tables"
        )
    return value  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """Tuples as lists, and numpy's scalars and arrays (known by their ``tolist``) as Python's, all the way down."""
    if not isinstance(value, str | int | float | list | tuple | dict) and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float):
        return float(value)
    return value


def complete_options(card: Card, given: Mapping[str, Any]) -> dict[str, JSON]:
    """Every option of the card: the given ones checked and coerced, the others at their default.

    Raises
    ------
    UsageError
        If an option is unknown, of the wrong type, or none of the card's choices.
    """
    for name in given:
        if name not in card.options:
            have = f"its options are {', '.join(sorted(card.options))}" if card.options else "it has none"
            hint = did_you_mean(name, list(card.options))
            raise UsageError(f"{card.kind} {card.identifier!r} has no option {name!r}{hint or f'; {have}'}")
    options: dict[str, JSON] = {}
    for name, option in card.options.items():
        value = given.get(name)
        if value is None:
            options[name] = option.default
            continue
        try:
            options[name] = coerce(option.type, value)
        except ValueError as error:
            raise UsageError(f"option {name!r} of {card.kind} {card.identifier!r} is {value!r}; expected {error}") from None
        if option.choices and options[name] not in option.choices:
            allowed = ", ".join(repr(choice) for choice in option.choices)
            raise UsageError(f"option {name!r} of {card.kind} {card.identifier!r} is {value!r}; expected one of {allowed}")
    return options
