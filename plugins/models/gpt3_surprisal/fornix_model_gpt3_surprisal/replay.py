"""Published token log-probabilities of GPT-3, summed to words by their characters, looked up by word."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from fornix.interfaces import Experiment, NotAble, ReadingTimes, Responses, Surprisal


def word_surprisals(words: list[str], tokens: list[str], log_probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The surprisal of each word of one text: the sum over the tokens that own any of its characters.

    Parameters
    ----------
    words, tokens : list of str
        The same text cut in two ways; white space is ignored in both.
    log_probabilities : (n_tokens,) array
        Nats; NaN for the first token, which nothing precedes.

    Returns
    -------
    (n_words,) array, bits
        NaN for a word that owns a token without a probability.

    Raises
    ------
    ValueError
        If the two texts differ.
    """
    words, tokens = ([re.sub(r"\s", "", part) for part in parts] for parts in (words, tokens))
    if "".join(words) != "".join(tokens):
        raise ValueError("the words and the tokens are not the same text, white space aside")
    owner = np.repeat(np.arange(len(words)), [len(word) for word in words])
    surprisal = np.zeros(len(words))
    start = 0
    for token, log_probability in zip(tokens, log_probabilities.tolist(), strict=True):
        surprisal[np.unique(owner[start : start + len(token)])] -= log_probability / np.log(2)
        start += len(token)
    return surprisal


class PublishedSurprisal:
    """GPT-3 (davinci, May 2020) known by its log-probabilities of the ten stories.

    Parameters
    ----------
    tokens : Path
        ``all_stories_gpt3.csv``: columns token, logprob (nats) and story, where story k is story k + 1 of the corpus.
    words : Path
        ``words.tsv``: token code and word; the rows with code ``<story>.<position>.whole`` are used.
    """

    def __init__(self, tokens: Path, words: Path) -> None:
        codes = pd.read_csv(words, sep="\t", header=None, names=["code", "word"], quoting=csv.QUOTE_NONE, keep_default_na=False)
        whole = codes[codes["code"].str.endswith(".whole")]
        place = whole["code"].str.split(".", expand=True)
        story, position = place[0].astype(int), place[1].astype(int)
        table = pd.read_csv(tokens, usecols=["token", "logprob", "story"], keep_default_na=False)
        log_probability = pd.to_numeric(table["logprob"])
        self._surprisal: dict[str, float] = {}
        for number in sorted(story.unique()):
            order = position[story == number].sort_values()
            rows = table["story"] == number - 1
            values = word_surprisals(
                whole.loc[order.index, "word"].tolist(),
                table.loc[rows, "token"].tolist(),
                log_probability[rows].to_numpy(np.float64),
            )
            self._surprisal.update({f"{number}.{p}": v for p, v in zip(order.tolist(), values.tolist(), strict=True)})

    def respond(self, experiment: Experiment) -> Responses:
        """Surprisal in bits of words of the ten stories, also as the predictor of their reading times.

        Nothing precedes the first word of a story: it is taken as given (surprisal 0) and has no predicted time (NaN).

        Raises
        ------
        NotAble
            For another task, a recording, or a stimulus that is not a word of the stories.
        """
        for recording in experiment.recordings:
            raise NotAble("region", f"{recording.region!r} was asked; this model replays surprisals and has no regions")
        if experiment.task not in (Surprisal(), ReadingTimes()):
            raise NotAble("task", f"{experiment.task} was asked; this model replays surprisal, also as reading times")
        identifiers = experiment.stimuli.stimulus_id
        unknown = [identifier for identifier in identifiers.tolist() if identifier not in self._surprisal]
        if unknown:
            raise NotAble(
                "stimuli", f"{unknown[0]!r} was shown; this model knows the {len(self._surprisal)} words of Natural Stories"
            )
        values = np.array([self._surprisal[identifier] for identifier in identifiers.tolist()])
        if isinstance(experiment.task, Surprisal):
            values = np.nan_to_num(values, nan=0.0)
        answer = xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", identifiers)})
        return Responses({experiment.task: answer})
