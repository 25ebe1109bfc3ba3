"""Datasets: files as named, recordings well formed and over their own stimuli, the same every time, reliability computable."""

from __future__ import annotations

import numpy as np
import pytest

from fornix.conformance.files import need_files
from fornix.files.fetch import fetch
from fornix.interfaces import Dataset, check_assembly
from fornix.numerics.reliability import internal_consistency
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_dataset


@pytest.fixture(scope="module")
def dataset(card: Card, registry: Registry) -> Dataset:
    need_files("dataset", card.identifier)
    return load_dataset(card.identifier)


def test_every_file_is_what_the_card_says(card: Card, registry: Registry) -> None:
    need_files("dataset", card.identifier)
    for file in card.files:
        path = fetch(file)  # verified by its hash
        assert file.bytes in (0, path.stat().st_size)


def test_the_stimuli_are_as_the_card_says(card: Card, dataset: Dataset) -> None:
    stimuli = dataset.stimuli()
    assert set(stimuli.modalities) <= set(card.modalities)
    assert stimuli.absent == (card.stimuli == "absent")


def test_recordings_are_well_formed_and_over_the_datasets_stimuli(card: Card, dataset: Dataset) -> None:
    known = set(dataset.stimuli())
    recordings = dataset.recordings()
    assert recordings, "a dataset without recordings"
    for name, recording in recordings.items():
        check_assembly(recording, what=f"recording {name!r} of {card.identifier}")
        for coordinate in ("stimulus_id", "stimulus_a", "stimulus_b"):
            if coordinate in recording.coords:
                strange = set(recording[coordinate].values.tolist()) - known
                assert not strange, f"recording {name!r} has stimuli that the dataset does not: {sorted(strange)[:3]}"
        if recording.dtype.kind == "f":
            assert np.isfinite(recording.values).any(), f"recording {name!r} is all NaN"


def test_loading_it_again_gives_the_same(card: Card, dataset: Dataset) -> None:
    again = load_dataset(card.identifier)
    assert again.stimuli() == dataset.stimuli()
    for name, recording in dataset.recordings().items():
        assert recording.identical(again.recordings()[name])


def test_reliability_can_be_computed_where_there_are_repetitions(card: Card, dataset: Dataset) -> None:
    repeated = {
        name: recording
        for name, recording in dataset.recordings().items()
        if "repetition" in recording.coords and len(np.unique(recording["repetition"])) > 1 and "neuroid" in recording.dims
    }
    for name, recording in repeated.items():
        found = internal_consistency(recording)
        assert np.isfinite(found.value), f"recording {name!r}"
        assert found.value <= 1 + 1e-9
