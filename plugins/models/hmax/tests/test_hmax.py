"""Tuning of the simple stages, tolerance of the complex ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import correlate

import fornix
from fornix.interfaces import Experiment, Recording, StimulusSet, check_assembly

torch = pytest.importorskip("torch")

from fornix_model_hmax.layers import C1, FILTER_SIZES, ORIENTATIONS, POOLS, S1, S2, correlation, gabor_filters  # noqa: E402
from fornix_model_hmax.model import HMAX, SIDE, TEMPLATE_SIZES, TEMPLATES_PER_SIZE, pink_noise, preprocess  # noqa: E402


def bar(orientation: float, shift: float = 0.0, width: float = 2.0) -> torch.Tensor:
    """A bright bar through the middle (``shift`` pixels off), tilted anticlockwise: (1, 1, SIDE, SIDE)."""
    row, column = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    across = -column * math.sin(orientation) - row * math.cos(orientation) - shift
    return torch.from_numpy(np.exp(-(across**2) / (2 * width**2)).astype(np.float32))[None, None]


def noise(count: int, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(pink_noise(np.random.default_rng(seed), count, SIDE))[:, None]


@pytest.mark.parametrize("size", [size for pair in FILTER_SIZES for size in pair])
def test_filters_have_no_mean_and_unit_norm(size: int) -> None:
    filters = gabor_filters(size)
    assert filters.shape == (4, 1, size, size)
    np.testing.assert_allclose(filters.sum(dim=(2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(filters.norm(dim=(2, 3)), 1, rtol=1e-5)


def test_the_filter_of_11_pixels_has_the_published_tuning() -> None:
    """Serre et al. 2007, table 1: s = 4.5 and l = 5.6 at 11 pixels; the filter's spectrum peaks at 1 / l."""
    spectrum = torch.fft.fft2(gabor_filters(11)[0, 0], s=(1120, 1120)).abs()[:560, 0]
    assert float(spectrum.argmax()) / 1120 == pytest.approx(1 / 5.6, rel=0.05)


