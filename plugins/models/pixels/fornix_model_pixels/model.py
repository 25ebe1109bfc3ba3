"""An image's own values, at a size at which images of different sizes can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fornix.extraction.commitment import read_commitment
from fornix.extraction.responder import FeatureModel

#: Pixels along each side of the downsampled image.
SIDE: Final = 32
LAYER: Final = "pixels"


def downsample(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """An image at ``SIDE`` x ``SIDE`` pixels; the aspect ratio is not kept.

    Each new pixel averages the old ones under a triangle as wide as two new pixels (bilinear with antialiasing); smaller
    images are interpolated.

    Parameters
    ----------
    image : (height, width, 3) uint8

    Returns
    -------
    (SIDE, SIDE, 3) float32 in [0, 1]
    """
    resized = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32) / np.float32(255)


def pixel_model() -> FeatureModel:
    """The model: one layer, ``pixels``, of 3,072 features."""
    return FeatureModel(_extract, (LAYER,), read_commitment(Path(__file__).parent), batch_size=256, prepare=downsample)


def _extract(images: list[NDArray[np.float32]], layers: Sequence[str], seed: int) -> dict[str, NDArray[np.float32]]:
    return {LAYER: np.stack(images)}
