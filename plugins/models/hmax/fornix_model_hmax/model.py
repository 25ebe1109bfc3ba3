"""The stages in order, their templates, and the hierarchy as a model of images."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from fornix.extraction.commitment import read_commitment
from fornix.extraction.torch import TorchModel
from fornix_model_hmax.layers import C1, FILTER_SIZES, POOLS, S2

#: Pixels along each side of the image.
SIDE: Final = 112
#: Sides of the templates, in C1 units, and how many there are of each.
TEMPLATE_SIZES: Final = (4, 8, 12)
TEMPLATES_PER_SIZE: Final = 256
SEED: Final = 0
#: Noise images that the templates are cut from.
NOISE_IMAGES: Final = 64

_LUMA: Final = torch.tensor([0.299, 0.587, 0.114])[:, None, None]  # Rec. 601


class Side(nn.Module):
    """Maps of several bands side by side, flattened."""

    def forward(self, maps: list[Tensor]) -> Tensor:
        return torch.cat([band.flatten(1) for band in maps], dim=1)


class GlobalMaximum(nn.Module):
    """C2: the highest response of each S2 cell, over all places and bands."""

    def __init__(self, templates: list[Tensor]) -> None:
        super().__init__()
        self.tuned = nn.ModuleList(S2(patches) for patches in templates)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """C1 maps of the bands -> (batch, cells)."""
        return torch.cat([torch.stack([s2(band).amax(dim=(2, 3)) for band in maps]).amax(dim=0) for s2 in self.tuned], dim=1)


class HMAX(nn.Module):
    """The hierarchy; ``c1`` and ``c2`` are the layers to read out.

    Parameters
    ----------
    seed : int
        Of the noise and of the places that the templates are cut from.
    """

    def __init__(self, seed: int = SEED) -> None:
        super().__init__()
        self.bands = nn.ModuleList(C1(sizes, pool) for sizes, pool in zip(FILTER_SIZES, POOLS, strict=True))
        self.c1 = Side()
        self.c2 = GlobalMaximum(self._templates(np.random.default_rng(seed)))

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, SIDE, SIDE) grey levels in [0, 1] -> (batch, cells)."""
        maps = [band(images) for band in self.bands]
        self.c1(maps)
        pooled: Tensor = self.c2(maps)
        return pooled

    @torch.inference_mode()
    def _templates(self, rng: np.random.Generator) -> list[Tensor]:
        """Patches of the finest band's C1 responses to noise, (templates, orientations, n, n) for each size n."""
        noise = torch.from_numpy(pink_noise(rng, NOISE_IMAGES, SIDE))[:, None]
        maps = torch.cat([self.bands[0](image[None]) for image in noise])
        cut = []
        for size in TEMPLATE_SIZES:
            image = rng.integers(len(maps), size=TEMPLATES_PER_SIZE)
            row, column = rng.integers(maps.shape[-1] - size + 1, size=(2, TEMPLATES_PER_SIZE))
            patches = [maps[i, :, r : r + size, c : c + size] for i, r, c in zip(image, row, column, strict=True)]
            cut.append(torch.stack(patches).clone())
        return cut


def pink_noise(rng: np.random.Generator, count: int, side: int) -> NDArray[np.float32]:
    """Noise with the 1/f amplitude spectrum of natural scenes (Field 1987), each image scaled to [0, 1].

    Returns
    -------
    (count, side, side) float32
    """
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij"))
    frequency[0, 0] = np.inf
    images = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((count, side, side))) / frequency, s=(side, side))
    low, high = images.min(axis=(1, 2), keepdims=True), images.max(axis=(1, 2), keepdims=True)
    return ((images - low) / (high - low)).astype(np.float32)


def preprocess(image: NDArray[np.uint8]) -> Tensor:
    """(height, width, 3) uint8 -> (1, SIDE, SIDE) grey levels in [0, 1]; the aspect ratio is not kept."""
    if image.shape[:2] != (SIDE, SIDE):
        image = np.array(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)
    colours = torch.from_numpy(image).permute(2, 0, 1).to(torch.float32) / 255
    return (colours * _LUMA).sum(dim=0, keepdim=True)


def hmax_model() -> TorchModel:
    """The model, its templates cut."""
    # Small batches keep the maps of the finest band in the processor's cache.
    return TorchModel(HMAX(), preprocess, commitment=read_commitment(Path(__file__).parent), batch_size=8)
