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
bins = st.lists(st.tuples(edges, edges).filter(lambda b: b[0] < b[1]), min_size=1, max_size=5, unique=True).map(tuple)
regions = st.text(min_size=1).filter(lambda name: name.strip() and "\0" not in name and name != "layer:")


@given(
    region=regions,
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
        (dict(region=""), "region is ''; expected a text that is not empty"),
        (dict(region=" "), "region is ' '; expected a text that is not empty"),
        (dict(region="a\0"), r"region is 'a\\x00'; expected a text that is not empty and has no NUL character"),
        (dict(region=None), "region is None; expected a str"),
        (dict(region=np.nan), "region is nan; expected a str"),
        (dict(region="layer:"), "expected the dotted path of a layer after it: 'layer:layer2.1'"),
        (dict(region="V4", form="x"), "form is 'x'; expected one of 'values', 'gram'"),
        (dict(region="V4", form=None), "form is None; expected one of 'values', 'gram'"),
        (dict(region="V4", per="word"), "per is 'word'; expected one of 'stimulus', 'token', 'frame'"),
        (dict(region="V4", clock="trial"), "clock is 'trial'; expected one of 'onset', 'context'"),
        (
            dict(region="V4", time_bins=(0, 200)),
            r"time_bins\[0\] is 0; expected \(start, end\) in ms, as in \(\(0, 50\), \(50, 100\)\)",
        ),
        (dict(region="V4", time_bins=((0, 50, 100),)), r"time_bins\[0\] is \(0, 50, 100\); expected \(start, end\) in ms"),
        (dict(region="V4", time_bins=200), "time_bins is 200; expected a tuple or list"),
        (dict(region="V4", time_bins=(("0", "50"),)), "start of time bin 0 is '0'; expected a number"),
        (dict(region="V4", time_bins=((0, np.nan),)), "end of time bin 0 is NaN; expected a number"),
        (
            dict(region="V4", time_bins=((0, np.inf),)),
            r"time bin \(0, inf\) does not end after it starts \(ms\), at a finite time",
        ),
        (dict(region="V4", time_bins=((0, 50), (0.0, 50.0))), r"time_bins has the bin \(0, 50\) twice; ask for it once"),
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
        (lambda: Label("cat"), "choices of the task 'label' is 'cat'; expected a tuple or list"),  # type: ignore[arg-type]
        (lambda: Probabilities(()), r"choices of the task 'probabilities' is \(\); expected at least 1"),
        (lambda: Label(("cat", "cat")), "choices of the task 'label' has 'cat' twice; all must be different"),
        (lambda: Label((1, "1")), "has '1' twice"),  # type: ignore[arg-type]
        (lambda: Label(("cat", "")), r"choices of the task 'label'\[1\] is ''; expected a text that is not empty"),
        (lambda: Label(("cat", None)), r"choices of the task 'label'\[1\] is None; expected a str"),  # type: ignore[arg-type]
        (lambda: Label(("cat", np.nan)), r"choices of the task 'label'\[1\] is nan; expected a str"),  # type: ignore[arg-type]
        (lambda: Label({"cat"}), r"choices of the task 'label' is \{'cat'\}; expected a tuple or list"),  # type: ignore[arg-type]
        (lambda: Choice(("left",)), r"slots of the task 'choice' is \('left',\); expected at least 2"),
        (lambda: Choice(("left", "left")), "slots of the task 'choice' has 'left' twice"),
        (lambda: OddOneOut(("a", "b")), "slots of the task 'odd_one_out' .* expected at least 3"),
        (lambda: OddOneOut(("a", "b", "b")), "slots of the task 'odd_one_out' has 'b' twice"),
        (lambda: Similarity(fitting="x"), r"fitting of the task 'similarity' is 'x'; expected Fitting\(stimuli, labels\)"),  # type: ignore[arg-type]
        (lambda: Label(("x",), fitting={}), "fitting of the task 'label' is a dict; expected Fitting"),  # type: ignore[arg-type]
        (lambda: Choice(("a", "b"), fitting=STIMULI), "fitting of the task 'choice' is a StimulusSet"),  # type: ignore[arg-type]
        (lambda: OddOneOut(fitting=1), "fitting of the task 'odd_one_out' is 1; expected"),  # type: ignore[arg-type]
        (lambda: Fitting(STIMULI, ("x",)), "1 labels for 3 fitting stimuli"),
        (lambda: Fitting(STIMULI, "xyz"), "labels is 'xyz'; expected a tuple or list"),  # type: ignore[arg-type]
        (lambda: Fitting(STIMULI, ("x", None, "y")), r"labels\[1\] is None; expected a str"),  # type: ignore[arg-type]
        (lambda: Fitting(["a"], ("x",)), r"stimuli of the fitting is \['a'\]; expected a StimulusSet"),  # type: ignore[arg-type]
        (lambda: task_from_json({"name": "guess"}), "there is no task 'guess'; the tasks are label, probabilities, choice"),
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
        st.lists(st.text(max_size=3).filter(lambda name: name.strip() and "\0" not in name), min_size=n, max_size=n),
        min_size=1,
    )
)


