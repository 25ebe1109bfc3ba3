"""Each example scores high with the right model, at chance with the stimuli shuffled, and shows what its experiment is about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.engine.exchange import read_experiment, requests, write_experiment, write_response
from fornix.engine.steps import check_responses
from fornix.errors import NotAble
from fornix.interfaces import (
    Benchmark,
    Experiment,
    Fitting,
    Label,
    Model,
    Recording,
    Responses,
    StimulusSet,
    TrialTable,
)
from fornix.registry.discovery import Registry
from fornix.store.netcdf import read_array
from tests.interfaces.conftest import PAIRS
from tests.interfaces.examples import (
    audio,
    closed_loop,
    few_shot_labels,
    mixed,
    movie_trs,
    repetitions,
    seeg_windows,
    two_alternative,
)
from tests.interfaces.wrong import Misled

pytestmark = pytest.mark.usefixtures("examples")

CHANCE = {"few_shot_labels": 1 / 3, "two_alternative": 0.5}
IN_CONTEXT = ("fmri_passage", "movie_trs", "reading_times", "seeg_windows")
EVERY = sorted(PAIRS)


def model_of(name: str) -> Model:
    return fornix.load_model(PAIRS[name][0])


def benchmark_of(name: str) -> Benchmark:
    return fornix.load_benchmark(PAIRS[name][1])


def rounds(model: Model, benchmark: Benchmark) -> Iterator[tuple[Experiment, Responses]]:
    """Every experiment of a benchmark, and what the model answers."""
    so_far: list[Responses] = []
    while experiments := benchmark.experiments(so_far):
        for experiment in experiments:
            so_far.append(model.respond(experiment))
            yield experiment, so_far[-1]


@pytest.mark.parametrize("name", EVERY)
def test_the_right_model_scores_high_and_shuffled_stimuli_score_chance(name: str) -> None:
    model, benchmark, chance = model_of(name), benchmark_of(name), CHANCE.get(name, 0.0)
    right = fornix.score(model, benchmark)
    assert right.value > chance + 0.35
    assert 0 < right.error < 0.1
    assert right.interval[0] < right.value < right.interval[1]
    assert "unpackaged" in right.notes
    shuffled = np.array([fornix.score(Misled(model, seed), benchmark).value for seed in range(20)])
    assert abs(shuffled.mean() - chance) <= 3 * shuffled.std(ddof=1) / np.sqrt(20)
    assert right.value > shuffled.max() + 0.1


@pytest.mark.parametrize("name", EVERY)
def test_what_a_model_is_asked_and_answers_survives_as_files(name: str, tmp_path: Path) -> None:
    for experiment, responses in rounds(model_of(name), benchmark_of(name)):
        check_responses(experiment, responses, name)
        write_experiment(tmp_path / "experiment.json", experiment, tmp_path / "stimuli")
        read = read_experiment(tmp_path / "experiment.json", tmp_path / "stimuli")
        assert read == experiment
        assert requests(read) == requests(experiment)
        for request in requests(experiment):
            answered = responses[request]
            assert write_response(tmp_path / "answer.nc", answered) == "array"
            assert isinstance(answered, xr.DataArray)
            assert read_array(tmp_path / "answer.nc").identical(answered)


@pytest.mark.parametrize("name", IN_CONTEXT)
def test_an_answer_depends_on_nothing_that_comes_later(name: str) -> None:
    assert_causal(model_of(name), next(rounds(model_of(name), benchmark_of(name)))[0])


def assert_causal(model: Model, experiment: Experiment) -> None:
    """Cutting off the end of every context, or changing it, leaves the answers to its beginning as they were."""
    stimuli = experiment.stimuli
    late = stimuli.columns["order"] > stimuli.columns["order"].max() // 2
    early = np.flatnonzero(~late)
    whole = model.respond(experiment)
    cut = model.respond(replace(experiment, stimuli=stimuli.take(early)))
    order = np.arange(len(stimuli))
    order[late] = order[late][::-1]
    (modality,) = stimuli.contents
    contents: dict[str, Any] = {modality: [stimuli.contents[modality][row] for row in order]}
    changed = model.respond(replace(experiment, stimuli=StimulusSet(stimuli.stimulus_id, **contents, **stimuli.columns)))
    kept = set(stimuli.stimulus_id[early].tolist())
    for request in requests(experiment):
        for other in (cut, changed):
            parts = []
            for answer in (whole[request], other[request]):
                assert isinstance(answer, xr.DataArray)
                parts.append(answer[np.isin(answer["stimulus_id"].values, list(kept))])
            np.testing.assert_array_equal(parts[0].values, parts[1].values)
            assert parts[0]["stimulus_id"].values.tolist() == parts[1]["stimulus_id"].values.tolist()


def test_a_model_that_looks_ahead_is_caught() -> None:
    class Prophet:
        def respond(self, experiment: Experiment) -> Responses:
            stimuli = experiment.stimuli
            turned = {**stimuli.columns, "order": stimuli.columns["order"].max() - stimuli.columns["order"]}
            backwards = StimulusSet(stimuli.stimulus_id, **stimuli.contents, **turned)  # type: ignore[arg-type]
            return model_of("reading_times").respond(replace(experiment, stimuli=backwards))

    experiment = benchmark_of("reading_times").experiments()[0]
    with pytest.raises(AssertionError):
        assert_causal(Prophet(), experiment)


# reading times and passages


def test_the_first_word_of_a_story_has_no_prediction() -> None:
    benchmark = benchmark_of("reading_times")
    ((experiment, responses),) = rounds(model_of("reading_times"), benchmark)
    (answer,) = responses.values()
    first = experiment.stimuli.columns["order"] == 0
    np.testing.assert_array_equal(np.isnan(answer), first)
    assert fornix.score(model_of("reading_times"), benchmark).n_nan == first.sum() == 8


# movie TRs


def test_delays_stay_within_their_run_and_begin_with_the_mean() -> None:
    units = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    expected = [[1.0, 10.0, 0.0, 0.0], [2.0, 20.0, 1.0, 10.0], [3.0, 30.0, 2.0, 20.0]]
    np.testing.assert_array_equal(movie_trs.delayed(units, [0, 1]), expected)
    np.testing.assert_array_equal(movie_trs.delayed(units, [2]), [[0, 0], [0, 0], [1, 10]])


def test_without_haemodynamic_delays_the_right_model_scores_nothing() -> None:
    delayed = fornix.score(movie_trs.Motion(), movie_trs.DelayedRidge()).value
    at_once = fornix.score(movie_trs.Motion(), movie_trs.DelayedRidge(delays=(0,))).value
    ahead_of_time = fornix.score(movie_trs.Motion(), movie_trs.DelayedRidge(delays=(1,))).value
    assert abs(at_once) < 0.1 < ahead_of_time < delayed - 0.1


def test_a_fold_learns_nothing_from_the_run_that_it_is_tested_on() -> None:
    """Whatever happens to one run's measurements, the fit that is tested on it predicts the same."""
    benchmark = movie_trs.DelayedRidge()
    measured = movie_trs.Movies().recordings()["V1"]
    run, rng = measured["run"].values, np.random.default_rng(0)
    units = rng.normal(size=(len(run), 4))
    scaled = measured.values.copy()
    scaled[run == "run-2"] = 7 * scaled[run == "run-2"] + 100  # correlation does not see it, a fit to it would
    before = benchmark._held_out(units, measured.values, run, "run-2")
    np.testing.assert_allclose(benchmark._held_out(units, scaled, run, "run-2"), before, atol=1e-12)
    assert not np.allclose(
        benchmark._held_out(units, scaled, run, "run-1"), benchmark._held_out(units, measured.values, run, "run-1")
    )


