"""The network as a model of images: recorded and asked for similarity after its own training, named tasks with its own head."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from fornix.errors import NotAble
from fornix.extraction.commitment import read_commitment
from fornix.extraction.images import decode
from fornix.extraction.torch import TorchModel
from fornix.interfaces import Experiment, Label, Probabilities, Responses, StimulusSet
from fornix_model_digits_network.network import SIDE, Network, train

#: scikit-learn's grey levels are 0 to 16.
_HIGHEST_LEVEL: Final = 16


def preprocess(image: NDArray[np.uint8]) -> Tensor:
    """(height, width, 3) uint8 -> (1, SIDE, SIDE): the mean of the colours in [0, 1]; the aspect ratio is not kept."""
    if image.shape[:2] != (SIDE, SIDE):
        image = np.array(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BILINEAR), dtype=np.uint8)
    return torch.from_numpy(image).to(torch.float32).mean(dim=2)[None] / 255


def fitting_half() -> tuple[NDArray[np.float32], list[str]]:
    """The half of the digits that the benchmark Digits-accuracy learns from: stratified, seed 1; never the test half.

    Returns
    -------
    images : (898, 1, SIDE, SIDE) float32
    labels : list of str
    """
    digits = load_digits()
    rows, _ = train_test_split(range(len(digits.target)), test_size=0.5, stratify=digits.target, random_state=1)
    grey = np.round(digits.images[rows] * 255 / _HIGHEST_LEVEL).astype(np.uint8)
    images = torch.stack([preprocess(np.repeat(image[..., np.newaxis], 3, axis=-1)) for image in grey])
    return images.numpy(), [str(label) for label in digits.target[rows]]


class DigitsNetwork(TorchModel):
    """A network that is trained, when it is made, on the fitting half of the digits.

    Recordings and dissimilarities are read from that network. Asked to name stimuli, a new network of the same seed learns from
    the task's fitting stimuli, and answers with its own head; where those are the digits' fitting half, it is the same network.
    """

    def __init__(self) -> None:
        self._learned: dict[bytes, tuple[Network, tuple[str, ...]]] = {}
        network, _ = self._learn(*fitting_half())
        super().__init__(network, preprocess, commitment=read_commitment(Path(__file__).parent), batch_size=256, device="cpu")

    def respond_all(self, experiments: Sequence[Experiment]) -> Sequence[Responses]:
        """The answers to many experiments, each distinct stimulus recorded once for all of them together."""
        # What is left without the tasks that have an answer of their own; nothing may be left.
        left = [(i, kept) for i, experiment in enumerate(experiments) if (kept := _without_naming(experiment)) is not None]
        recorded = dict(zip([i for i, _ in left], super().respond_all([kept for _, kept in left]), strict=True))
        answers = []
        for i, experiment in enumerate(experiments):
            task = experiment.task
            named = {task: self._name(task, experiment.stimuli)} if isinstance(task, Label | Probabilities) else {}
            answers.append(Responses({**recorded.get(i, {}), **named}))
        return answers

    def _learn(self, images: NDArray[np.float32], labels: Sequence[str]) -> tuple[Network, tuple[str, ...]]:
        """What the same images and labels, in whatever order, were learned as before, else a network trained now."""
        pairs = sorted((image.tobytes(), label) for image, label in zip(images, labels, strict=True))
        key = hashlib.sha256(b"".join(image + label.encode() + b"\0" for image, label in pairs)).digest()
        if key not in self._learned:
            self._learned[key] = train(images, labels)
        return self._learned[key]

    def _name(self, task: Label | Probabilities, stimuli: StimulusSet) -> xr.DataArray:
        if task.fitting is None:
            raise NotAble("task", f"this model learns the task {task.name!r} from fitting stimuli, and none are given")
        unknown = sorted(set(task.fitting.labels) - set(task.choices))
        if unknown:
            raise ValueError(f"a fitting stimulus is labelled {unknown[0]!r}, which is none of the choices")
        network, classes = self._learn(_images(task.fitting.stimuli), task.fitting.labels)
        with torch.inference_mode():
            learned = network(torch.from_numpy(_images(stimuli))).double().softmax(dim=1).numpy()
        chances = np.zeros((len(stimuli), len(task.choices)))
        chances[:, [task.choices.index(label) for label in classes]] = learned
        shown = {
            "stimulus_id": ("presentation", stimuli.stimulus_id),
            "repetition": ("presentation", np.zeros(len(stimuli), dtype=np.int64)),
        }
        choices = np.asarray(task.choices)
        if isinstance(task, Label):
            return xr.DataArray(choices[chances.argmax(axis=1)], dims=("presentation",), coords=shown)
        return xr.DataArray(chances, dims=("presentation", "choice"), coords={**shown, "choice": ("choice", choices)})


def _without_naming(experiment: Experiment) -> Experiment | None:
    if not isinstance(experiment.task, Label | Probabilities):
        return experiment
    return replace(experiment, task=None) if experiment.recordings else None


def _images(stimuli: StimulusSet) -> NDArray[np.float32]:
    """(n, 1, SIDE, SIDE)."""
    contents = stimuli.contents.get("image", (None,))
    if stimuli.modalities != ("image",) or any(content is None for content in contents):
        raise NotAble("stimuli", "this model sees images, and some stimuli have none")
    return torch.stack([preprocess(decode(content)) for content in contents]).numpy()
