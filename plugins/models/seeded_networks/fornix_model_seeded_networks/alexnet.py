"""AlexNet in the version of one column (Krizhevsky 2014): five convolutions and three fully connected layers."""

from __future__ import annotations

from torch import Tensor, nn


class AlexNet(nn.Module):
    """From images of 224 x 224 pixels to 1,000 classes; layers are named by kind and number (``pool1``, ``relu5``, ``relu7``).

    Dropout, which acts in training only, is left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 11, stride=4, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, stride=2)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(3, stride=2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.relu3 = nn.ReLU()
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.relu4 = nn.ReLU()
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.relu5 = nn.ReLU()
        self.pool5 = nn.MaxPool2d(3, stride=2)
        self.full6 = nn.Linear(256 * 6 * 6, 4096)
        self.relu6 = nn.ReLU()
        self.full7 = nn.Linear(4096, 4096)
        self.relu7 = nn.ReLU()
        self.classes = nn.Linear(4096, 1000)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, 224, 224) -> (batch, 1000)."""
        maps = self.pool1(self.relu1(self.conv1(images)))
        maps = self.pool2(self.relu2(self.conv2(maps)))
        maps = self.relu4(self.conv4(self.relu3(self.conv3(maps))))
        maps = self.pool5(self.relu5(self.conv5(maps)))
        features = self.relu7(self.full7(self.relu6(self.full6(maps.flatten(1)))))
        scores: Tensor = self.classes(features)
        return scores
