"""``fornix.score``: what stands beside a score that is computed in this process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Experiment, Responses
from fornix.registry.load import use_registry
from tests.engine.conftest import TOYS, toy_registry

IT, PARENT = "Toy.IT-correlation", "Toy-correlation"


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[Path]:
    """Toy plugins, in use: a model that was trained on the responses it is scored on, and data with a defect."""
    folder = tmp_path / "toys"
    shutil.copytree(TOYS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for kind, after, line in (
        ("model", 'identifier = "toy-behaving"', 'training = [{ dataset = "Toy", kind = "responses" }]'),
        ("dataset", 'identifier = "Toy"', 'simulated = true\ndefect = { what = "made up", erratum = "https://x.org" }'),
    ):
        path = folder / f"{kind}s/toy/fornix_{kind}_toy/plugin.toml"
        path.write_text(path.read_text().replace(after, f"{after}\n{line}"))
    with use_registry(toy_registry(folder)):
        yield folder
    for name in [name for name in sys.modules if name.startswith("fornix_") and name.split(".")[0].endswith("_toy")]:
        del sys.modules[name]  # the next test has them in another folder


class Guessing:
    """A model of one's own."""

    def respond(self, experiment: Experiment) -> Responses:
        ids = experiment.stimuli.stimulus_id
        values = np.random.default_rng(0).normal(size=(len(ids), 8))
        coords = {"stimulus_id": ("presentation", ids), "neuroid_id": ("neuroid", np.arange(8).astype(str))}
        answer = xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)
        return Responses({recording: answer for recording in experiment.recordings})


@pytest.mark.usefixtures("toys")
def test_what_the_cards_say_of_a_cell_is_noted() -> None:
    data = ("defect: made up", "simulated")
    assert fornix.score("toy-linear", IT).notes == data
    assert fornix.score("toy-behaving", IT).notes == ("trained on the responses it is scored on (Toy)", *data)
    assert fornix.score(Guessing(), IT).notes == (*data, "unpackaged")
    assert fornix.score(Guessing(), fornix.load_benchmark(IT)).notes == ("unpackaged",)


def test_a_parent_has_the_mean_and_the_notes_of_its_children(toys: Path) -> None:
    path = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    path.write_text(path.read_text().replace("defect =", "#"))
    with use_registry(toy_registry(toys)):
        parent = fornix.score(Guessing(), PARENT)
        children = [fornix.score(Guessing(), name) for name in parent.details]
    assert list(parent.details) == [IT, "Toy.V4-correlation"]
    assert parent.value == pytest.approx(np.mean([child.value for child in children]))
    assert parent.error == pytest.approx(np.hypot(*(child.error for child in children)) / 2)
    assert parent.notes == ("simulated", "unpackaged")


@pytest.mark.usefixtures("toys")
def test_a_parent_of_defective_children_has_no_value() -> None:
    with pytest.raises(fornix.UsageError, match=r"Toy-correlation has no value: .*; score its children one by one"):
        fornix.score(Guessing(), PARENT)
