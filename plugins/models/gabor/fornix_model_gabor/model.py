"""The energy model as a model of images: resizing, and the responses that are read out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fornix.extraction.commitment import read_commitment
from fornix.extraction.responder import FeatureModel
from fornix_model_gabor.energy import SIDE, energy, gabor_bank, luminance, normalise, read_out

#: Energies of the quadrature pairs, and the same after divisive normalisation: 4 x 8 x 14 x 14 features each.
LAYERS: Final = ("energy", "normalised")


def resize(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Luminance at SIDE x SIDE pixels, (SIDE, SIDE) float32 in [0, 1]; the aspect ratio is not kept."""
    if image.shape[:2] != (SIDE, SIDE):
        image = np.array(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)
    return luminance(image)


def gabor_model() -> FeatureModel:
    """The model, with its filters made."""
    bank = gabor_bank()

    def extract(images: list[NDArray[np.float32]], layers: Sequence[str], seed: int) -> dict[str, NDArray[np.float32]]:
        responses: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in layers}
        for image in images:
            energies = energy(image, bank)
            if "energy" in responses:
                responses["energy"].append(read_out(energies))
            if "normalised" in responses:
                responses["normalised"].append(read_out(normalise(energies)))
        return {layer: np.stack(rows) for layer, rows in responses.items()}

    return FeatureModel(extract, LAYERS, read_commitment(Path(__file__).parent), prepare=resize)
