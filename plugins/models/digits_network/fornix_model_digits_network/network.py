"""The network and its training: the same images and labels, in whatever order, give the same weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

#: Pixels along each side of an image, the digits' own size.
SIDE: Final = 8
SEED: Final = 0
EPOCHS: Final = 15
BATCH: Final = 64
LEARNING_RATE: Final = 4e-3


class Network(nn.Module):
    """Two convolutions, a hidden layer, one output for each class.

    Parameters
    ----------
    classes : int
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.full = nn.Linear(32 * (SIDE // 2) ** 2, 64)
        self.hidden = nn.ReLU()
        self.head = nn.Linear(64, classes)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, SIDE, SIDE) grey levels in [0, 1] -> (batch, classes), log probabilities up to a constant."""
        maps = self.pool(self.relu2(self.conv2(self.relu1(self.conv1(images)))))
        scores: Tensor = self.head(self.hidden(self.full(maps.flatten(1))))
        return scores


def train(images: NDArray[np.float32], labels: Sequence[str], seed: int = SEED) -> tuple[Network, tuple[str, ...]]:
    """A network trained by Adam on cross-entropy.

    Images are sorted by content first, so that the weights do not depend on the order in which they are given.

    Parameters
    ----------
    images : (n, 1, SIDE, SIDE) float32
    labels : sequence of str, length n
    seed : int
        Of the initial weights and the order of the batches.

    Returns
    -------
    network : Network
    classes : tuple of str
        The label of each output, sorted.
    """
    classes = tuple(sorted(set(labels)))
    order = sorted(range(len(images)), key=lambda row: (images[row].tobytes(), labels[row]))
    shown = torch.from_numpy(images[order])
    truth = torch.tensor([classes.index(labels[row]) for row in order])
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        network = Network(len(classes))
        optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
        for _ in range(EPOCHS):
            for batch in torch.randperm(len(shown)).split(BATCH):
                optimiser.zero_grad()
                functional.cross_entropy(network(shown[batch]), truth[batch]).backward()
                optimiser.step()
    return network.requires_grad_(False).eval(), classes
