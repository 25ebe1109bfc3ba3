"""What a worker left is believed only where each part of it is what its name promises."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from fornix.engine import received
from fornix.engine.exchange import write_score
from fornix.interfaces import Score
from fornix.store.netcdf import write_array

SCORE = Score(
    0.5, error=0.1, interval=(0.3, 0.7), resampled=("stimuli",), notes=("simulated",), units=xr.DataArray([0.5], dims="neuroid")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_score(tmp_path / "score", SCORE)
    return tmp_path / "score"


def change(folder: Path, **scalars: Any) -> None:
    data = json.loads((folder / "score.json").read_text())
    data["scalars"].update(scalars)
    (folder / "score.json").write_text(json.dumps(data))


def test_a_sound_score_is_read(folder: Path) -> None:
    scalars, arrays = received.score(folder)
    assert (scalars["value"], scalars["error"], scalars["notes"], list(arrays)) == (0.5, 0.1, ["simulated"], ["units"])


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("value", None, "value of the score is NoneType; expected a finite number"),
        ("value", "0.9", "value of the score is '0.9'"),
        ("value", True, "value of the score is True"),
        ("value", float("nan"), "value of the score is nan"),
        ("value", float("inf"), "value of the score is inf"),
        ("value", 10**400, "value of the score is 1000"),
        ("value", [0.5], "value of the score is list"),
        ("error", -0.1, "error of the score is -0.1; expected a finite number of at least 0"),
        ("raw_error", -1, "raw_error of the score is -1"),
        ("ceiling_error", -1, "ceiling_error of the score is -1"),
        ("interval_low", 0.8, "the interval of the score is from 0.8 to 0.7"),
        ("interval_high", "high", "interval_high of the score is 'high'"),
        ("raw", {}, "raw of the score is dict"),
        ("ceiling", False, "ceiling of the score is False"),
        ("chance", "half", "chance of the score is 'half'"),
        ("normalisation", "mine", "normalisation of the score is 'mine'; expected one of none, s/c"),
        ("normalisation", ["none"], "normalisation of the score is list"),
        ("n_nan", -1, "n_nan of the score is -1; expected a whole number"),
        ("n_nan", 1.5, "n_nan of the score is 1.5"),
        ("n_nan", None, "n_nan of the score is NoneType"),
        ("resampled", "stimuli", "resampled of the score is 'stimuli'; expected a list"),
        ("notes", [1], "notes of the score is list"),
        ("notes", ["\x1b[2J"], "notes of the score is list"),
        ("notes", ["x" * 1001], "notes of the score is list"),
        ("details", {"a": "b"}, "details of the score is dict; expected finite numbers"),
        ("details", [], "details of the score is list"),
        ("ceiling_details", {"a": "b"}, "ceiling_details of the score is dict; expected finite numbers"),
        ("extra", 1, "the score has an unknown 'extra'"),
    ],
)
def test_a_scalar_of_another_type_or_range_is_refused(folder: Path, name: str, value: Any, says: str) -> None:
    change(folder, **{name: value})
    with pytest.raises(received.Unusable) as refused:
        received.score(folder)
    assert says in str(refused.value)
    assert str(refused.value).isprintable()


def lack(folder: Path) -> None:
    data = json.loads((folder / "score.json").read_text())
    del data["scalars"]["error"]
    (folder / "score.json").write_text(json.dumps(data))


def name_array(folder: Path, name: Any) -> None:
    data = json.loads((folder / "score.json").read_text())
    (folder / "score.json").write_text(json.dumps({**data, "arrays": [name]}))


def pipe(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)


def link(folder: Path) -> None:
    (folder / "score.json").rename(folder.parent / "elsewhere.json")
    (folder / "score.json").symlink_to(folder.parent / "elsewhere.json")


def unit_replicates(folder: Path) -> None:
    write_array(folder / "unit_replicates.nc", xr.DataArray(np.zeros((2, 3)), dims=("factor", "replicate")))
    name_array(folder, "unit_replicates")


def replicates(folder: Path) -> None:
    write_array(folder / "replicates.nc", xr.DataArray(np.zeros(3), dims="replicate"))
    name_array(folder, "replicates")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lack, "the score lacks 'error'"),
        (lambda f: (f / "score.json").write_text("[" * 100_000), "the score cannot be read"),
        (lambda f: (f / "score.json").write_bytes(b"\xff\xfe"), "the score cannot be read"),
        (lambda f: (f / "score.json").write_text("[]"), "does not consist of scalars and arrays"),
        (lambda f: (f / "score.json").write_text(" " * 10_000_001), "10000001 bytes"),
        (lambda f: (f / "score.json").unlink(), "the score is not in a file of its own"),
        (lambda f: pipe(f, "score.json"), "the score is not in a file of its own"),
        (lambda f: pipe(f, "units.nc"), "the array units is not in a file of its own"),
        (link, "the score is not in a file of its own"),
        (lambda f: name_array(f, "../units"), "the score has an array '../units'"),
        (lambda f: name_array(f, ["units"]), "the score has an array list"),
        (lambda f: (f / "units.nc").write_bytes(b"nothing"), "the array units of the score cannot be read"),
        (lambda f: write_array(f / "units.nc", xr.DataArray(["a"], dims="x")), "numbers were expected"),
        (replicates, "expected what fornix.numerics.uncertainty.intervals.replicates_array makes"),
        (unit_replicates, "expected what fornix.numerics.uncertainty.means.unit_replicates makes"),
    ],
)
def test_a_file_that_is_not_a_score_is_refused(folder: Path, harm: Callable[[Path], Any], says: str) -> None:
    harm(folder)
    with pytest.raises(received.Unusable, match=says.replace("(", r"\(")):
        received.score(folder)


@pytest.mark.parametrize("named", [None, 5, [5], ["/etc/passwd"], ["a\0b"], ["x" * 5000]])
def test_experiments_elsewhere_are_refused(tmp_path: Path, named: Any) -> None:
    with pytest.raises(received.Unusable):
        received.experiments({"experiments": named}, tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stimuli": 1}', "[" * 100_000])
def test_an_experiment_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "experiment-0.json").write_text(text)
    with pytest.raises(received.Unusable, match="cannot be read"):
        received.experiments({"experiments": [str(tmp_path / "experiment-0.json")]}, tmp_path)


def test_an_answer_elsewhere_is_not_taken(tmp_path: Path) -> None:
    """It would be moved into the store: out of the user's folder, or out of another model's."""
    theirs, folder = tmp_path / "theirs.nc", tmp_path / "answers"
    folder.mkdir()
    write_array(theirs, xr.DataArray([1.0], dims="x"))
    (folder / "link.nc").symlink_to(theirs)
    write_array(folder / "0-0.nc", xr.DataArray([1.0], dims="x"))
    sound = {"path": str(folder / "0-0.nc"), "kind": "array"}
    assert received.answers({"answers": [[sound]]}, folder, [1]) == [[(folder / "0-0.nc", "array")]]
    for answer in [
        {**sound, "path": str(theirs)},
        {**sound, "path": str(folder / "link.nc")},
        {**sound, "path": str(folder / ".." / "theirs.nc")},
        {**sound, "kind": "pickle"},
        {**sound, "path": 3},
        "0-0.nc",
    ]:
        with pytest.raises(received.Unusable):
            received.answers({"answers": [[answer]]}, folder, [1])
    for groups in (None, [], [[sound, sound]], [sound], [[]]):
        with pytest.raises(received.Unusable, match="an answer to everything"):
            received.answers({"answers": groups}, folder, [1])
