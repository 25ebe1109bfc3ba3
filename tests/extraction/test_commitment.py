"""Layer commitments: what is read, and the sentence for each way to get the file wrong."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from fornix import FornixError
from fornix.extraction.commitment import Commitment, Selected, read_commitment, with_selected

WHOLE = """
[regions.V4]
layers = ["layer2.1"]
how = "selected on Cowley2023 session 210224"
[regions.IT]
layers = ["layer3", "layer4"]
[regions."*"]
layers = ["layer1"]
how = "declared"
[behaviour]
layer = "pool"
"""


def test_reads_regions_behaviour_and_how(tmp_path: Path) -> None:
    (tmp_path / "commitment.toml").write_text(WHOLE)
    commitment = read_commitment(tmp_path)
    assert commitment == read_commitment(tmp_path / "commitment.toml")
    assert commitment.regions == {"V4": ("layer2.1",), "IT": ("layer3", "layer4"), "*": ("layer1",)}
    assert commitment.behaviour == "pool"
    assert commitment.how == {"V4": "selected on Cowley2023 session 210224", "IT": "declared", "*": "declared"}
    assert commitment.layers == ("layer2.1", "layer3", "layer4", "layer1", "pool")


def test_every_region_stands_in_for_regions_without_an_entry() -> None:
    commitment = Commitment({"V4": ("a",), "*": ("b",)})
    assert commitment.layers_of("V4") == ("a",)
    assert commitment.layers_of("V1") == ("b",)
    assert Commitment({"V4": ("a",)}).layers_of("V1") is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[regions.V4]\nlayers = 'layer2'", r"layers of \[regions.V4\] is 'layer2'; expected a list of dotted paths"),
        ("[regions.V4]\nlayers = []", "region 'V4' of a commitment has no layer"),
        ("[regions.V4]\nhow = 'declared'", r"layers of \[regions.V4\] is None; expected a list"),
        (
            "[regions.V4]\nlayers = ['a']\nhow = 'guessed'",
            "how of region 'V4' is 'guessed'; expected 'declared' or 'selected on <data>'",
        ),
        ("[regions.V4]\nlayers = ['a']\nhow = 'selected on '", "expected 'declared' or 'selected on <data>'"),
        ("[regions.V4]\nlayers = ['a']\nhow = 3", "expected 'declared' or 'selected on <data>'"),
        ("[regions.V4]\nlayers = ['a']\nselection = 3", r"\[regions.V4.selection\] is 3; expected a table"),
        ("[regions.V4]\nlayer = ['a']", "has a key 'layer'; it holds how, layers, selection"),
        ("[region.V4]\nlayers = ['a']", "the file has a key 'region'; it holds behaviour, regions"),
        ("regions = 3", "regions is 3; expected a table"),
        ("[behaviour]\nlayer = ['a']", r"layer of \[behaviour\] is \['a'\]; expected one dotted path"),
        ("notes = ['one']\n[behaviour]\nlayer = 'a'", "the file has a key 'notes'; it holds behaviour, regions"),
        ("", "it commits to nothing"),
        ("[regions.V4", "is not valid TOML"),
    ],
)
def test_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "commitment.toml"
    file.write_text(text)
    with pytest.raises(FornixError, match=sentence) as caught:
        read_commitment(tmp_path)
    assert str(file) in str(caught.value)


def test_layers_that_are_a_str_are_refused() -> None:
    """They would be taken for one layer for each letter."""
    with pytest.raises(ValueError, match=r"the layers of region 'V4' are 'layer2'; expected a tuple: \('layer2',\)"):
        Commitment({"V4": "layer2"})  # type: ignore[dict-item]


def test_says_where_a_commitment_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FornixError, match=r"there is no layer commitment at .*commitment\.toml"):
        read_commitment(tmp_path)


def test_reading_one_imports_nothing_heavy() -> None:
    code = "import sys, fornix.extraction.commitment; print(sorted({'numpy', 'xarray', 'torch', 'pandas'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_selection_is_entered_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "commitment.toml"
    file.write_text(WHOLE)
    said = {"data": "Some.data", "value": 1e-06, "interval": [-0.5, 2.0], "why": 'a "word" \\ ü', "not": None, "options": {}}
    first = Selected(("conv.0", "conv.1"), "Some.data", {**said, "options": {"alphas": [0.1], "on": True}})
    file.write_text(with_selected(file, {"V1, left": first}))
    read = read_commitment(file)
    assert read.regions["V1, left"] == ("conv.0", "conv.1")
    assert read.how["V1, left"] == "selected on Some.data"
    (tmp_path / "before.toml").write_text(WHOLE)
    before = read_commitment(tmp_path / "before.toml")
    assert {region: read.regions[region] for region in before.regions} == before.regions
    assert {region: read.how[region] for region in before.regions} == before.how
    assert read.behaviour == before.behaviour
    written = tomllib.loads(file.read_text())["regions"]["V1, left"]["selection"]
    assert written == {**{k: v for k, v in said.items() if v is not None}, "options": {"alphas": [0.1], "on": True}}
    file.write_text(with_selected(file, {"V4": Selected(("conv.2",), "Some.data", said)}))
    assert read_commitment(file).regions == {**read.regions, "V4": ("conv.2",)}


def test_nothing_is_entered_into_what_is_no_commitment(tmp_path: Path) -> None:
    file = tmp_path / "commitment.toml"
    file.write_text("[regions.IT]\nlayers = 3\n")
    with pytest.raises(FornixError, match=r"commitment\.toml: layers of \[regions\.IT\] is 3; expected a list"):
        with_selected(file, {"V4": Selected(("conv",), "Some.data", {})})
