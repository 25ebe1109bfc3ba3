"""How one value of plugin.toml is read: small readers, and lists and tables made of them. What a card holds is in schema.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from fornix.registry.card import KINDS, Kind
from fornix.registry.options import coerce, did_you_mean

_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: What would command a terminal, or turn the direction of a text around, where cards are printed.
UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


class Faults(Exception):
    """What is wrong inside one value: (path of the field below it, what is wrong) each."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


#: Gives the value its type; raises ValueError where it is not as the field expects, Faults for faults further down.
Reader: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Field:
    """One field of a card or of a table within it."""

    read: Reader
    expected: str
    kinds: tuple[Kind, ...] = KINDS
    required: bool = False


def refuse_unless(fits: bool, why: str = "") -> None:
    if not fits:
        raise ValueError(why)


def read_text(value: Any) -> str:
    refuse_unless(isinstance(value, str) and bool(value.strip()))
    refuse_unless(not UNPRINTABLE.search(value), "which holds a control character")
    return str(value)


def read_flag(value: Any) -> bool:
    refuse_unless(isinstance(value, bool))
    return bool(value)


def whole_number(least: int) -> Reader:
    def read(value: Any) -> int:
        refuse_unless(isinstance(value, int) and not isinstance(value, bool) and value >= least)
        return int(value)

    return read


def read_number(value: Any) -> float:
    try:
        return float(coerce("float", value))  # type: ignore[arg-type]
    except ValueError:
        raise ValueError from None  # the field says itself what it expects


def read_positive(value: Any) -> float:
    refuse_unless(read_number(value) > 0)
    return read_number(value)


def one_of(*allowed: str) -> Reader:
    def read(value: Any) -> str:
        refuse_unless(isinstance(value, str) and value in allowed)
        return str(value)

    return read


def read_identifier(value: Any) -> str:
    name = read_text(value)
    refuse_unless(bool(_IDENTIFIER.fullmatch(name)) and len(name) <= 100 and not name.endswith("."))
    refuse_unless(not _DEVICE.fullmatch(name), "which names a device on some systems")
    return name


def read_url(value: Any) -> str:
    url = read_text(value)
    parts = urlsplit(url)
    refuse_unless(parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url))
    refuse_unless(".." not in unquote(parts.path).split("/"))
    return url


def read_licence(value: Any) -> str:
    try:
        return str(canonicalize_license_expression(read_text(value)))
    except InvalidLicenseExpression as error:
        raise ValueError(f"which is no SPDX expression ({error})") from None


def read_bibtex(value: Any) -> str:
    entry = read_text(value).strip()
    refuse_unless(bool(re.match(r"@\w+\s*\{", entry)) and entry.endswith("}"))
    return entry


def tuple_of(read: Reader, expected: str, *, least: int = 0) -> Reader:
    """A list whose items are read one by one, none twice."""

    def read_list(value: Any) -> tuple[Any, ...]:
        refuse_unless(isinstance(value, list) and len(value) >= least)
        items, faults = [], []
        for position, item in enumerate(value):
            try:
                items.append(read(item))
            except ValueError as error:
                faults.append((f"[{position}]", describe(item, expected, error)))
            except Faults as below:
                faults += [(f"[{position}]{path}", fault) for path, fault in below.faults]
        if faults:
            raise Faults(faults)
        refuse_unless(len(set(items)) == len(items), "which repeats an item")
        return tuple(items)

    return read_list


def table_of(build: Callable[..., Any], fields: Mapping[str, Field]) -> Reader:
    """A table whose fields are read by ``fields`` and given to ``build``."""

    def read_table(value: Any) -> Any:
        refuse_unless(isinstance(value, dict))
        given, faults = read_fields(value, fields, "such a table")
        if faults:
            raise Faults([(f".{path}", fault) for path, fault in faults])
        try:
            return build(**given)
        except ValueError as error:
            raise Faults([("", str(error))]) from None

    return read_table


def describe(value: Any, expected: str, error: ValueError) -> str:
    shown = repr(value) if len(repr(value)) <= 80 else repr(value)[:77] + "..."
    return f"is {shown}{f', {error}' if str(error) else ''}; expected {expected}"


def read_fields(value: dict[str, Any], fields: Mapping[str, Field], owner: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
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
            faults.append((name, describe(item, fields[name].expected, error)))
        except Faults as below:
            faults += [(f"{name}{path}", fault) for path, fault in below.faults]
    missing = [name for name, field in fields.items() if field.required and name not in value]
    return given, faults + [(name, f"is missing; expected {fields[name].expected}") for name in missing]
