"""A score with no error, an error of 0 or no interval says why: metric by metric, where each has none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import Normalisation, Score
from fornix.numerics.behaviour.accuracy import accuracy, accuracy_distance
from fornix.numerics.behaviour.error_consistency import error_consistency
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency
from fornix.numerics.similarity.rsa import rsa_ceiling
from fornix.numerics.uncertainty.intervals import replicates_array
from fornix.numerics.uncertainty.no_error import with_stated_uncertainty


def labels(values: list[str]) -> xr.DataArray:
    names = np.array([f"image{k:03d}" for k in range(len(values))])
    return xr.DataArray(np.array(values), dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


def choices(right: np.ndarray, truth: list[str]) -> xr.DataArray:
    """(subject, image) right or wrong, as trials."""
    n_subjects, n = right.shape
    category = np.tile(truth, n_subjects)
    columns = {
        "subject": np.repeat([f"p{k}" for k in range(n_subjects)], n),
        "stimulus_id": np.tile([f"image{k:03d}" for k in range(n)], n_subjects),
        "condition": np.full(right.size, "all"),
        "category": category,
    }
    chosen = np.where(right.ravel(), category, "none")
    return xr.DataArray(chosen, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})


def said(score: Score) -> str:
    """The last note, which is on the error."""
    return score.notes[-1]


@pytest.mark.parametrize("label", ["cat", "dog"])
def test_a_model_that_is_always_right_or_never_has_an_error_of_0(label: str) -> None:
    """Of people who differ in which images they know, so that theirs is another matter."""
    truth, people = ["cat"] * 40, np.random.default_rng(0).random((5, 40)) < 0.7
    for score, others in (
        (accuracy(labels([label] * 40), labels(truth)), "stimuli"),
        (error_consistency(labels([label] * 40), choices(people, truth)), "stimuli and subjects"),
    ):
        assert score.value in (0, 1)
        assert score.error == 0
        assert said(score) == f"the raw score has the error 0, as other {others} do not change it"


def test_an_error_of_rounding_is_one_of_0() -> None:
    replicates = replicates_array({"stimuli": (0.1 + 1e-17 * np.arange(5), "jackknife")})
    assert "has the error 0" in said(with_stated_uncertainty(Score(value=0.1), replicates))
    replicates = replicates_array({"stimuli": (0.1 + 1e-6 * np.arange(5), "jackknife")})
    assert with_stated_uncertainty(Score(value=0.1), replicates).notes == ()


def test_one_stimulus_leaves_no_error_or_no_interval() -> None:
    alone = accuracy(labels(["cat"]), labels(["cat"]))
    assert math.isnan(alone.error)
    assert said(alone) == "the raw score has no error, as there is one stimulus only"
    people = np.array([[True], [True], [False], [True]])
    distance = accuracy_distance(labels(["cat"]), choices(people, ["cat"]))
    assert distance.error > 0
    assert math.isnan(distance.interval[0])
    assert said(distance) == "the raw score has no interval, as there is one stimulus only"


def test_three_stimuli_have_a_ceiling_of_subjects_without_an_error_and_two_have_none() -> None:
    coords = {"stimulus_a": ("pair", np.array(["a", "a", "b"])), "stimulus_b": ("pair", np.array(["b", "c", "c"]))}
    target = xr.DataArray(np.random.default_rng(1).random((5, 3)), dims=("subject", "pair"), coords=coords)
    score = rsa_ceiling(target)
    assert math.isnan(score.error)
    assert said(score) == "the raw score has no error, as 3 stimuli are too few to leave any out"
    with pytest.raises(ValueError, match="pairs of at least 3 stimuli; the target has 2"):
        rsa_ceiling(target[:, :1])


def test_recordings_without_noise_have_ceilings_with_an_error_of_0() -> None:
    signal = np.tile(np.random.default_rng(2).normal(size=(30, 4)), (3, 1))
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:02d}" for k in range(30)], 3)),
        "repetition": ("presentation", np.repeat(np.arange(3), 30)),
    }
    recording = xr.DataArray(signal, dims=("presentation", "neuroid"), coords=coords)
    for ceiling in (internal_consistency(recording), noise_ceiling(recording)):
        assert ceiling.value == pytest.approx(1)
        assert said(ceiling) == "the raw score has the error 0, as other stimuli and neuroids do not change it"


def test_what_is_said_of_the_raw_score_is_true_of_the_normalised_one() -> None:
    raw = accuracy(labels(["cat"] * 20), labels(["cat"] * 20))
    ceiling = Score(value=0.8, error=0.1, replicates=replicates_array({"stimuli": (np.linspace(0.7, 0.9, 20), "jackknife")}))
    reported = normalise(raw, ceiling, Normalisation.RATIO)
    assert reported.error > 0
    assert reported.notes == ("the raw score has the error 0, as other stimuli do not change it",)
