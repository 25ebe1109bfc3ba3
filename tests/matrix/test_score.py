"""``fornix.score``: what stands beside a score that is computed in this process."""

from __future__ import annotations

import shutil
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Experiment, Responses, Score
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


@pytest.fixture
def toys_without_defect(toys: Path) -> Iterator[Path]:
    """The same with data that are sound."""
    path = toys / "datasets/toy/fornix_dataset_toy/plugin.toml"
    path.write_text(path.read_text().replace("defect =", "#"))
    with use_registry(toy_registry(toys)):
        yield toys


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


@pytest.mark.usefixtures("toys_without_defect")
def test_a_parent_has_the_mean_and_the_notes_of_its_children() -> None:
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


def toy_network() -> Any:
    """A network whose layer ``tuned`` is what the toy neuroids are, but for their noise; ``other`` mixes its units."""
    torch = pytest.importorskip("torch", reason="a network of one's own needs torch")
    # the recordings weigh (height, width, channel); a network sees (channel, height, width)
    weights = np.random.default_rng(0).normal(size=(48, 8)).reshape(4, 4, 3, 8).transpose(2, 0, 1, 3).reshape(48, 8)
    tuned, other = torch.nn.Linear(48, 8, bias=False), torch.nn.Linear(8, 8, bias=False)
    with torch.no_grad():
        tuned.weight.copy_(torch.from_numpy(weights.T.copy()))
        other.weight.copy_(torch.from_numpy(np.random.default_rng(5).normal(size=(8, 8))))
    return torch.nn.Sequential(OrderedDict(flat=torch.nn.Flatten(), tuned=tuned, other=other))


def correlations_by_hand() -> tuple[float, float]:
    """The mean correlation of each unit of ``tuned`` and of ``other`` with its toy neuroid, in NumPy alone."""
    rng = np.random.default_rng(7)
    images = np.stack([rng.integers(0, 256, size=(4, 4, 3), dtype=np.uint8).ravel() / 255 for _ in range(40)])
    tuned = images @ np.random.default_rng(0).normal(size=(48, 8))
    measured = tuned + 0.1 * np.random.default_rng(1).normal(size=tuned.shape)
    other = tuned @ np.random.default_rng(5).normal(size=(8, 8)).T
    first, second = (float(np.mean([np.corrcoef(x[:, i], measured[:, i])[0, 1] for i in range(8)])) for x in (tuned, other))
    return first, second


@pytest.mark.usefixtures("toys_without_defect")
def test_a_network_of_ones_own_is_scored_on_a_leaf_and_on_a_parent() -> None:
    network, (tuned, other) = toy_network(), correlations_by_hand()
    from fornix.extraction.torch import preprocess

    leaf = fornix.score(network, IT, layers={"IT": "tuned"}, preprocess=preprocess())
    assert leaf.value == pytest.approx(tuned, abs=1e-5)  # the forward pass is in float32
    assert tuned > 0.99 > 0.5 > abs(other)
    assert leaf.error > 0
    assert leaf.notes == ("simulated", "unpackaged")
    parent = fornix.score(network, PARENT, layers={"IT": "tuned", "V4": "other"}, preprocess=preprocess())
    assert parent.details == pytest.approx({IT: tuned, "Toy.V4-correlation": other}, abs=1e-5)
    assert parent.value == pytest.approx((tuned + other) / 2, abs=1e-5)
    assert parent.notes == ("simulated", "unpackaged")


@pytest.mark.usefixtures("toys_without_defect")
def test_a_network_shows_what_preprocess_makes_of_each_image() -> None:
    """Of negatives the one layer is the same up to its sign, which a score keeps."""
    network = toy_network()
    from fornix.extraction.torch import preprocess

    seen: list[tuple[int, ...]] = []

    def negative(image: np.ndarray) -> Any:
        seen.append(image.shape)
        return -preprocess()(image)

    scored = fornix.score(network, IT, layers={"IT": "tuned"}, preprocess=negative)
    assert scored.value == pytest.approx(-correlations_by_hand()[0], abs=1e-5)
    assert seen == [(4, 4, 3)] * 40


@pytest.mark.usefixtures("toys_without_defect")
def test_what_is_wrong_with_a_network_is_said() -> None:
    network = toy_network()
    from fornix.extraction.torch import preprocess

    needs = r"a Sequential is no fornix model; to score a torch network give preprocess=\.\.\. and layers=\{'V4': .* behaviour="
    with pytest.raises(fornix.UsageError, match=needs):
        fornix.score(network, IT)
    with pytest.raises(fornix.UsageError, match=needs):
        fornix.score(network, IT, layers={"IT": "tuned"})
    with pytest.raises(fornix.UsageError, match=r"no layer 'tunde'; did you mean 'tuned'"):
        fornix.score(network, IT, layers={"IT": "tunde"}, preprocess=preprocess())
    with pytest.raises(fornix.NotAble, match=r"region 'V4' is not in this model's layer commitment; it offers IT"):
        fornix.score(network, PARENT, layers={"IT": "tuned"}, preprocess=preprocess())
    with pytest.raises(fornix.UsageError, match=r"the module holds tuned\.weight \(torch\.float64\); call module\.float\(\)"):
        fornix.score(network.double(), IT, layers={"IT": "tuned"}, preprocess=preprocess())
    with pytest.raises(fornix.UsageError, match=r"a network takes no 'behavior'; did you mean 'behaviour'\?"):
        fornix.score(network, IT, layers={"IT": "tuned"}, preprocess=preprocess(), behavior="tuned")
    with pytest.raises(fornix.UsageError, match=r"'layers' is for networks; a packaged model takes options="):
        fornix.score("toy-linear", IT, layers={"IT": "tuned"})


@pytest.mark.usefixtures("toys_without_defect")
def test_a_parent_covers_what_its_children_cover_and_has_no_replicates() -> None:
    parent = fornix.score("toy-behaving", PARENT)
    assert parent.resampled == ("neuroids",)
    assert parent.replicates is None


@pytest.mark.usefixtures("toys_without_defect")
def test_a_score_without_uncertainty_says_so() -> None:
    class Unsure:
        """A benchmark of one number."""

        def experiments(self, so_far: Any = ()) -> tuple[Experiment, ...]:
            return ()

        def score(self, responses: Any) -> Score:
            return Score(0.5)

        def ceiling(self) -> None:
            return None

    assert fornix.score("toy-linear", Unsure()).notes == ("no uncertainty",)
