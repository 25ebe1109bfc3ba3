"""The language of SyntaxGym's predictions, read without evaluating code.

::

    prediction = comparison (("&" | "|") comparison)*      from left to right, both of one rank
    comparison = sum (("<" | ">" | "=") sum)?
    sum        = term (("+" | "-") term)*
    term       = number | "(" region ";%" condition "%)" | "(" prediction ")"
    region     = number | "*"                              the star sums all regions of the condition
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Two surprisals are equal if they differ by at most ATOL + RTOL * |second|, as in SyntaxGym.
EQUALITY_RTOL: Final = 1e-5
EQUALITY_ATOL: Final = 1e-3

#: (condition, region number) -> surprisal in bits of each item, (n_items,).
Surprisals = Mapping[tuple[str, int], NDArray[np.float64]]

_TOKEN = re.compile(
    r"\s*(?:(?P<region>\(\s*(?P<number>\d+|\*)\s*;\s*%(?P<condition>[\w-]+)%\s*\))|(?P<literal>\d+(?:\.\d+)?)|(?P<symbol>[-+<>=&|()]))"
)


class FormulaError(ValueError):
    """A prediction that is not in the language of this module."""


@dataclass(frozen=True)
class Region:
    """The surprisal of one region of one condition; ``number`` None: of all its regions together."""

    condition: str
    number: int | None

    is_boolean = False

    def evaluate(self, surprisals: Surprisals) -> NDArray[np.float64]:
        wanted = [v for (c, n), v in surprisals.items() if c == self.condition and self.number in (None, n)]
        if not wanted:
            raise FormulaError(f"the prediction refers to region {self.number or '*'} of {self.condition!r}, which no item has")
        return np.sum(wanted, axis=0, dtype=np.float64)


@dataclass(frozen=True)
class Literal:
    """A number, in bits."""

    value: float

    is_boolean = False

    def evaluate(self, surprisals: Surprisals) -> NDArray[np.float64]:
        return np.float64(self.value) * np.ones(len(next(iter(surprisals.values()))))


@dataclass(frozen=True)
class Operation:
    """Two formulas joined by one of ``+ - < > = & |``."""

    operator: str
    left: Formula
    right: Formula

    def __post_init__(self) -> None:
        wants_boolean = self.operator in "&|"
        if self.left.is_boolean != wants_boolean or self.right.is_boolean != wants_boolean:
            raise FormulaError(f"{self.operator!r} joins two {'comparisons' if wants_boolean else 'numbers'}")

    @property
    def is_boolean(self) -> bool:
        return self.operator not in "+-"

    def evaluate(self, surprisals: Surprisals) -> NDArray[Any]:
        a, b = self.left.evaluate(surprisals), self.right.evaluate(surprisals)
        match self.operator:
            case "+":
                return np.asarray(a + b)
            case "-":
                return np.asarray(a - b)
            case "<":
                return np.asarray(a < b)
            case ">":
                return np.asarray(a > b)
            case "=":
                return np.isclose(a, b, rtol=EQUALITY_RTOL, atol=EQUALITY_ATOL)
            case "&":
                return np.asarray(a & b)
            case _:
                return np.asarray(a | b)


Formula = Region | Literal | Operation


def parse(text: str) -> Formula:
    """The prediction that a formula states.

    Raises
    ------
    FormulaError
        If the text is not a prediction: it says where, and what was expected.
    """
    parser = _Parser(text)
    formula = parser.prediction()
    parser.end()
    if not formula.is_boolean:
        raise FormulaError(f"{text!r} is a number, not a comparison")
    return formula


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[re.Match[str]] = []
        end = 0
        while text[end:].strip():
            match = _TOKEN.match(text, end)
            if match is None:
                raise FormulaError(f"{text!r} cannot be read from {text[end:].strip()[:20]!r} onwards")
            self._tokens.append(match)
            end = match.end()
        self._next = 0

    def prediction(self) -> Formula:
        return self._chain("&|", self._comparison)

    def _comparison(self) -> Formula:
        left = self._sum()
        operator = self._take("<>=")
        return left if operator is None else Operation(operator, left, self._sum())

    def _sum(self) -> Formula:
        return self._chain("+-", self._term)

    def _chain(self, operators: str, operand: Any) -> Formula:
        formula: Formula = operand()
        while (operator := self._take(operators)) is not None:
            formula = Operation(operator, formula, operand())
        return formula

    def _term(self) -> Formula:
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        if token is not None and token["region"]:
            self._next += 1
            return Region(token["condition"], None if token["number"] == "*" else int(token["number"]))
        if token is not None and token["literal"]:
            self._next += 1
            return Literal(float(token["literal"]))
        if self._take("(") is None:
            raise FormulaError(f"{self._text!r} lacks a region or a number {self._where()}")
        formula = self.prediction()
        if self._take(")") is None:
            raise FormulaError(f"{self._text!r} lacks a closing parenthesis {self._where()}")
        return formula

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise FormulaError(f"{self._text!r} goes on where it should end, {self._where()}")

    def _take(self, symbols: str) -> str | None:
        if self._next < len(self._tokens):
            symbol = self._tokens[self._next]["symbol"]
            if symbol is not None and symbol in symbols:
                self._next += 1
                return symbol
        return None

    def _where(self) -> str:
        if self._next < len(self._tokens):
            return f"before {self._tokens[self._next].group().strip()!r} (character {self._tokens[self._next].start()})"
        return "at its end"
