"""Thresholds and other single numbers against Brain-Score's own values, scipy's t interval, and sums by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.interfaces import AssemblyError
from fornix.numerics.behaviour.thresholds import (
    elevation,
    exponential_nearness,
    nearness_ceiling,
    relative_nearness,
    threshold,
    threshold_ceiling,
    value_delta,
    value_delta_ceiling,
)

EXPECTED = json.loads((Path(__file__).parents[1] / "parity" / "expected.json").read_text())
PEOPLE = np.array([10.0, 20, 40, 20])


def numbers(values: object, **coordinates: object) -> xr.DataArray:
    values = np.asarray(values, dtype=float)
    names = np.array([f"subject-{k:02d}" for k in range(len(values))])
    return xr.DataArray(
        values, dims=("subject",), coords={"subject": names, **{k: ("subject", np.asarray(v)) for k, v in coordinates.items()}}
    )


def number(value: float, **coordinates: float) -> xr.DataArray:
    return xr.DataArray(float(value), coords=coordinates)


@pytest.mark.parametrize("order", [[0, 1, 2, 3], [2, 0, 3, 1]])
def test_brain_scores_threshold_and_elevation(order: list[int]) -> None:
    raised = numbers([30, 40, 60, 100], baseline=PEOPLE)[order]
    for score, key in (
        (threshold(number(10), numbers(PEOPLE)[order], "brainscore"), "vision.threshold"),
        (threshold(elevation(number(3, baseline=1)), elevation(raised), "brainscore"), "vision.threshold_elevation"),
    ):
        assert score.value == pytest.approx(EXPECTED[key]["value"], rel=1e-9)
        assert score.error == pytest.approx(EXPECTED[key]["error"], rel=1e-9)


def test_brain_scores_value_delta_has_no_error() -> None:
    score = value_delta(number(1.5), number(1.0), definition="brainscore")
    assert score.value == pytest.approx(EXPECTED["vision.value_delta(1.5,1.0)"]["value"], rel=1e-9)
    assert math.isnan(score.error)
    assert math.isnan(value_delta(number(1.5), number(1.0)).error)
    people = numbers([1.0, 2.0, 2.5, 4.0])
    assert math.isnan(value_delta(number(1.5), people, definition="brainscore").error)
    assert math.isnan(value_delta_ceiling(people, definition="brainscore").error)
    assert value_delta(number(1.5), people).error > 0


def test_few_people_give_the_t_interval_of_their_mean() -> None:
    score = threshold(number(10), numbers(PEOPLE))
    exact = stats.ttest_1samp([1, 0.5, 0.25, 0.5], 0).confidence_interval(0.95)
    assert score.value == pytest.approx(EXPECTED["vision.threshold"]["value"])
    assert score.interval == pytest.approx((exact.low, exact.high), rel=1e-12)
    assert score.notes == ("jackknife over 4 subjects",)


def test_many_people_are_drawn() -> None:
    people = np.random.default_rng(0).uniform(10, 30, size=40)
    score = threshold(number(15), numbers(people))
    assert score.error == pytest.approx(stats.sem(relative_nearness(np.full(40, 15.0), people)), rel=0.1)
    assert score.interval[1] - score.value == pytest.approx(stats.t.ppf(0.975, 39) * score.error)


def test_the_ceiling_compares_each_with_the_others() -> None:
    ceiling = threshold_ceiling(numbers(PEOPLE))
    others = [threshold(number(PEOPLE[k]), numbers(np.delete(PEOPLE, k))).value for k in range(4)]
    assert ceiling.value == pytest.approx(np.mean(others))
    assert ceiling.units is not None
    np.testing.assert_allclose(ceiling.units.values, others)
    assert ceiling.replicates is not None
    for k in range(4):
        assert ceiling.replicates.values[0, k] == pytest.approx(threshold_ceiling(numbers(np.delete(PEOPLE, k))).value)


def test_a_person_drawn_twice_is_never_compared_with_their_copy() -> None:
    people = 10.0 * 4.0 ** np.arange(10)  # so far apart that no two have anything in common but the next below
    ceiling = nearness_ceiling(numbers(people), exponential_nearness(1.0), "default")
    assert ceiling.value < 1e-8
    assert ceiling.replicates is not None
    assert np.nanmax(ceiling.replicates.values) < 1e-8


def test_people_without_a_number_are_left_out_and_counted() -> None:
    score = threshold(number(10), numbers([*PEOPLE, math.nan]))
    assert score.n_nan == 1
    assert score.value == pytest.approx(0.5625)
    assert score.error == pytest.approx(threshold(number(10), numbers(PEOPLE)).error)


def test_one_person_has_no_error() -> None:
    score = threshold(number(10), numbers([20.0]))
    assert score.value == 0.5
    assert math.isnan(score.error)


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(AssemblyError, match="a threshold is -1; expected numbers above 0"):
        threshold(number(-1), numbers(PEOPLE))
    with pytest.raises(AssemblyError, match="the model's number has 1 value that is NaN"):
        threshold(number(math.nan), numbers(PEOPLE))
    with pytest.raises(AssemblyError, match="no coordinate 'baseline'"):
        elevation(numbers(PEOPLE))
    with pytest.raises(AssemblyError, match="a baseline is 0"):
        elevation(numbers(PEOPLE, baseline=[0.0, 1, 1, 1]))
    with pytest.raises(AssemblyError, match="at least 2 with a number; there are 1"):
        threshold_ceiling(numbers([3.0, math.nan]))
    with pytest.raises(AssemblyError, match="no subject has a number"):
        threshold(number(1), numbers([math.nan]))
    with pytest.raises(AssemblyError, match="a subject has two numbers"):
        threshold(number(1), numbers(PEOPLE).assign_coords(subject=("subject", list("aabc"))))
    with pytest.raises(ValueError, match="scale of value_delta is 0; expected a number above 0"):
        exponential_nearness(0)
    with pytest.raises(AssemblyError, match=r"has dims \('subject',\); expected \(\)"):
        threshold(numbers(PEOPLE), numbers(PEOPLE))


@pytest.mark.parametrize("wrong", ["text", "bool"])
def test_thresholds_are_numbers(wrong: str) -> None:
    numbers = xr.DataArray(np.array([1.0, 2.0, 3.0]), dims=("subject",))
    given = numbers.astype(str) if wrong == "text" else numbers > 1
    with pytest.raises(AssemblyError, match="the threshold of the subjects has dtype"):
        threshold(xr.DataArray(1.5), given)
    with pytest.raises(AssemblyError, match="the threshold of the model has dtype"):
        threshold(given[0], numbers)
    with pytest.raises(AssemblyError, match="the subjects' numbers has dtype"):
        value_delta(xr.DataArray(1.5), given)


def test_a_model_equal_to_all_people_says_why_its_error_is_0() -> None:
    score = threshold(xr.DataArray(1.5), xr.DataArray(np.full(4, 1.5), dims=("subject",)))
    assert (score.value, score.error) == (1, 0)
    assert score.notes[-1] == "the raw score has the error 0, as other subjects do not change it"
