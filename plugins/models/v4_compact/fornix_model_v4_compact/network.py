"""One compact network, built from the names and shapes of its published tensors.

The files hold no architecture. Layers, strides and the spatial readout are those that the authors' readme states; what it
leaves open (padding, activation, order of the readout) was settled by evidence that README.md reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

#: Pixels along each side of the input.
SIDE: Final = 112
STRIDES: Final = (1, 2, 2, 1, 1)
#: Zeros around the maps of every layer, filters being 5 x 5.
PADDING: Final = 2
NORM_EPSILON: Final = 1e-5


class CompactNetwork(nn.Module):
    """Five convolutional layers (the first full, the others separable), each with batch norm and rectification; a linear readout.

    Batch norm is folded into the convolution before it, in float64.

    Images and all filters are turned by 180 degrees. Keras, in which the networks were trained, pads for ceil(size / stride)
    places and has the extra zero last where their number is odd (3 for 112 or 56 places by strides of 2). A convolution pads
    alike on both sides and leaves out what is over at the end, which turned is the beginning: so it needs no padded copy of the
    maps, which takes a fifth of the time.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        The published state dict: ``layers.layer<i>_conv...``, ``layers.layer<i>_bn...``, ``layers.Beta...``.

    Raises
    ------
    KeyError
        If a tensor is missing.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        published = {name.removeprefix("layers."): tensor.double() for name, tensor in tensors.items()}
        for i in range(len(STRIDES)):
            mixing = "conv" if i == 0 else "conv_point"
            weight, bias = _fold(published, f"layer{i}_{mixing}", f"layer{i}_bn")
            self._keep(f"mix{i}_weight", weight)
            self._keep(f"mix{i}_bias", bias)
            if i > 0:
                self._keep(f"space{i}_weight", published[f"layer{i}_conv_depth.weight"])
        # The readout's weights run over rows, columns and, fastest, channels; places are (channel, row, column) here.
        channels, place = self.mix4_weight.shape[0], SIDE // 4
        readout = published["Beta.weight"].reshape(1, place, place, channels).permute(0, 3, 1, 2)
        self._keep("readout_weight", readout)
        self._keep("readout_bias", published["Beta.bias"])

    def _keep(self, name: str, tensor: Tensor) -> None:
        turned = tensor.flip(2, 3).contiguous(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
        self.register_buffer(name, turned.float())

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 3, SIDE, SIDE) -> (batch, 1), spikes per 100 ms up to scale and offset."""
        maps = functional.conv2d(images.flip(2, 3), self.mix0_weight, self.mix0_bias, padding=PADDING).relu_()
        for i in range(1, len(STRIDES)):
            spatial = self.get_buffer(f"space{i}_weight")
            maps = functional.conv2d(maps, spatial, stride=STRIDES[i], padding=PADDING, groups=maps.shape[1])
            maps = functional.conv2d(maps, self.get_buffer(f"mix{i}_weight"), self.get_buffer(f"mix{i}_bias")).relu_()
        return functional.conv2d(maps, self.readout_weight, self.readout_bias).flatten(1)


def _fold(tensors: Mapping[str, Tensor], convolution: str, norm: str) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution followed by batch norm: gain (W x + b - mean) + shift."""
    gain = tensors[f"{norm}.weight"] / torch.sqrt(tensors[f"{norm}.running_var"] + NORM_EPSILON)
    weight = tensors[f"{convolution}.weight"] * gain.reshape(-1, 1, 1, 1)
    return weight, (tensors[f"{convolution}.bias"] - tensors[f"{norm}.running_mean"]) * gain + tensors[f"{norm}.bias"]
