"""Responses computed elsewhere: scored like a model's own, and refused in a sentence where they cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import fornix
from fornix.errors import NotAble, UsageError
from fornix.interfaces import AssemblyError, Experiment, ReadingTimes, Recording, Similarity, StimulusSet, Surprisal
from fornix.registry.load import load_dataset, use_registry
from tests.engine.conftest import toy_registry

IDS = ["a", "b", "c", "d"]
VALUES = np.arange(12.0).reshape(4, 3)


def features(toys: Path) -> pd.DataFrame:
    """The measured responses of the toy dataset, as if a network had given them."""
    with use_registry(toy_registry(toys)):
        recorded = load_dataset("Toy").recordings()["IT"]
    return pd.DataFrame(recorded.values, index=recorded["stimulus_id"].values)


def assembly(values: Any, ids: Any = IDS, **coords: Any) -> xr.DataArray:
    named = {name: ("presentation", column) for name, column in {"stimulus_id": ids, **coords}.items()}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=named)


def test_the_data_wrapped_as_a_model_agree_with_themselves_in_any_order(toys: Path) -> None:
    table = features(toys)
    shuffled = table.iloc[np.random.default_rng(0).permutation(len(table))]
    with use_registry(toy_registry(toys)):
        for given in (table, shuffled, assembly(table.to_numpy(), table.index.to_numpy(dtype=str))):
            score = fornix.score(fornix.wrap_responses(given), "Toy.IT-correlation")
            assert score.value == pytest.approx(1)
            assert "unpackaged" in score.notes


def test_it_answers_for_its_regions_and_stimuli_only() -> None:
    model = fornix.wrap_responses(assembly(VALUES), regions="V4")
    shown = StimulusSet(IDS[::-1])
    assert model.respond(Experiment(shown, (Recording("V4"),)))[Recording("V4")].values.tolist() == VALUES[::-1].tolist()
    with pytest.raises(NotAble, match="does not answer for region 'IT'"):
        model.respond(Experiment(shown, (Recording("IT"),)))
    with pytest.raises(NotAble, match="lacks 1 of 2 stimuli, for example 'e'"):
        model.respond(Experiment(StimulusSet(["a", "e"]), (Recording("V4"),)))


def test_whole_numbers_name_stimuli_as_text() -> None:
    for table in (pd.DataFrame(VALUES), assembly(VALUES, [0, 1, 2, 3])):
        responses = fornix.wrap_responses(table).respond(Experiment(StimulusSet(["3"]), (Recording("V4"),)))
        assert responses[Recording("V4")].values.tolist() == VALUES[[3]].tolist()


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (pd.DataFrame(VALUES * 1j, index=IDS), "something else than real numbers"),
        (pd.Series([1 + 2j], index=["a"]), "something else than real numbers"),
        (pd.DataFrame([[True]], index=["a"]), "something else than real numbers"),
        (pd.DataFrame([["x"]], index=["a"]), "something else than real numbers"),
        (pd.DataFrame([["1.5"]], index=["a"]), r"something else than real numbers \('1\.5' is a text\)"),
        (pd.Series([1.0, "2"], index=["a", "b"]), r"something else than real numbers \('2' is a text\)"),
        (pd.DataFrame([["1.5"]], index=["a"], dtype="string"), "something else than real numbers"),
        ({"a": "1.5"}, "something else than real numbers"),
        (assembly(VALUES.astype(str)), "something else than real numbers .dtype <U"),
        (pd.DataFrame([[pd.Timestamp(0)]], index=["a"]), "something else than real numbers"),
        (pd.DataFrame(VALUES, index=pd.MultiIndex.from_product([["a", "b"], [1, 2]])), "names its rows by several levels"),
        (pd.DataFrame(VALUES, index=["a", "b", "c", None]), "or some not at all"),
        (pd.DataFrame(VALUES, index=["a", "a", "b", "c"]), "answers a stimulus twice"),
        (pd.DataFrame(), "is empty"),
        ({}, "is empty"),
        (None, "is a NoneType"),
        ([1.0], "is a list"),
        (
            VALUES,
            r"is a ndarray, which names no stimuli; give pd\.DataFrame\(values, index=names\), a row for each stimulus, or ",
        ),
        (assembly(VALUES, ["a", "a", "b", "b"], repetition=[0, 1, 0, 1]), "has repetitions"),
        (assembly(VALUES).T, "has dims"),
        (assembly(VALUES).drop_vars("stimulus_id"), "no coordinate stimulus_id"),
    ],
)
def test_what_is_no_table_of_responses_is_refused(table: Any, sentence: str) -> None:
    with pytest.raises(AssemblyError, match=sentence):
        fornix.wrap_responses(table)


def test_what_a_table_cannot_answer_is_said_with_what_to_give() -> None:
    single = fornix.wrap_responses(pd.Series([1.0, 2.0], index=["a", "b"]))
    with pytest.raises(
        NotAble, match=r"one number for each stimulus, which answers the tasks reading_times, surprisal and no reg"
    ):
        single.respond(Experiment(StimulusSet(["a", "b"]), (Recording("V4"),)))
    with pytest.raises(NotAble, match=r"does not answer for region 'V4', only for IT, v4; did you mean 'V4'\?$"):
        fornix.wrap_responses(assembly(VALUES), regions=["v4", "IT"]).respond(Experiment(StimulusSet(IDS), (Recording("V4"),)))
    with pytest.raises(NotAble, match=r"does not answer for region 'V4', only for IT$"):
        fornix.wrap_responses(assembly(VALUES), regions=["IT"]).respond(Experiment(StimulusSet(IDS), (Recording("V4"),)))


@pytest.mark.parametrize("form", ["values", "gram"])
def test_a_nan_is_named_as_one_of_the_table_where_it_is_asked_for(form: Any) -> None:
    holed = pd.DataFrame(VALUES, index=IDS, columns=["x", "y", "z"])
    holed.loc["c", "y"] = np.nan
    model, asked = fornix.wrap_responses(holed), Recording("V4", form=form)
    assert asked in model.respond(Experiment(StimulusSet(["a", "b"]), (asked,)))
    sentence = (
        r"^the wrapped table has 1 value that is NaN or infinite, out of 6, the first at presentation 1 \('c'\), neuroid 1 "
    )
    with pytest.raises(AssemblyError, match=sentence):
        model.respond(Experiment(StimulusSet(["a", "c"]), (asked,)))
    with pytest.raises(AssemblyError, match=sentence):
        model.respond(Experiment(StimulusSet(["a", "c"]), task=Similarity()))
    words = fornix.wrap_responses({"a": 1.0, "c": np.nan})
    assert np.isnan(np.asarray(words.respond(Experiment(StimulusSet(["c"]), task=ReadingTimes()))[ReadingTimes()])).all()
    with pytest.raises(AssemblyError, match="the wrapped table has 1 value that is NaN or infinite, out of 2"):
        words.respond(Experiment(StimulusSet(["a", "c"]), task=Surprisal()))


def test_a_task_that_numbers_cannot_do_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot do the task 'juggling'"):
        fornix.wrap_responses({"a": 1.0}, task="juggling")


def test_rows_are_taken_by_number_not_by_mask() -> None:
    stimuli = StimulusSet(IDS)
    assert list(stimuli.take([2, 0])) == ["c", "a"]
    with pytest.raises(ValueError, match="flatnonzero"):
        stimuli.take([False, True, False, True])
