"""Published sentence probabilities, looked up by sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from fornix.interfaces import Experiment, NotAble, Responses, Surprisal


class PublishedProbabilities:
    """A language model known by the log-probabilities (nats) that were published for certain sentences.

    Parameters
    ----------
    path : Path
        CSV with the columns sentence1, sentence2, ``sentence1_<name>_prob`` and ``sentence2_<name>_prob``; nothing else
        of it is read.
    name : str
        ``bert``, ``bert_has_a_mouth`` and so on.
    """

    def __init__(self, path: Path, name: str) -> None:
        columns = {f"sentence{k}": f"sentence{k}_{name}_prob" for k in (1, 2)}
        table = pd.read_csv(path, usecols=[*columns.keys(), *columns.values()])
        self._surprisal = {
            sentence: -log_probability / np.log(2)
            for text, probability in columns.items()
            for sentence, log_probability in zip(table[text].tolist(), table[probability].tolist(), strict=True)
        }

    def respond(self, experiment: Experiment) -> Responses:
        """Surprisal in bits of sentences shown without context.

        Raises
        ------
        NotAble
            For another task, a recording, or a sentence that was not published.
        """
        for recording in experiment.recordings:
            raise NotAble(
                "region", f"{recording.region!r} was asked; this model replays sentence probabilities and has no regions"
            )
        if experiment.task != Surprisal():
            raise NotAble("task", f"{experiment.task} was asked; this model replays surprisal only")
        stimuli = experiment.stimuli
        texts = stimuli.contents.get("text", (None,) * len(stimuli))
        unknown = sorted(str(text) for text in set(texts) if text not in self._surprisal)
        if unknown or stimuli.in_context:
            shown = f"{unknown[0]!r}" if unknown else "text in context"
            raise NotAble(
                "stimuli", f"{shown} was shown; this model knows {len(self._surprisal)} published sentences, without context"
            )
        values = np.array([self._surprisal[str(text)] for text in texts])
        coords = {"stimulus_id": ("presentation", stimuli.stimulus_id)}
        return Responses({experiment.task: xr.DataArray(values, dims=("presentation",), coords=coords)})
