"""What a model answers is held to what was asked, the same in a worker and in this process: one sentence for each fault."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.conformance.probes import nothing
from fornix.engine.steps import answer, check_responses
from fornix.interfaces import (
    AssemblyError,
    Choice,
    Experiment,
    Gram,
    Label,
    NextWord,
    OddOneOut,
    Probabilities,
    ReadingTimes,
    Recording,
    Responses,
    Score,
    Similarity,
    StimulusSet,
    Surprisal,
    Task,
    TrialTable,
)

IDS = np.array(["a", "b", "c"])
STIMULI = StimulusSet(IDS, text=["one two", "three", "four"], context=["story"] * 3, order=[0, 1, 2])
TRIALS = TrialTable(a=["a", "b"], b=["b", "c"], c=["c", "a"])
BINS = ((0.0, 200.0), (25.0, 225.0))
EVERY_REQUEST: list[Recording | Task] = [
    Recording("V4"),
    Recording("V4", form="gram"),
    Recording("STG", BINS),
    Recording("STG", BINS, clock="context"),
    Recording("V1", per="frame"),
    Label(("x", "y")),
    Probabilities(("x", "y")),
    Choice(("a", "b")),
    OddOneOut(),
    Similarity(),
    Surprisal(),
    ReadingTimes(),
    NextWord(),
]


def ask(request: Recording | Task, **arguments: Any) -> Experiment:
    """An experiment with this one request."""
    if isinstance(request, Recording):
        return Experiment(STIMULI, (request,), **arguments)
    trials = TRIALS if isinstance(request, Choice | OddOneOut) else None
    return Experiment(STIMULI, task=request, trials=trials, **arguments)


def check(request: Recording | Task, answer: Any, **arguments: Any) -> None:
    check_responses(ask(request, **arguments), Responses({request: answer}), "toy")


def rows(values: Any, dim: str = "presentation", ids: Any = IDS, **coords: Any) -> xr.DataArray:
    """Values (rows,) or (rows, neuroid)."""
    array = np.asarray(values)
    return xr.DataArray(array, dims=(dim, "neuroid")[: array.ndim], coords={"stimulus_id": (dim, np.asarray(ids)), **coords})


def course(starts: Any = (0, 25), ends: Any = (200, 225)) -> xr.DataArray:
    coords = {
        "stimulus_id": ("presentation", IDS),
        "time_bin_start": ("time_bin", np.array(starts)),
        "time_bin_end": ("time_bin", np.array(ends)),
    }
    return xr.DataArray(np.zeros((3, 2, len(starts))), dims=("presentation", "neuroid", "time_bin"), coords=coords)


def tokens(start: Any = (0, 4, 0, 0), end: Any = (3, 7, 5, 4)) -> xr.DataArray:
    """Tokens of "one two", "three" and "four"."""
    spans = {"character_start": ("token", np.array(start)), "character_end": ("token", np.array(end))}
    return rows(np.zeros((4, 2)), "token", ["a", "a", "b", "c"], position=("token", [0, 1, 0, 0]), **spans)


@pytest.mark.parametrize("request_", EVERY_REQUEST, ids=str)
def test_even_a_model_of_nothing_answers_in_shape(request_: Recording | Task) -> None:
    experiment = ask(request_)
    check_responses(experiment, nothing(experiment), "toy")


def test_good_answers_pass() -> None:
    check(Recording("V4"), rows(np.zeros((3, 2))))
    check(Recording("V4"), rows(np.zeros((3, 2)), ids=["c", "a", "b"]))  # in any order
    check(Recording("V4"), rows(np.zeros((3, 2), dtype=int)))
    check(Recording("V4", per="token"), tokens())
    check(Recording("STG", BINS), course())
    check(ReadingTimes(), rows([1.0, np.nan, 2.0]))
    check(ReadingTimes(), rows([1, 2, 3]))
    check(NextWord(), rows(["the", "a", ""]))


def pairs(a: Any = ("a", "a", "b"), b: Any = ("b", "c", "c")) -> xr.DataArray:
    coords = {"stimulus_a": ("pair", np.array(a)), "stimulus_b": ("pair", np.array(b))}
    return xr.DataArray(np.zeros(len(a)), dims=("pair",), coords=coords)


def trials(values: Any, **coords: Any) -> xr.DataArray:
    return xr.DataArray(np.asarray(values), dims=("trial",), coords={k: ("trial", np.asarray(v)) for k, v in coords.items()})


def probabilities(values: Any, choices: Any = ("x", "y")) -> xr.DataArray:
    coords = {"stimulus_id": ("presentation", IDS), "choice": ("choice", np.array(choices))}
    return xr.DataArray(np.asarray(values), dims=("presentation", "choice"), coords=coords)


HALF = np.full((3, 2), 0.5)
GRAM = Gram(np.eye(3), np.zeros(3), 0.0, np.zeros(3), 3, IDS)


@pytest.mark.parametrize(
    ("request_", "answer", "sentence"),
    [
        (Recording("V4"), GRAM, "the answer of toy to V4 is a Gram; values were asked for"),
        (Recording("V4"), rows(np.zeros(3)), r"has dims \('presentation',\); expected \('presentation', 'neuroid'\)"),
        (Recording("V4"), rows(np.full((3, 2), np.nan)), "has 6 values that are NaN or infinite, out of 6"),
        (Recording("V4"), rows(np.full((3, 2), "x")), "has dtype <U1; numbers were expected"),
        (Recording("V4"), rows(np.zeros((2, 2)), ids=["a", "b"]), "lacks 1 of 3 stimuli, for example 'c'"),
        (Recording("V4", form="gram"), rows(np.zeros((3, 2))), "is a DataArray; a Gram was asked for"),
        (Recording("V4", form="gram"), GRAM.take(np.array([0, 1])), "covers 2 stimuli that are not the 3 that were shown"),
        (
            Recording("V4", form="gram"),
            Gram(np.full((3, 3), np.nan), np.zeros(3), 0.0, np.zeros(3), 3, IDS),
            "has NaN or infinite inner products",
        ),
        (Recording("STG", BINS), rows(np.zeros((3, 2))), r"expected \('presentation', 'neuroid', 'time_bin'\)"),
        (Recording("STG", BINS), course((0,), (200,)), "has 1 time bins; 2 were asked for"),
        (
            Recording("STG", BINS),
            course((25, 0), (225, 200)),
            "must say in the coordinate time_bin_start where each time bin lies",
        ),
        (Recording("STG", BINS), course(ends=(100, 225)), "must say in the coordinate time_bin_end"),
        (Recording("STG", BINS), course().drop_vars("time_bin_start"), "must say in the coordinate time_bin_start"),
        (Recording("V1", per="frame"), rows(np.zeros((3, 2))), r"expected \('frame', 'neuroid'\)"),
        (Recording("V1", per="frame"), rows(np.zeros((3, 2)), "frame"), "does not number the frames of each stimulus"),
        (Recording("V1", per="token"), tokens().drop_vars("character_end"), "must say in the coordinate character_end"),
        (
            Recording("V1", per="token"),
            tokens(end=(3, 8, 5, 4)),
            "has a token from character 4 to 8 of stimulus 'a', which is not",
        ),
        (Recording("V1", per="token"), tokens(start=(0, 4, -1, 0)), "from character -1 to 5 of stimulus 'b'"),
        (Recording("V1", per="token"), tokens(start=(0.0, 4.0, 0.0, 0.0)), r"coordinate character_start \(int\)"),
        (Label(("x", "y")), GRAM, "the answer of toy to label is a Gram; an assembly was expected"),
        (Label(("x", "y")), rows(["x", "y", "z"]), r"contains 'z', which is not one of \['x', 'y'\]"),
        (Probabilities(("x", "y")), rows([0.5, 0.5, 0.5]), r"expected \('presentation', 'choice'\)"),
        (
            Probabilities(("x", "y")),
            probabilities(HALF, ("y", "x")),
            "must name the choices in the coordinate choice, in the order",
        ),
        (Probabilities(("x", "y")), probabilities(2 * HALF), "has rows that are no probabilities"),
        (Probabilities(("x", "y")), probabilities([[1.5, -0.5]] * 3), "has rows that are no probabilities"),
        (OddOneOut(), trials(["a"]), "has 1 trials; 2 were asked for"),
        (OddOneOut(), trials(["a", "d"]), r"contains 'd', which is not one of \['a', 'b', 'c'\]"),
        (OddOneOut(), trials(["a", "b"], a=["b", "a"]), "has other stimuli in slot 'a' than the trials"),
        (Choice(("a", "b")), trials(["a", "c"]), "contains 'c'"),
        (Similarity(), pairs(("a",), ("b",)), "has 1 pairs; 3 stimuli have 3"),
        (Similarity(), pairs().drop_vars("stimulus_b"), "has no coordinate 'stimulus_b' on pair"),
        (Similarity(), pairs(b=("b", "c", "b")), "must name each pair of two different stimuli that were shown once"),
        (Similarity(), pairs(("a", "b", "b"), ("b", "a", "c")), "must name each pair"),
        (Similarity(), pairs(("a", "a", "b"), ("b", "q", "q")), "must name each pair"),
        (Surprisal(), rows([1.0, np.nan, 2.0]), "NaN or infinite"),
        (Surprisal(), rows(["x", "y", "z"]), "has dtype <U1; numbers were expected"),
        (ReadingTimes(), rows([1.0, np.inf, 2.0]), "holds infinity; a word without a prediction is NaN"),
        (NextWord(), rows([1.0, 2.0, 3.0]), r"has dtype float64; words \(str\) were expected"),
    ],
)
def test_a_wrong_answer_is_refused_with_a_sentence(request_: Recording | Task, answer: Any, sentence: str) -> None:
    with pytest.raises(AssemblyError, match=sentence):
        check(request_, answer)


def test_what_is_no_responses_is_refused_by_its_type() -> None:
    experiment = Experiment(STIMULI, (Recording("V4"),))
    with pytest.raises(AssemblyError, match="toy answered an experiment with a NoneType; Responses were expected"):
        check_responses(experiment, None, "toy")  # type: ignore[arg-type]
    for given, said in ((None, "a NoneType"), ([], "0")):
        model = SimpleNamespace(respond=answer, layers=answer, respond_all=lambda experiments, given=given: given)
        with pytest.raises(AssemblyError, match=f"respond_all gave {said} for 1 experiments; a list of one Responses for each"):
            answer(model, [experiment])  # type: ignore[arg-type]


def test_a_request_without_an_answer_is_named() -> None:
    experiment = Experiment(STIMULI, (Recording("V4"), Recording("IT")))
    with pytest.raises(AssemblyError, match=r"toy gave no answer to Recording\(region='IT'"):
        check_responses(experiment, Responses({Recording("V4"): rows(np.zeros((3, 2)))}), "toy")


# repetitions


def repeated(times: Any) -> xr.DataArray:
    numbers = np.repeat(np.asarray(times), 3)
    return rows(np.zeros((len(numbers), 2)), ids=np.tile(IDS, len(times)), repetition=("presentation", numbers))


def test_a_model_is_shown_everything_once_or_as_often_as_asked() -> None:
    check(Recording("V4"), repeated([0]), repetitions=3)
    check(Recording("V4"), repeated([0, 1, 2]), repetitions=3)
    check(Recording("V4"), rows(np.zeros((3, 2))), repetitions=3)
    once = ["a", "b"]
    check(OddOneOut(), trials(once), repetitions=2)
    check(OddOneOut(), trials(once * 2, repetition=[0, 0, 1, 1], a=["a", "b"] * 2), repetitions=2)


@pytest.mark.parametrize(
    ("request_", "answer", "sentence"),
    [
        (Recording("V4"), repeated([0, 1]), "has the repetitions 0, 1; 3 were asked for: number them from 0"),
        (Recording("V4"), repeated([1, 2, 3]), "has the repetitions 1, 2, 3; 3 were asked for"),
        (Recording("V4"), repeated([0, 1, 2])[:-1], "has 8 rows; every repetition of every stimulus makes 9"),
        (Surprisal(), repeated([0, 1])[:, 0], "has the repetitions 0, 1; 3 were asked for"),
        (OddOneOut(), trials(["a", "b"] * 2, repetition=[0, 0, 1, 1]), "must go through all 2 trials 3 times"),
        (OddOneOut(), trials(["a", "b"] * 3, repetition=[0, 1, 2] * 2), "must go through all 2 trials 3 times"),
        (OddOneOut(), trials(["a", "b"] * 3), "has 6 trials; 2 were asked for"),
        (
            OddOneOut(),
            trials(["a", "b"] * 3, repetition=[0, 0, 1, 1, 2, 2], b=["c", "b"] * 3),
            "has other stimuli in slot 'b'",
        ),
    ],
)
def test_repetitions_are_complete_and_numbered(request_: Recording | Task, answer: Any, sentence: str) -> None:
    with pytest.raises(AssemblyError, match=sentence):
        check(request_, answer, repetitions=3)


def test_an_object_scored_in_this_process_is_held_to_the_same() -> None:
    class Benchmark:
        def experiments(self, so_far: Any = ()) -> Any:
            return () if so_far else (Experiment(STIMULI, (Recording("V4"),)),)

        def score(self, responses: Any) -> Score:
            return Score(1.0)

        def ceiling(self) -> None:
            return None

    class Model:
        def respond(self, experiment: Experiment) -> Responses:
            return Responses({Recording("V4"): rows(np.full((3, 2), np.nan))})

    with pytest.raises(AssemblyError, match="the answer of Model to V4 has 6 values that are NaN"):
        fornix.score(Model(), Benchmark())
