"""What crosses between processes comes out as it went in."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from fornix.engine import received
from fornix.engine.exchange import (
    read_experiment,
    read_stimuli,
    request_descriptions,
    requests,
    score_from,
    write_experiment,
    write_score,
    write_stimuli,
)
from fornix.interfaces import (
    Experiment,
    Fitting,
    Label,
    Member,
    Normalisation,
    OddOneOut,
    OnDisk,
    Recording,
    Score,
    StimulusSet,
    TrialTable,
)


def every_kind_of_content(folder: Path) -> StimulusSet:
    """A file, a member of an archive, an array, a text and an absent stimulus, mixed."""
    (folder / "one.png").write_bytes(b"not a real picture")
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("two.png", b"another one")
    image = [
        OnDisk(folder / "one.png"),
        Member(folder / "all.zip", "two.png"),
        np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
        None,
    ]
    return StimulusSet(["a", "b", "c", "d"], image=image, text=["x", None, "ü\n", None], onset_ms=[0, 1.5, math.nan, 3])


def test_a_stimulus_set_keeps_contents_conditions_and_digest(tmp_path: Path) -> None:
    stimuli = every_kind_of_content(tmp_path)
    read = read_stimuli(write_stimuli(tmp_path / "sets", stimuli))
    assert read == stimuli
    assert read.row_hashes == stimuli.row_hashes
    np.testing.assert_array_equal(read.columns["onset_ms"], stimuli.columns["onset_ms"])


def test_no_symbolic_link_leads_out_of_a_written_stimulus_set(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    stimuli = every_kind_of_content(real)
    (tmp_path / "link.png").symlink_to(real / "one.png")
    linked = StimulusSet(["a"], image=[OnDisk(tmp_path / "link.png")])
    for given in (stimuli, linked):
        folder = write_stimuli(tmp_path / "sets", given)
        assert not any(path.is_symlink() for path in folder.rglob("*"))


def test_an_experiment_with_fitting_and_trials_comes_back_equal(tmp_path: Path) -> None:
    stimuli = StimulusSet(["a", "b", "c"], text=["x", "y", "z"])
    fitting = Fitting(StimulusSet(["f"], text=["learn"]), ("left",))
    for experiment in (
        Experiment(
            stimuli,
            (Recording("V4", form="gram"), Recording("IT", ((0, 50), (50, 100)))),
            Label(("left", "right"), fitting=fitting),
        ),
        Experiment(stimuli, task=OddOneOut(), trials=TrialTable(a=["a"], b=["b"], c=["c"]), repetitions=3, seed=5),
    ):
        write_experiment(tmp_path / "e.json", experiment, tmp_path / "sets")
        assert read_experiment(tmp_path / "e.json", tmp_path / "sets") == experiment
        assert len(request_descriptions(tmp_path / "e.json")) == len(requests(experiment))


def test_only_what_is_asked_of_an_experiment_is_read(tmp_path: Path) -> None:
    experiment = Experiment(StimulusSet(["a"], text=["x"]), (Recording("V1"), Recording("V4")), Label(("x", "y")))
    write_experiment(tmp_path / "e.json", experiment, tmp_path / "sets")
    part = read_experiment(tmp_path / "e.json", tmp_path / "sets", [1])
    assert part.recordings == (Recording("V4"),)
    assert part.task is None


def test_descriptions_differ_where_anything_that_matters_does(tmp_path: Path) -> None:
    base = dict(recordings=(Recording("V4"),), repetitions=1, seed=0)
    stimuli = StimulusSet(["a", "b"], text=["x", "y"], duration_ms=[100, 100])
    variants = [
        Experiment(stimuli, **base),
        Experiment(stimuli, **{**base, "seed": 1}),
        Experiment(stimuli, **{**base, "repetitions": 2}),
        Experiment(stimuli, **{**base, "recordings": (Recording("V4", form="gram"),)}),
        Experiment(stimuli.take([1, 0]), **base),
        Experiment(StimulusSet(["a", "b"], text=["x", "z"], duration_ms=[100, 100]), **base),
        Experiment(StimulusSet(["a", "b"], text=["x", "y"], duration_ms=[100, 200]), **base),
    ]
    described = set()
    for variant in variants:
        write_experiment(tmp_path / "e.json", variant, tmp_path / "sets")
        described.add(json.dumps(request_descriptions(tmp_path / "e.json")))
    assert len(described) == len(variants)


@pytest.mark.parametrize("ceiled", [False, True])
def test_a_score_comes_back_with_its_arrays(tmp_path: Path, ceiled: bool) -> None:
    replicates = xr.DataArray(
        [[0.1, 0.2, math.nan]],
        dims=("factor", "replicate"),
        coords={
            "factor": ["stimuli"],
            "scheme": ("factor", ["jackknife"]),
            "variance_factor": ("factor", [0.5]),
            "n_units": ("factor", [2]),
        },
    )
    units = xr.DataArray([0.1, math.nan], dims=("neuroid",), coords={"neuroid_id": ("neuroid", ["a", "b"])})
    score = Score(
        0.5,
        error=0.1,
        interval=(0.3, 0.7),
        raw=0.4,
        ceiling=Score(0.8, error=0.05, replicates=replicates, details={"upper bound": 0.95}) if ceiled else None,
        normalisation=Normalisation.RATIO if ceiled else Normalisation.NONE,
        units=units,
        replicates=replicates,
        resampled=("stimuli",),
        n_nan=1,
        notes=("simulated",),
        details={"upper bound": 0.9, "unknown": math.nan},
    )
    write_score(tmp_path / "score", score)
    back = score_from(*received.score(tmp_path / "score"))
    assert (back.value, back.error, back.interval, back.raw) == (score.value, score.error, score.interval, score.raw)
    assert (back.normalisation, back.n_nan, back.notes, back.resampled) == (score.normalisation, 1, ("simulated",), ("stimuli",))
    assert back.details["upper bound"] == 0.9
    assert math.isnan(back.details["unknown"])
    assert back.units is not None
    assert back.units.identical(units)
    if ceiled:
        assert back.ceiling is not None
        assert back.ceiling.value == 0.8
        assert back.ceiling.details == {"upper bound": 0.95}
        assert back.ceiling.replicates is not None
        assert back.ceiling.replicates.identical(replicates)
