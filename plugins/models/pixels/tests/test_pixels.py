"""The model answers with the image's own values."""

from __future__ import annotations

import numpy as np
import pytest
from fornix_model_pixels.model import SIDE, downsample

import fornix
from fornix.interfaces import Experiment, Fitting, Label, Recording, Similarity, StimulusSet, check_assembly

V4 = Recording("V4")


def images(count: int, side: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(count, side, side, 3), dtype=np.uint8)


def test_an_image_of_that_size_is_kept_as_it_is() -> None:
    image = images(1, SIDE)[0]
    np.testing.assert_allclose(downsample(image) * 255, image, atol=1e-4)


def test_a_uniform_image_stays_uniform_at_any_size() -> None:
    colour = np.array([10, 200, 90], dtype=np.uint8)
    for shape in ((8, 8, 3), (175, 175, 3), (40, 90, 3)):
        np.testing.assert_allclose(
            downsample(np.broadcast_to(colour, shape).copy()) * 255, np.broadcast_to(colour, (SIDE, SIDE, 3))
        )


def test_an_edge_stays_where_it_is() -> None:
    image = np.zeros((128, 128, 3), dtype=np.uint8)
    image[:, 64:, 1] = 255
    small = downsample(image)
    assert small[:, : SIDE // 2 - 1].max() == 0
    np.testing.assert_array_equal(small[:, SIDE // 2 + 1 :, 1], 1)
    assert small[..., [0, 2]].max() == 0


def test_fine_texture_averages_out() -> None:
    """One-pixel stripes, eight of them to a new pixel: all mid-grey, not whichever stripe the new pixel falls on."""
    stripes = np.zeros((256, 256, 3), dtype=np.uint8)
    stripes[:, ::2] = 255
    np.testing.assert_allclose(downsample(stripes), 0.5, atol=0.02)


def test_every_region_answers_with_the_pixels() -> None:
    shown = images(5)
    stimuli = StimulusSet([f"s{i}" for i in range(5)], image=list(shown))
    it = Recording("IT")
    responses = fornix.load_model("pixels").respond(Experiment(stimuli, (V4, it)))
    check_assembly(responses[V4], dims=("presentation", "neuroid"), stimulus_ids=stimuli, finite=True)
    assert responses[V4].shape == (5, 3 * SIDE * SIDE)
    np.testing.assert_array_equal(responses[V4].values, responses[it].values)
    np.testing.assert_array_equal(responses[V4].values[2], downsample(shown[2]).ravel())


def test_similar_images_are_less_dissimilar() -> None:
    first, other = images(2).astype(np.int64)
    near = np.clip(first + 5, 0, 255)
    stimuli = StimulusSet(["first", "near", "other"], image=[a.astype(np.uint8) for a in (first, near, other)])
    answer = fornix.load_model("pixels").respond(Experiment(stimuli, task=Similarity()))[Similarity()]
    pairs = dict(zip(zip(answer["stimulus_a"].values, answer["stimulus_b"].values, strict=True), answer.values, strict=True))
    assert pairs["first", "near"] < 0.05
    assert pairs["first", "other"] > 0.8


def test_colours_are_learned_from_fitting_stimuli() -> None:
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(1)

    def blobs(count: int) -> tuple[list[np.ndarray], list[str]]:
        names = ["red" if i % 2 else "blue" for i in range(count)]
        pictures = [rng.integers(0, 100, size=(16, 16, 3), dtype=np.uint8) for _ in range(count)]
        for picture, name in zip(pictures, names, strict=True):
            picture[..., 0 if name == "red" else 2] += 100
        return pictures, names

    learned, names = blobs(20)
    shown, truth = blobs(10)
    task = Label(("red", "blue"), fitting=Fitting(StimulusSet([f"f{i}" for i in range(20)], image=learned), tuple(names)))
    answer = fornix.load_model("pixels").respond(Experiment(StimulusSet([f"t{i}" for i in range(10)], image=shown), task=task))[
        task
    ]
    assert answer.values.tolist() == truth