@pytest.mark.parametrize(("n", "shape"), [(7, (118, 118)), (21, (132, 133)), (5, (5, 31))])
def test_a_correlation_by_transforms_is_the_one_over_places(n: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(n)
    images, filters = rng.random((2, *shape)), rng.normal(size=(3, n, n))
    found = correlation(*(torch.from_numpy(array).float()[:, None] for array in (images, filters)))
    expected = [[correlate(image, one, mode="valid") for one in filters] for image in images]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("size", [7, 21])
def test_responses_in_float32_are_those_in_float64(size: int) -> None:
    """Also to bright images of little contrast, whose variance is a small difference of large numbers."""
    images = 0.9 + 0.02 * (noise(2) - 0.5)
    np.testing.assert_allclose(S1(size)(images), S1(size).double()(images.double()), atol=5e-6)


@pytest.mark.parametrize("preferred", range(4))
def test_a_bar_drives_most_the_cells_of_its_orientation(preferred: int) -> None:
    response = S1(9)(bar(ORIENTATIONS[preferred]))[0, :, SIDE // 2, SIDE // 2]
    assert int(response.argmax()) == preferred
    assert response[preferred] > 2 * response[(preferred + 2) % 4]


def test_simple_cells_tell_no_contrast_and_see_no_uniform_light() -> None:
    simple = S1(9)
    assert simple(torch.full((1, 1, SIDE, SIDE), 0.6)).max() < 1e-3
    strong, weak = (simple(0.5 + contrast * (noise(1) - 0.5)) for contrast in (1.0, 0.5))
    driven = strong > 0.4
    assert driven.sum() > 100
    assert float((weak[driven] / strong[driven]).median()) > 0.9
    assert strong.max() <= 1


def test_complex_cells_tolerate_small_shifts_and_simple_cells_do_not() -> None:
    simple, complex_ = S1(9), C1((7, 9), 8)

    def change(stage: torch.nn.Module, shift: float) -> float:
        before, after = stage(bar(0.3, width=1.5)), stage(bar(0.3, shift, width=1.5))
        return float((before - after).norm() / before.norm())

    assert change(complex_, 2.0) < 0.5 * change(simple, 2.0)
    assert change(complex_, 12.0) > 2 * change(complex_, 2.0)


def test_complex_cells_take_the_maximum() -> None:
    cells = C1((7, 9), 8)
    image = noise(1)
    first, second = (cells.simple[i](image) for i in range(2))
    row, column = 3, 5
    square = (0, slice(None), slice(4 * row, 4 * row + 8), slice(4 * column, 4 * column + 8))
    expected = torch.maximum(first, second)[square].amax(dim=(1, 2))
    np.testing.assert_array_equal(cells(image)[0, :, row, column], expected)


def test_s2_responds_with_1_to_its_own_template_and_as_the_formula_to_others() -> None:
    generator = torch.Generator().manual_seed(0)
    templates = torch.rand(3, 4, 8, 8, generator=generator)
    maps = torch.rand(1, 4, 12, 12, generator=generator)
    maps[0, :, 2:10, 3:11] = templates[1]
    found = S2(templates)(maps)
    assert found.shape == (1, 3, 5, 5)
    assert found[0, 1, 2, 3] == pytest.approx(1, abs=1e-4)
    distance = float((maps[0, :, 0:8, 1:9] - templates[2]).square().sum())
    assert found[0, 2, 0, 1] == pytest.approx(math.exp(-distance / (2 * 0.5**2 * 4)), rel=1e-3)


def test_c2_cells_tell_what_and_not_where() -> None:
    network = HMAX().eval()
    canvas = torch.full((3, 1, SIDE, SIDE), 0.5)
    patch = noise(1)[0, 0, :48, :48]
    canvas[0, 0, 16:64, 16:64] = patch
    canvas[1, 0, 44:92, 44:92] = patch
    with torch.inference_mode():
        here, there, nowhere = network(canvas)
    assert (here - there).norm() < 0.3 * (here - nowhere).norm()


def test_c2_cells_take_the_maximum_over_places_and_bands() -> None:
    network = HMAX().eval()
    image = noise(1, seed=3)
    with torch.inference_mode():
        maps = [band(image) for band in network.bands]
        tuned = network.c2.tuned[0]
        expected = max(float(tuned(band)[0, 17].max()) for band in maps)
        assert float(network(image)[0, 17]) == pytest.approx(expected, rel=1e-5)


def test_equal_seeds_give_equal_templates_and_other_seeds_others() -> None:
    first, again, other = HMAX(0), HMAX(0), HMAX(1)
    for ours, same, theirs in zip(first.c2.tuned, again.c2.tuned, other.c2.tuned, strict=True):
        assert torch.equal(ours.templates, same.templates)
        assert not torch.equal(ours.templates, theirs.templates)


def test_regions_are_read_from_c1_and_c2() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, size=(5, 64, 64, 3), dtype=np.uint8)
    stimuli = StimulusSet([str(i) for i in range(5)], image=list(pictures))
    v1, it = Recording("V1"), Recording("IT")
    model = fornix.load_model("hmax")
    responses = model.respond(Experiment(stimuli, (v1, it)))
    check_assembly(responses[v1], dims=("presentation", "neuroid"), stimulus_ids=stimuli, finite=True)
    places = [(SIDE - pool) // (pool // 2) + 1 for pool in POOLS]
    assert responses[v1].shape == (5, 4 * sum(side**2 for side in places))
    assert responses[it].shape == (5, len(TEMPLATE_SIZES) * TEMPLATES_PER_SIZE)
    with torch.inference_mode():
        direct = model.module(torch.stack([preprocess(picture) for picture in pictures]))
    np.testing.assert_allclose(responses[it].values, direct, rtol=1e-4, atol=1e-6)
    alone = model.respond(Experiment(stimuli.take([4]), (it,)))[it].values
    np.testing.assert_allclose(alone[0], responses[it].values[4], rtol=1e-4, atol=1e-6)
    again = model.respond(Experiment(stimuli, (it,)))[it].values
    np.testing.assert_array_equal(again, responses[it].values)
