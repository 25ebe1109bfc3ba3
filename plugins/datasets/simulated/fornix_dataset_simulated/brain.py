"""The simulated brain: textures, and a network of three regions that responds to them without noise.

V1: energies of Gabor filters, pooled over a grid and divided by the energy of all filters. V4: rectified random mixtures of
V1. IT: rectified random mixtures of V4. Every unit is scaled to mean 0 and standard deviation 1 over reference textures.

The dataset ``Simulated`` adds noise to it; the model ``simulated-brain`` does not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Pixels along each side of a texture.
SIDE: Final = 32
REGIONS: Final = ("V1", "V4", "IT")
#: Units in each region.
N_UNITS: Final = 20
#: Everything random about the brain itself comes from this seed.
BRAIN_SEED: Final = 20240
WAVELENGTHS: Final = (4.0, 8.0)
ORIENTATIONS: Final = (0.0, 45.0, 90.0, 135.0)
#: Receptive fields along each side of the texture.
GRID: Final = 4


def textures(n: int, seed: int) -> NDArray[np.uint8]:
    """Noise with a random orientation, wavelength, bandwidth and contrast, shaped by a random envelope.

    Returns
    -------
    (n, 32, 32, 3) uint8, grey
    """
    random = np.random.default_rng(seed)
    fy, fx = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    radius = np.hypot(fx, fy)
    angle = np.arctan2(fy, fx)
    y, x = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    images = np.empty((n, SIDE, SIDE, 3), dtype=np.uint8)
    for image in images:
        octaves = np.log2(np.where(radius > 0, radius, 1) * 2 ** random.uniform(1.5, 3.5))
        tuning = np.cos(2 * (angle - random.uniform(0, np.pi)))
        amplitude = np.exp(-(octaves**2) / random.uniform(0.2, 1.0) + random.uniform(0, 6) * (tuning - 1)) * (radius > 0)
        field = np.fft.ifft2(amplitude * np.fft.fft2(random.standard_normal((SIDE, SIDE)))).real
        centre, width = random.uniform(0, SIDE, size=2), random.uniform(6, 20)
        envelope = np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / (2 * width**2))
        field *= envelope / (field * envelope).std() * random.uniform(20, 60)
        image[...] = np.clip(np.round(field + 128), 0, 255).astype(np.uint8)[..., np.newaxis]
    return images


class Brain:
    """The network; equal images always give equal responses."""

    def __init__(self) -> None:
        random = np.random.default_rng(BRAIN_SEED)
        self._filters = _gabor_spectra()
        n_v1 = len(self._filters) * GRID**2
        self._v1_units = np.sort(random.choice(n_v1, size=N_UNITS, replace=False))
        self._to_v4 = random.standard_normal((n_v1, N_UNITS)) / np.sqrt(n_v1)
        self._to_it = random.standard_normal((N_UNITS, N_UNITS)) / np.sqrt(N_UNITS)
        self._moments: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        reference = textures(200, seed=BRAIN_SEED)
        v1 = self._standardised("V1 of all units", self._energies(reference))
        self._standardised("V4", np.maximum(v1 @ self._to_v4, 0))
        self._standardised("IT", np.maximum(self._scale("V4", np.maximum(v1 @ self._to_v4, 0)) @ self._to_it, 0))

    def responses(self, images: NDArray[np.uint8]) -> dict[str, NDArray[np.float64]]:
        """Noiseless responses.

        Parameters
        ----------
        images : (n, 32, 32, 3) uint8

        Returns
        -------
        dict, region -> (n, 20)
        """
        v1 = self._scale("V1 of all units", self._energies(images))
        v4 = self._scale("V4", np.maximum(v1 @ self._to_v4, 0))
        it = self._scale("IT", np.maximum(v4 @ self._to_it, 0))
        return {"V1": v1[:, self._v1_units], "V4": v4, "IT": it}

    def _energies(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """(n, filters * grid * grid): root of the Gabor energy pooled over each cell of the grid, divisively normalised."""
        grey = np.asarray(images, dtype=np.float64)[..., 0] / 255 - 0.5
        spectra = np.fft.fft2(grey)
        energy = np.stack([np.abs(np.fft.ifft2(spectra * filter_)) ** 2 for filter_ in self._filters], axis=1)
        cell = SIDE // GRID
        pooled = np.sqrt(energy.reshape(*energy.shape[:2], GRID, cell, GRID, cell).mean(axis=(3, 5)))
        normalised = pooled / (0.05 + pooled.mean(axis=1, keepdims=True))
        return normalised.reshape(len(grey), -1)

    def _standardised(self, name: str, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        self._moments[name] = (responses.mean(axis=0), responses.std(axis=0))
        return self._scale(name, responses)

    def _scale(self, name: str, responses: NDArray[np.float64]) -> NDArray[np.float64]:
        mean, deviation = self._moments[name]
        return (responses - mean) / deviation


def _gabor_spectra() -> NDArray[np.float64]:
    """(filters, 32, 32): one-sided Gaussians in the frequency domain, so that the modulus is the energy of both phases."""
    fy, fx = np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij")
    spectra = []
    for wavelength in WAVELENGTHS:
        for orientation in np.deg2rad(ORIENTATIONS):
            along = fx * np.cos(orientation) + fy * np.sin(orientation) - 1 / wavelength
            across = -fx * np.sin(orientation) + fy * np.cos(orientation)
            spectra.append(np.exp(-(along**2 + across**2) * (2 * wavelength) ** 2))
    return np.array(spectra)
