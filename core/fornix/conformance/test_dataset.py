"""Datasets: files as named, recordings well formed and over their own stimuli, the same every time, reliability computable."""

from __future__ import annotations

import numpy as np
import pytest

from fornix.conformance.files import need_files
from fornix.files.fetch import fetch
from fornix.interfaces import Dataset, check_assembly
from fornix.numerics.ceilings.reliability import internal_consistency
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
        found = fetch(file).stat().st_size  # verified by its hash
        assert file.bytes in (0, found), f"{file.name} has {found} bytes: the card says {file.bytes}; correct bytes there"


def test_the_stimuli_are_as_the_card_says(card: Card, dataset: Dataset) -> None:
    stimuli = dataset.stimuli()
    shown, stated = sorted(stimuli.modalities), sorted(card.modalities)
    assert set(shown) <= set(stated), f"its stimuli hold {shown}, and the card says modalities = {stated}: make them agree"
    found = "absent" if stimuli.absent else "present"
    assert found == card.stimuli, (
        f'the content of its stimuli is {found}: write stimuli = "{found}" into the card, or mend stimuli()'
    )


def test_recordings_are_well_formed_and_over_the_datasets_stimuli(card: Card, dataset: Dataset) -> None:
    known = set(dataset.stimuli())
    recordings = dataset.recordings()
    assert recordings, "recordings() is empty: return a dict from a name to what was recorded"
    for name, recording in recordings.items():
        check_assembly(recording, what=f"recording {name!r} of {card.identifier}")
        for coordinate in ("stimulus_id", "stimulus_a", "stimulus_b"):
            if coordinate in recording.coords:
                strange = set(recording[coordinate].values.tolist()) - known
                assert not strange, (
                    f"recording {name!r} has {len(strange)} stimuli that stimuli() does not have, such as "
                    f"{sorted(strange)[0]!r}: name both alike"
                )
        if recording.dtype.kind == "f":
            assert not np.isinf(recording.values).any(), f"recording {name!r} holds infinity: write NaN for what was not measured"
            assert np.isfinite(recording.values).any(), f"recording {name!r} is all NaN: leave it out"


def test_rows_and_neuroids_have_names(card: Card, dataset: Dataset) -> None:
    """Rows are matched by the names of stimuli, and neuroids resampled by their own."""
    named_by = {"presentation": ("stimulus_id",), "neuroid": ("neuroid_id",), "pair": ("stimulus_a", "stimulus_b")}
    for name, recording in dataset.recordings().items():
        for dim in recording.dims:
            for coordinate in named_by.get(str(dim), ()):
                assert coordinate in recording.coords, (
                    f'recording {name!r} has no coordinate {coordinate}: add "{coordinate}": ("{dim}", names) to its coords'
                )


def test_every_neuroid_was_measured_on_every_stimulus(card: Card, dataset: Dataset) -> None:
    """Some repetitions of a stimulus may lack a neuroid, not all of them."""
    for name, recording in dataset.recordings().items():
        of_neuroids = {"presentation", "neuroid"} <= set(recording.dims) and recording.dtype.kind == "f"
        if not of_neuroids or not {"stimulus_id", "neuroid_id"} <= set(recording.coords):  # names are another test's
            continue
        array = recording.transpose("presentation", "neuroid", ...)
        stimuli, row = np.unique(array["stimulus_id"].values, return_inverse=True)
        order = np.argsort(row, kind="stable")
        there = np.isfinite(array.values)[order]
        lacking = np.argwhere(~np.logical_or.reduceat(there, np.searchsorted(row[order], np.arange(len(stimuli)))))
        if len(lacking):
            neuroid, stimulus = array["neuroid_id"].values[lacking[0][1]], stimuli[lacking[0][0]]
            pytest.fail(
                f"recording {name!r} has {len(lacking)} gaps (NaN), such as neuroid {str(neuroid)!r} on stimulus "
                f"{str(stimulus)!r}, and metrics take none: leave out what was not measured, and give subjects or sessions that "
                "saw different stimuli as recordings of their own"
            )


def test_the_regions_of_the_card_are_recorded(card: Card, dataset: Dataset) -> None:
    """A recording of one region is named by it (``"IT"``, ``"IT.figure1"``); any other says it in a coordinate ``region``."""
    recordings = dataset.recordings()
    said = {str(region) for r in recordings.values() if "region" in r.coords for region in np.unique(r["region"].values)}
    strange = sorted(said - set(card.regions))
    assert not strange, (
        f"the coordinate region names {strange}, and the card says regions = {list(card.regions)}: make them agree"
    )
    lacking = sorted(set(card.regions) - said - {name.split(".")[0] for name in recordings})
    assert not lacking, (
        f"the card says regions = {list(card.regions)}, and no recording is of {lacking}; there are {sorted(recordings)}: name a "
        'recording by its region, or give it the coordinate "region": ("neuroid", names)'
    )


#: What a dataset that varies is to do.
THE_SAME = "read it from its files alone, and draw random numbers from a generator with a fixed seed"


def test_loading_it_again_gives_the_same(card: Card, dataset: Dataset) -> None:
    again = load_dataset(card.identifier)
    assert again.stimuli() == dataset.stimuli(), f"loaded twice, it has different stimuli: {THE_SAME}"
    one, other = dataset.recordings(), again.recordings()
    assert sorted(one) == sorted(other), f"loaded twice, it has the recordings {sorted(one)} and {sorted(other)}: {THE_SAME}"
    for name, recording in one.items():
        assert recording.identical(other[name]), f"loaded twice, recording {name!r} is not the same: {THE_SAME}"


def test_reliability_can_be_computed_where_there_are_repetitions(card: Card, dataset: Dataset) -> None:
    repeated = {
        name: recording
        for name, recording in dataset.recordings().items()
        if "repetition" in recording.coords and len(np.unique(recording["repetition"])) > 1 and "neuroid" in recording.dims
    }
    for name, recording in repeated.items():
        found = internal_consistency(recording)
        assert np.isfinite(found.value), (
            f"recording {name!r} has repetitions and no consistency ({found.value}): leave out neuroids that never vary, and "
            "repetitions that are not repetitions"
        )
