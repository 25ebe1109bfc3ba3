"""The language of predictions, by truth tables and against Python's own arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from fornix_benchmark_syntaxgym2020.formula import FormulaError, parse
from hypothesis import given
from hypothesis import strategies as st

VALUES = {("a", 1): np.array([1.0, 2, 3]), ("a", 2): np.array([4.0, 1, 1]), ("b-c_d", 1): np.array([2.0, 2, 2])}


def holds(text: str) -> list[bool]:
    return parse(text).evaluate(VALUES).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(1;%a%) < (1;%b-c_d%)", [True, False, False]),
        ("(1;%a%)>(1;%b-c_d%)", [False, False, True]),
        ("(1;%a%) = (1;%b-c_d%)", [False, True, False]),
        ("((1;%a%) < (1;%b-c_d%)) & ((2;%a%) > 3)", [True, False, False]),
        ("((1;%a%) < (1;%b-c_d%)) | ((2;%a%) = 1)", [True, True, True]),
        ("( (1;%a%) + (2;%a%) ) > 4.5", [True, False, False]),
        ("(*;%a%) > 4.5", [True, False, False]),
        ("(1;%a%) - (2;%a%) - (1;%b-c_d%) > 0 - 2", [False, True, True]),
        ("((1;%a%)-((2;%a%)-(1;%b-c_d%))) > 3", [False, False, True]),
        ("1 < 2 | 1 < 2 & 2 < 1", [False, False, False]),
    ],
)
def test_meaning(text: str, expected: list[bool]) -> None:
    """The last one: "&" and "|" are of one rank, read from the left, as in SyntaxGym."""
    assert holds(text) == expected


@pytest.mark.parametrize(("difference", "equal"), [(0.0009, True), (0.0011, False), (-0.0009, True), (-0.0011, False)])
def test_equality_has_the_tolerance_of_syntaxgym(difference: float, equal: bool) -> None:
    values = {("a", 1): np.array([1e-9 + difference]), ("b", 1): np.array([1e-9])}
    assert parse("(1;%a%) = (1;%b%)").evaluate(values).tolist() == [equal]


@given(st.lists(st.tuples(st.sampled_from("+-"), st.integers(0, 50)), min_size=1, max_size=8), st.integers(0, 100))
def test_sums_are_read_from_the_left(terms: list[tuple[str, int]], bound: int) -> None:
    text = "0 " + " ".join(f"{sign} {number}" for sign, number in terms)
    total = sum(number if sign == "+" else -number for sign, number in terms)
    assert parse(f"{text} > {bound}").evaluate(VALUES).tolist() == [total > bound] * 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(1;%a%)", "is a number, not a comparison"),
        ("(1;%a%) < ", "lacks a region or a number at its end"),
        ("((1;%a%) < 2", "lacks a closing parenthesis at its end"),
        ("(1;%a%) < 2)", r"goes on where it should end, before '\)'"),
        ("(1;%a%) < 2 < 3", "goes on where it should end"),
        ("(1;%a%) & (2;%a%)", "'&' joins two comparisons"),
        ("((1;%a%) < 2) + 1 > 0", r"'\+' joins two numbers"),
        ("__import__('os')", "cannot be read from .__import__"),
        ("(1;%a%) * 2 > 3", r"cannot be read from '\* 2"),
        ("", "lacks a region or a number at its end"),
    ],
)
def test_what_is_no_prediction_is_refused(text: str, why: str) -> None:
    with pytest.raises(FormulaError, match=why):
        parse(text)


def test_a_region_that_is_not_there() -> None:
    with pytest.raises(FormulaError, match="region 9 of 'a', which no item has"):
        holds("(9;%a%) < 1")
