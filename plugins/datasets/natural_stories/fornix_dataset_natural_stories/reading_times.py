"""Words of ten stories as they were shown in self-paced reading, and how long they were looked at."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from fornix.interfaces import StimulusSet

_KEY = ["item", "zone"]


class NaturalStories:
    """Reading times in ms, either by subject or as means over subjects.

    Parameters
    ----------
    words : Path
        ``all_stories.tok``: tab-separated, columns word, zone (position in the story, from 1) and item (story, 1 to 10).
    by_subject : Path, optional
        ``processed_RTs.tsv``: tab-separated, one row for each subject and word, with at least the columns WorkerId, item,
        zone, RT (ms) and word.
    means : Path, optional
        ``processed_wordinfo.tsv``: tab-separated, one row for each word, with at least the columns word, item, zone and
        meanItemRT (ms).

    Raises
    ------
    ValueError
        Unless exactly one of ``by_subject`` and ``means`` is given.
    """

    def __init__(self, words: Path, *, by_subject: Path | None = None, means: Path | None = None) -> None:
        if (by_subject is None) == (means is None):
            raise ValueError("Natural Stories needs the reading times by subject or their means, one of the two")
        self._words = words
        self._by_subject = by_subject
        self._means = means

    def stimuli(self) -> StimulusSet:
        """Words in the order of reading, each story a context; identifiers are ``<story>.<position>``, as in the corpus."""
        words = self._table
        return StimulusSet(
            _identifiers(words),
            text=words["word"].tolist(),
            context=words["item"].astype(str).to_numpy(),
            order=words["zone"].to_numpy(),
        )

    def recordings(self) -> Mapping[str, xr.DataArray]:
        """Reading times in ms, dims (presentation,), for each subject the words that this subject read; where only means
        are published, one recording called ``mean``."""
        if self._means is not None:
            table = self._read(self._means, ["word", *_KEY, "meanItemRT"])
            return {"mean": _times(table, "meanItemRT")}
        assert self._by_subject is not None
        table = self._read(self._by_subject, ["WorkerId", "word", *_KEY, "RT"])
        twice = table.duplicated(["WorkerId", *_KEY])
        if twice.any():
            raise ValueError(f"{twice.sum()} rows of {self._by_subject.name} give a subject a second reading time of one word")
        return {str(subject): _times(rows, "RT") for subject, rows in table.groupby("WorkerId", sort=True)}

    @cached_property
    def _table(self) -> pd.DataFrame:
        words = _read_tsv(self._words, ["word", *_KEY])
        return words.sort_values(_KEY, kind="stable").reset_index(drop=True)

    def _read(self, path: Path, columns: list[str]) -> pd.DataFrame:
        """The rows in the order of reading, each checked to be about the word that was shown there."""
        table = _read_tsv(path, columns)
        shown = self._table.rename(columns={"word": "shown"})
        table = table.merge(shown, on=_KEY, how="left").sort_values(_KEY, kind="stable")
        wrong = table["word"] != table["shown"]
        if wrong.any():
            row = table[wrong].iloc[0]
            raise ValueError(
                f"{path.name} has {row['word']!r} at story {row['item']}, position {row['zone']}, where {self._words.name} has "
                f"{row['shown']!r}: the two files do not belong together"
            )
        return table


def _read_tsv(path: Path, columns: list[str]) -> pd.DataFrame:
    # The words contain quotation marks and "NA" would be a word: nothing is quoted, nothing is missing.
    table = pd.read_csv(path, sep="\t", quoting=csv.QUOTE_NONE, keep_default_na=False)
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"{path.name} lacks the column {missing[0]!r}; it has {', '.join(map(str, table.columns))}")
    return table[columns]


def _identifiers(table: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    return np.array([f"{item}.{zone}" for item, zone in zip(table["item"], table["zone"], strict=True)], dtype=np.str_)


def _times(table: pd.DataFrame, column: str) -> xr.DataArray:
    return xr.DataArray(
        table[column].to_numpy(dtype=np.float64),
        dims=("presentation",),
        coords={"stimulus_id": ("presentation", _identifiers(table))},
        attrs={"unit": "ms"},
    )
