"""What a word's length, frequency or position says about its reading time: the least that a language model must beat."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from fornix.interfaces import Experiment, NotAble, ReadingTimes, Responses

#: From a text and its position in its context (None where there is none) to a predictor that grows with reading time.
Predictor = Callable[[str, int | None], float]


def length(text: str, order: int | None) -> float:
    """The number of characters, white space aside."""
    return float(len(_without_space(text)))


def position(text: str, order: int | None) -> float:
    """The position in the context.

    Raises
    ------
    NotAble
        If the text is shown without context.
    """
    if order is None:
        raise NotAble("stimuli", f"{text!r} was shown without context, so it has no position")
    return float(order)


def frequency_from(path: Path) -> Predictor:
    """The predictor ``-log2(1 + count)``, in bits up to a constant; a word without a count was never seen.

    Parameters
    ----------
    path : Path
        ``freqs-1.tsv`` of Natural Stories: token code, order of the n-gram, token, count. The count of a word as shown is
        that of the word without the punctuation around it (the row ``.word`` of the same code).
    """
    names = ["code", "n", "token", "count", "context"]
    table = pd.read_csv(path, sep="\t", header=None, names=names, quoting=csv.QUOTE_NONE, keep_default_na=False)
    code, _, part = (table["code"].str.rpartition(".")[k] for k in range(3))
    shown = dict(zip(code[part == "whole"], table.loc[part == "whole", "token"], strict=True))
    counts = dict(zip(code[part == "word"], table.loc[part == "word", "count"].astype(int), strict=True))
    by_text = {_without_space(shown[c]): count for c, count in counts.items()}

    def frequency(text: str, order: int | None) -> float:
        return -math.log2(1 + by_text.get(_without_space(text), 0))

    return frequency


class WordPredictor:
    """A model that predicts reading times from the words alone.

    Parameters
    ----------
    predictor : Predictor
    """

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor

    def respond(self, experiment: Experiment) -> Responses:
        """The predictor of each word.

        Raises
        ------
        NotAble
            For another task, a recording, or a stimulus without text.
        """
        for recording in experiment.recordings:
            raise NotAble("region", f"{recording.region!r} was asked; this model predicts reading times and has no regions")
        if experiment.task != ReadingTimes():
            raise NotAble("task", f"{experiment.task} was asked; this model predicts reading times only")
        stimuli = experiment.stimuli
        texts = stimuli.contents.get("text", (None,) * len(stimuli))
        orders = stimuli.columns["order"].tolist() if stimuli.in_context else [None] * len(stimuli)
        values = []
        for identifier, text, order in zip(stimuli, texts, orders, strict=True):
            if not isinstance(text, str):
                raise NotAble("stimuli", f"{identifier!r} has no text that could be read")
            values.append(self._predictor(text, order))
        coords = {"stimulus_id": ("presentation", stimuli.stimulus_id)}
        return Responses({experiment.task: xr.DataArray(np.array(values), dims=("presentation",), coords=coords)})


def _without_space(text: str) -> str:
    return re.sub(r"\s", "", text)
