"""The network learns digits from the fitting half, and from nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import fornix
from fornix.interfaces import (
    Experiment,
    Fitting,
    Label,
    NotAble,
    Probabilities,
    Recording,
    Similarity,
    StimulusSet,
    check_assembly,
)

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fornix_model_digits_network.model import DigitsNetwork, fitting_half, preprocess  # noqa: E402
from fornix_model_digits_network.network import train  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

CHOICES = tuple("0123456789")
IT = Recording("IT")
_DIGITS = load_digits()
_FITTING, _TEST = train_test_split(range(1797), test_size=0.5, stratify=_DIGITS.target, random_state=1)
_GREY = np.round(_DIGITS.images * 255 / 16).astype(np.uint8)


def stimuli(rows: list[int]) -> StimulusSet:
    return StimulusSet([f"d{row}" for row in rows], image=[np.repeat(_GREY[row][..., None], 3, axis=-1) for row in rows])


def labels(rows: list[int]) -> tuple[str, ...]:
    return tuple(str(_DIGITS.target[row]) for row in rows)


@pytest.fixture(scope="module")
def model() -> DigitsNetwork:
    return fornix.load_model("digits-network")


def test_it_names_more_than_nine_in_ten_of_the_other_half(model: DigitsNetwork) -> None:
    task = Label(CHOICES, fitting=Fitting(stimuli(_FITTING), labels(_FITTING)))
    shown = stimuli(_TEST)
    answer = model.respond(Experiment(shown, task=task))[task]
    check_assembly(answer, dims=("presentation",), stimulus_ids=shown)
    assert np.mean(answer.values == np.array(labels(_TEST))) > 0.95


def test_it_is_trained_on_the_fitting_half_alone() -> None:
    images, names = fitting_half()
    assert names == list(labels(_FITTING))
    np.testing.assert_allclose(images[:, 0] * 255, _GREY[_FITTING], atol=1e-4)
    test_images = {_GREY[row].tobytes() for row in _TEST}
    assert not any(np.round(image * 255).astype(np.uint8).tobytes() in test_images for image in images)


def test_labels_come_from_the_fitting_stimuli(model: DigitsNetwork) -> None:
    """With the names of the digits permuted, the answers are permuted: nothing of the true names shines through."""
    rows, shown = _FITTING[:300], _TEST[:60]
    turned = tuple(str((int(label) + 3) % 10) for label in labels(rows))
    task = Label(CHOICES, fitting=Fitting(stimuli(rows), turned))
    answer = model.respond(Experiment(stimuli(shown), task=task))[task]
    expected = np.array([str((int(label) + 3) % 10) for label in labels(shown)])
    assert np.mean(answer.values == expected) > 0.8


def test_probabilities_sum_to_1_and_agree_with_labels(model: DigitsNetwork) -> None:
    rows = [row for row in _FITTING if _DIGITS.target[row] < 3][:60]
    choices = ("2", "never", "0", "1")
    fitting, shown = Fitting(stimuli(rows), labels(rows)), stimuli(_TEST[:20])
    chances_asked, label_asked = Probabilities(choices, fitting=fitting), Label(choices, fitting=fitting)
    chances = model.respond(Experiment(shown, task=chances_asked))[chances_asked]
    check_assembly(chances, dims=("presentation", "choice"), stimulus_ids=shown, finite=True)
    assert chances["choice"].values.tolist() == list(choices)
    np.testing.assert_allclose(chances.sum("choice"), 1)
    assert (chances.sel(choice="never") == 0).all()
    named = model.respond(Experiment(shown, task=label_asked))[label_asked]
    np.testing.assert_array_equal(np.array(choices)[chances.values.argmax(axis=1)], named.values)


def test_order_of_the_images_does_not_matter() -> None:
    images, names = fitting_half()
    images, names = images[:64], names[:64]
    turned = np.random.default_rng(0).permutation(64)
    one, _ = train(images, names)
    other, _ = train(images[turned], [names[i] for i in turned])
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_training_leaves_the_random_state_alone() -> None:
    images, names = fitting_half()
    before = torch.random.get_rng_state()
    train(images[:32], names[:32])
    assert torch.equal(before, torch.random.get_rng_state())


def test_what_is_recorded_does_not_depend_on_the_task(model: DigitsNetwork) -> None:
    shown = stimuli(_TEST[:12])
    rows = _FITTING[:60]
    task = Label(CHOICES, fitting=Fitting(stimuli(rows), labels(rows)))
    with_task, without, alike = model.respond_all(
        [Experiment(shown, (IT,), task=task), Experiment(shown, (IT,)), Experiment(shown, task=Similarity())]
    )
    assert set(with_task) == {IT, task}
    check_assembly(without[IT], dims=("presentation", "neuroid"), stimulus_ids=shown, finite=True)
    np.testing.assert_array_equal(with_task[IT].values, without[IT].values)
    np.testing.assert_array_equal(model.respond(Experiment(shown, (IT,)))[IT].values, without[IT].values)
    assert alike[Similarity()].shape == (66,)


def test_training_shapes_what_is_recorded(model: DigitsNetwork) -> None:
    """Same digits are more alike in the hidden layer than different ones, and more so than in the pixels."""
    shown, truth = stimuli(_TEST[:200]), np.array(labels(_TEST[:200]))
    same = truth[np.triu_indices(200, k=1)[0]] == truth[np.triu_indices(200, k=1)[1]]

    def contrast(dissimilarity: np.ndarray) -> float:
        return float((dissimilarity[~same].mean() - dissimilarity[same].mean()) / dissimilarity.std())

    asked = Similarity()
    ours = model.respond(Experiment(shown, task=asked))[asked].values
    pixels = fornix.load_model("pixels").respond(Experiment(shown, task=asked))[asked].values
    assert contrast(ours) > 1.2 * contrast(pixels)


def test_an_image_of_another_size_is_averaged_down() -> None:
    large = np.kron(_GREY[5], np.ones((8, 8), dtype=np.uint8))[..., None].repeat(3, axis=-1)
    assert preprocess(large).shape == (1, 8, 8)
    assert np.corrcoef(preprocess(large).numpy().ravel(), _GREY[5].ravel())[0, 1] > 0.9


def test_it_says_what_it_cannot_do(model: DigitsNetwork) -> None:
    with pytest.raises(NotAble, match="fitting"):
        model.respond(Experiment(stimuli(_TEST[:2]), task=Label(CHOICES)))
    absent = StimulusSet(["gone"], image=[None])
    rows = _FITTING[:20]
    with pytest.raises(NotAble, match="stimuli"):
        model.respond(Experiment(absent, task=Label(CHOICES, fitting=Fitting(stimuli(rows), labels(rows)))))
