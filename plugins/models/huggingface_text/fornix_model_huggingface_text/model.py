"""A Hugging Face language model as an experimental subject."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import (
    Experiment,
    Gram,
    NextWord,
    NotAble,
    ReadingTimes,
    Recording,
    Responses,
    StimulusSet,
    Surprisal,
    Task,
)
from fornix.numerics.linear.gram import gram_of
from fornix_model_huggingface_text.alignment import Passage, owners, passages
from fornix_model_huggingface_text.readers import CausalReader, MaskedReader, Span, Text

_LAYER = "layer:"


class HuggingFaceText:
    """Reads texts, alone or in context, and answers surprisal, reading times, next word and the states of its layers.

    Each stimulus is answered from itself and what precedes it in its context. The stimuli of a context are joined by
    spaces, without one before ``. , ! ? ; :``.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        With a language-modelling head.
    tokenizer : transformers.PreTrainedTokenizerFast
    kind : {"causal", "masked", "auto"}
        ``auto``: masked if the class of the model says so (``...ForMaskedLM``), else causal.
    layers : mapping of region to module, optional
        Which module stands for a region; ``layer:<dotted path>`` always works.
    pooling : {"last", "mean"}
        Whether a stimulus is represented by its last token or the mean of its tokens.
    start_token : bool
        Causal: whether the first token of a context is predicted from the tokenizer's start token. Without it, all is
        given the first token: a stimulus is the sum of its other tokens; without other tokens its surprisal is 0 and its
        reading time NaN.
    stride : int
        Causal: tokens between the windows over a context longer than the network takes; 0: half a window. Each token then
        has at least ``window - stride`` tokens before it. A masked model sees the last tokens up to the stimulus.
    batch_size : int
        Sequences of equal length in one forward pass.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        kind: Literal["causal", "masked", "auto"] = "auto",
        layers: Mapping[str, str] | None = None,
        pooling: Literal["last", "mean"] = "last",
        start_token: bool = True,
        stride: int = 0,
        batch_size: int = 16,
    ) -> None:
        if not tokenizer.is_fast:
            raise ValueError("the tokenizer does not say which characters a token stands for; use a fast one (tokenizer.json)")
        masked = type(model).__name__.endswith("ForMaskedLM") if kind == "auto" else kind == "masked"
        self._reader: CausalReader | MaskedReader = (
            MaskedReader(model, tokenizer, batch_size)
            if masked
            else CausalReader(model, tokenizer, batch_size, start_token, stride)
        )
        self._modules = [name for name, _ in model.named_modules() if name]
        self._layers = dict(layers or {})
        self._pooling = pooling
        for region, layer in self._layers.items():
            if layer not in self._modules:
                raise ValueError(f"region {region!r} is mapped to {layer!r}, which is no module of {type(model).__name__}")

    @classmethod
    def from_folder(cls, folder: Path, *, kind: str = "auto", **arguments: Any) -> HuggingFaceText:
        """A model from config.json, safetensors and tokenizer files; no code of the folder runs, nothing is downloaded."""
        from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM, AutoTokenizer

        local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        architecture = (AutoConfig.from_pretrained(folder, **local).architectures or [""])[0]
        masked = architecture.endswith("ForMaskedLM") if kind == "auto" else kind == "masked"
        factory = AutoModelForMaskedLM if masked else AutoModelForCausalLM
        model = factory.from_pretrained(folder, use_safetensors=True, **local)
        model = model.to("cuda" if torch.cuda.is_available() else "cpu")
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, **local)
        return cls(model, tokenizer, kind="masked" if masked else "causal", **arguments)

    @classmethod
    def from_files(cls, files: Mapping[str, Path], **arguments: Any) -> HuggingFaceText:
        """A model from the files of a card, by the names that Hugging Face gives them."""
        with tempfile.TemporaryDirectory() as folder:
            for name, path in files.items():
                try:
                    (Path(folder) / name).symlink_to(Path(path).absolute())
                except OSError:  # a system without links
                    shutil.copyfile(path, Path(folder) / name)
            return cls.from_folder(Path(folder), **arguments)

    def layers(self) -> Sequence[str]:
        """The dotted paths that ``Recording("layer:<dotted path>")`` accepts."""
        return self._modules

    def respond(self, experiment: Experiment) -> Responses:
        """The answers to one experiment; see :meth:`respond_all`."""
        return self.respond_all([experiment])[0]

    def respond_all(self, experiments: Sequence[Experiment]) -> Sequence[Responses]:
        """Answers in bits (surprisal and reading times), words (next word) and states of layers (recordings).

        Raises
        ------
        NotAble
            For an unknown region, a time axis, another task, or stimuli without text.
        """
        return [Responses(self._answers(experiment)) for experiment in experiments]

    def _answers(self, experiment: Experiment) -> dict[Recording | Task, xr.DataArray | Gram]:
        layers = {recording: self._layer(recording) for recording in experiment.recordings}
        task, stimuli = experiment.task, experiment.stimuli
        if not isinstance(task, Surprisal | ReadingTimes | NextWord | None):
            raise NotAble("task", f"{task.name!r} was asked; a language model offers surprisal, reading_times and next_word")
        read = passages(stimuli)
        texts = [self._text(passage) for passage in read]
        answers: dict[Recording | Task, xr.DataArray | Gram] = {}
        if isinstance(task, Surprisal | ReadingTimes):
            bits = np.empty(len(stimuli))
            for passage, values in zip(read, self._reader.surprisals(texts), strict=True):
                bits[list(passage.rows)] = values
            if isinstance(task, Surprisal):
                bits = np.nan_to_num(bits, nan=0.0)
            answers[task] = _by_stimulus(bits, stimuli)
        elif isinstance(task, NextWord):
            words = np.empty(len(stimuli), dtype=object)
            for passage, text in zip(read, texts, strict=True):
                words[list(passage.rows)] = [self._reader.next_word(text.tokens[: span.stop]) for span in text.spans]
            answers[task] = _by_stimulus(words.astype(np.str_), stimuli)
        if layers:
            read_states = self._reader.states(texts, sorted(set(layers.values())), self._pooling)
            rows = np.argsort(np.concatenate([passage.rows for passage in read]))
            for recording, layer in layers.items():
                states = np.concatenate([of_text[layer] for of_text in read_states])[rows]
                answers[recording] = _recording(states, layer, recording, stimuli)
        return answers

    def _layer(self, recording: Recording) -> str:
        if recording.time_bins is not None or recording.per != "stimulus":
            raise NotAble("region", f"{recording} was asked; this model gives one state for each stimulus, without a time axis")
        layer = (
            recording.region.removeprefix(_LAYER) if recording.region.startswith(_LAYER) else self._layers.get(recording.region)
        )
        if layer is None or layer not in self._modules:
            known = ", ".join(sorted(self._layers)) or "none"
            raise NotAble(
                "region", f"{recording.region!r} was asked; regions with a layer: {known}; or name a layer: 'layer:<dotted path>'"
            )
        return layer

    def _text(self, passage: Passage) -> Text:
        """The tokens of a passage, and which of them each stimulus owns."""
        encoded = self._reader.tokenizer(passage.text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        edges = np.searchsorted(owners(passage, encoded["offset_mapping"]), np.arange(len(passage.rows) + 1))
        return Text(list(encoded["input_ids"]), [Span(int(start), int(stop)) for start, stop in pairwise(edges)])


def _by_stimulus(values: NDArray[Any], stimuli: StimulusSet) -> xr.DataArray:
    return xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", stimuli.stimulus_id)})


def _recording(states: NDArray[np.float32], layer: str, recording: Recording, stimuli: StimulusSet) -> xr.DataArray | Gram:
    if recording.form == "gram":
        return gram_of(states, stimuli.stimulus_id)
    units = np.array([f"{layer}.{k}" for k in range(states.shape[1])])
    coords = {"stimulus_id": ("presentation", stimuli.stimulus_id), "neuroid_id": ("neuroid", units)}
    return xr.DataArray(states, dims=("presentation", "neuroid"), coords=coords)
