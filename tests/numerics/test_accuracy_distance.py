"""Accuracy distance against Brain-Score's own values and sums by hand, then what it must not depend on."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import AssemblyError
from fornix.numerics.behaviour.accuracy import accuracy_distance, accuracy_distance_ceiling

PARITY = Path(__file__).parents[1] / "parity"
EXPECTED = json.loads((PARITY / "expected.json").read_text())


def people(choices: np.ndarray, truth: np.ndarray, **coordinates: np.ndarray) -> xr.DataArray:
    """(subject, image) choices as trials."""
    n_subjects, n_images = choices.shape
    columns = {
        "subject": np.repeat([f"subject-{k:02d}" for k in range(n_subjects)], n_images),
        "stimulus_id": np.tile([f"image{k:03d}" for k in range(n_images)], n_subjects),
        "category": np.tile(truth, n_subjects),
        **{name: np.tile(column, n_subjects) for name, column in coordinates.items()},
    }
    return xr.DataArray(choices.ravel(), dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})


def model(choices: np.ndarray) -> xr.DataArray:
    names = np.array([f"image{k:03d}" for k in range(len(choices))])
    return xr.DataArray(choices, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


def right(correct: object) -> np.ndarray:
    return np.where(np.asarray(correct, dtype=bool), "cat", "dog")


CATS = np.full(10, "cat")


@pytest.fixture(scope="module")
def parity() -> tuple[xr.DataArray, xr.DataArray]:
    with np.load(PARITY / "behavior.npz") as data:
        return model(data["model"]), people(data["human"], data["truth"], condition=data["condition"])


@pytest.mark.parametrize("order", ["as given", "source shuffled", "target shuffled"])
@pytest.mark.parametrize(
    ("cells", "key"), [((), "vision.accuracy_distance"), (("condition",), "vision.accuracy_distance.by_condition")]
)
def test_brain_scores_definition(parity: tuple[xr.DataArray, xr.DataArray], order: str, cells: tuple[str, ...], key: str) -> None:
    source, target = parity
    rng = np.random.default_rng(0)
    if order == "source shuffled":
        source = source[rng.permutation(source.size)]
    if order == "target shuffled":
        target = target[rng.permutation(target.size)]
    theirs, ours = (accuracy_distance(source, target, cells, definition) for definition in ("brainscore", "default"))
    assert theirs.value == pytest.approx(EXPECTED[key]["value"], rel=1e-9)
    assert theirs.error == pytest.approx(EXPECTED[key]["error"], rel=1e-9)
    assert ours.value == pytest.approx(theirs.value, rel=1e-12)
    assert ours.resampled == ("stimuli", "subjects")
    assert ours.error > 0


def test_distances_by_hand() -> None:
    """Accuracies .8 and .2 against .5: 1 - .3/.8; the furthest one can be from .2 is .8."""
    correct = np.zeros((2, 10))
    correct[0, :8] = correct[1, :2] = 1
    target = people(right(correct), CATS)
    score = accuracy_distance(model(right(np.arange(10) < 5)), target)
    assert score.units is not None
    np.testing.assert_allclose(score.units.values, [[1 - 0.3 / 0.8, 1 - 0.3 / 0.8]])
    both_ways = accuracy_distance_ceiling(target)
    assert both_ways.value == pytest.approx(1 - 0.6 / 0.8)
    correct[1, :6] = 1  # .8 and .6: the furthest from .8 is .8, from .6 it is .6
    target = people(right(correct), CATS)
    assert accuracy_distance_ceiling(target).value == pytest.approx(1 - 0.2 * (1 / 0.8 + 1 / 0.6) / 2)
    assert accuracy_distance_ceiling(target, definition="brainscore").value == pytest.approx(1 - 0.2 / 0.6)


def test_a_model_is_compared_on_the_images_of_the_subject() -> None:
    correct = np.array([[1, 1, 0, 0, 1, 1, 1, 1, 1, 1]])
    target = people(right(correct), CATS)[:4]
    source = model(right([1, 1, 0, 0, 0, 0, 0, 0, 0, 0]))[:4]
    assert accuracy_distance(source, target).value == 1


def test_cells_tell_models_of_equal_accuracy_apart() -> None:
    half = np.repeat(["near", "far"], 5)
    target = people(right([np.arange(10) < 5] * 3), CATS, condition=half)
    other = model(right(np.arange(10) >= 5))
    assert accuracy_distance(other, target).value == 1
    assert accuracy_distance(other, target, ("condition",)).value == 0


def test_cells_of_two_coordinates_and_one_that_a_subject_did_not_see() -> None:
    rng = np.random.default_rng(1)
    correct = rng.random((3, 40)) > 0.3
    columns = {"size": np.arange(40) % 2, "side": np.arange(40) // 2 % 2}
    target = people(right(correct), np.full(40, "cat"), **columns)
    source = model(right(rng.random(40) > 0.3))
    score = accuracy_distance(source, target, ("size", "side"))
    assert score.units is not None
    assert score.units["condition"].values.tolist() == ["0, 0", "0, 1", "1, 0", "1, 1"]
    assert score.n_nan == 0
    unseen = (target["subject"].values == "subject-01") & (target["size"].values == 1)
    assert accuracy_distance(source, target[~unseen], ("size", "side")).n_nan == 2


def test_few_people_are_left_out_and_draws_are_shared_with_the_ceiling() -> None:
    rng = np.random.default_rng(2)
    correct = rng.random((5, 200)) > rng.uniform(0.2, 0.5, size=(5, 1))
    truth = np.full(200, "cat")
    source, target = model(right(correct[0])), people(right(correct), truth)
    score, ceiling = accuracy_distance(source, target), accuracy_distance_ceiling(target)
    for found, again in ((score, lambda t: accuracy_distance(source, t)), (ceiling, accuracy_distance_ceiling)):
        assert found.replicates is not None
        left_out = found.replicates.sel(factor=found.replicates["factor"] == "subjects").values[0]
        for k in range(5):
            assert left_out[k] == pytest.approx(again(people(right(np.delete(correct, k, axis=0)), truth)).value, rel=1e-12)
        assert found.notes == ("jackknife over 5 subjects",)


def test_what_cannot_be_compared_is_refused() -> None:
    target = people(right(np.ones((2, 10))), CATS)
    source = model(right(np.ones(10)))
    with pytest.raises(AssemblyError, match="no coordinate 'size'; accuracy distance needs subject, size, stimulus_id, category"):
        accuracy_distance(source, target, ("size",))
    with pytest.raises(AssemblyError, match="the source lacks 1 of 10 stimuli"):
        accuracy_distance(source[1:], target)
    with pytest.raises(AssemblyError, match="compares subjects; the trials have only one"):
        accuracy_distance_ceiling(target[:10])
    with pytest.raises(AssemblyError, match="choices of the trials have dtype float64; expected str"):
        accuracy_distance(source, target.copy(data=np.full(20, np.nan)))
