"""What a network says about tokens: their surprisal, the states of its layers, the token that follows. No stimuli here."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from fornix_model_huggingface_text.alignment import Window, windows

#: At most this many tokens in one forward pass: the scores of every word for every token are the largest thing in memory.
TOKENS_AT_ONCE: Final = 2048
#: A next word is cut off after so many tokens.
LONGEST_WORD: Final = 6

Array = NDArray[np.float64]
States = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Span:
    """Tokens ``start`` to ``stop`` of a text: one stimulus."""

    start: int
    stop: int


@dataclass(frozen=True)
class Text:
    """The tokens of one text, and which of them each of its stimuli owns."""

    tokens: Sequence[int]
    spans: Sequence[Span]


class Reader(ABC):
    """A language model that reads texts given as tokens.

    Parameters
    ----------
    model : transformers.PreTrainedModel
    tokenizer : transformers.PreTrainedTokenizerFast
    batch_size : int
        Sequences of equal length in one forward pass; nothing is padded, so the size changes no answer.
    """

    def __init__(self, model: Any, tokenizer: Any, batch_size: int) -> None:
        self.model = model.eval().float()
        self.tokenizer = tokenizer
        self.batch_size = batch_size

    @abstractmethod
    def surprisals(self, texts: Sequence[Text]) -> list[Array]:
        """For each text, bits of each span given what precedes it: (n_spans,), NaN where nothing could be predicted."""

    @abstractmethod
    def states(self, texts: Sequence[Text], layers: Sequence[str], pooling: str) -> list[States]:
        """For each text, by layer, the state of each span given what precedes it: (n_spans, n_units)."""

    @abstractmethod
    def next_word(self, tokens: Sequence[int]) -> str:
        """The most likely word after the tokens."""

    def _batches(self, sequences: Sequence[Sequence[int]]) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Sequences of equal length together: their numbers and their tokens (batch, length)."""
        by_length: dict[int, list[int]] = {}
        for number, sequence in enumerate(sequences):
            by_length.setdefault(len(sequence), []).append(number)
        for length, numbers in by_length.items():
            size = max(1, min(self.batch_size, TOKENS_AT_ONCE // max(length, 1)))
            for start in range(0, len(numbers), size):
                batch = numbers[start : start + size]
                yield batch, torch.tensor([list(sequences[n]) for n in batch], device=self.model.device)

    def _forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Scores of every word for every token, (batch, length, vocabulary)."""
        with torch.inference_mode(), torch.autocast(tokens.device.type, enabled=False):
            scores: torch.Tensor = self.model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits
        return scores

    def _layer_outputs(self, sequences: Sequence[Sequence[int]], layers: Sequence[str]) -> Iterator[tuple[int, States]]:
        """For each sequence its number and, by layer, its states (length, n_units)."""
        for numbers, tokens in self._batches(sequences):
            with _recorded(self.model, layers) as recorded:
                self._forward(tokens)
            for row, number in enumerate(numbers):
                yield number, {layer: recorded[layer][row] for layer in layers}

    @property
    def window(self) -> int:
        """How many tokens the network takes at once, special ones included."""
        config = self.model.config
        limit = int(getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None) or 2**31)
        if config.model_type in ("roberta", "xlm-roberta", "camembert"):
            limit -= config.pad_token_id + 1  # their positions are counted from there
        return int(min(limit, self.tokenizer.model_max_length))


class CausalReader(Reader):
    """Predicts each token from those before it.

    Parameters
    ----------
    start_token : bool
        Whether the first token is predicted from the tokenizer's start token; without one it has no surprisal.
    stride : int
        Of the windows over a text longer than the network takes; 0: half a window.
    """

    def __init__(self, model: Any, tokenizer: Any, batch_size: int, start_token: bool, stride: int) -> None:
        super().__init__(model, tokenizer, batch_size)
        start = tokenizer.bos_token_id
        self._start = [start] if start_token and start is not None else []
        self._stride = stride

    def _windows(self, texts: Sequence[Text]) -> tuple[list[tuple[int, Window]], list[list[int]]]:
        """Which window of which text is shown, and its tokens."""
        places, shown = [], []
        for number, text in enumerate(texts):
            sequence = [*self._start, *text.tokens]
            for window in windows(len(sequence), self.window, self._stride or self.window // 2):
                places.append((number, window))
                shown.append(sequence[window.start : window.stop])
        return places, shown

    def surprisals(self, texts: Sequence[Text]) -> list[Array]:
        places, shown = self._windows(texts)
        bits = [np.full(len(self._start) + len(text.tokens), np.nan) for text in texts]
        for numbers, tokens in self._batches(shown):
            scores = self._forward(tokens)
            for row, number in enumerate(numbers):
                text, window = places[number]
                first = max(window.new - window.start, 1)
                nats = torch.nn.functional.cross_entropy(scores[row, first - 1 : -1], tokens[row, first:], reduction="none")
                bits[text][window.start + first : window.stop] = nats.double().cpu().numpy() / math.log(2)
        return [
            np.array([_total(by_token[len(self._start) :][span.start : span.stop]) for span in text.spans])
            for text, by_token in zip(texts, bits, strict=True)
        ]

    def states(self, texts: Sequence[Text], layers: Sequence[str], pooling: str) -> list[States]:
        places, shown = self._windows(texts)
        parts: dict[int, dict[str, NDArray[np.float32]]] = {}
        for number, outputs in self._layer_outputs(shown, layers):
            window = places[number][1]
            parts[number] = {layer: output[window.new - window.start :] for layer, output in outputs.items()}
        answers = []
        for number, text in enumerate(texts):
            mine = [parts[k] for k, (owner, _) in enumerate(places) if owner == number]
            by_token = {layer: np.concatenate([part[layer] for part in mine])[len(self._start) :] for layer in layers}
            answers.append({layer: np.stack([_pooled(v, span, pooling) for span in text.spans]) for layer, v in by_token.items()})
        return answers

    def next_word(self, tokens: Sequence[int]) -> str:
        sequence = [*self._start, *tokens][-(self.window - LONGEST_WORD) :]
        new: list[int] = []
        while len(new) < LONGEST_WORD:
            new.append(int(self._forward(torch.tensor([[*sequence, *new]], device=self.model.device))[0, -1].argmax()))
            word = self.tokenizer.decode(new)
            if len(word.split()) > 1 or (word.strip() and word[-1].isspace()):
                break
        return str((self.tokenizer.decode(new).split() or [""])[0])


class MaskedReader(Reader):
    """Predicts each token of a stimulus with that token masked, from the stimulus and what precedes it.

    The sum is the pseudo-log-likelihood (Salazar et al. 2020, ACL). What follows the stimulus is not shown, so that answers
    are causal within a context; a passage too long is cut at its start.
    """

    def surprisals(self, texts: Sequence[Text]) -> list[Array]:
        sums = [np.zeros(len(text.spans)) for text in texts]
        for number, text in enumerate(texts):  # one text at a time: each token of it is a sequence to keep
            jobs = list(self._masked(text))
            for numbers, tokens in self._batches([shown for *_, shown in jobs]):
                scores = self._forward(tokens)
                for row, job in enumerate(numbers):
                    span, place, token, _ = jobs[job]
                    sums[number][span] -= float(torch.log_softmax(scores[row, place].double(), dim=-1)[token]) / math.log(2)
        return sums

    def _masked(self, text: Text) -> Iterator[tuple[int, int, int, list[int]]]:
        """For each token of each span: span, place of the mask, the token behind it, the sequence shown."""
        for k, span in enumerate(text.spans):
            for token in range(span.start, span.stop):
                start, stop = self._visible(span, token)
                shown = [*self._before, *text.tokens[start:stop], *self._after]
                place = len(self._before) + token - start
                shown[place] = self.tokenizer.mask_token_id
                yield k, place, text.tokens[token], shown

    def _visible(self, span: Span, token: int) -> tuple[int, int]:
        """The tokens shown for one of a span: up to its end, as many as the network takes."""
        size = self.window - len(self._before) - len(self._after)
        start = max(0, span.stop - size)
        if span.stop - span.start > size:  # a stimulus longer than the network takes: the tokens around this one
            start = min(start, max(0, token - size // 2))
        return start, min(span.stop, start + size)

    @property
    def _before(self) -> list[int]:
        return [t for t in (self.tokenizer.cls_token_id,) if t is not None]

    @property
    def _after(self) -> list[int]:
        return [t for t in (self.tokenizer.sep_token_id,) if t is not None]

    def states(self, texts: Sequence[Text], layers: Sequence[str], pooling: str) -> list[States]:
        answers: list[States] = []
        for text in texts:
            starts = [self._visible(span, span.stop - 1)[0] for span in text.spans]
            shown = [
                [*self._before, *text.tokens[a : span.stop], *self._after] for a, span in zip(starts, text.spans, strict=True)
            ]
            rows: dict[str, dict[int, NDArray[np.float32]]] = {layer: {} for layer in layers}
            for number, outputs in self._layer_outputs(shown, layers):
                span, start = text.spans[number], starts[number]
                place = Span(max(span.start - start, 0), span.stop - start)
                for layer, output in outputs.items():
                    rows[layer][number] = _pooled(output[len(self._before) :], place, pooling)
            answers.append({layer: np.stack([rows[layer][k] for k in range(len(shown))]) for layer in layers})
        return answers

    def next_word(self, tokens: Sequence[int]) -> str:
        size = self.window - len(self._before) - len(self._after) - 1
        shown = [*self._before, *tokens[-size:], self.tokenizer.mask_token_id]
        scores = self._forward(torch.tensor([[*shown, *self._after]], device=self.model.device))
        return str(self.tokenizer.decode([int(scores[0, len(shown) - 1].argmax())])).strip()


def _total(bits: Array) -> float:
    """The sum of the tokens that have a surprisal; NaN if there are tokens and none of them has."""
    known = bits[np.isfinite(bits)]
    return float(known.sum()) if len(known) or not len(bits) else math.nan


def _pooled(by_token: NDArray[np.float32], span: Span, pooling: str) -> NDArray[np.float32]:
    """One state for a span; a span without tokens has the state of the token before it."""
    if pooling == "mean" and span.stop > span.start:
        return np.asarray(by_token[span.start : span.stop].mean(axis=0), dtype=np.float32)
    return by_token[max(span.stop, 1) - 1]


@contextmanager
def _recorded(model: torch.nn.Module, layers: Sequence[str]) -> Iterator[dict[str, NDArray[np.float32]]]:
    """Within the block, the outputs (batch, length, n_units) of the named modules."""
    recorded: dict[str, NDArray[np.float32]] = {}

    def keep(layer: str) -> Callable[..., None]:
        def hook(module: torch.nn.Module, arguments: Any, output: Any) -> None:
            tensor = output if isinstance(output, torch.Tensor) else output[0]
            if tensor.ndim != 3:
                raise ValueError(f"layer {layer!r} gives an output of shape {tuple(tensor.shape)}; expected (batch, token, unit)")
            recorded[layer] = tensor.detach().float().cpu().numpy()

        return hook

    handles = [model.get_submodule(layer).register_forward_hook(keep(layer)) for layer in layers]
    try:
        yield recorded
    finally:
        for handle in handles:
            handle.remove()
