"""A model from a torch module: forward hooks on named layers, one forward pass for all of them, nothing after the last.

What a forward pass runs under is :mod:`~fornix.extraction.forward`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from fornix.errors import FornixError, UsageError
from fornix.extraction.commitment import Commitment, declared
from fornix.extraction.forward import numeric_policy
from fornix.extraction.responder import FeatureModel, missing_layer
from fornix.extraction.scratch import Scratch


def preprocess(
    size: int | tuple[int, int] | None = None, mean: ArrayLike = 0.0, std: ArrayLike = 1.0
) -> Callable[[NDArray[np.uint8]], Tensor]:
    """A preprocessing function: resize (bilinear, antialiased, aspect ratio not kept), scale to [0, 1], normalise.

    Parameters
    ----------
    size : int or (height, width), optional
        In pixels; None keeps the size of each image.
    mean, std : float or three floats
        For each colour channel, on the scale [0, 1].

    Returns
    -------
    callable
        (height, width, 3) uint8 -> (3, height, width) float32 tensor: ``(image / 255 - mean) / std``.
    """
    height_width = (size, size) if isinstance(size, int) else size
    shift = torch.tensor(np.broadcast_to(np.asarray(mean, dtype=np.float32), 3).reshape(3, 1, 1).copy())
    scale = torch.tensor(np.broadcast_to(np.asarray(std, dtype=np.float32), 3).reshape(3, 1, 1).copy())

    def prepare(image: NDArray[np.uint8]) -> Tensor:
        if height_width is not None and image.shape[:2] != height_width:
            from PIL import Image

            resized = Image.fromarray(image).resize((height_width[1], height_width[0]), Image.Resampling.BILINEAR)
            image = np.array(resized, dtype=np.uint8)
        return (torch.from_numpy(image).permute(2, 0, 1).to(torch.float32) / 255.0 - shift) / scale

    return prepare


class TorchModel(FeatureModel):
    """A model of images from a torch module.

    Parameters
    ----------
    module : torch.nn.Module
        With float32 parameters; it is moved to ``device``.
    preprocess : callable
        (height, width, 3) uint8 array -> (channels, height, width) float tensor; see :func:`preprocess`.
    layers : mapping of str to str or sequence of str, optional
        Region -> dotted path of a layer (or several, concatenated): a declared commitment. ``"*"`` is every other region.
    commitment : Commitment, optional
        Instead of ``layers``.
    behaviour : str, optional
        With ``layers``: the layer that tasks are read from.
    batch_size : int
    deterministic : bool
        False for a network whose forward pass draws random numbers; see :class:`FeatureModel`.
    device : str
        ``"auto"`` takes a CUDA device if there is one.
    scratch : Scratch, optional

    Raises
    ------
    UsageError
        If a layer does not exist, or both or neither of ``layers`` and ``commitment`` are given.

    Notes
    -----
    A layer is a dotted name of ``module.named_modules()``. Of a tuple, list or dict that a layer returns, the first tensor
    counts. All axes but the batch are flattened into features (tokens, time steps of a sequence, channels and places). A layer
    called several times in one forward pass (a recurrent network unrolled in time, a shared activation function) answers with its
    last call; ``layer@t`` is its call t, counted from 0. How often each layer is called is learned in the first forward
    pass, and must not depend on the image.
    """

    def __init__(
        self,
        module: nn.Module,
        preprocess: Callable[[NDArray[np.uint8]], Any],
        layers: Mapping[str, str | Sequence[str]] | None = None,
        *,
        commitment: Commitment | None = None,
        behaviour: str | None = None,
        batch_size: int = 32,
        deterministic: bool = True,
        device: str = "auto",
        scratch: Scratch | None = None,
    ) -> None:
        if (layers is None) == (commitment is None):
            raise UsageError("a TorchModel takes either layers={region: layer} or commitment=, and not both")
        if commitment is None:
            commitment = declared(layers, behaviour)
        elif behaviour is not None:
            raise UsageError("the commitment names the behavioural layer; behaviour= goes with layers=")
        narrow = [
            f"{name} ({p.dtype})" for name, p in module.named_parameters() if p.is_floating_point() and p.dtype != torch.float32
        ]
        if narrow:
            raise UsageError(f"forward passes are in float32, and the module holds {narrow[0]}; call module.float() first")
        self.device = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device)
        self.module = module.to(self.device)
        self._modules = {name: child for name, child in module.named_modules(remove_duplicate=False) if name}
        self._calls: Counter[nn.Module] | None = None
        try:
            super().__init__(
                self._forward,
                tuple(self._modules),
                commitment,
                batch_size=batch_size,
                deterministic=deterministic,
                prepare=partial(_prepared, preprocess),
                scratch=scratch,
            )
        except ValueError as error:
            raise UsageError(str(error)) from None

    def layers(self) -> Sequence[str]:
        """The dotted names of the module's layers: in the order of the forward pass once one was seen, else as registered."""
        if self._calls is None:
            return tuple(self._modules)
        order = {child: place for place, child in enumerate(self._calls)}
        called = [name for name, child in self._modules.items() if child in order]
        return tuple(sorted(called, key=lambda name: order[self._modules[name]]))

    def _check_layer(self, layer: str) -> None:
        if self._resolve(layer) is None:
            raise ValueError(missing_layer(layer, tuple(self._modules)))

    def _resolve(self, layer: str) -> tuple[nn.Module, int | None] | None:
        """The module of a layer and the call asked for (None: the last); None where there is no such layer."""
        if layer in self._modules:
            return self._modules[layer], None
        name, at, step = layer.rpartition("@")
        if at and step.isdecimal() and name in self._modules:
            return self._modules[name], int(step)
        return None

    def _forward(self, images: list[Any], layers: Sequence[str], seed: int) -> dict[str, NDArray[np.float32]]:
        batch = _stack(images)
        images.clear()  # the stacked copy is enough: at most two batches of images are held at a time
        with numeric_policy(self.module, self.device, self.deterministic, seed):
            return self._capture(batch.to(self.device), layers)

    def _capture(self, batch: Tensor, layers: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        asked = {layer: place for layer in layers if (place := self._resolve(layer)) is not None}
        learning = self._calls is None
        # Which call of its module answers a layer. While calls are being learned each call may be the last: later ones replace.
        wanted = {} if learning else {layer: self._wanted_call(layer, *place) for layer, place in asked.items()}
        waiting = set(asked)
        seen: Counter[nn.Module] = Counter()
        found: dict[str, NDArray[np.float32]] = {}

        def hook(child: nn.Module, _: Any, output: Any) -> None:
            call = seen[child]
            seen[child] += 1
            for layer, (owner, step) in asked.items():
                if owner is child and call == wanted.get(layer, call if step is None else step):
                    found[layer] = _features(layer, child, output, len(batch))
                    waiting.discard(layer)
            if not learning and not waiting:
                raise _LastLayerReached

        hooked = dict.fromkeys(self._modules.values() if learning else (child for child, _ in asked.values()))
        handles = [child.register_forward_hook(hook) for child in hooked]
        try:
            self.module(batch)
        except _LastLayerReached:
            pass
        finally:
            for handle in handles:
                handle.remove()
        if learning:
            self._calls = seen
        for layer, (child, step) in asked.items():
            if layer not in found:
                self._wanted_call(layer, child, step)
                raise FornixError(f"layer {layer!r} was called less often for this batch than for the first one")
        return found

    def _wanted_call(self, layer: str, child: nn.Module, step: int | None) -> int:
        """The number of the call that is asked for, counted from 0, once the calls of a forward pass were learned."""
        calls = 0 if self._calls is None else self._calls[child]
        if not calls:
            raise FornixError(f"layer {layer!r} is not called in the forward pass, so it has no response; choose a layer that is")
        if step is not None and step >= calls:
            raise FornixError(f"there is no call {layer!r}: the layer is called {calls} times (0 to {calls - 1})")
        return calls - 1 if step is None else step


class _LastLayerReached(BaseException):
    """Ends a forward pass; no ``except Exception`` in a network's own code catches it."""


def _prepared(preprocess: Callable[[NDArray[np.uint8]], Any], image: NDArray[np.uint8]) -> Tensor:
    """What preprocess makes of an image, as a tensor."""
    given = (
        f"it is given an array {image.shape} of uint8; a transform of PIL images, as torchvision has them, goes in as "
        "preprocess=lambda image: transform(PIL.Image.fromarray(image))"
    )
    try:
        prepared = preprocess(image)
    except MemoryError:  # has a status of its own
        raise
    except Exception as error:  # of code that is not ours, in a thread of ours: nobody would know what was called with what
        raise FornixError(f"preprocess failed: {type(error).__name__}: {error}; {given}") from error
    if not isinstance(prepared, Tensor | np.ndarray):
        kind = type(prepared).__name__
        raise FornixError(f"preprocess gave a {kind}; expected a float tensor (channels, height, width); {given}")
    return torch.as_tensor(prepared)


def _stack(tensors: list[Tensor]) -> Tensor:
    shapes = {tuple(tensor.shape) for tensor in tensors}
    if len(shapes) > 1:
        raise FornixError(
            f"preprocess gave images of different shapes ({' and '.join(map(str, sorted(shapes)[:2]))}); resize them"
        )
    if not tensors[0].is_floating_point():
        raise FornixError(f"preprocess gave {tensors[0].dtype}; expected a float tensor (channels, height, width)")
    return torch.stack(tensors).to(torch.float32)


def _features(layer: str, child: nn.Module, output: Any, count: int) -> NDArray[np.float32]:
    """A layer's output as (batch, features) float32 in memory of its own: what follows may change the output in place."""
    tensor = _first_tensor(output)
    if tensor is None:
        raise FornixError(f"layer {layer!r} returns {type(output).__name__} without a tensor in it; choose another layer")
    if tensor.ndim == 3 and _time_first(child):
        tensor = tensor.transpose(0, 1)
    if tensor.ndim == 0 or len(tensor) != count:
        raise FornixError(
            f"layer {layer!r} returns shape {tuple(tensor.shape)} for a batch of {count}: its first axis is not the batch; "
            "choose the layer around it"
        )
    features = torch.empty((count, tensor[0].numel()), dtype=torch.float32)
    features.view(tensor.shape).copy_(tensor)
    return np.asarray(features.numpy())


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    parts = output.values() if isinstance(output, Mapping) else output if isinstance(output, tuple | list) else ()
    return next((tensor for part in parts if (tensor := _first_tensor(part)) is not None), None)


def _time_first(child: nn.Module) -> bool:
    if isinstance(child, nn.TransformerEncoderLayer):
        child = child.self_attn
    return isinstance(child, nn.RNNBase | nn.MultiheadAttention) and not child.batch_first
