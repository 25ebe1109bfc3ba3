"""The trials as published, and identifiers that do not tell what an image shows."""

from __future__ import annotations

import csv
import itertools
from functools import cache

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Dataset, check_assembly
from fornix.registry.discovery import discover

EXPERIMENTS = {card.identifier: card for card in discover().cards("dataset") if card.identifier.startswith("Geirhos2021.")}
# fmt: off
CATEGORIES = [
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat",
    "chair", "clock", "dog", "elephant", "keyboard", "knife", "oven", "truck",
]
# fmt: on


@cache
def load(identifier: str) -> Dataset:
    need_files("dataset", identifier)
    return fornix.load_dataset(identifier)


def test_there_are_seventeen_experiments() -> None:
    assert len(EXPERIMENTS) == 17
    assert all(card.stimuli == "absent" for card in EXPERIMENTS.values())


@pytest.mark.mirror
def test_there_are_85120_trials() -> None:
    recordings = [recording for name in EXPERIMENTS for recording in load(name).recordings().values()]
    assert sum(recording.size for recording in recordings) == 85120


@pytest.mark.mirror
@pytest.mark.parametrize("identifier", EXPERIMENTS)
def test_every_subject_decides_once_on_every_image(identifier: str) -> None:
    dataset = load(identifier)
    recordings = dataset.recordings()
    assert tuple(recordings) == EXPERIMENTS[identifier].subjects
    stimuli = list(dataset.stimuli())
    assert dataset.stimuli().absent
    categories: dict[str, str] = {}
    for subject, trials in recordings.items():
        check_assembly(trials, dims=("trial",), stimulus_ids=stimuli)
        assert trials.size == len(stimuli)
        assert set(trials["subject"].values) == {subject}
        assert sorted(set(trials["category"].values)) == CATEGORIES
        assert set(trials.values) <= {*CATEGORIES, "na"}
        for name, category in zip(trials["stimulus_id"].values, trials["category"].values, strict=True):
            assert categories.setdefault(name, category) == category


@pytest.mark.mirror
@pytest.mark.parametrize("identifier", ["Geirhos2021.colour", "Geirhos2021.cue-conflict"])
def test_trials_are_the_rows_of_the_file(identifier: str) -> None:
    trials = load(identifier).recordings()["subject-02"]
    with fornix.card_file("dataset", identifier, "subject-02.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert trials.values.tolist() == [row["object_response"] for row in rows]
    assert trials["condition"].values.tolist() == [row["condition"] for row in rows]
    assert trials["category"].values.tolist() == [row["category"] for row in rows]
    times = trials["response_time_s"].values
    missed = np.array([row["rt"] == "NaN" for row in rows])
    assert missed.any()
    np.testing.assert_array_equal(np.isnan(times), missed)
    assert times[~missed].tolist() == [float(row["rt"]) for row in rows if row["rt"] != "NaN"]


@pytest.mark.mirror
def test_neither_identifier_nor_order_tells_the_category() -> None:
    dataset = load("Geirhos2021.edge")
    trials: xr.DataArray = dataset.recordings()["subject-01"]
    stimuli = list(dataset.stimuli())
    assert not [name for name in stimuli if any(category in name for category in CATEGORIES)]
    category = dict(zip(trials["stimulus_id"].values.tolist(), trials["category"].values.tolist(), strict=True))
    shown = [category[name] for name in stimuli]
    neighbours = np.mean([a == b for a, b in itertools.pairwise(shown)])
    assert neighbours < 0.2  # ten images of each category: by category 0.9, by chance 0.06


@pytest.mark.mirror
def test_experiments_share_no_stimulus() -> None:
    names = [name for identifier in EXPERIMENTS for name in load(identifier).stimuli()]
    assert len(set(names)) == len(names)