def test_frames_are_answered_one_by_one() -> None:
    stimuli = movie_trs.Movies().stimuli()
    answer = movie_trs.Motion().respond(Experiment(stimuli, (movie_trs.FRAMES_OF_V1,)))[movie_trs.FRAMES_OF_V1]
    assert isinstance(answer, xr.DataArray)
    assert answer.sizes == {"frame": len(stimuli) * movie_trs.FRAMES, "neuroid": 4}
    first = stimuli.contents["video"][0]
    assert isinstance(first, np.ndarray)
    mine = answer[answer["stimulus_id"].values == stimuli.stimulus_id[0]]
    np.testing.assert_allclose(mine.sortby("position").values[:, :3], first.mean(axis=(1, 2)))


# SEEG


def test_there_are_161_windows_of_200_ms_by_the_clock_of_the_clip() -> None:
    (experiment,) = benchmark_of("seeg_windows").experiments()
    (recording,) = experiment.recordings
    assert recording.clock == "context"
    bins = np.array(recording.time_bins)
    assert bins.shape == (161, 2)
    assert set((bins[:, 1] - bins[:, 0]).tolist()) == {200.0}
    answer = seeg_windows.Afterglow().respond(experiment)[recording]
    assert isinstance(answer, xr.DataArray)
    assert answer.sizes == {"presentation": 120, "neuroid": 3, "time_bin": 161}