@given(columns)
def test_a_trial_table_comes_back_from_json(slots: dict[str, list[str]]) -> None:
    table = TrialTable(**slots)
    assert len(table) == len(next(iter(slots.values())))
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
        ({"a": "one"}, "slot 'a' of the trials is 'one'; expected a tuple or list"),
        ({"a": [["x", "y"]]}, r"slot 'a' of the trials\[0\] is \['x', 'y'\]; expected a str"),
        ({"a": np.array([["x", "y"]])}, r"slot 'a' of the trials has the shape \(1, 2\); expected one dimension"),
        ({"a": ["x", None]}, r"slot 'a' of the trials\[1\] is None; expected a str"),
        ({"a": ["x", np.nan]}, r"slot 'a' of the trials\[1\] is nan; expected a str"),
        ({"a": np.array(["x", ""])}, r"slot 'a' of the trials\[1\] is ''; expected a text that is not empty"),
        ({"": ["x"]}, "the name of a slot is ''; expected a text that is not empty"),
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
        (dict(recordings=Recording("V4")), "recordings is a Recording; expected a tuple or list"),
        (dict(recordings=("V4",)), r"recordings\[0\] is 'V4'; expected a Recording: Recording\('IT'\)"),
        (dict(recordings=(Recording("V4"),), repetitions=0), r"repetitions is 0; expected a whole number \(int\), at least 1"),
        (dict(recordings=(Recording("V4"),), repetitions=1.5), "repetitions is 1.5; expected a whole number"),
        (dict(recordings=(Recording("V4"),), repetitions=True), "repetitions is True; expected a whole number"),
        (dict(recordings=(Recording("V4"),), repetitions=None), "repetitions is None; expected a whole number"),
        (dict(recordings=(Recording("V4"),), seed=-1), r"seed is -1; expected a whole number \(int\), at least 0"),
        (dict(recordings=(Recording("V4"),), seed=0.0), "seed is 0.0; expected a whole number"),
        (dict(task="label"), r"task is 'label'; expected a Task such as Label\(choices\)"),
        (dict(task=OddOneOut(), trials={"a": ["a"]}), "trials is a dict; expected a TrialTable, or None"),
        (dict(task=Similarity(), trials=TrialTable(a=["a"])), "trials are given, but nothing is answered by trial"),
        (
            dict(recordings=(Recording("V4", ((0, 50),), clock="context"),)),
            "a recording's clock is 'context', but the stimuli are in none: give them context and order",
        ),
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


def test_stimuli_are_a_set_of_them() -> None:
    with pytest.raises(ValueError, match=r"stimuli of the experiment is \['a'\]; expected a StimulusSet"):
        Experiment(["a"], (Recording("V4"),))  # type: ignore[arg-type]


def test_numbers_of_numpy_are_written_as_python_s() -> None:
    """What is asked travels as JSON, which knows no others; and -0 ms is 0 ms."""
    experiment = Experiment(STIMULI, (Recording("V4"),), repetitions=np.int64(2), seed=np.uint8(3))  # type: ignore[arg-type]
    assert through_json([experiment.repetitions, experiment.seed]) == [2, 3]
    assert json.dumps(Recording("V4", ((-0.0, np.float32(8)),)).to_json()) == json.dumps(Recording("V4", ((0, 8),)).to_json())
    assert Label((1, np.int64(2))) == Label(("1", "2"))  # type: ignore[arg-type]


def test_experiments_are_equal_by_what_they_ask() -> None:
    one = Experiment(STIMULI, [Recording("V4")], repetitions=2, seed=1)  # type: ignore[arg-type]
    assert one == Experiment(STIMULI, (Recording("V4"),), repetitions=2, seed=1)
    assert one != Experiment(STIMULI, (Recording("V4"),), repetitions=2, seed=2)
