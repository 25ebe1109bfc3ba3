"""Stimuli whose responses are all equal: few are left out and said, many leave no score, from values and a Gram alike."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.numerics.linear.gram import gram_of_assembly

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

N = 60


def assembly(values: np.ndarray, **of_neuroids: np.ndarray) -> xr.DataArray:
    names = np.array([f"s{k:02d}" for k in range(len(values))])
    coords = {"stimulus_id": ("presentation", names)} | {name: ("neuroid", column) for name, column in of_neuroids.items()}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


MEASURED = np.random.default_rng(99).normal(size=(N, 30))


def answering(alive: int) -> np.ndarray:
    """The right responses to some stimuli, none to the others."""
    values = np.zeros_like(MEASURED)
    values[:alive] = MEASURED[:alive]
    return values


@pytest.mark.parametrize("alive", [3, 5, 20, 53])
@pytest.mark.parametrize("comparison", ["spearman", "kendall", "cosine"])
def test_a_model_that_answers_few_stimuli_has_no_score_however_well_it_answers_them(alive: int, comparison: str) -> None:
    lost, pairs = N * (N - 1) // 2 - alive * (alive - 1) // 2, N * (N - 1) // 2
    score = fornix.load_metric("rdm", comparison=comparison)(assembly(answering(alive)), assembly(MEASURED))
    assert math.isnan(score.value)
    assert math.isnan(score.error)
    assert score.n_nan == lost
    assert score.notes == (
        f"{lost} of {pairs} pairs of stimuli have no dissimilarity, as the responses to one of them are equal but for rounding: "
        "more than 20%, too many for a correlation over the others",
    )


def test_few_stimuli_without_responses_are_left_out_and_said() -> None:
    score = fornix.load_metric("rdm")(assembly(answering(54)), assembly(MEASURED))
    assert score.value == pytest.approx(1.0)
    assert score.n_nan == 339  # 60 x 59/2 - 54 x 53/2, which is less than 354
    assert score.notes == (
        "339 of 1770 pairs of stimuli have no dissimilarity, as the responses to one of them are equal but for rounding: "
        "left out",
    )


@pytest.mark.parametrize("options", [{}, {"definition": "brainscore"}, {"definition": "brainscore", "n_subsamples": 10}])
def test_every_definition_and_subsamples_have_the_rule(options: dict[str, object]) -> None:
    score = fornix.load_metric("rdm", **options)(assembly(answering(20)), assembly(MEASURED))
    assert math.isnan(score.value)
    assert "too many for a correlation" in score.notes[0]


def test_one_subject_whose_responses_lack_too_much_is_named_by_its_numbers() -> None:
    values, subject = np.concatenate([MEASURED, answering(20)], axis=1), np.repeat(["a", "b"], 30)
    score = fornix.load_metric("rdm")(assembly(MEASURED), assembly(values, subject=subject))
    assert np.isnan(score.units.values).tolist() == [False, True]
    assert math.isnan(score.value)
    assert math.isnan(score.details["against_mean"])
    assert score.n_nan == 1580
    assert score.notes[0].startswith("1580 of 1770 pairs of stimuli have no dissimilarity")


def some_zero(rng: np.random.Generator) -> np.ndarray:
    x = rng.normal(size=(N, 20))
    x[::12] = 0.0
    return x


def constant(rng: np.random.Generator) -> np.ndarray:
    x = rng.normal(size=(N, 20))
    x[:5] = 3.7
    return x


def sparse(rng: np.random.Generator) -> np.ndarray:
    """Some rows are all 0, and many pairs of rows share no feature."""
    return np.asarray(np.maximum(rng.normal(size=(N, 50)) - 1.4, 0.0))


def binary(rng: np.random.Generator) -> np.ndarray:
    """Whose distances have few values: most pairs are tied."""
    return np.asarray(rng.integers(0, 2, size=(N, 9)), dtype=np.float64) + 0.1


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("features", [some_zero, constant, sparse, binary])
@pytest.mark.parametrize("comparison", ["spearman", "kendall"])
def test_values_and_their_gram_score_alike_where_rows_are_constant_or_tied(
    features: Callable[[np.random.Generator], np.ndarray], seed: int, comparison: str
) -> None:
    source = assembly(features(np.random.default_rng(seed)))
    metric = fornix.load_metric("rdm", comparison=comparison)
    given, from_gram = metric(source, assembly(MEASURED)), metric(gram_of_assembly(source), assembly(MEASURED))
    assert from_gram.n_nan == given.n_nan
    assert from_gram.notes == given.notes
    assert from_gram.value == pytest.approx(given.value, abs=1e-9, nan_ok=True)
    assert from_gram.error == pytest.approx(given.error, rel=1e-6, nan_ok=True)


@pytest.mark.parametrize("unit", [(2.0**228, 2.0**228), (2.0**-228, 2.0**-228), (2.0**228, 2.0**-228)])
@pytest.mark.parametrize(
    ("name", "options"),
    [("cka", {}), ("cka", {"replicates": False}), ("rdm", {}), ("rdm", {"distance": "euclidean"}), ("procrustes", {})],
)
def test_the_unit_makes_no_difference_as_far_as_numbers_are_taken(
    name: str, options: dict[str, object], unit: tuple[float, float]
) -> None:
    source, target = assembly(np.random.default_rng(0).normal(size=(N, 12)) + MEASURED[:, :12]), assembly(MEASURED)
    metric = fornix.load_metric(name, **options)
    expected, score = metric(source, target), metric(source * unit[0], target * unit[1])
    assert score.value == pytest.approx(expected.value, rel=1e-9)
    assert score.error == pytest.approx(expected.error, rel=1e-9, nan_ok=True)
    assert score.notes == ()