def test_a_window_that_ends_before_a_frame_is_as_it_was_before_that_frame() -> None:
    (experiment,) = benchmark_of("seeg_windows").experiments()
    answer = seeg_windows.Afterglow().respond(experiment)[seeg_windows.CLIP]
    assert isinstance(answer, xr.DataArray)
    order, onset = experiment.stimuli.columns["order"], experiment.stimuli.columns["onset_ms"]
    for place in (1, 2):
        past = answer["time_bin_end"].values <= onset[order == place][0]
        np.testing.assert_array_equal(answer.values[order == place][..., past], answer.values[order == place - 1][..., past])
        assert not np.array_equal(answer.values[order == place], answer.values[order == place - 1])


# EEG


def test_the_baseline_before_the_image_holds_nothing() -> None:
    ((experiment, responses),) = rounds(model_of("eeg_time_course"), benchmark_of("eeg_time_course"))
    (recording,) = experiment.recordings
    assert recording.clock == "onset"
    answer = responses[recording]
    assert isinstance(answer, xr.DataArray)
    baseline = answer["time_bin_end"].values <= 0
    assert baseline.sum() == 2
    assert not answer.values[..., baseline].any()
    assert answer.values[..., ~baseline].any(axis=(0, 1)).all()


def test_a_ceiling_from_repetitions_normalises_the_score() -> None:
    score = fornix.score(model_of("eeg_time_course"), benchmark_of("eeg_time_course"))
    assert score.ceiling is not None
    assert 0.5 < score.ceiling.value < 0.9
    assert score.value == pytest.approx(score.raw / np.sqrt(score.ceiling.value))
    assert set(score.resampled) == {"stimuli", "neuroids"}


# choices


def test_a_trial_is_answered_by_a_slot() -> None:
    ((experiment, responses),) = rounds(model_of("odd_one_out"), benchmark_of("odd_one_out"))
    (answer,) = responses.values()
    assert isinstance(answer, xr.DataArray)
    assert experiment.trials is not None
    assert len(answer) == len(experiment.trials) == 300
    assert set(answer.values.tolist()) == {"a", "b", "c"}


def test_renaming_the_sides_turns_every_choice_around() -> None:
    ((experiment, responses),) = rounds(model_of("two_alternative"), benchmark_of("two_alternative"))
    trials = experiment.trials
    assert trials is not None
    swapped = TrialTable(sample=trials.slots["sample"], left=trials.slots["right"], right=trials.slots["left"])
    turned = two_alternative.Matcher().respond(replace(experiment, trials=swapped))[two_alternative.LEFT_OR_RIGHT]
    straight = responses[two_alternative.LEFT_OR_RIGHT]
    assert isinstance(turned, xr.DataArray)
    assert isinstance(straight, xr.DataArray)
    assert (turned.values != straight.values).all()


