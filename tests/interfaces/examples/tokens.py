"""Tokens: a model takes sentences apart in its own way, and the benchmark puts words together again.

``per="token"`` gives a row for each token of each sentence. Where one lies in the sentence is said by ``character_start`` and
``character_end``, so the benchmark can sum tokens into the words that were measured without knowing how the model cuts them.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import xarray as xr

import fornix
from fornix import NotAble, hookimpl
from fornix.interfaces import Experiment, Recording, Responses, StimulusSet

CARDS = """
[[model]]
identifier = "toy-pieces"
title = "Counts letters in pieces of words of at most three letters"
modalities = ["text"]
regions = ["language"]

[[dataset]]
identifier = "ToySentences"
title = "Simulated MEG responses to the words of thirty sentences"
modalities = ["text"]
regions = ["language"]
technique = "MEG"
simulated = true

[[benchmark]]
identifier = "ToySentences.language-words"
title = "Predictivity of responses to words, from tokens"
modalities = ["text"]
regions = ["language"]
uses = { datasets = ["ToySentences"], metrics = ["ridge"] }
"""

SENTENCES, WORDS, SENSORS, LETTERS = 30, 5, 6, "abcd"
TOKENS = Recording("language", per="token")


class Pieces:
    """A piece of a word: how often each of the letters a to d is in it."""

    def respond(self, experiment: Experiment) -> Responses:
        if experiment.task is not None or set(experiment.recordings) != {TOKENS}:
            raise NotAble("region", "this model has the region language only, token by token")
        rows = []
        for name, text in zip(experiment.stimuli, experiment.stimuli.contents["text"], strict=True):
            spans = [(start, min(start + 3, end)) for first, end in word_spans(text) for start in range(first, end, 3)]
            rows += [(name, number, start, end, text[start:end]) for number, (start, end) in enumerate(spans)]
        names, position, start, end, pieces = zip(*rows, strict=True)
        coords = {
            "stimulus_id": ("token", np.array(names)),
            "position": ("token", np.array(position)),
            "character_start": ("token", np.array(start)),
            "character_end": ("token", np.array(end)),
            "neuroid_id": ("neuroid", np.array(list(LETTERS))),
        }
        counts = [[float(piece.count(letter)) for letter in LETTERS] for piece in pieces]
        return Responses({TOKENS: xr.DataArray(counts, dims=("token", "neuroid"), coords=coords)})


def word_spans(text: str) -> list[tuple[int, int]]:
    """First and last + 1 character of each word."""
    ends = np.cumsum([len(word) + 1 for word in text.split(" ")]) - 1
    return [(int(end) - len(word), int(end)) for word, end in zip(text.split(" "), ends, strict=True)]


class Sentences:
    """Sentences of five words of seven letters, and sensors that mix the letter counts of whole words."""

    def stimuli(self) -> StimulusSet:
        rng = np.random.default_rng(0)
        texts = [" ".join("".join(rng.choice(list(LETTERS), size=7)) for _ in range(WORDS)) for _ in range(SENTENCES)]
        return StimulusSet([f"sentence-{s:02d}" for s in range(SENTENCES)], text=texts)

    def recordings(self) -> dict[str, xr.DataArray]:
        """One row for each word: ``stimulus_id`` is that of the word, ``sentence`` and the characters say where it stands."""
        stimuli, rng = self.stimuli(), np.random.default_rng(1)
        rows = [
            (f"{name}-word-{number}", name, start, end, [float(text[start:end].count(letter)) for letter in LETTERS])
            for name, text in zip(stimuli, stimuli.contents["text"], strict=True)
            for number, (start, end) in enumerate(word_spans(text))
        ]
        words, sentences, start, end, counts = zip(*rows, strict=True)
        sensors = np.array(counts) @ rng.normal(size=(len(LETTERS), SENSORS)) + 1.0 * rng.normal(size=(len(rows), SENSORS))
        coords = {
            "stimulus_id": ("presentation", np.array(words)),
            "sentence": ("presentation", np.array(sentences)),
            "character_start": ("presentation", np.array(start)),
            "character_end": ("presentation", np.array(end)),
            "neuroid_id": ("neuroid", np.array([f"sensor-{s}" for s in range(SENSORS)])),
        }
        return {"language": xr.DataArray(sensors, dims=("presentation", "neuroid"), coords=coords)}


class WordPredictivity:
    """Ridge regression from the sum of a word's tokens to each sensor; a sentence is never cut in two."""

    def __init__(self) -> None:
        self._dataset = fornix.load_dataset("ToySentences")

    @cached_property
    def _metric(self):
        return fornix.load_metric("ridge", splits="group_kfold", n_splits=5, group_on="sentence")

    def experiments(self, so_far=()):
        return () if so_far else (Experiment(self._dataset.stimuli(), (TOKENS,)),)

    def score(self, responses):
        measured = self._dataset.recordings()["language"]
        return self._metric(self._words(responses[0][TOKENS], measured), measured)

    def _words(self, tokens, measured):
        """Tokens (token, neuroid) summed into words; a token belongs to the word that holds its first character."""
        sentence, first = tokens["stimulus_id"].values, tokens["character_start"].values
        summed = [
            tokens.values[(sentence == name) & (first >= start) & (first < end)].sum(axis=0)
            for name, start, end in zip(
                measured["sentence"].values, measured["character_start"].values, measured["character_end"].values, strict=True
            )
        ]
        coords = {"stimulus_id": measured["stimulus_id"], "neuroid_id": tokens["neuroid_id"]}
        return xr.DataArray(np.array(summed), dims=("presentation", "neuroid"), coords=coords)

    def ceiling(self):
        return None


@hookimpl
def fornix_load_model(identifier, options):
    return Pieces()


@hookimpl
def fornix_load_dataset(identifier, options):
    return Sentences()


@hookimpl
def fornix_load_benchmark(identifier, options):
    return WordPredictivity()
