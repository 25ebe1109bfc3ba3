"""The residual networks for 32 x 32 images of He et al. 2016 (Deep residual learning, section 4.2), with option A shortcuts."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two 3 x 3 convolutions around an identity shortcut; where the size halves, the shortcut subsamples and pads with zeros.

    The zeros go half before and half after the channels that exist: the published weights were trained so, which their
    batch-normalisation statistics show (see the tests).
    """

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        self.stride = 1 if channels == channels_in else 2
        self.padding = (channels - channels_in) // 2
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride=self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels_in, h, w) -> (batch, channels, h / stride, w / stride)."""
        residual = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(images)))))
        shortcut = images[:, :, :: self.stride, :: self.stride]
        return functional.relu(residual + functional.pad(shortcut, (0, 0, 0, 0, self.padding, self.padding)))


class ResNet(nn.Module):
    """A network of ``6 n + 2`` weighted layers: a convolution, three stages of n blocks (16, 32, 64 channels), a linear layer.

    Parameters
    ----------
    depth : int
        20, 32, 44, 56, ...
    """

    def __init__(self, depth: int) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"a residual network for CIFAR has 6 n + 2 layers, not {depth}")
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1 = _stage(16, 16, blocks)
        self.layer2 = _stage(16, 32, blocks)
        self.layer3 = _stage(32, 64, blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, h, w) -> (batch, 10) logits."""
        features = self.relu(self.bn1(self.conv1(images)))
        features = self.layer3(self.layer2(self.layer1(features)))
        return self.linear(self.pool(features).flatten(1))


def _stage(channels_in: int, channels: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels_in if place == 0 else channels, channels) for place in range(blocks)))


def seeded_weights(network: ResNet, seed: int) -> None:
    """Fill a network with random weights as before training: normal with variance 2 / fan in (He et al. 2015), biases zero.

    The numbers come from NumPy's generator, so that they do not depend on the version of torch.
    """
    generator = np.random.default_rng(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                fan_in = module.weight[0].numel()
                values = generator.normal(0.0, np.sqrt(2.0 / fan_in), size=tuple(module.weight.shape))
                module.weight.copy_(torch.from_numpy(values.astype(np.float32)))
                if module.bias is not None:
                    module.bias.zero_()