# few-shot labels


def test_a_model_that_was_taught_wrong_names_scores_below_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mistaught:
        def respond(self, experiment: Experiment) -> Responses:
            task = experiment.task
            assert isinstance(task, Label)
            assert task.fitting is not None
            other = dict(zip(task.choices, [*task.choices[1:], task.choices[0]], strict=True))
            wrong = replace(task, fitting=Fitting(task.fitting.stimuli, tuple(other[label] for label in task.fitting.labels)))
            answer = few_shot_labels.Prototypes().respond(replace(experiment, task=wrong))[wrong]
            return Responses({task: answer})

    assert fornix.score(Mistaught(), benchmark_of("few_shot_labels")).value < 0.15


def test_no_test_label_leaves_the_scoring_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other labels at the images that are tested, what the model is handed is the same to the byte."""

    def handed(change_tested: bool) -> list[bytes]:
        benchmark = few_shot_labels.FewShotAccuracy()
        if change_tested:
            benchmark._labels.values[benchmark._tested] = "dax"
        folder = tmp_path / str(change_tested)
        folder.mkdir()
        write_experiment(folder / "experiment.json", benchmark.experiments()[0], folder / "stimuli")
        return [path.read_bytes() for path in sorted(folder.rglob("*.json"))]

    assert handed(False) == handed(True)
    told = json.loads(handed_experiment(tmp_path / "False").read_text())["fitting"]["labels"]
    assert len(told) == 15
    assert sorted(set(told)) == sorted(few_shot_labels.CATEGORIES)


def handed_experiment(folder: Path) -> Path:
    return folder / "experiment.json"


def test_a_fitting_stimulus_may_not_be_tested() -> None:
    stimuli = few_shot_labels.Categories().stimuli()
    fitting = Fitting(stimuli.take([0, 1, 2]), ("dax", "wug", "fep"))
    with pytest.raises(ValueError, match="1 fitting stimuli are also test stimuli"):
        Experiment(stimuli.take([2, 3]), task=Label(("dax", "wug", "fep"), fitting=fitting))


# audio


def test_a_model_that_counts_samples_instead_of_seconds_is_lost() -> None:
    class Deaf(audio.Cochlea):
        def respond(self, experiment: Experiment) -> Responses:
            stimuli = experiment.stimuli
            columns = {**stimuli.columns, "sample_rate_hz": np.full(len(stimuli), 8000.0)}
            return super().respond(
                replace(experiment, stimuli=StimulusSet(stimuli.stimulus_id, audio=stimuli.contents["audio"], **columns))
            )

    right = fornix.score(audio.Cochlea(), benchmark_of("audio")).value
    assert fornix.score(Deaf(), benchmark_of("audio")).value < right - 0.2


def test_a_tone_is_in_the_band_of_its_frequency_at_either_rate() -> None:
    for rate in (8000.0, 16000.0):
        tone = np.sin(2 * np.pi * 1000 * np.arange(int(rate / 10)) / rate).astype(np.float32)
        stimuli = StimulusSet(["tone"], audio=[tone], sample_rate_hz=[rate], sound_level_db=[60])
        answer = audio.Cochlea().respond(Experiment(stimuli, (Recording("A1"),)))[Recording("A1")]
        assert isinstance(answer, xr.DataArray)
        loudest = int(answer.values[0].argmax())
        assert audio.BANDS_HZ[loudest] <= 1000 < audio.BANDS_HZ[loudest + 1]
        assert answer.values[0, loudest] == pytest.approx(60, abs=0.1)


# closed loop


class Guesser:
    """Always says left."""

    def respond(self, experiment: Experiment) -> Responses:
        assert experiment.trials is not None
        assert experiment.task is not None
        return Responses({experiment.task: xr.DataArray(["left"] * len(experiment.trials), dims=("trial",))})


def test_the_second_round_depends_on_the_first() -> None:
    sharp = [experiment for experiment, _ in rounds(model_of("closed_loop"), benchmark_of("closed_loop"))]
    blind = [experiment for experiment, _ in rounds(Guesser(), benchmark_of("closed_loop"))]
    assert len(sharp) == len(blind) == closed_loop.ROUNDS
    assert sharp[0] == blind[0]
    assert sharp[1] != blind[1]
    assert fornix.score(Guesser(), benchmark_of("closed_loop")).value == 0


def test_a_round_follows_from_the_answers_alone() -> None:
    """A new object, in a new process, asks what the first one would have asked next."""
    asked, answered = zip(*rounds(model_of("closed_loop"), benchmark_of("closed_loop")), strict=True)
    for number in range(1, closed_loop.ROUNDS):
        (next_one,) = benchmark_of("closed_loop").experiments(answered[:number])
        assert next_one == asked[number]


# repetitions


def test_repetition_t_is_what_seed_plus_t_gives() -> None:
    stimuli = repetitions.Spikes().stimuli()
    many = repetitions.Noisy().respond(Experiment(stimuli, (repetitions.LGN,), repetitions=3, seed=5))[repetitions.LGN]
    assert isinstance(many, xr.DataArray)
    for t in range(3):
        once = repetitions.Noisy().respond(Experiment(stimuli, (repetitions.LGN,), seed=5 + t))[repetitions.LGN]
        assert isinstance(once, xr.DataArray)
        np.testing.assert_array_equal(many.values[many["repetition"].values == t], once.values)
    assert not np.array_equal(many.values[:60], many.values[60:120])


def test_more_repetitions_average_the_noise_out() -> None:
    few, many = (fornix.score(repetitions.Noisy(), repetitions.MeanResponse(n)) for n in (2, 30))
    assert many.value > few.value + 0.2
    assert many.details["variance"] == pytest.approx(1, abs=0.15)


# mixed and absent stimuli


@pytest.mark.parametrize("unseen", ["image", "text"])
def test_neither_picture_nor_word_alone_tells_whether_they_fit(unseen: str) -> None:
    class OfOneModality(mixed.Binding):
        def respond(self, experiment: Experiment) -> Responses:
            stimuli = experiment.stimuli
            contents: dict[str, Any] = dict(stimuli.contents)
            contents[unseen] = [contents[unseen][0]] * len(stimuli)
            return super().respond(replace(experiment, stimuli=StimulusSet(stimuli.stimulus_id, **contents)))

    assert abs(fornix.score(OfOneModality(), benchmark_of("mixed")).value) < 0.35
    assert fornix.score(mixed.Binding(), benchmark_of("mixed")).value > 0.8


def test_a_model_of_words_declines_pictures_and_one_of_pictures_alone_declines_words() -> None:
    stimuli = mixed.Captions().stimuli()
    pictures = StimulusSet(stimuli.stimulus_id, image=stimuli.contents["image"])
    with pytest.raises(NotAble, match="needs a picture and a word; the stimuli hold image"):
        mixed.Binding().respond(Experiment(pictures, (mixed.ATL,)))


def test_absent_stimuli_are_told_apart_by_their_names_alone(registry: Registry) -> None:
    (experiment,) = benchmark_of("absent").experiments()
    assert experiment.stimuli.absent
    assert len(set(experiment.stimuli.row_hashes)) == len(experiment.stimuli)
    strangers = StimulusSet(["unheard-of"], text=[None])
    with pytest.raises(NotAble, match="no surprisal was published for 1 stimuli, for example 'unheard-of'"):
        model_of("absent").respond(replace(experiment, stimuli=strangers))
