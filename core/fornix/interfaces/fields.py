"""What the fields of the data types may hold: each function returns the value as it is kept, or raises a sentence that says
what was given and what is expected."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from types import UnionType
from typing import Any

import numpy as np
from numpy.typing import NDArray


def instance(value: Any, kind: type | UnionType, what: str, expected: str) -> Any:
    """A value of a type; ``expected`` ends the sentence."""
    if not isinstance(value, kind):
        raise ValueError(f"{what} is {shown(value)}; expected {expected}")
    return value


def one_of(value: Any, what: str, among: Sequence[str]) -> str:
    """One word of a closed list."""
    if not isinstance(value, str) or value not in among:
        raise ValueError(f"{what} is {shown(value)}; expected one of {', '.join(map(repr, among))}")
    return str(value)


def name(value: Any, what: str) -> str:
    """A text by which a thing is known; whole numbers are written in digits."""
    if not isinstance(value, str):
        if isinstance(value, Integral) and not isinstance(value, bool | np.bool_):
            return str(int(value))
        raise ValueError(f"{what} is {shown(value)}; expected a str")
    if not value.strip() or "\0" in value:
        raise ValueError(f"{what} is {str(value)!r}; expected a text that is not empty and has no NUL character")
    return str(value)


def names(values: Any, what: str) -> tuple[str, ...]:
    """Several names in an order."""
    return tuple(name(value, f"{what}[{place}]") for place, value in enumerate(ordered(values, what)))


def name_array(values: Any, what: str) -> NDArray[np.str_]:
    """Several names as an array, (n,) str."""
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind == "U":
        texts = values.tolist()
        if "\0" in "".join(texts) or not all(text.strip() for text in texts):
            names(texts, what)  # raises, and says which
        return values.astype(np.str_)
    return np.array(names(values, what), dtype=np.str_)


def ordered(values: Any, what: str) -> tuple[Any, ...]:
    """The items of a sequence: no text, which would fall apart into letters, and no set, whose order is by chance."""
    if isinstance(values, np.ndarray):
        if values.ndim != 1:
            raise ValueError(f"{what} has the shape {values.shape}; expected one dimension")
        return tuple(values.tolist())
    if isinstance(values, str | bytes | set | frozenset | dict) or not isinstance(values, Iterable):
        raise ValueError(f"{what} is {shown(values)}; expected a tuple or list")
    return tuple(values)


def whole_number(value: Any, what: str, least: int) -> int:
    """An int that is at least ``least``."""
    if not isinstance(value, Integral) or isinstance(value, bool | np.bool_) or value < least:
        raise ValueError(f"{what} is {shown(value)}; expected a whole number (int), at least {least}")
    return int(value)


def number(value: Any, what: str, *, unknown: bool = False) -> float:
    """A float, which may be NaN where ``unknown`` says so."""
    if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
        raise ValueError(f"{what} is {shown(value)}; expected a number{'' if not _is_scalar(value) else f': float({what})'}")
    if math.isnan(value) and not unknown:
        raise ValueError(f"{what} is NaN; expected a number")
    return float(value)


def shown(value: Any) -> str:
    """A value in a sentence: itself where it is short, else its type."""
    if value is None or isinstance(value, str | bytes | bool | int | float | np.generic | tuple | list | set | frozenset):
        written = repr(value.item() if isinstance(value, np.generic) else value)
        if len(written) <= 80:
            return written
    return f"a {type(value).__name__}"


def _is_scalar(value: Any) -> bool:
    """Whether it is an array of one number, as a mean of arrays is."""
    return getattr(value, "shape", None) == ()
