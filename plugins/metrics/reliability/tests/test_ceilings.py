"""The other ceilings by name and option."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation
from fornix.numerics.ceilings.normalisation import normalise


@pytest.fixture
def people() -> xr.DataArray:
    """Five people, 8 neuroids of each, partly alike."""
    rng = np.random.default_rng(0)
    values = np.tile(rng.normal(size=(20, 8)), 5) + rng.normal(size=(20, 40))
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{k:02d}" for k in range(20)])),
        "subject": ("neuroid", np.repeat(list("abcde"), 8)),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


def test_the_rsa_ceiling_has_two_bounds(people: xr.DataArray) -> None:
    lower = fornix.load_metric("rsa_ceiling")(people)
    upper = fornix.load_metric("rsa_ceiling", definition="brainscore")(people)
    assert 0 < lower.value < upper.value < 1
    assert lower.details["upper_bound"] == upper.value
    assert upper.details["lower_bound"] == lower.value
    assert lower.error > 0
    assert math.isnan(upper.error)
    other = fornix.load_metric("rsa_ceiling", distance="euclidean", comparison="pearson")(people)
    assert other.value != pytest.approx(lower.value, abs=1e-3)


def test_the_rsa_ceiling_takes_dissimilarities_too(people: xr.DataArray) -> None:
    from fornix_metric_reliability.subjects import dissimilarities_by_subject

    metric = fornix.load_metric("rsa_ceiling")
    assert metric(dissimilarities_by_subject(people, "correlation")).value == pytest.approx(metric(people).value, rel=1e-12)
    with pytest.raises(ValueError, match="no coordinate 'subject' on neuroid"):
        metric(people.drop_vars("subject"))
    with pytest.raises(ValueError, match="an RSA ceiling compares a recording with itself"):
        metric(people, people + 1)


def test_halves_of_subjects_and_the_noise_ceiling() -> None:
    rng = np.random.default_rng(1)
    values = np.tile(rng.normal(size=(200, 1)), (9, 1)) + rng.normal(size=(1800, 1))
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:03d}" for k in range(200)], 9)),
        "subject": ("presentation", np.repeat([f"p{k}" for k in range(9)], 200)),
    }
    ratings = xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)
    score = fornix.load_metric("internal_consistency", over="subject")(ratings)
    assert score.value == pytest.approx(0.9, abs=0.03)
    assert score.resampled == ("stimuli", "subjects")
    repeated = ratings.drop_vars("subject").assign_coords(repetition=("presentation", np.repeat(np.arange(9), 200)))
    assert fornix.load_metric("noise_ceiling")(repeated).value == pytest.approx(0.9, abs=0.03)


def test_a_stimulus_to_which_a_subject_responds_alike_everywhere_is_left_out_of_score_and_ceiling(people: xr.DataArray) -> None:
    """Its correlation distances are none; the ceiling leaves its pairs out of all comparisons, and says whose they are."""
    values = people.values.copy()
    values[3, 8:16] = 1.0
    dead = people.copy(data=values)
    metric = fornix.load_metric("rsa_ceiling")
    ceiling, without = metric(dead), metric(people[np.arange(20) != 3])
    assert ceiling.value == pytest.approx(without.value, abs=1e-12)
    assert ceiling.details["upper_bound"] == pytest.approx(without.details["upper_bound"], abs=1e-12)
    assert ceiling.error > 0
    assert ceiling.n_nan == 19
    assert ceiling.notes[0].startswith("19 of 190 pairs of stimuli have no dissimilarity in one of the subjects (most in 'b')")
    assert ceiling.notes[0].endswith(": left out")
    score = fornix.load_metric("rdm")(people[:, :8].drop_vars("subject"), dead)
    assert score.n_nan == 19
    assert normalise(score, ceiling, Normalisation.RATIO).error > 0
    upper = fornix.load_metric("rsa_ceiling", definition="brainscore")(dead)
    assert upper.notes == ceiling.notes[:1]
    assert upper.value == ceiling.details["upper_bound"]


def test_subjects_whose_dissimilarities_lack_or_do_not_vary_leave_no_ceiling(people: xr.DataArray) -> None:
    values = people.values.copy()
    values[:6, 8:16] = 1.0
    many = fornix.load_metric("rsa_ceiling")(people.copy(data=values))
    assert math.isnan(many.value)
    assert math.isnan(many.details["upper_bound"])
    assert "more than 20%, too many for a ceiling" in many.notes[0]
    values[:, 8:16] = 1.0
    alike = fornix.load_metric("rsa_ceiling", distance="euclidean")(people.copy(data=values))
    assert math.isnan(alike.value)
    assert alike.n_nan == 1
    assert alike.notes[0].startswith("1 of 5 subjects, such as 'b', have nothing to agree on")
