"""Ratings of which of two sentences is more probable, one row for each subject and pair."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from fornix.interfaces import StimulusSet

_COLUMNS = ["subject", "rating", "sentence1", "sentence2"]


class Golan2023:
    """Six-point preferences between two sentences.

    Parameters
    ----------
    path : Path
        CSV with the columns subject, rating (1 to 6; above 3.5: the second sentence is more probable), sentence1 and
        sentence2. Its other columns are not read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _table(self) -> pd.DataFrame:
        table = pd.read_csv(self._path, usecols=_COLUMNS)
        rated = table["rating"].between(1, 6)
        if not rated.all():
            raise ValueError(f"{(~rated).sum()} ratings in {self._path.name} are not between 1 and 6")
        return table

    def stimuli(self) -> StimulusSet:
        """The sentences, without context.

        The identifier is a hash of the sentence and the rows are sorted by it, so that neither says which sentences
        make a pair, nor which comes first.
        """
        sentences = {_identifier(s): s for column in ("sentence1", "sentence2") for s in self._table[column].unique()}
        identifiers = sorted(sentences)
        return StimulusSet(identifiers, text=[sentences[i] for i in identifiers])

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """``ratings``: dims (subject, pair), 1 (surely sentence a) to 6 (surely sentence b)."""
        ratings = self._table.pivot(index="subject", columns=["sentence1", "sentence2"], values="rating")
        if ratings.isna().to_numpy().any():
            raise ValueError(f"not every subject of {self._path.name} rated every pair")
        sentences = [ratings.columns.get_level_values(level) for level in range(2)]
        first, second = (np.array([_identifier(s) for s in column], dtype=np.str_) for column in sentences)
        array = xr.DataArray(
            ratings.to_numpy(dtype=np.float64),
            dims=("subject", "pair"),
            coords={
                "subject": ("subject", ratings.index.to_numpy().astype(np.str_)),
                "stimulus_a": ("pair", first),
                "stimulus_b": ("pair", second),
            },
            attrs={"unit": "six-point preference, above 3.5 for sentence b"},
        )
        return {"ratings": array}


def _identifier(sentence: str) -> str:
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]
