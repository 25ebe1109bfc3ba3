"""Responses by recording or task, and Grams, whose formula is checked on features."""

from __future__ import annotations

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
