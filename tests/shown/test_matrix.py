"""What of the matrix is filled, why the rest is empty, and what stands beside the numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from fornix.conformance.files import need_files
from fornix.files.fetch import available
from fornix.files.file import File
from fornix.registry.discovery import Registry

pytestmark = pytest.mark.slow

PLUGINS = Path(__file__).parents[2] / "plugins"
SESSIONS_OF_PE = ("201025", "210225", "210325")
COWLEY = [f"Cowley2023.V4-{metric}.{session}" for metric in ("pls", "ridge") for session in ("190923", *SESSIONS_OF_PE)]
KRIEGESKORTE = [f"Kriegeskorte2008.{measured}-rdm" for measured in ("monkeyIT", "humanIT", "judgements")]
#: In the order in which they are tried (design.md, section 5).
CLOSED_LIST = ("visibility", "data not available", "modality", "stimuli not available", "region", "task")


def cards(kind: str) -> dict[str, dict[str, Any]]:
    """The cards of this checkout, straight from their files."""
    found = {}
    for path in PLUGINS.glob("*/*/*/plugin.toml"):
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        found.update({card["identifier"]: {**data.get("defaults", {}), **card} for card in data.get(kind, [])})
    return found


def expected_reason(model: dict[str, Any], benchmark: dict[str, Any], datasets: list[dict[str, Any]]) -> str:
    """The first reason of the closed list that applies; empty where the cell is to be filled."""
    replays = model.get("replays", [])
    files = [File(**file) for card in (model, *datasets) for file in card.get("files", [])]
    regions = set(model.get("regions", []))
    applies = {
        "visibility": any(card.get("visibility") == "private" for card in (model, benchmark, *datasets)),
        "data not available": any(available(file) is not None for file in files),
        "modality": not set(benchmark["modalities"]) <= set(model["modalities"]),
        "stimuli not available": any(
            dataset["identifier"] not in replays if replays else dataset.get("stimuli") == "absent" for dataset in datasets
        ),
        "region": "*" not in regions and not set(benchmark.get("regions", [])) <= regions,
        "task": not set(benchmark.get("tasks", [])) <= set(model.get("tasks", [])),
    }
    assert tuple(applies) == CLOSED_LIST
    return next((reason for reason, true in applies.items() if true), "")


def expected_empty() -> Iterator[tuple[str, str, str]]:
    """(model, benchmark, reason) of every cell that is to be empty."""
    datasets = cards("dataset")
    for model in cards("model").values():
        if any("default" not in option for option in model.get("options", {}).values()):
            continue  # cannot be run without being told more
        for benchmark in cards("benchmark").values():
            if "aggregate" not in benchmark:
                used = [datasets[name] for name in benchmark["uses"]["datasets"]]
                if reason := expected_reason(model, benchmark, used):
                    yield model["identifier"], benchmark["identifier"], reason


def test_the_empty_cells_are_those_that_the_cards_foretell(matrix: xr.Dataset) -> None:
    leaves = matrix.sel(benchmark=matrix["leaf"])
    empty = leaves["status"].values != "ok"
    found = {
        (str(leaves["model"].values[i]), str(leaves["benchmark"].values[j]), str(leaves["reason"].values[i, j]))
        for i, j in np.argwhere(empty)
    }
    expected = set(expected_empty())
    assert found - expected == set(), "empty, and the cards do not say why"
    assert expected - found == set(), "filled, or empty for another reason than the cards say"
    assert 0 < len(found) < empty.size


def test_every_empty_cell_parents_included_carries_a_reason_of_the_closed_list(matrix: xr.Dataset) -> None:
    empty = matrix["status"].values != "ok"
    assert set(matrix["status"].values[empty]) == {"skipped"}
    assert set(matrix["reason"].values[empty]) <= set(CLOSED_LIST)
    assert not np.isfinite(matrix["value"].values[empty]).any()
    assert (matrix["why"].values[empty] != "").all()


def test_every_filled_cell_has_a_number_with_an_error(matrix: xr.Dataset) -> None:
    filled = matrix["status"].values == "ok"
    assert np.isfinite(matrix["value"].values[filled]).all()
    assert (matrix["error"].values[filled] > 0).all()


def complete(matrix: xr.Dataset, benchmarks: list[str]) -> list[str]:
    """The models with a finite value and a finite error above 0 on each of these real (not simulated) benchmarks."""
    part = matrix.sel(benchmark=benchmarks)
    assert not part["simulated"].any()
    good = np.isfinite(part["value"]) & np.isfinite(part["error"]) & (part["error"] > 0)
    return [str(name) for name in part["model"].values[good.all("benchmark").values]]


@pytest.mark.mirror
def test_twelve_models_see_all_twelve_sets_of_images(matrix: xr.Dataset, registry: Registry) -> None:
    leaves = [*COWLEY, *KRIEGESKORTE, "Digits-accuracy"]
    need_files("dataset", *(name for leaf in leaves for name in registry.get("benchmark", leaf).uses.datasets))
    need_files("model", *(f"resnet{depth}-cifar10" for depth in (20, 32, 56)))
    assert len(leaves) == 12
    assert len(complete(matrix, leaves)) >= 12


@pytest.mark.mirror
def test_nine_models_replay_all_seventeen_experiments(matrix: xr.Dataset, registry: Registry) -> None:
    aggregate = registry.get("benchmark", "Geirhos2021-error_consistency").aggregate
    assert aggregate is not None
    leaves = list(aggregate.leaves())
    need_files("dataset", *(name for leaf in leaves for name in registry.get("benchmark", leaf).uses.datasets))
    replays = [card.identifier for card in registry.cards("model") if card.identifier.startswith("geirhos2021-")]
    need_files("model", *replays)
    assert len(leaves) == 17
    assert len(complete(matrix, leaves)) == 9


@pytest.mark.mirror
@pytest.mark.parametrize("benchmark", [*COWLEY, "Cowley2023.V4-pls", "Cowley2023.V4-ridge"])
def test_models_fitted_to_these_neurons_are_out_of_rankings(
    matrix: xr.Dataset, key_of: Callable[[str, str], str], benchmark: str
) -> None:
    key_of("v4-compact-190923", benchmark)
    cell = matrix.sel(model="v4-compact-190923", benchmark=benchmark)
    assert np.isfinite(cell["value"])
    assert not cell["ranked"]
    assert ("trained on the responses" in str(cell["flags"].values)) == (benchmark[-6:] not in SESSIONS_OF_PE)
    assert ("trained on the same subjects" in str(cell["flags"].values)) == (not benchmark.endswith("190923"))


@pytest.mark.mirror
@pytest.mark.parametrize("model", ["gpt3-davinci-surprisal", "word-length", "word-position", "word-frequency"])
def test_the_misaligned_reading_times_are_out_of_rankings(
    matrix: xr.Dataset, key_of: Callable[[str, str], str], model: str
) -> None:
    key_of(model, "NaturalStories-reading_times.misaligned")
    cell = matrix.sel(model=model, benchmark="NaturalStories-reading_times.misaligned")
    assert not cell["ranked"]
    assert str(cell["flags"].values).startswith("defect: ")


@pytest.mark.mirror
@pytest.mark.parametrize("benchmark", COWLEY)
@pytest.mark.parametrize("model", ["resnet20-cifar10", "resnet32-cifar10", "resnet56-cifar10"])
def test_a_map_selected_on_the_same_animal_is_noted_and_stays_in_rankings(
    matrix: xr.Dataset, key_of: Callable[[str, str], str], model: str, benchmark: str
) -> None:
    key_of(model, benchmark)
    note = "map selected on same subject"
    cell = matrix.sel(model=model, benchmark=benchmark)
    assert (note in str(cell["notes"].values).split("; ")) == benchmark.endswith(SESSIONS_OF_PE)
    assert cell["ranked"]
    assert note not in str(matrix.sel(model="pixels", benchmark=benchmark)["notes"].values)
