"""ResNet-18 as its paper describes it: four stages of two residual blocks (He et al. 2016, table 1 and figure 5 left)."""

from __future__ import annotations

from typing import Final

from torch import Tensor, nn

CHANNELS: Final = (64, 128, 256, 512)
BLOCKS_PER_STAGE: Final = 2


class Block(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to the input; a 1 x 1 projection where the shape changes (option B).

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    stride : int
    """

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        self.rectify = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        rectified: Tensor = self.rectify(self.residual(maps) + self.shortcut(maps))
        return rectified


class ResNet18(nn.Module):
    """From images to 1,000 classes; ``stage1`` to ``stage4``, ``pool`` and ``classes`` are its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, CHANNELS[0], 7, stride=2, padding=3, bias=False),
            nn.BatchNorm2d(CHANNELS[0]),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stage1 = _stage(CHANNELS[0], CHANNELS[0], stride=1)
        self.stage2 = _stage(CHANNELS[0], CHANNELS[1], stride=2)
        self.stage3 = _stage(CHANNELS[1], CHANNELS[2], stride=2)
        self.stage4 = _stage(CHANNELS[2], CHANNELS[3], stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classes = nn.Linear(CHANNELS[3], 1000)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, height, width) -> (batch, 1000)."""
        maps = self.stage4(self.stage3(self.stage2(self.stage1(self.stem(images)))))
        scores: Tensor = self.classes(self.pool(maps).flatten(1))
        return scores


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    first = Block(inputs, outputs, stride)
    return nn.Sequential(first, *(Block(outputs, outputs, 1) for _ in range(BLOCKS_PER_STAGE - 1)))
