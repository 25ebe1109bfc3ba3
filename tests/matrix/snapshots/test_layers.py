"""What a snapshot says of the layers of its models: what folders of plugins hold, and nothing that may be of another model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fornix.matrix.snapshots.layers import layers_of
from fornix.matrix.snapshots.visible import Visible
from tests.engine.conftest import toy_registry
from tests.matrix.snapshots.lab import DATA, METRIC, NET, lab_plugins

COMMITMENT = """[regions.IT]
layers = ["a.1", "b"]
how = "selected on Data"

[regions."*"]
layers = ["c"]

[behaviour]
layer = "d"
"""
PROFILE = """model,region,data,metric,place,layer,value,error,interval_low,interval_high,selected
net,IT,Data,ridge,0,a.1,0.25,,0.2,0.3,True
net,IT,Data,ridge,1,b,0.125,0.02,0.1,0.15,False
"""


def every(kind: str, name: str) -> bool:
    return True


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    return lab_plugins(tmp_path / "plugins")


def test_a_package_of_one_model_says_its_layers(plugins: Path) -> None:
    (plugins / "models/lab/fornix_model_lab/commitment.toml").write_text(COMMITMENT)
    found = layers_of(toy_registry(plugins), [NET, "toy-linear"], every)[0]
    assert found == {
        NET: {
            "regions": [
                {"region": "IT", "layers": ["a.1", "b"], "how": "selected on Data"},
                {"region": "*", "layers": ["c"], "how": "declared"},
            ],
            "behaviour": "d",
        }
    }


def test_a_commitment_beside_several_models_is_said_of_none(plugins: Path) -> None:
    (plugins / "models/toy/fornix_model_toy/commitment.toml").write_text(COMMITMENT)
    registry = toy_registry(plugins)
    assert len([card for card in registry.cards("model") if card.identifier.startswith("toy")]) > 1
    assert layers_of(registry, ["toy-linear", "toy-behaving"], every) == ({}, [])


def test_the_profile_of_a_model_is_told_row_by_row(plugins: Path) -> None:
    folder = plugins / "models/toy/commitment"
    folder.mkdir()
    (folder / "toy-linear.csv").write_text(PROFILE)
    found, _ = layers_of(toy_registry(plugins), ["toy-linear", "toy-behaving"], every)
    assert list(found) == ["toy-linear"]
    first, second = found["toy-linear"]["profile"]
    assert first == {
        **{"region": "IT", "data": "Data", "metric": "ridge", "place": 0, "layer": "a.1", "value": 0.25, "error": None},
        **{"interval_low": 0.2, "interval_high": 0.3, "selected": True},
    }
    assert (second["error"], second["selected"]) == (0.02, False)
    json.dumps(found, allow_nan=False)


def test_scores_of_layers_leave_where_their_data_and_metric_do(plugins: Path) -> None:
    rows = [("Toy", "toy-correlation"), (DATA, "toy-correlation"), ("Toy", METRIC), ("Gone2020", "toy-correlation")]
    scores = [f"net,IT,{data},{metric},{n},a.{n},0.{n},0.02,0.2,0.3,True" for n, (data, metric) in enumerate(rows)]
    folder = plugins / "models/toy/commitment"
    folder.mkdir()
    (folder / "toy-linear.csv").write_text("\n".join([PROFILE.splitlines()[0], *scores]))
    (folder / "toy-behaving.csv").write_text("\n".join([PROFILE.splitlines()[0], scores[1]]))

    def told(*named: str) -> dict[str, list[str]]:
        visible = Visible(toy_registry(plugins), named)
        found, _ = layers_of(visible.planned, ["toy-linear", "toy-behaving"], visible.shows_name)
        return {model: [row["layer"] for row in known["profile"]] for model, known in found.items()}

    assert told() == {"toy-linear": ["a.0"]}
    assert told(DATA) == {"toy-linear": ["a.0", "a.1"], "toy-behaving": ["a.1"]}
    assert told(DATA, METRIC) == {"toy-linear": ["a.0", "a.1", "a.2"], "toy-behaving": ["a.1"]}


def test_what_is_damaged_is_left_out_alone_and_named(plugins: Path) -> None:
    for model, rows in (
        ("toy/commitment/toy-linear", "a,b\n1,2\n"),
        ("toy/commitment/toy-behaving", PROFILE),
        ("lab/commitment/" + NET, PROFILE),
    ):
        file = plugins / f"models/{model}.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(rows)
    (plugins / "models/lab/fornix_model_lab/commitment.toml").write_text("[regions.IT]\n")
    found, unread = layers_of(toy_registry(plugins), ["toy-linear", "toy-behaving", NET], every)
    assert {model: list(known) for model, known in found.items()} == {"toy-behaving": ["profile"], NET: ["profile"]}
    profile, commitment = unread
    assert re.match(r"the profile of toy-linear is left out: .*toy-linear\.csv is no profile", profile)
    assert re.match(rf"the commitment of {NET} is left out: .*commitment\.toml: ", commitment)
