"""Datasets that each break one promise; ``Good`` and ``Gappy`` break none."""

from __future__ import annotations

import itertools

import numpy as np
import xarray as xr

from fornix import hookimpl
from fornix.interfaces import StimulusSet

HOWS = {
    "Good": set(),
    "Gappy": set(),
    "WrongFile": {"every_file"},
    "Absent": {"as_the_card_says"},
    "OtherModality": {"as_the_card_says"},
    "Strange": {"well_formed"},
    "NoName": {"well_formed"},
    "Unknown": {"well_formed", "measured_on"},
    "Endless": {"well_formed"},
    "Nameless": {"have_names"},
    "Namesakes": {"well_formed"},
    "Padded": {"measured_on"},
    "Elsewhere": {"regions_of_the_card"},
    "Further": {"regions_of_the_card"},
    "Empty": {"well_formed"},
    "OtherStimuli": {"loading_it_again"},
    "OtherNoise": {"loading_it_again"},
    "Silent": {"reliability"},
}
#: Of b"as published"; the mirror of the test holds something else of the same size.
FILE = (
    '{ name = "data.csv", url = "https://example.org/data.csv", bytes = 12, '
    'sha256 = "e358f48ff7b4154f3d9e4354c6229db7a89bd0af0d8d92a99b69f4e94e139d10" }'
)
CARDS = "".join(
    f"""
[[dataset]]
identifier = "{how}"
title = "A dataset for tests of the conformance suite"
modalities = ["image"]
regions = ["IT"]
stimuli = "present"
files = [{FILE if how == "WrongFile" else ""}]
"""
    for how in HOWS
)
COUNT = itertools.count()


class Broken:
    def __init__(self, how: str) -> None:
        self.how, self.number = how, next(COUNT)

    def stimuli(self) -> StimulusSet:
        names = [f"s{i}" for i in range(12)]
        level = self.number if self.how == "OtherStimuli" else 0
        if self.how == "Absent":
            return StimulusSet(names, image=[None] * 12)
        if self.how == "OtherModality":
            return StimulusSet(names, text=names)
        return StimulusSet(names, image=[np.full((2, 2, 3), 12 * level + i, dtype=np.uint8) for i in range(12)])

    def recordings(self) -> dict[str, xr.DataArray]:
        if self.how == "Empty":
            return {}
        rng = np.random.default_rng(self.number if self.how == "OtherNoise" else 0)
        values = np.tile(rng.normal(size=(12, 4)), (6, 1)) + rng.normal(size=(72, 4))
        values = {"Silent": np.zeros((72, 4)), "Unknown": np.full((72, 4), np.nan)}.get(self.how, values)
        names = np.tile([f"s{i}" for i in range(12)], 6)
        coords = {
            "stimulus_id": ("presentation", np.where(names == "s3", "s99", names) if self.how == "Strange" else names),
            "repetition": ("presentation", np.repeat(np.arange(6), 12)),
            "neuroid_id": ("neuroid", np.array(["n0", "n1", "n2", None if self.how == "NoName" else "n3"])),
        }
        if self.how == "Unknown":
            del coords["repetition"]
        if self.how == "Endless":
            values[0, 0] = np.inf
        if self.how == "Padded":
            values[::12, 3] = np.nan  # the first stimulus, in all its repetitions
        if self.how == "Gappy":
            values[0, 3] = np.nan  # in one of them
        if self.how == "Nameless":
            del coords["neuroid_id"]
        if self.how == "Namesakes":
            coords["neuroid_id"] = ("neuroid", np.array(["n0", "n1", "n2", "n2"]))
        if self.how == "Further":
            coords["region"] = ("neuroid", np.array(["IT", "IT", "V4", "V4"]))
        return {"V4" if self.how == "Elsewhere" else "IT": xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)}


@hookimpl
def fornix_load_dataset(identifier, options):
    return Broken(identifier)
