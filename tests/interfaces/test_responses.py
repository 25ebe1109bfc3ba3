"""Responses by recording or task, and Grams, whose formula is checked on features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fornix.interfaces import Gram, Label, Recording, Responses, Similarity

features = arrays.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.floats(-10, 10))


def gram_by_hand(x: np.ndarray, mean: np.ndarray) -> Gram:
    centred = x - mean
    return Gram(
        products=centred @ centred.T,
        mean_products=centred @ mean,
        mean_square=float(mean @ mean),
        row_sums=x.sum(axis=1),
        n_features=x.shape[1],
        stimulus_id=np.array([f"s{i}" for i in range(len(x))]),
    )


@given(features, st.floats(-5, 5), st.data())
def test_the_formula_gives_the_inner_products_whatever_the_mean_and_the_rows(
    x: np.ndarray, level: float, data: st.DataObject
) -> None:
    gram = gram_by_hand(x, np.full(x.shape[1], level))
    rows = np.array(data.draw(st.lists(st.integers(0, len(x) - 1), min_size=1, max_size=8)), dtype=np.int64)
    taken = gram.take(rows)
    assert len(taken) == len(rows)
    a = taken.mean_products
    products = taken.products + a[:, None] + a[None, :] + taken.mean_square
    np.testing.assert_allclose(products, x[rows] @ x[rows].T, atol=1e-9)
    np.testing.assert_array_equal(taken.row_sums, x[rows].sum(axis=1))
    assert taken.stimulus_id.tolist() == [f"s{row}" for row in rows]
    assert taken.n_features == x.shape[1]


@pytest.mark.parametrize("part", ["products", "mean_products", "row_sums"])
def test_a_gram_whose_parts_do_not_fit_is_refused(part: str) -> None:
    gram = gram_by_hand(np.eye(3), np.zeros(3))
    parts = {name: getattr(gram, name) for name in gram.__dataclass_fields__}
    parts[part] = parts[part][:2]
    with pytest.raises(ValueError, match=rf"{part} of a Gram over 3 stimuli has shape \(2.*\), expected \(3"):
        Gram(**parts)


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("products", [[1.0]], r"products of a Gram is \[\[1.0\]\]; expected a numpy array"),
        ("row_sums", np.zeros(3, dtype=np.float32), "row_sums of a Gram has dtype float32; expected float64"),
        ("mean_square", np.nan, "mean_square of a Gram is NaN; expected a number"),
        ("mean_square", -1.0, "mean_square of a Gram is -1; expected m.m, which is at least 0"),
        ("n_features", 0, r"n_features of a Gram is 0; expected a whole number \(int\), at least 1"),
        ("stimulus_id", ["a", None, "c"], r"stimulus_id of a Gram\[1\] is None; expected a str"),
        ("stimulus_id", np.array(["a", "", "c"]), r"stimulus_id of a Gram\[1\] is ''; expected a text that is not empty"),
    ],
)
def test_a_gram_that_makes_no_sense_is_refused(part: str, value: object, sentence: str) -> None:
    gram = gram_by_hand(np.eye(3), np.zeros(3))
    parts = {name: getattr(gram, name) for name in gram.__dataclass_fields__}
    with pytest.raises(ValueError, match=sentence):
        Gram(**{**parts, part: value})


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ([1], r"responses is \[1\]; expected a dict from each Recording or Task to its answer"),
        ({"V4": xr.DataArray([1.0])}, "what a response answers is 'V4'; expected the Recording or Task that was asked"),
        ({Recording("V4"): np.zeros(2)}, "the answer to V4 is a ndarray; expected an xarray.DataArray, or a Gram"),
        ({Similarity(): None}, "the answer to similarity is None; expected an xarray.DataArray"),
    ],
)
def test_responses_that_are_none_are_refused(answers: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Responses(answers)


def test_responses_are_found_by_an_equal_request() -> None:
    answer = xr.DataArray([1.0], dims=("pair",))
    label = xr.DataArray(["cat"], dims=("presentation",))
    responses = Responses({Recording("STG", ((0, 200),)): answer, Similarity(): answer, Label(("cat",)): label})
    assert responses[Recording("STG", [[0.0, 200.0]])] is answer  # type: ignore[arg-type]
    assert responses[Similarity()] is answer
    assert responses[Label(("cat",))] is label
    assert len(responses) == 3
    assert list(responses)[1] == Similarity()
    assert "STG" in repr(responses)


def test_an_answer_that_is_not_there_is_named_with_those_that_are() -> None:
    responses = Responses({Recording("V4"): xr.DataArray([1.0], dims=("presentation",))})
    with pytest.raises(KeyError, match=r"do not hold .*'IT'.*; they hold .*'V4'"):
        responses[Recording("IT")]
    with pytest.raises(KeyError, match="they hold nothing"):
        Responses({})[Recording("IT")]
