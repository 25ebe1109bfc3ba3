"""Profiles of layers: joined over models, and found beside the packages of plugins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from fornix.errors import FornixError
from fornix.extraction.profile import profile_csv
from fornix.matrix.analyses import layer_profiles, stored_profile
from tests.engine.conftest import TOYS, toy_registry


def profile(model: str, *values: float, region: str = "V4") -> pd.DataFrame:
    """Layers with these scores, the best of them selected."""
    return pd.DataFrame(
        {
            "model": model,
            "region": region,
            "data": "A",
            "metric": "ridge",
            "place": range(len(values)),
            "layer": [f"layer{k}" for k in range(len(values))],
            "value": values,
            "error": 0.02,
            "interval_low": [value - 0.04 for value in values],
            "interval_high": [value + 0.04 for value in values],
            "selected": [value == max(values) for value in values],
        }
    )


def test_depth_goes_from_the_first_layer_to_the_last_of_each_model_and_region() -> None:
    joined = layer_profiles([profile("a", 0.1, 0.3, 0.2), profile("b", 0.1, 0.2, region="IT"), profile("c", 0.5)])
    assert joined["depth"].tolist() == [0, 0.5, 1, 0, 1, 0]
    assert joined["model"].tolist() == ["a"] * 3 + ["b"] * 2 + ["c"]


def test_the_profile_of_a_model_is_found_beside_its_package(tmp_path: Path) -> None:
    toys = tmp_path / "toys"
    shutil.copytree(TOYS, toys, ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.raises(FornixError, match=r"no profile of toy-linear at .*; `fornix commit toy-linear` makes one"):
        stored_profile(toy_registry(toys), "toy-linear")
    (toys / "models/toy/commitment").mkdir()
    (toys / "models/toy/commitment/toy-linear.csv").write_bytes(profile_csv(profile("toy-linear", 0.1, 0.2)))
    assert stored_profile(toy_registry(toys), "toy-linear")["value"].tolist() == [0.1, 0.2]
