"""Scores: what they carry, and that nothing of it is lost on the way through a file."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from fornix.engine import received
from fornix.engine.exchange import score_from, score_scalars, write_score
from fornix.interfaces import Normalisation, Score
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty

numbers = st.floats(allow_nan=True, allow_infinity=False, width=64)
known = st.floats(allow_nan=False, allow_infinity=False)


def test_a_score_without_normalisation_is_its_own_raw_value() -> None:
    assert Score(0.4).raw == 0.4
    assert math.isnan(Score(0.4, normalisation=Normalisation.RATIO).raw)
    assert Score(0.4, raw=0.2, normalisation=Normalisation.RATIO).raw == 0.2


def test_what_is_not_known_is_nan_and_a_sign_is_kept() -> None:
    score = Score(-0.3)
    assert math.isnan(score.error)
    assert all(math.isnan(bound) for bound in score.interval)
    assert score.value == score.raw == -0.3
    assert (score.ceiling, score.units, score.replicates) == (None, None, None)


def test_a_score_cannot_be_changed_only_copied() -> None:
    score = Score(0.4, error=0.1, notes=("simulated",))
    with pytest.raises(dataclasses.FrozenInstanceError):
        score.value = 0.5  # type: ignore[misc]
    changed = score.with_(value=0.5)
    assert (changed.value, changed.error, changed.notes, score.value) == (0.5, 0.1, ("simulated",), 0.4)


def test_a_score_reads_as_a_line() -> None:
    ceiled = Score(0.5, error=0.01, raw=0.4, ceiling=Score(0.8), normalisation=Normalisation.RATIO, notes=("simulated",))
    assert repr(ceiled) == "Score(0.5000 +- 0.0100; raw 0.4000, ceiling 0.8000 (s/c); simulated)"
    assert repr(Score(0.5)) == "Score(0.5000 +- nan)"


def test_normalisations_are_named_by_their_formulas() -> None:
    assert [str(n) for n in Normalisation] == [
        "none",
        "s/c",
        "r|r|/c",
        "r^2/c",
        "r/sqrt(c)",
        "(r/c)^2",
        "(s-p)/(c-p)",
        "clip(s/c,0,1)",
        "mean(r_i|r_i|/c_i)",
        "mean(r_i/sqrt(c_i))",
        "mean(s_j/c_j)",
    ]
    assert Normalisation("r/sqrt(c)") is Normalisation.ROOT


ARRAY = xr.DataArray([1.0], dims=("neuroid",))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(value="0.4"), "value of a score is '0.4'; expected a number"),
        (dict(value=None), "value of a score is None; expected a number"),
        (dict(value=True), "value of a score is True; expected a number"),
        (dict(value=ARRAY.mean()), r"value of a score is a DataArray; expected a number: float\(value of a score\)"),
        (dict(error=-0.1), "error of a score is -0.1; a standard error is at least 0, and NaN where it is not known"),
        (dict(error=None), "error of a score is None; expected a number"),
        (dict(raw="x"), "raw of a score is 'x'; expected a number"),
        (dict(chance=math.nan), "chance of a score is NaN; expected a number"),
        (dict(interval=(0.5, 0.3)), r"interval of a score is \(0.5, 0.3\); expected \(low, high\)"),
        (
            dict(interval=(0.5, math.nan)),
            r"interval of a score is \(0.5, nan\); expected \(low, high\), both numbers or both NaN",
        ),
        (dict(interval=(0.5,)), r"interval of a score is \(0.5,\); expected \(low, high\)"),
        (dict(interval=0.5), "interval of a score is 0.5; expected a tuple or list"),
        (dict(interval=(None, 1)), "a bound of the interval of a score is None; expected a number"),
        (dict(ceiling=0.8), "ceiling of a score is 0.8; expected a Score, which has an error of its own, or None"),
        (dict(normalisation="ratio"), r"normalisation of a score is 'ratio'; expected one of 'none', 's/c', 'r\|r\|/c'"),
        (dict(normalisation=None), "normalisation of a score is None; expected one of"),
        (dict(units=[0.1, 0.2]), r"units of a score is \[0.1, 0.2\]; expected an xarray.DataArray, or None"),
        (dict(replicates=np.zeros(3)), "replicates of a score is a ndarray; expected an xarray.DataArray"),
        (dict(replicates=ARRAY), r"replicates of a score has dims \('neuroid',\); expected \('factor', 'replicate'\)"),
        (dict(raw_replicates=ARRAY), "raw_replicates of a score has dims"),
        (dict(resampled="stimuli"), "resampled of a score is 'stimuli'; expected a tuple or list"),
        (dict(notes="simulated"), "notes of a score is 'simulated'; expected a tuple or list"),
        (dict(notes=(1,)), "one of the notes of a score is 1; expected a str"),
        (dict(n_nan=-1), r"n_nan of a score is -1; expected a whole number \(int\), at least 0"),
        (dict(n_nan=0.5), "n_nan of a score is 0.5; expected a whole number"),
        (dict(details=[1]), r"details of a score is \[1\]; expected a dict from a name to a number"),
        (dict(details={"r": "high"}), "the detail 'r' of a score is 'high'; expected a number"),
    ],
)
def test_a_score_that_makes_no_sense_is_refused(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Score(**{"value": 0.4, **arguments})


def test_numbers_and_names_are_kept_as_python_s() -> None:
    score = Score(np.float32(0.5), n_nan=np.int64(2), notes=["simulated"], normalisation="s/c", interval=[0, 1])  # type: ignore[arg-type]
    assert score.normalisation is Normalisation.RATIO
    assert (type(score.value), type(score.n_nan), score.notes, score.interval) == (float, int, ("simulated",), (0.0, 1.0))


@given(
    value=numbers,
    error=numbers.map(abs),
    interval=st.just((math.nan, math.nan)) | st.tuples(known, known).map(sorted).map(tuple),
    chance=known,
    n_nan=st.integers(0, 9),
    notes=st.lists(st.text(max_size=5), max_size=3),
    details=st.dictionaries(st.text(max_size=5), numbers, max_size=3),
)
def test_scalars_come_back_from_strict_json(
    value: float, error: float, interval: Any, chance: float, n_nan: int, notes: list[str], details: dict[str, float]
) -> None:
    score = Score(value, error=error, interval=interval, chance=chance, n_nan=n_nan, notes=tuple(notes), details=details)
    back = score_from(json.loads(json.dumps(score_scalars(score), allow_nan=False)), {})
    for one, other in zip(plain(score), plain(back), strict=True):
        assert one == other or (isinstance(one, float) and math.isnan(one) and math.isnan(other))


def plain(score: Score) -> list[Any]:
    """Everything of a score that is no array, side by side."""
    parts = [score.value, score.error, *score.interval, score.raw, score.chance, score.n_nan, *score.notes]
    return [*parts, str(score.normalisation), *score.details, *score.details.values()]


@pytest.mark.parametrize("reliable", [True, False])
def test_a_stored_score_can_be_normalised_anew(tmp_path: Path, reliable: bool) -> None:
    """Whether its ceiling is reliable, which is decided by the ceiling's interval, is the same before and after."""
    spread = np.linspace(-1, 1, 20)

    def measured(value: float, width: float) -> Score:
        return with_uncertainty(Score(value), replicates_array({"stimuli": (value + width * spread, "jackknife")}))

    ceiling = measured(0.8, 0.01 if reliable else 0.4)
    score = normalise(measured(0.4, 0.01), ceiling, Normalisation.RATIO)
    write_score(tmp_path / "score", score)
    back = score_from(*received.score(tmp_path / "score"))
    assert back.ceiling is not None
    assert back.ceiling.interval == pytest.approx(ceiling.interval)
    again = normalise(back, back.ceiling, Normalisation.RATIO)
    assert again.notes == score.notes == (() if reliable else ("ceiling unreliable",))
    assert (again.value, again.error) == pytest.approx((score.value, score.error))
    assert again.replicates is not None
    assert score.replicates is not None
    xr.testing.assert_allclose(again.replicates, score.replicates)
