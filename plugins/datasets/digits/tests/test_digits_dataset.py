"""The digits are scikit-learn's, and neither name nor order tells the label."""

from __future__ import annotations

import numpy as np
import pytest

import fornix
from fornix.interfaces import check_assembly


@pytest.fixture(scope="module")
def digits() -> object:
    pytest.importorskip("sklearn")
    return fornix.load_dataset("Digits")


def test_images_and_labels_are_those_of_scikit_learn(digits) -> None:
    from sklearn.datasets import load_digits

    published = load_digits()
    stimuli, labels = digits.stimuli(), digits.recordings()["label"]
    check_assembly(labels, dims=("presentation",), stimulus_ids=stimuli)
    assert labels["stimulus_id"].values.tolist() == list(stimuli)
    rows = labels["source_row"].values
    assert sorted(rows) == list(range(1797))
    assert labels.values.tolist() == [str(target) for target in published.target[rows]]
    images = np.stack(stimuli.contents["image"])
    assert images.shape == (1797, 8, 8, 3)
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    for channel in range(3):
        np.testing.assert_array_equal(np.round(images[..., channel].astype(float) * 16 / 255), published.images[rows])


def test_every_stimulus_is_another_image(digits) -> None:
    assert len(set(digits.stimuli().row_hashes)) == 1797


def test_the_order_does_not_tell_the_label(digits) -> None:
    """In scikit-learn's order a digit is mostly followed by the next one; here no more often than by chance."""
    label = digits.recordings()["label"].values.astype(int)
    following = np.mean((label[1:] - label[:-1]) % 10 == 1)
    assert following == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / 1796))
    assert np.mean(label[1:] == label[:-1]) == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / 1796))
    assert list(digits.stimuli()) == sorted(digits.stimuli())
