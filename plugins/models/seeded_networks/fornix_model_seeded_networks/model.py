"""The networks with their random weights, as models of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import nn

from fornix.extraction.commitment import read_commitment
from fornix.extraction.torch import TorchModel, preprocess
from fornix_model_seeded_networks.alexnet import AlexNet
from fornix_model_seeded_networks.resnet import ResNet18

SEED: Final = 0
#: Mean and standard deviation of ImageNet's colour channels, the scale that these networks are mostly trained on.
MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)


class Shape(NamedTuple):
    """A network, the side of its input in pixels, and the file of its commitment."""

    network: Callable[[], nn.Module]
    side: int
    commitment: str


SHAPES: Final = {
    "resnet18-seeded": Shape(ResNet18, 112, "resnet18_commitment.toml"),
    "alexnet-seeded": Shape(AlexNet, 224, "alexnet_commitment.toml"),
}


def he_initialise(network: nn.Module, seed: int) -> None:
    """Draw every weight from N(0, 2 / fan-in), biases 0 (He et al. 2015, doi:10.1109/ICCV.2015.123), from one seed.

    Batch norm keeps gain 1 and shift 0, and, as nothing was ever shown, mean 0 and variance 1.
    """
    generator = torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def seeded_model(identifier: str) -> TorchModel:
    """The model of a card of this plugin."""
    shape = SHAPES[identifier]
    with torch.random.fork_rng(devices=[]):
        network = shape.network()
    he_initialise(network, SEED)
    network.to(memory_format=torch.channels_last)  # convolutions on a CPU take a tenth less time
    commitment = read_commitment(Path(__file__).parent / shape.commitment)
    return TorchModel(network, preprocess(shape.side, MEAN, STD), commitment=commitment, batch_size=8)
