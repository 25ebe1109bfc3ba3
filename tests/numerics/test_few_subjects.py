"""Two subjects, and one: what an error covers where leaving a subject out leaves nothing to score, one rule for all metrics."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import Normalisation, Score
from fornix.numerics.behaviour.accuracy import accuracy_distance, accuracy_distance_ceiling
from fornix.numerics.behaviour.error_consistency import error_consistency, error_consistency_ceiling, kappas
from fornix.numerics.behaviour.thresholds import threshold, threshold_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency
from fornix.numerics.similarity.dissimilarity import dissimilarities
from fornix.numerics.similarity.rsa import rsa_ceiling

N_IMAGES = 120
IMAGES = np.array([f"s{k:03d}" for k in range(N_IMAGES)])


def right(n_subjects: int) -> np.ndarray:
    """(subject, image): what is hard for one tends to be hard for all."""
    rng = np.random.default_rng(5)
    easy = rng.choice([0.2, 0.95], N_IMAGES)
    return rng.random((n_subjects, N_IMAGES)) < easy


def choices(n_subjects: int) -> xr.DataArray:
    columns = {
        "subject": np.repeat([f"subject-{s}" for s in range(n_subjects)], N_IMAGES),
        "stimulus_id": np.tile(IMAGES, n_subjects),
        "condition": np.full(n_subjects * N_IMAGES, "only"),
        "category": np.full(n_subjects * N_IMAGES, "cat"),
    }
    names = np.where(right(n_subjects), "cat", "dog").ravel()
    return xr.DataArray(names, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})


def labels() -> xr.DataArray:
    return xr.DataArray(
        np.where(right(9)[8], "cat", "dog"), dims=("presentation",), coords={"stimulus_id": ("presentation", IMAGES)}
    )


def thresholds(n_subjects: int) -> xr.DataArray:
    values = np.array([8.0, 12.0, 11.0, 9.5])[:n_subjects]
    return xr.DataArray(values, dims=("subject",), coords={"subject": [f"subject-{s}" for s in range(n_subjects)]})


def geometry(n_subjects: int) -> xr.DataArray:
    rng = np.random.default_rng(6)
    shared = rng.normal(size=(30, 20))
    coords = {"stimulus_id": ("presentation", IMAGES[:30])}
    rows = [
        dissimilarities(xr.DataArray(shared + rng.normal(size=shared.shape), dims=("presentation", "neuroid"), coords=coords))
        for _ in range(n_subjects)
    ]
    return xr.concat(rows, dim="subject").assign_coords(subject=[f"subject-{s}" for s in range(n_subjects)])


def ratings(n_subjects: int) -> xr.DataArray:
    rng = np.random.default_rng(7)
    values = np.tile(rng.normal(size=(N_IMAGES, 3)), (n_subjects, 1)) + rng.normal(size=(n_subjects * N_IMAGES, 3))
    coords = {"stimulus_id": np.tile(IMAGES, n_subjects), "subject": np.repeat(np.arange(n_subjects), N_IMAGES)}
    return xr.DataArray(
        values, dims=("presentation", "neuroid"), coords={name: ("presentation", column) for name, column in coords.items()}
    )


CEILINGS: dict[str, Callable[[int], Score]] = {
    "error_consistency": lambda n: error_consistency_ceiling(choices(n)),
    "accuracy_distance": lambda n: accuracy_distance_ceiling(choices(n)),
    "threshold": lambda n: threshold_ceiling(thresholds(n)),
    "rsa_ceiling": lambda n: rsa_ceiling(geometry(n)),
    "internal_consistency": lambda n: internal_consistency(ratings(n), over="subject"),
}


@pytest.mark.parametrize("name", CEILINGS)
def test_of_two_who_are_compared_neither_can_be_left_out_and_the_ceiling_says_so(name: str) -> None:
    two, four = CEILINGS[name](2), CEILINGS[name](4)
    assert "subjects not resampled" in two.notes
    assert two.resampled == (() if name == "threshold" else ("stimuli",))
    assert math.isnan(two.error) == (name == "threshold")
    assert four.notes == ("jackknife over 4 subjects",)
    assert "subjects" in four.resampled
    assert four.error > 0


def test_the_error_of_one_pair_is_that_of_new_images() -> None:
    ceiling = error_consistency_ceiling(choices(2))
    x, y = right(2).astype(float)
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(N_IMAGES, np.full(N_IMAGES, 1 / N_IMAGES), size=4000).astype(float)
    assert ceiling.error == pytest.approx(kappas(x[None], y[None], drawn).std(), rel=0.1)
    low, high = ceiling.interval
    assert high - low == pytest.approx(2 * 1.98 * ceiling.error, rel=0.01)  # t with 119 degrees of freedom


@pytest.mark.parametrize(
    ("score", "ceiling", "note"),
    [
        (lambda: error_consistency(labels(), choices(2)), "error_consistency", "error without that of the ceiling's subjects"),
        (lambda: accuracy_distance(labels(), choices(2)), "accuracy_distance", "error without that of the ceiling's subjects"),
        (lambda: threshold(xr.DataArray(9.0), thresholds(2)), "threshold", "error without that of the ceiling"),
    ],
)
def test_a_score_by_such_a_ceiling_has_an_error_and_says_what_is_not_in_it(
    score: Callable[[], Score], ceiling: str, note: str
) -> None:
    ratio = normalise(score(), CEILINGS[ceiling](2), Normalisation.RATIO)
    assert ratio.notes == ("jackknife over 2 subjects", note)
    assert ratio.error > 0
    whole = normalise(score(), CEILINGS[ceiling](4).with_(replicates=None, error=0.0), Normalisation.RATIO)
    assert whole.notes == ("jackknife over 2 subjects",)


def test_a_model_against_two_subjects_is_jackknifed_with_one_degree_of_freedom() -> None:
    """``s / sqrt(n)`` of the two, and t: 12.706 standard errors to each side."""
    score = threshold(xr.DataArray(9.0), thresholds(2))
    nearness = np.array([1 - 1 / 8, 1 - 3 / 12])
    assert score.error == pytest.approx(nearness.std(ddof=1) / math.sqrt(2))
    assert score.interval[1] - score.value == pytest.approx(12.7062 * score.error, rel=1e-4)


def test_one_subject_is_taken_as_it_is() -> None:
    images = error_consistency(labels(), choices(1))
    assert images.notes == ("subjects not resampled",)
    assert images.resampled == ("stimuli",)
    assert images.error > 0
    number = threshold(xr.DataArray(9.0), thresholds(1))
    assert number.notes == ("subjects not resampled",)
    assert math.isnan(number.error)
