"""Models of the simulated brain: its noiseless units, mixed with noise of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fornix import NotAble
from fornix.extraction.commitment import read_commitment
from fornix.extraction.responder import FeatureModel
from fornix_dataset_simulated.brain import N_UNITS, REGIONS, SIDE, Brain


def noisy_brain(noise: float) -> FeatureModel:
    """The generating network with ``sqrt(1 - noise) * signal + sqrt(noise) * noise`` in every unit.

    Signal and noise have variance 1 (the signal over reference textures), so ``noise`` is the noise's share of the variance.
    The noise of an image is drawn from a seed made of its pixels: equal images always get equal responses.

    Parameters
    ----------
    noise : float
        0: the generating model itself; 1: a model of nothing.
    """
    brain = Brain()

    def extract(images: list[NDArray[np.uint8]], layers: Sequence[str], seed: int) -> Mapping[str, NDArray[np.float32]]:
        for image in images:
            if image.shape != (SIDE, SIDE, 3):
                raise NotAble("stimuli", f"the simulated brain sees textures of {SIDE} x {SIDE} pixels, not {image.shape[:2]}")
        signal = brain.responses(np.stack(images))
        return {
            layer: (np.sqrt(1 - noise) * signal[layer] + np.sqrt(noise) * _noise(images, layer)).astype(np.float32)
            for layer in layers
        }

    return FeatureModel(extract, REGIONS, read_commitment(Path(__file__).parent))


def _noise(images: list[NDArray[np.uint8]], region: str) -> NDArray[np.float64]:
    """(n, units): standard normal, a function of the pixels and the region."""
    seeds = [int.from_bytes(hashlib.sha256(region.encode() + image.tobytes()).digest()[:8], "big") for image in images]
    return np.stack([np.random.default_rng(seed).standard_normal(N_UNITS) for seed in seeds])
