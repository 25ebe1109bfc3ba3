"""The metrics by name and option; their numbers are held to other implementations in the tests of the core."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation
from fornix.numerics.ceilings.normalisation import normalise


def labels(values: object, n: int) -> xr.DataArray:
    names = np.array([f"image{k:03d}" for k in range(n)])
    return xr.DataArray(np.asarray(values), dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


@pytest.fixture
def people() -> xr.DataArray:
    """Five people, 300 images in two conditions."""
    rng = np.random.default_rng(0)
    difficulty = rng.normal(size=300)
    right = difficulty + rng.normal(size=(5, 300)) > -0.5
    columns = {
        "subject": np.repeat(list("abcde"), 300),
        "stimulus_id": np.tile([f"image{k:03d}" for k in range(300)], 5),
        "condition": np.tile(np.where(np.arange(300) < 100, "near", "far"), 5),
        "category": np.full(1500, "cat"),
    }
    choices = np.where(right, "cat", "na").ravel()
    return xr.DataArray(choices, dims=("trial",), coords={name: ("trial", column) for name, column in columns.items()})


def test_error_consistency_with_its_ceiling(people: xr.DataArray) -> None:
    metric = fornix.load_metric("error_consistency")
    source = labels(people.values[:300], 300)
    score, ceiling = metric(source, people), metric.ceiling(people)
    assert score.value > ceiling.value > 0
    assert score.error > 0
    ceiled = normalise(score, ceiling, Normalisation.RATIO)
    assert ceiled.value == pytest.approx(score.value / ceiling.value)
    assert ceiled.error > 0


def test_an_anti_consistent_model_keeps_its_sign_but_for_brain_score(people: xr.DataArray) -> None:
    opposite = labels(np.where(people.values[:300] == "cat", "dog", "cat"), 300)
    score = fornix.load_metric("error_consistency")(opposite, people)
    original = fornix.load_metric("error_consistency", definition="brainscore")(opposite, people)
    assert score.value < 0
    assert original.value == pytest.approx(-score.value)
    assert original.error > score.error


def test_accuracy() -> None:
    truth = labels(["cat", "dog", "cat", "dog"], 4)
    score = fornix.load_metric("accuracy")(labels(["cat", "dog", "dog", "dog"], 4)[::-1], truth)
    assert score.value == 0.75
    assert score.error == pytest.approx(math.sqrt(0.75 * 0.25 / 3))


@pytest.mark.parametrize("name", ["error_consistency", "accuracy_distance"])
@pytest.mark.parametrize("definition", ["default", "brainscore"])
def test_labels_of_which_none_is_a_category_are_noted(people: xr.DataArray, name: str, definition: str) -> None:
    """In capitals no label is right, which looks like a model that is always wrong."""
    metric, source = fornix.load_metric(name, definition=definition), labels(people.values[:300], 300)
    note = "none of the model's labels, such as 'CAT', is a category of the target, such as 'cat': all count as wrong"
    assert note in metric(source.copy(data=np.full(300, "CAT")), people).notes
    assert not any("labels" in words for words in metric(source, people).notes)


def test_labels_of_which_none_is_right_by_name_are_noted_and_numbers_refused() -> None:
    metric, truth = fornix.load_metric("accuracy"), labels(["cat", "dog", "cat", "dog"], 4)
    assert "such as 'Cat', is a category of the target" in metric(labels(["Cat", "Dog", "Dog", "Dog"], 4), truth).notes[0]
    assert not any("labels" in words for words in metric(labels(["dog", "cat", "dog", "cat"], 4), truth).notes)
    with pytest.raises(ValueError, match="the right labels have dtype int64; expected str"):
        metric(labels(["cat", "dog", "cat", "dog"], 4), labels([0, 1, 0, 1], 4))


@pytest.mark.parametrize("definition", ["default", "brainscore"])
def test_a_person_who_saw_no_image_of_a_condition_is_noted(people: xr.DataArray, definition: str) -> None:
    source = labels(people.values[:300], 300)
    some = people[~((people["subject"].values == "b") & (people["condition"].values == "near"))]
    for name, options in (("error_consistency", {}), ("accuracy_distance", {"cells": ["condition"]})):
        metric = fornix.load_metric(name, definition=definition, **options)
        score, ceiling = metric(source, some), metric.ceiling(some)
        assert (score.n_nan, ceiling.n_nan) == (1, ceiling.units.size // 5)  # 4 of 20 pairs within conditions, or both ways 8
        for found in (score, ceiling):
            note = next(note for note in found.notes if "there is no image of a" in note)
            assert note.startswith(f"{found.n_nan} of {found.units.size} ")
            assert note.endswith("saw: left out")


def test_people_who_saw_other_images_share_none_and_that_is_said(people: xr.DataArray) -> None:
    """Each condition by half of the people: no kappa is without a value because both were right."""
    near = people["condition"].values == "near"
    apart = people[np.isin(people["subject"].values, ["a", "b"]) == near]
    sentence = "kappas have no value, because there is no image of a condition that both of a pair saw: more than 20%"
    metric, source = fornix.load_metric("error_consistency"), labels(people.values[:300], 300)
    for call in (lambda: metric(source, apart), lambda: metric.ceiling(apart)):
        with pytest.raises(ValueError, match=sentence):
            call()
    distance = fornix.load_metric("accuracy_distance", cells=["condition"])(source, apart)
    assert math.isnan(distance.value)
    assert "more than 20%, too many for a mean" in distance.notes[0]


def test_cells_are_named_by_texts() -> None:
    with pytest.raises(fornix.UsageError, match="option 'cells' of metric 'accuracy_distance' is \\[1\\]; expected names"):
        fornix.load_metric("accuracy_distance", cells=[1])


def test_pearson_and_its_name_in_brain_score() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=200), rng.normal(size=200)
    source, target = labels(x, 200), labels(x + y, 200)
    score, original = fornix.load_metric("pearson")(source, target), fornix.load_metric("pearsonr")(source, target)
    assert score.value == pytest.approx(np.corrcoef(x, x + y)[0, 1])
    assert score.error > 0
    assert original.value == pytest.approx(score.value)
    assert math.isnan(original.error)


def test_pearson_resamples_by_the_coordinate_that_is_named() -> None:
    rng = np.random.default_rng(2)
    target = labels(rng.normal(size=60), 60).assign_coords(story=("presentation", np.arange(60) % 5))
    score = fornix.load_metric("pearson", group="story")(labels(rng.normal(size=60), 60), target)
    assert score.replicates is not None
    assert score.replicates["n_units"].values.tolist() == [5]


def test_accuracy_distance_within_cells(people: xr.DataArray) -> None:
    near_only = labels(np.where(np.arange(300) < 100, "cat", "dog"), 300)
    overall, by_cell = (fornix.load_metric("accuracy_distance", cells=cells) for cells in ([], ["condition"]))
    score = by_cell(near_only, people)
    assert score.units is not None
    assert score.units.dims == ("condition", "subject")
    assert score.units["condition"].values.tolist() == ["far", "near"]
    assert score.value < overall(near_only, people).value
    assert 0 < score.error < 0.2
    assert normalise(score, by_cell.ceiling(people), Normalisation.RATIO).error > 0


def test_i1_and_i2n_are_two_patterns_of_the_same_trials() -> None:
    rng = np.random.default_rng(3)
    objects, image = np.array(["bear", "car", "dog"]), np.repeat(np.arange(30), 40)
    offset = rng.integers(1, 3, size=image.size)
    columns = {
        "stimulus_id": np.array([f"image{k:03d}" for k in image]),
        "category": objects[image % 3],
        "distractor": objects[(image + offset) % 3],
    }
    right = rng.random(image.size) < 0.7
    trials = xr.DataArray(
        np.where(right, columns["category"], columns["distractor"]),
        dims=("trial",),
        coords={name: ("trial", column) for name, column in columns.items()},
    )
    names = labels(np.zeros(30), 30)["stimulus_id"].values
    source = xr.DataArray(
        rng.dirichlet(np.ones(3), 30),
        dims=("presentation", "choice"),
        coords={"stimulus_id": ("presentation", names), "choice": objects},
    )
    by_image, by_pair = (fornix.load_metric(name)(source, trials).units for name in ("i1", "i2n"))
    assert by_image.dims == ("presentation",)
    assert by_pair.dims == ("presentation", "choice")
    for name in ("i1", "i2n"):
        assert fornix.load_metric(name).ceiling(trials).error > 0
        assert fornix.load_metric(name, definition="brainscore")(source, trials).units.dims == ("split",)


def test_numbers_against_those_of_people() -> None:
    people = xr.DataArray([2.0, 4.0, 8.0], dims=("subject",), coords={"baseline": ("subject", [1.0, 2.0, 2.0])})
    model = xr.DataArray(4.0, coords={"baseline": 2.0})
    assert fornix.load_metric("threshold")(model, people).value == pytest.approx((0 + 1 + 0.5) / 3)
    assert fornix.load_metric("threshold_elevation")(model, people).value == pytest.approx((1 + 1 + 0.5) / 3)
    delta = fornix.load_metric("value_delta", scale=0.5)
    assert delta(model, people).value == pytest.approx((math.exp(-1) + 1 + math.exp(-2)) / 3)
    for metric in (fornix.load_metric("threshold"), fornix.load_metric("threshold_elevation"), delta):
        assert 0 < metric.ceiling(people).error < 1
        assert metric(model, people).notes == ("jackknife over 3 subjects",)
