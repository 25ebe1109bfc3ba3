"""Scores against numbers: the line, its intervals, and who is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from fornix.errors import UsageError
from fornix.matrix.analyses import trend
from tests.matrix.analyses.tables import flag, table

#: Model years and scores, of which numpy, scipy's curve_fit and the formulas of a textbook are asked below.
YEARS = np.array([2012, 2014, 2014, 2016, 2019, 2021, 2023.0])
SCORES = np.array([0.21, 0.35, 0.30, 0.42, 0.39, 0.55, 0.52])


def test_the_line_and_its_intervals_are_those_of_ordinary_least_squares() -> None:
    found = trend(table(SCORES[:, None], model_year=YEARS), "B0", "model_year")
    assert (found.attrs["scale"], found.attrs["n"], found.attrs["no_fit"]) == ("linear", 7, "")
    coefficients, covariance = curve_fit(lambda x, a, b: a + b * (x - 2017), YEARS, SCORES)
    t = stats.t.ppf(0.975, 5)
    assert found.attrs["slope"] == pytest.approx(coefficients[1], rel=1e-6)
    assert found.attrs["intercept"] == pytest.approx(coefficients[0] - 2017 * coefficients[1], rel=1e-6)
    half = t * math.sqrt(covariance[1, 1])
    assert found.attrs["slope_low"] == pytest.approx(coefficients[1] - half, rel=1e-5)
    assert found.attrs["slope_high"] == pytest.approx(coefficients[1] + half, rel=1e-5)
    assert found.attrs["pearson"] == pytest.approx(np.corrcoef(YEARS, SCORES)[0, 1])
    assert found.attrs["spearman"] == pytest.approx(stats.spearmanr(YEARS, SCORES).statistic)
    assert found.attrs["p"] == pytest.approx(stats.pearsonr(YEARS, SCORES).pvalue)
    # the variance of the fitted mean at x is g' C g with g = (1, x - 2017)
    at = found["at"].values
    g = np.stack([np.ones_like(at), at - 2017])
    fitted, spread = g.T @ coefficients, t * np.sqrt(np.einsum("ik,ij,jk->k", g, covariance, g))
    np.testing.assert_allclose(found["fitted"], fitted, rtol=1e-6)
    np.testing.assert_allclose(found["fitted_high"] - found["fitted"], spread, rtol=1e-4)
    np.testing.assert_allclose(found["fitted"] - found["fitted_low"], spread, rtol=1e-4)
    assert (at[0], at[-1]) == (2012, 2023)


def test_the_interval_of_the_slope_holds_for_models_around_a_line() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(200):
        x = rng.uniform(0, 1, 8)
        found = trend(table((0.3 * x + rng.normal(0, 0.1, 8))[:, None], size=x), "B0", "size", scale="linear")
        held += found.attrs["slope_low"] <= 0.3 <= found.attrs["slope_high"]
    assert 0.91 <= held / 200 <= 0.985


def test_numbers_that_span_a_factor_of_ten_are_fitted_by_their_logarithm() -> None:
    parameters = 10.0 ** np.array([5, 6, 7, 8])
    found = trend(table([[0.1], [0.2], [0.3], [0.4]], parameters=parameters), "B0", "parameters")
    assert found.attrs["scale"] == "log"
    assert found.attrs["slope"] == pytest.approx(0.1)
    assert found.attrs["intercept"] == pytest.approx(-0.4)
    assert found["fitted"].sel(at=1e6, method="nearest").item() == pytest.approx(0.2, abs=0.01)
    straight = trend(table([[0.1], [0.2], [0.3], [0.4]], parameters=parameters), "B0", "parameters", scale="linear")
    assert straight.attrs["scale"] == "linear"
    assert straight.attrs["slope"] == pytest.approx(np.polyfit(parameters, [0.1, 0.2, 0.3, 0.4], 1)[0])


def test_another_benchmark_is_a_number_with_an_error_and_never_on_a_logarithm() -> None:
    matrix = table([[0.1, 0.01], [0.2, 0.2], [0.35, 0.3], [0.4, 0.5]])
    found = trend(matrix, "B0", "B1")
    assert found.attrs["scale"] == "linear"
    np.testing.assert_allclose(found["number_high"] - found["number_low"], 0.08)
    np.testing.assert_allclose(found["number_error"], 0.02)


def test_it_says_who_is_left_out_and_why() -> None:
    matrix = table([[0.1], [0.2], [0.3], [np.nan], [0.5], [0.6], [0.7]], parameters=[1e6, 1e7, 0, 1e8, np.nan, 1e9, 1e5])
    flag(matrix, "m5", "B0", "trained on the same subjects (a)")
    matrix["control"][6] = True
    found = trend(matrix, "B0", "parameters", controls=False)
    assert found["left_out"].values.tolist() == [
        "",
        "",
        "parameters is not above 0, so it has no logarithm",
        "skipped: modality",
        "parameters not known",
        "out of rankings: trained on the same subjects (a)",
        "a control",
    ]
    assert found.attrs["n"] == 2
    assert found.attrs["no_fit"] == "2 models, and a line takes 3"
    assert found.sizes["at"] == 0
    assert math.isnan(found.attrs["slope"])
    assert trend(matrix, "B0", "parameters").attrs["n"] == 3


def test_a_model_without_a_score_on_the_other_benchmark_is_left_out_for_its_reason() -> None:
    matrix = table([[0.1, 0.2], [0.2, np.nan], [0.3, 0.4]])
    assert trend(matrix, "B0", "B1")["left_out"].values.tolist() == ["", "B1: skipped: modality", ""]


def test_numbers_that_are_all_the_same_have_no_line() -> None:
    assert (
        trend(table([[0.1], [0.2], [0.3]], size=[5, 5, 5]), "B0", "size").attrs["no_fit"]
        == "the number is the same of all models"
    )
    level = trend(table([[0.2], [0.2], [0.2]], size=[4, 5, 6]), "B0", "size")
    assert level.attrs["slope"] == 0
    assert math.isnan(level.attrs["spearman"])


def test_what_is_neither_number_nor_benchmark_is_said() -> None:
    matrix = table([[0.1]], parameters=[5])
    with pytest.raises(UsageError, match=r"paramters is neither a benchmark .* \(parameters\); did you mean 'parameters'\?"):
        trend(matrix, "B0", "paramters")
    with pytest.raises(UsageError, match=r"the matrix has no benchmark b0; did you mean 'B0'\?"):
        trend(matrix, "b0", "parameters")
    with pytest.raises(UsageError, match="auto, linear or log, not 'cubic'"):
        trend(matrix, "B0", "parameters", scale="cubic")  # type: ignore[arg-type]
