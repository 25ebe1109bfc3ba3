"""The networks as models: weights, preprocessing and layer commitments."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fornix.extraction.commitment import EVERY_REGION, Commitment, read_commitment
from fornix.extraction.torch import TorchModel, preprocess
from fornix.extraction.weights import load_state_dict
from fornix_model_resnet_cifar.network import ResNet, seeded_weights

#: Pixels: what the networks were trained at; on the commitment data no worse than 64 (see the README).
INPUT_SIZE: Final = 32
#: The colour normalisation that the weights were trained with (their first batch normalisation shows it; see the tests).
MEAN: Final = (0.485, 0.456, 0.406)
STD: Final = (0.229, 0.224, 0.225)
#: What an untrained twin answers for regions that its trained twin does not offer: the middle stage.
OTHER_REGIONS: Final = ("layer2",)


def commitment_file(depth: int) -> Path:
    """Where the layer commitment of a network is; ``fornix commit`` writes it."""
    return Path(__file__).with_name(f"resnet{depth}.toml")


def trained(depth: int, weights: Path) -> TorchModel:
    """A network with the published weights; every tensor of the file has its place in the network, and the reverse."""
    network = ResNet(depth)
    network.load_state_dict(load_state_dict(weights), strict=True)
    return TorchModel(network, preprocess(INPUT_SIZE, MEAN, STD), commitment=read_commitment(commitment_file(depth)))


def untrained(depth: int, seed: int) -> TorchModel:
    """A network with random weights, read out where its trained twin is."""
    network = ResNet(depth)
    seeded_weights(network, seed)
    twin = read_commitment(commitment_file(depth))
    commitment = Commitment({**twin.regions, EVERY_REGION: OTHER_REGIONS}, twin.behaviour, twin.how)
    return TorchModel(network, preprocess(INPUT_SIZE, MEAN, STD), commitment=commitment)
