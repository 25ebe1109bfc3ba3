"""The four stages: template matching (S1, S2) in turn with pooling by a maximum (C1, C2).

Sizes and tuning are those of Serre et al. (2007, doi:10.1109/TPAMI.2007.56), for the four finest of their eight bands.
"""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Filter sizes of each band, pixels; a band's C1 units pool over both.
FILTER_SIZES: Final = ((7, 9), (11, 13), (15, 17), (19, 21))
#: Side of the square that the C1 units of a band pool over, pixels; neighbours overlap by half.
POOLS: Final = (8, 10, 12, 14)
#: Orientations of the bars that drive a filter, radians counted anticlockwise from horizontal.
ORIENTATIONS: Final = tuple(math.pi * k / 4 for k in range(4))
#: Height over width of the Gaussian under a filter.
ASPECT: Final = 0.3
#: Standard deviation of the grey levels, in [0, 1], under a filter at which its response is half of what it would be without
#: the constant: keeps noise in uniform areas small.
SEMISATURATION: Final = 0.02
#: Tuning width of S2 units to 4 x 4 templates.
S2_WIDTH: Final = 0.5


def gabor_filters(size: int) -> Tensor:
    """Gabor filters of one size: ``exp(-(x^2 + g^2 y^2) / (2 s^2)) cos(2 pi x / l)`` within a circle, zero mean, unit norm.

    With ``s = 0.0036 size^2 + 0.35 size + 0.18`` and ``l = s / 0.8`` (Serre et al. 2007).

    Returns
    -------
    (orientations, 1, size, size) float32
    """
    sigma = 0.0036 * size**2 + 0.35 * size + 0.18
    wavelength = sigma / 0.8
    steps = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    up, right = torch.meshgrid(-steps, steps, indexing="ij")
    inside = up**2 + right**2 <= (size / 2) ** 2
    filters = []
    for orientation in ORIENTATIONS:
        along = right * math.cos(orientation) + up * math.sin(orientation)
        across = -right * math.sin(orientation) + up * math.cos(orientation)
        envelope = torch.exp(-(across**2 + ASPECT**2 * along**2) / (2 * sigma**2))
        gabor = torch.where(inside, envelope * torch.cos(2 * math.pi * across / wavelength), 0.0)
        gabor = torch.where(inside, gabor - gabor[inside].mean(), 0.0)
        filters.append(gabor / gabor.norm())
    return torch.stack(filters)[:, None].float()


class S1(nn.Module):
    """Simple cells of one filter size: |correlation| of the filter and the image under it, whatever the contrast.

    Parameters
    ----------
    size : int
        Of the filters, pixels.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("filters", gabor_filters(size))
        inside = (gabor_filters(size).abs().amax(dim=0, keepdim=True) > 0).float()
        self.pixels = float(inside.sum())
        self.register_buffer("window", inside / inside.sum())

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, height, width) grey -> (batch, orientations, height, width) in [0, 1]."""
        margin = self.size // 2
        # Neither filters nor variances see the mean of an image, and without it float32 rounds less.
        centred = images - images.mean(dim=(2, 3), keepdim=True)
        padded = functional.pad(centred, (margin,) * 4, mode="reflect")
        driven, mean = correlation(padded, torch.cat([self.filters, self.window])).split([len(ORIENTATIONS), 1], dim=1)
        variance = (correlation(padded**2, self.window) - mean**2).clamp_min(0)
        # n var is the squared norm of the mean-free image under the filter, whose own norm is 1.
        return driven.abs() / torch.sqrt(self.pixels * (variance + SEMISATURATION**2))


def correlation(images: Tensor, filters: Tensor) -> Tensor:
    """What ``conv2d`` gives of images of one channel, by Fourier transforms: for filters of 21 pixels 5 times as fast on a CPU.

    Parameters
    ----------
    images : (batch, 1, height, width) Tensor
    filters : (filters, 1, n, n) Tensor

    Returns
    -------
    (batch, filters, height - n + 1, width - n + 1)
    """
    *_, height, width = images.shape
    n = filters.shape[-1]
    # zeros to the next multiple of 16, as transforms of sizes with large prime factors are slow
    size = (height + -height % 16, width + -width % 16)
    spectra = torch.fft.rfft2(images, s=size) * torch.fft.rfft2(filters[:, 0], s=size).conj()
    return torch.fft.irfft2(spectra, s=size)[..., : height - n + 1, : width - n + 1]


class C1(nn.Module):
    """Complex cells of one band: the maximum over both filter sizes and a square of places.

    Parameters
    ----------
    sizes : pair of int
        Filter sizes, pixels.
    pool : int
        Side of the square, pixels.
    """

    def __init__(self, sizes: tuple[int, int], pool: int) -> None:
        super().__init__()
        self.simple = nn.ModuleList(S1(size) for size in sizes)
        self.pool = pool

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, height, width) -> (batch, orientations, rows, columns)."""
        first, second = (simple(images) for simple in self.simple)
        return functional.max_pool2d(torch.maximum(first, second), self.pool, stride=self.pool // 2)


class S2(nn.Module):
    """Cells tuned to templates: ``exp(-|x - p|^2 / (2 w^2 a))`` with a = (n / 4)^2 for templates of n x n places.

    The factor a lets templates of different sizes be equally selective (Mutch & Lowe 2008, doi:10.1007/s11263-007-0118-0).

    Parameters
    ----------
    templates : (cells, orientations, n, n) Tensor
        Patches of C1 responses.
    """

    def __init__(self, templates: Tensor) -> None:
        super().__init__()
        self.register_buffer("templates", templates)
        self.register_buffer("square", templates.square().sum(dim=(1, 2, 3))[:, None, None])
        self.register_buffer("ones", torch.ones_like(templates[:1]))
        self.spread = 2 * S2_WIDTH**2 * (templates.shape[-1] / 4) ** 2

    def forward(self, maps: Tensor) -> Tensor:
        """C1 maps of one band, (batch, orientations, rows, columns) -> (batch, cells, rows - n + 1, columns - n + 1)."""
        distance = functional.conv2d(maps.square(), self.ones) - 2 * functional.conv2d(maps, self.templates) + self.square
        return torch.exp(-distance.clamp_min(0) / self.spread)
