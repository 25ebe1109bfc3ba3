"""The published figures, then what the score must do on made-up reading times."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from fornix_benchmark_natural_stories.reading_times import ReadingTimesBenchmark

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, ReadingTimes, Responses, Score, StimulusSet

N_STORIES, N_WORDS = 6, 50


class MadeUp:
    """Two subjects with one taste and noise; the second did not read the last story."""

    def __init__(self, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self.story, self.place = np.repeat(np.arange(N_STORIES), N_WORDS), np.tile(np.arange(1, N_WORDS + 1), N_STORIES)
        self.difficulty = generator.normal(size=len(self.story))
        self.times = 350 + 30 * self.difficulty + 30 * generator.normal(size=(2, len(self.story)))

    def stimuli(self) -> StimulusSet:
        names = [f"{s}.{p}" for s, p in zip(self.story, self.place, strict=True)]
        return StimulusSet(names, text=names, context=self.story.astype(str), order=self.place)

    def recordings(self) -> dict[str, xr.DataArray]:
        names = self.stimuli().stimulus_id
        rows = {"first": np.arange(len(names))[::-1], "second": np.flatnonzero(self.story < N_STORIES - 1)}
        return {
            subject: xr.DataArray(
                self.times[k, rows[subject]],
                dims=("presentation",),
                coords={"stimulus_id": ("presentation", names[rows[subject]])},
            )
            for k, subject in enumerate(rows)
        }


def made_up(seed: int = 0) -> tuple[ReadingTimesBenchmark, MadeUp]:
    data = MadeUp(seed)
    return ReadingTimesBenchmark(data, fornix.load_metric("pearson", group="story")), data


def scored(benchmark: Benchmark, values: np.ndarray) -> Score:
    (experiment,) = benchmark.experiments()
    order = np.random.default_rng(5).permutation(len(experiment.stimuli))
    coords = {"stimulus_id": ("presentation", experiment.stimuli.stimulus_id[order])}
    return benchmark.score([Responses({ReadingTimes(): xr.DataArray(values[order], dims=("presentation",), coords=coords)})])


@pytest.fixture(scope="module")
def misaligned() -> Benchmark:
    need_files("dataset", "NaturalStories.misaligned")
    return fornix.load_benchmark("NaturalStories-reading_times.misaligned")


@pytest.mark.mirror
def test_published_surprisals_and_the_misaligned_times(misaligned: Benchmark) -> None:
    """A test of the loaders and of the alignment of tokens with words; as science, the data are defective."""
    (experiment,) = misaligned.experiments()
    score = misaligned.score([fornix.load_model("gpt3-davinci-surprisal").respond(experiment)])
    assert score.details["words"] == 10246
    assert round(score.value, 4) == 0.2121
    assert round(score.details["spearman"], 4) == 0.1793
    assert round(score.details["without_last_words"], 4) == 0.2310
    assert round(score.details["spearman_without_last_words"], 4) == 0.1795
    assert score.error > 0


@pytest.mark.mirror
def test_published_words_and_the_misaligned_times(misaligned: Benchmark) -> None:
    (experiment,) = misaligned.experiments()
    assert round(misaligned.score([fornix.load_model("word-length").respond(experiment)]).value, 4) == 0.3215


def test_a_words_time_is_the_mean_over_the_subjects_that_read_it() -> None:
    benchmark, data = made_up()
    mean = np.where(data.story < N_STORIES - 1, data.times.mean(axis=0), data.times[0])
    inner = data.place > 1
    assert scored(benchmark, mean).value == pytest.approx(1)
    predicted = np.random.default_rng(1).normal(size=len(mean))
    assert scored(benchmark, predicted).value == pytest.approx(np.corrcoef(predicted[inner], mean[inner])[0, 1])


def test_first_words_do_not_count() -> None:
    benchmark, data = made_up()
    without = np.where(data.place == 1, np.nan, data.difficulty)
    other = np.where(data.place == 1, 1e6, data.difficulty)
    assert scored(benchmark, without).value == scored(benchmark, other).value
    assert scored(benchmark, without).details["words"] == N_STORIES * (N_WORDS - 1)


def test_another_word_without_a_prediction_is_refused() -> None:
    benchmark, data = made_up()
    values = data.difficulty.copy()
    values[N_WORDS + 1] = np.nan
    with pytest.raises(ValueError, match=r"no reading time for 1 words that have a predecessor, for example '1\.2'"):
        scored(benchmark, values)


def test_the_score_is_linear_in_nothing_but_sign() -> None:
    benchmark, data = made_up()
    value = scored(benchmark, data.difficulty).value
    assert value > 0.5
    assert scored(benchmark, 7 - 3 * data.difficulty).value == pytest.approx(-value)


def test_stories_are_resampled() -> None:
    benchmark, data = made_up()
    score = scored(benchmark, data.difficulty)
    assert score.resampled == ("stimuli",)
    assert np.isfinite(score.replicates.values).sum() == N_STORIES
    assert score.ceiling is None
    assert score.normalisation == "none"


def test_a_model_of_nothing_scores_zero_within_its_error() -> None:
    benchmark, _ = made_up()
    generator = np.random.default_rng(2)
    scores = [scored(benchmark, generator.normal(size=N_STORIES * N_WORDS)) for _ in range(40)]
    values = np.array([score.value for score in scores])
    assert abs(values.mean()) < 2 * values.std(ddof=1) / np.sqrt(len(values))
    assert sum(score.interval[0] <= 0 <= score.interval[1] for score in scores) >= 34


def test_one_round() -> None:
    benchmark, _ = made_up()
    assert benchmark.experiments([Responses({})]) == ()
