"""Tuning, invariances and normalisation of the energy model, against what the papers say of complex cells."""

from __future__ import annotations

import numpy as np
import pytest
from fornix_model_gabor.energy import (
    FIELD_OF_VIEW_DEGREES,
    FREQUENCIES,
    GRID,
    ORIENTATIONS,
    SEMISATURATION_CONTRAST,
    SIDE,
    energy,
    gabor_bank,
    luminance,
    normalise,
    read_out,
)

import fornix
from fornix.interfaces import Experiment, Recording, StimulusSet, check_assembly

BANK = gabor_bank()
CENTRE = (..., slice(SIDE // 4, -SIDE // 4), slice(SIDE // 4, -SIDE // 4))


def grating(frequency: float, orientation: float, phase: float = 0.0, contrast: float = 0.5) -> np.ndarray:
    """A sine grating of the given cycles per degree whose bars are tilted anticlockwise by ``orientation``, around mid-grey."""
    row, column = np.indices((SIDE, SIDE)) * FIELD_OF_VIEW_DEGREES / SIDE
    across = -column * np.sin(orientation) - row * np.cos(orientation)
    return 0.5 * (1 + contrast * np.cos(2 * np.pi * frequency * across + phase))


def mean_energy(image: np.ndarray) -> np.ndarray:
    """(frequencies, orientations), over the middle of the image."""
    return energy(image, BANK)[CENTRE].mean(axis=(-2, -1))


@pytest.mark.parametrize("frequency", range(len(FREQUENCIES)))
@pytest.mark.parametrize("orientation", range(len(ORIENTATIONS)))
def test_a_grating_drives_most_the_channel_that_prefers_it(frequency: int, orientation: int) -> None:
    found = mean_energy(grating(FREQUENCIES[frequency], ORIENTATIONS[orientation]))
    assert np.unravel_index(found.argmax(), found.shape) == (frequency, orientation)


def test_energy_is_the_squared_amplitude_of_a_preferred_grating() -> None:
    found = mean_energy(grating(2.0, ORIENTATIONS[3], contrast=0.4))[2, 3]
    assert found == pytest.approx(0.2**2, rel=0.02)


def test_energy_does_not_depend_on_phase() -> None:
    """The defining property of a complex cell; a linear filter would swing between both signs."""
    middle = (2, 5, SIDE // 2, SIDE // 2)
    found = [energy(grating(2.0, ORIENTATIONS[5], phase), BANK)[middle] for phase in np.linspace(0, 2 * np.pi, 9)]
    assert np.ptp(found) / np.mean(found) < 0.02


def test_tuning_widths_are_those_declared() -> None:
    """Amplitude falls to half its peak 20 degrees away, and a factor of 2^0.75 of the bandwidth's middle away in frequency."""
    peak = np.sqrt(mean_energy(grating(2.0, 0.0))[2, 0])
    away = np.sqrt(mean_energy(grating(2.0 / np.cos(np.radians(20)), np.radians(20)))[2, 0])
    assert away / peak == pytest.approx(0.5, abs=0.03)
    octaves = 2**1.5
    low, high = 2 * 2.0 / (1 + octaves), 2 * 2.0 * octaves / (1 + octaves)
    assert np.log2(high / low) == pytest.approx(1.5)
    for edge in (low, high):
        assert np.sqrt(mean_energy(grating(edge, 0.0))[2, 0]) / peak == pytest.approx(0.5, abs=0.03)


def test_uniform_light_drives_nothing() -> None:
    assert energy(np.full((SIDE, SIDE), 0.7), BANK).max() < 1e-8


def test_normalised_responses_saturate_with_contrast() -> None:
    """R = c^2 / (c50'^2 + c^2) up to a factor: linear filters would grow sixteenfold from 25 to 100 % contrast."""

    def response(contrast: float) -> float:
        return float(normalise(energy(grating(2.0, 0.0, contrast=contrast), BANK))[CENTRE].mean(axis=(-2, -1))[2, 0])

    low, middle, high = response(0.01), response(0.25), response(1.0)
    assert response(0.02) / low == pytest.approx(4, rel=0.1)
    assert 1 < high / middle < 1.5
    assert high < 1


def test_normalisation_is_the_formula_where_energy_is_uniform() -> None:
    energies = np.full((4, 8, SIDE, SIDE), 0.01, dtype=np.float32)
    expected = 0.01 / ((0.5 * SEMISATURATION_CONTRAST) ** 2 + 32 * 0.01)
    np.testing.assert_allclose(normalise(energies), expected, rtol=1e-4)


def test_an_orthogonal_mask_suppresses() -> None:
    """Cross-orientation suppression: a mask that does not drive the cell lowers its response (Carandini & Heeger 2012)."""
    alone = grating(2.0, 0.0, contrast=0.3)
    masked = alone + grating(2.0, np.pi / 2, contrast=0.6) - 0.5
    responses = [normalise(energy(image, BANK))[CENTRE].mean(axis=(-2, -1))[2, 0] for image in (alone, masked)]
    assert responses[1] < 0.6 * responses[0]


def test_the_grid_averages_squares() -> None:
    ramp = np.arange(SIDE * SIDE, dtype=np.float64).reshape(SIDE, SIDE)
    step = SIDE // GRID
    assert read_out(ramp).shape == (GRID, GRID)
    assert read_out(ramp)[1, 2] == pytest.approx(ramp[step : 2 * step, 2 * step : 3 * step].mean())


def test_luminance_weighs_colours_as_rec_601() -> None:
    image = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    np.testing.assert_allclose(luminance(image), [[0.299, 0.587, 0.114, 1.0]], rtol=1e-5)


def test_regions_answer_with_normalised_energies() -> None:
    pictures = [np.repeat((255 * grating(1.0, o))[..., np.newaxis], 3, axis=-1).astype(np.uint8) for o in ORIENTATIONS[:3]]
    small = np.random.default_rng(0).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    stimuli = StimulusSet(["a", "b", "c", "small"], image=[*pictures, small])
    v1, raw = Recording("V1"), Recording("layer:energy")
    model = fornix.load_model("gabor-v1")
    responses = model.respond(Experiment(stimuli, (v1, raw)))
    check_assembly(responses[v1], dims=("presentation", "neuroid"), stimulus_ids=stimuli, finite=True)
    expected = read_out(normalise(energy(luminance(pictures[1]), BANK)))
    np.testing.assert_array_equal(responses[v1].values[1], expected.ravel())
    np.testing.assert_array_equal(responses[raw].values[1], read_out(energy(luminance(pictures[1]), BANK)).ravel())
    alone = model.respond(Experiment(stimuli.take([1]), (v1,)))[v1].values
    np.testing.assert_array_equal(alone[0], responses[v1].values[1])
