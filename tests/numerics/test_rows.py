"""Rows matched by stimulus: what every metric says of an assembly without stimuli, or with one of them twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import AssemblyError, Score
from fornix.numerics.behaviour.accuracy import accuracy
from fornix.numerics.behaviour.predictor import predictor_correlation
from fornix.numerics.linear.gram import gram_of
from fornix.numerics.rows import each_once, match_rows, source_stimuli, stimuli_of, take_rows

NAMES = np.array(["a", "b", "b", "c", "c", "c"])


def column(values: np.ndarray, names: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


def test_rows_of_the_source_are_found_for_those_of_the_target_in_any_order() -> None:
    source = np.array(["c", "a", "b"])
    assert source[match_rows(source, NAMES)].tolist() == NAMES.tolist()
    with pytest.raises(AssemblyError, match="the source lacks 1 of 3 stimuli of the target, for example 'b'"):
        match_rows(source[:2], NAMES)
    with pytest.raises(AssemblyError, match="the source has 1 stimuli that the target does not have, for example 'c'"):
        match_rows(source, NAMES[:3])


@pytest.mark.parametrize("values", [np.arange(6.0).reshape(3, 2), column(np.arange(3.0), np.array(["c", "a", "b"]))])
def test_rows_are_copied_only_where_they_stand_otherwise(values: Any) -> None:
    assert take_rows(values, np.arange(3)) is values
    for rows in ([0, 1], [0, 2, 1], [0, 1, 1], [0, 1, 2, 2], [0, 1, 2, 0]):
        taken = take_rows(values, np.array(rows))
        np.testing.assert_array_equal(taken, values[rows])
        assert not np.shares_memory(taken, values)


def test_a_stimulus_that_is_there_twice_is_named_with_its_own_number() -> None:
    assert each_once(NAMES[[0, 1, 3]], "the source").tolist() == ["a", "b", "c"]
    with pytest.raises(AssemblyError, match=r"the target has stimulus 'b' 2 times; expected each stimulus once \(average"):
        each_once(NAMES, "the target")
    with pytest.raises(AssemblyError, match="the source has stimulus 'b' 2 times"):
        source_stimuli(gram_of(np.ones((6, 2)), NAMES))


def test_stimuli_are_names_of_presentations() -> None:
    nameless = xr.DataArray(np.zeros((6, 3)), dims=("presentation", "neuroid"))
    with pytest.raises(AssemblyError, match="the target has no coordinate stimulus_id on presentation") as caught:
        stimuli_of(nameless, "the target")
    shown = str(caught.value).partition("give it by ")[2]
    assert stimuli_of(eval(f"nameless{shown}", {"nameless": nameless, "names": NAMES}), "the target").tolist() == NAMES.tolist()
    odd = xr.DataArray(np.zeros((2, 3)), dims=("presentation", "neuroid"), coords={"stimulus_id": ("neuroid", NAMES[:3])})
    with pytest.raises(AssemblyError, match="the target has no coordinate stimulus_id on presentation"):
        stimuli_of(odd, "the target")


@pytest.mark.parametrize(
    ("score", "values"), [(accuracy, np.array(["x"] * 6)), (predictor_correlation, np.arange(6.0))], ids=["accuracy", "pearson"]
)
def test_behaviour_asks_the_same_of_its_stimuli(score: Callable[[Any, Any], Score], values: np.ndarray) -> None:
    once = column(values, np.array(list("abcdef")))
    for source, target in ((once.drop_vars("stimulus_id"), once), (once, once.drop_vars("stimulus_id"))):
        with pytest.raises(AssemblyError, match="has no coordinate stimulus_id on presentation, by which rows are matched"):
            score(source, target)
    for source, target in ((column(values, NAMES), once), (once, column(values, NAMES))):
        with pytest.raises(AssemblyError, match="has stimulus 'b' 2 times; expected each stimulus once"):
            score(source, target)


@pytest.mark.parametrize("scale", [1e71, 1e-80])
def test_a_gram_whose_products_cannot_be_computed_with_is_refused(scale: float) -> None:
    features, names = np.arange(12.0).reshape(6, 2), np.array(list("abcdef"))
    assert source_stimuli(gram_of(features * 1e60, names)).tolist() == names.tolist()
    assert source_stimuli(gram_of(features * 0, names)).tolist() == names.tolist()
    with pytest.raises(AssemblyError, match="the largest inner product of the source's Gram is"):
        source_stimuli(gram_of(features * scale, names))
