"""The networks as one model: 33 neuroids of V4, from images minus the mean colour that the networks were trained with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

import fornix
from fornix.extraction.commitment import read_commitment
from fornix.extraction.torch import TorchModel
from fornix.extraction.weights import load_state_dict
from fornix_model_v4_compact.network import SIDE, CompactNetwork

NEURONS: Final = 33
MEAN_RGB: Final = torch.tensor([116.222, 109.270, 100.381]).reshape(3, 1, 1)


class Session(nn.Module):
    """The networks of a session's neurons side by side.

    Parameters
    ----------
    networks : list of CompactNetwork
    """

    def __init__(self, networks: list[CompactNetwork]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.responses = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, SIDE, SIDE) -> (batch, neurons)."""
        # Channels last: several times faster on a CPU for 5 x 5 filters of single channels.
        images = images.contiguous(memory_format=torch.channels_last)
        together: Tensor = self.responses(torch.cat([network(images) for network in self.networks], dim=1))
        return together


def preprocess(image: NDArray[np.uint8]) -> Tensor:
    """(height, width, 3) uint8 -> (3, SIDE, SIDE) float32 in [0, 255] minus the mean colour; the aspect ratio is not kept."""
    if image.shape[:2] != (SIDE, SIDE):
        image = np.array(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)
    return torch.from_numpy(image).permute(2, 0, 1).to(torch.float32) - MEAN_RGB


def compact_model(identifier: str) -> TorchModel:
    """The model with its published weights; neuroid k is neuron k of the session."""
    networks = [
        CompactNetwork(load_state_dict(fornix.card_file("model", identifier, f"compact_model_190923_neuron{k}.pt")))
        for k in range(NEURONS)
    ]
    # Small batches: the first layer of a network holds 2.4 MB for each image.
    return TorchModel(Session(networks), preprocess, commitment=read_commitment(Path(__file__).parent), batch_size=4)
