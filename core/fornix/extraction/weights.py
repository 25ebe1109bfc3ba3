"""Trained weights, loaded as tensors only: nothing downloaded is ever unpickled into objects or executed."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fornix.errors import FornixError, lacks

if TYPE_CHECKING:
    import torch

#: What the modules of a wrapped network are prefixed with in files that were saved through the wrapper.
_DATA_PARALLEL = "module."


def load_state_dict(path: Path | str) -> dict[str, torch.Tensor]:
    """Named tensors of a network from ``.safetensors``, or from a torch file opened with ``weights_only=True``.

    A file that holds the tensors under ``state_dict`` (beside an epoch or an accuracy), and names that were saved from a
    ``DataParallel`` wrapper (``module.`` in front of every name), are unwrapped. Tensors land on the CPU.

    Raises
    ------
    FornixError
        If the file holds anything but tensors, numbers, strings and containers of them, or no named tensors at all.
    """
    path = Path(path)
    try:
        import torch
    except ImportError:
        raise lacks("loading weights", "torch", "torch") from None
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    try:
        data: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise FornixError(
            f"{path.name} holds more than tensors and was not loaded ({str(error).splitlines()[0]}); "
            "ask for a file of tensors, best as .safetensors"
        ) from None
    if isinstance(data, Mapping) and isinstance(data.get("state_dict"), Mapping):
        data = data["state_dict"]
    if not isinstance(data, Mapping) or not data or not all(isinstance(value, torch.Tensor) for value in data.values()):
        raise FornixError(f"{path.name} holds no named tensors; expected a state dict, or a dict with one under 'state_dict'")
    if all(name.startswith(_DATA_PARALLEL) for name in data):
        return {name.removeprefix(_DATA_PARALLEL): value for name, value in data.items()}
    return dict(data)
