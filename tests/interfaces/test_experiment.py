"""Experiments: requests that are equal are written alike, and what makes no sense is refused with a sentence."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fornix.interfaces import (
    TASKS,
    Choice,
    Experiment,
    Fitting,
    Label,
    NextWord,
    OddOneOut,
    Probabilities,
    ReadingTimes,
    Recording,
    Similarity,
    StimulusSet,
    Surprisal,
    TrialTable,
    task_from_json,
)

STIMULI = StimulusSet(["a", "b", "c"], text=["x", "y", "z"])


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data, allow_nan=False))


# recordings

edges = st.floats(-1e4, 1e4, width=32)
bins = st.lists(st.tuples(edges, edges).filter(lambda b: b[0] < b[1]), min_size=1, max_size=5).map(tuple)


@given(
    region=st.text(min_size=1),
    time_bins=st.none() | bins,
    clock=st.sampled_from(["onset", "context"]),
    per=st.sampled_from(["stimulus", "token", "frame"]),
)
def test_a_recording_comes_back_from_json(region: str, time_bins: Any, clock: Any, per: Any) -> None:
    recording = Recording(region, time_bins, clock, per)
    assert Recording.from_json(through_json(recording.to_json())) == recording
    assert hash(Recording.from_json(through_json(recording.to_json()))) == hash(recording)


def test_equal_time_bins_are_written_alike_whatever_they_were_made_of() -> None:
    bins = [
        ((0, 200), (25, 225)),
        [[0.0, 200.0], [25.0, 225.0]],
        tuple((s, s + 200) for s in np.arange(2) * 25),
        np.array([[0, 200], [25, 225]]),
    ]
    recordings = [Recording("STG", given) for given in bins]  # type: ignore[arg-type]
    assert len(set(recordings)) == 1
    assert len({json.dumps(recording.to_json()) for recording in recordings}) == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(region=""), "a recording names a region"),
        (dict(region="V4", time_bins=()), "needs at least one; None asks for no time axis"),
        (dict(region="V4", time_bins=((70, 70),)), r"time bin \(70, 70\) does not end after it starts \(ms\)"),
        (dict(region="V4", time_bins=((0, 50), (100, 50))), r"time bin \(100, 50\) does not end after"),
        (dict(region="V4", time_bins=((0, 50),), form="gram"), "a Gram is over stimuli and has no time axis"),
        (dict(region="V4", per="token", form="gram"), "a Gram is over stimuli"),
    ],
)
def test_a_recording_that_makes_no_sense_is_refused(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Recording(**arguments)


# tasks

EVERY_TASK = [
    Label(("cat", "dog")),
    Probabilities(("cat", "dog")),
    Choice(("left", "right")),
    OddOneOut(),
    Similarity(),
    Surprisal(),
    ReadingTimes(),
    NextWord(),
]


def test_every_task_is_known_by_its_name() -> None:
    assert [type(task) for task in EVERY_TASK] == list(TASKS.values())
    assert set(TASKS) == {
        "label",
        "probabilities",
        "choice",
        "odd_one_out",
        "similarity",
        "surprisal",
        "reading_times",
        "next_word",
    }


@pytest.mark.parametrize("task", EVERY_TASK, ids=lambda task: task.name)
def test_a_task_comes_back_from_json(task: Any) -> None:
    back = task_from_json(through_json(task.to_json()))
    assert back == task
    assert hash(back) == hash(task)


def test_fitting_stimuli_are_part_of_a_task_but_not_of_its_json() -> None:
    fitting = Fitting(STIMULI, ("cat", "dog", "cat"))
    task = Label(("cat", "dog"), fitting=fitting)
    assert "fitting" not in task.to_json()
    assert task != Label(("cat", "dog"))
    assert task == task_from_json(through_json(task.to_json()), Fitting(STIMULI, ("cat", "dog", "cat")))
    assert task != Label(("cat", "dog"), fitting=Fitting(STIMULI, ("cat", "dog", "dog")))


def test_tasks_of_different_kinds_are_never_equal() -> None:
    assert len(set(EVERY_TASK)) == len(EVERY_TASK)


def test_choices_may_come_as_an_array() -> None:
    assert Label(np.array(["cat", "dog"])) == Label(("cat", "dog"))  # type: ignore[arg-type]
    assert Fitting(STIMULI, np.array(["x", "y", "x"])).labels == ("x", "y", "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Label("cat"), "the choices of the task 'label' are 'cat'; expected at least 1 words, all different"),  # type: ignore[arg-type]
        (lambda: Probabilities(()), r"the choices of the task 'probabilities' are \(\); expected at least 1"),
        (lambda: Label(("cat", "cat")), "all different"),
        (lambda: Choice(("left",)), r"the slots of the task 'choice' are \('left',\); expected at least 2"),
        (lambda: OddOneOut(("a", "b")), "the slots of the task 'odd_one_out' .* expected at least 3"),
        (lambda: Fitting(STIMULI, ("x",)), "1 labels for 3 fitting stimuli"),
        (
            lambda: Label(("cat", "dog"), fitting=Fitting(STIMULI, ("cat", "dog", "cow"))),
            r"the fitting label 'cow' is not among the choices \('cat', 'dog'\)",
        ),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


# trials

columns = st.integers(1, 6).flatmap(
    lambda n: st.dictionaries(
        st.sampled_from(["sample", "left", "right", "a", "b", "c"]),
        st.lists(st.text(max_size=3), min_size=n, max_size=n),
        min_size=1,
    )
)


@given(columns)
def test_a_trial_table_comes_back_from_json(slots: dict[str, list[str]]) -> None:
    table = TrialTable(**slots)
    assert len(table) == len(next(iter(slots.values())))
    # numpy strips nothing from a str but trailing NULs
    assert TrialTable(**through_json(table.to_json())) == table
    assert hash(TrialTable(**through_json(table.to_json()))) == hash(table)


def test_tables_with_other_trials_are_not_equal() -> None:
    assert TrialTable(a=["x", "y"]) != TrialTable(a=["y", "x"])
    assert TrialTable(a=["x"]) != TrialTable(b=["x"])
    assert TrialTable(a=["x"]) != {"a": ["x"]}


@pytest.mark.parametrize(
    ("slots", "sentence"),
    [
        ({}, "a trial table needs at least one slot"),
        ({"a": []}, "slot 'a' of the trials needs one stimulus_id for each trial, and at least one trial"),
        ({"a": "one"}, "slot 'a' of the trials needs one stimulus_id for each trial"),
        ({"a": [["x", "y"]]}, "slot 'a' of the trials needs one stimulus_id for each trial"),
        ({"a": ["x", "y"], "b": ["x"]}, r"the slots of a trial table differ in length: \{'a': 2, 'b': 1\}"),
    ],
)
def test_a_malformed_trial_table_is_refused(slots: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        TrialTable(**slots)


# experiments


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (dict(), "an experiment asks for at least one recording or a task"),
        (dict(recordings=(Recording("V4"), Recording("V4"))), "an experiment asks for the same recording twice"),
        (dict(recordings=(Recording("V4"),), repetitions=0), "repetitions is at least 1"),
        (dict(task=OddOneOut()), "the task 'odd_one_out' is answered by trial: give trials"),
        (dict(task=Choice(("left", "right"))), "the task 'choice' is answered by trial: give trials"),
        (dict(task=OddOneOut(), trials=TrialTable(a=["a"], b=["b"])), "the trials have no slot 'c'"),
        (
            dict(task=OddOneOut(), trials=TrialTable(a=["a"], b=["b"], c=["q"])),
            "slot 'c' of the trials names 'q', which is not among the stimuli",
        ),
    ],
)
def test_an_experiment_that_makes_no_sense_is_refused(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Experiment(STIMULI, **arguments)


@pytest.mark.parametrize(
    "tested",
    [
        StimulusSet(["other name"], text=["x"]),
        StimulusSet(["t"], text=["x"], duration_ms=[500]),
        StimulusSet(["t"], text=["x"], image=[None]),
    ],
    ids=["renamed", "under another condition", "beside an empty column"],
)
def test_a_fitting_stimulus_in_disguise_is_still_a_test_stimulus(tested: StimulusSet) -> None:
    task = Label(("1", "2"), fitting=Fitting(STIMULI, ("1", "2", "1")))
    with pytest.raises(ValueError, match="1 fitting stimuli are also test stimuli; a model may not be told their labels"):
        Experiment(tested, task=task)


def test_a_word_may_be_learned_in_one_context_and_tested_in_another() -> None:
    learned = StimulusSet(["f"], text=["bank"], context=["walk"], order=[3])
    tested = StimulusSet(["t"], text=["bank"], context=["town"], order=[3])
    task = Label(("river", "money"), fitting=Fitting(learned, ("river",)))
    assert Experiment(tested, task=task).task == task


def test_experiments_are_equal_by_what_they_ask() -> None:
    one = Experiment(STIMULI, [Recording("V4")], repetitions=2, seed=1)  # type: ignore[arg-type]
    assert one == Experiment(STIMULI, (Recording("V4"),), repetitions=2, seed=1)
    assert one != Experiment(STIMULI, (Recording("V4"),), repetitions=2, seed=2)
