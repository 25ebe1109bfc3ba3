"""The energy model: quadrature pairs of Gabor filters, their energy, and divisive normalisation. Pure functions on arrays.

Filters are built and applied in the frequency plane: a single Gaussian there is a complex Gabor function in the image, whose
real and imaginary parts are the even and the odd filter of a quadrature pair, so that one inverse transform gives both.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

#: Pixels along each side of the image that the filters see.
SIDE: Final = 112
#: Visual angle of the whole image, whatever its size in pixels.
FIELD_OF_VIEW_DEGREES: Final = 8.0
PIXELS_PER_DEGREE: Final = SIDE / FIELD_OF_VIEW_DEGREES
#: Preferred spatial frequencies, cycles per degree.
FREQUENCIES: Final = (0.5, 1.0, 2.0, 4.0)
#: Preferred orientations in radians, counted from horizontal bars, anticlockwise.
ORIENTATIONS: Final = tuple(math.pi * k / 8 for k in range(8))
#: Full widths at half height of the tuning curves, typical of V1 (De Valois, Albrecht & Thorell; De Valois, Yund & Hepler; 1982).
FREQUENCY_BANDWIDTH_OCTAVES: Final = 1.5
ORIENTATION_BANDWIDTH_DEGREES: Final = 40.0
#: Mirrored pixels around the image, so that filters at its border see no edge.
MARGIN: Final = 16
#: Semi-saturation of the normalisation: contrast of a sine grating at which the pool alone halves the response.
SEMISATURATION_CONTRAST: Final = 0.1
#: Standard deviation of the normalisation pool, degrees.
POOL_DEGREES: Final = 0.5
#: Complex cells along each side of the grid on which responses are read out.
GRID: Final = 14

_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # Rec. 601
_HALF_HEIGHT: Final = math.sqrt(2 * math.log(2))


def luminance(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey levels in [0, 1]: (height, width, 3) uint8 -> (height, width) float32."""
    return np.asarray(image.astype(np.float32) @ (_LUMA / np.float32(255)))


def _frequency_plane(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Horizontal and upward vertical frequency of each coefficient, cycles per degree."""
    cycles = np.fft.fftfreq(side) * PIXELS_PER_DEGREE
    return cycles[np.newaxis, :], -cycles[:, np.newaxis]


def gabor_bank(side: int = SIDE + 2 * MARGIN) -> NDArray[np.float32]:
    """Transfer functions of the complex Gabor filters.

    ``H(u, v) = 2 exp(-(r - f)^2 / (2 s_r^2) - t^2 / (2 s_t^2))``, with (r, t) the frequency along and across the direction
    that modulates most; 0 for the mean luminance. The factor 2 makes the amplitude of the response to a grating at the
    preferred frequency that of the grating.

    Parameters
    ----------
    side : int
        Of the padded image, pixels.

    Returns
    -------
    (frequencies, orientations, side, side) float32
    """
    u, v = _frequency_plane(side)
    octaves = 2.0**FREQUENCY_BANDWIDTH_OCTAVES
    along_ratio = (octaves - 1) / (octaves + 1) / _HALF_HEIGHT
    across_ratio = math.tan(math.radians(ORIENTATION_BANDWIDTH_DEGREES / 2)) / _HALF_HEIGHT
    bank = np.empty((len(FREQUENCIES), len(ORIENTATIONS), side, side), dtype=np.float32)
    for row, frequency in enumerate(FREQUENCIES):
        for column, orientation in enumerate(ORIENTATIONS):
            # Bars at an orientation modulate at right angles to it.
            across_bars = orientation + math.pi / 2
            along = u * math.cos(across_bars) + v * math.sin(across_bars)
            across = -u * math.sin(across_bars) + v * math.cos(across_bars)
            exponent = ((along - frequency) / (along_ratio * frequency)) ** 2 + (across / (across_ratio * frequency)) ** 2
            bank[row, column] = 2.0 * np.exp(-exponent / 2)
            bank[row, column, 0, 0] = 0.0
    return bank


def energy(image: ArrayLike, bank: NDArray[np.float32]) -> NDArray[np.float32]:
    """Energy of each quadrature pair at each pixel, ``even^2 + odd^2`` (Adelson & Bergen 1985).

    Parameters
    ----------
    image : (SIDE, SIDE) array
        Luminance in [0, 1].
    bank : (frequencies, orientations, SIDE + 2 MARGIN, SIDE + 2 MARGIN) float32
        Of :func:`gabor_bank`.

    Returns
    -------
    (frequencies, orientations, SIDE, SIDE) float32
        The squared amplitude of a grating, where the image is one.
    """
    padded = np.pad(np.asarray(image, dtype=np.float32), MARGIN, mode="reflect")
    responses = scipy.fft.ifft2(scipy.fft.fft2(padded) * bank, axes=(-2, -1), overwrite_x=True)
    inner = responses[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.asarray(inner.real**2 + inner.imag**2)


def normalise(energies: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divisive normalisation, ``R = E / (sigma^2 + P)`` (Carandini & Heeger 2012, exponent 2).

    P is the energy summed over all orientations and frequencies and averaged over a Gaussian neighbourhood; sigma is the
    amplitude of a sine grating of contrast :data:`SEMISATURATION_CONTRAST` around mid-grey.

    Parameters
    ----------
    energies : (frequencies, orientations, SIDE, SIDE) float32

    Returns
    -------
    (frequencies, orientations, SIDE, SIDE) float32
    """
    amplitude = 0.5 * SEMISATURATION_CONTRAST
    return np.asarray(energies / (np.float32(amplitude**2) + _blur(energies.sum(axis=(0, 1)))))


def _blur(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """A Gaussian average of standard deviation POOL_DEGREES; the image is mirrored at its borders."""
    return np.asarray(gaussian_filter(image, POOL_DEGREES * PIXELS_PER_DEGREE, mode="reflect"))


def read_out(responses: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average responses over the squares of a GRID x GRID grid: (..., SIDE, SIDE) -> (..., GRID, GRID)."""
    step = SIDE // GRID
    squares = responses.reshape(*responses.shape[:-2], GRID, step, GRID, step)
    return np.asarray(squares.mean(axis=(-3, -1)))
