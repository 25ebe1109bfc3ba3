"""Scores against scipy, ceilings against the published bounds."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, Dataset, Experiment, Gram, Normalisation, Responses, Score, Similarity

pytestmark = pytest.mark.mirror


def need(name: str) -> None:
    need_files("dataset", f"Kriegeskorte2008.{name}")


@cache
def load(name: str) -> tuple[Benchmark, Dataset, Experiment]:
    benchmark = fornix.load_benchmark(f"Kriegeskorte2008.{name}-rdm")
    (experiment,) = benchmark.experiments()
    return benchmark, fornix.load_dataset(f"Kriegeskorte2008.{name}"), experiment


def features(experiment: Experiment) -> np.ndarray:
    """Pixels blurred to 5 x 5 blocks: (92, 75)."""
    images = np.stack(experiment.stimuli.contents["image"]).astype(float)
    return images.reshape(92, 5, 35, 5, 35, 3).mean(axis=(2, 4)).reshape(92, -1)


def recorded(experiment: Experiment, x: np.ndarray) -> Responses:
    (recording,) = experiment.recordings
    mean = x.mean(axis=0)
    centred = x - mean
    gram = Gram(
        centred @ centred.T, centred @ mean, float(mean @ mean), x.sum(axis=1), x.shape[1], experiment.stimuli.stimulus_id
    )
    return Responses({recording: gram})


def judged(experiment: Experiment, vector: np.ndarray) -> Responses:
    a, b = zip(*itertools.combinations(experiment.stimuli, 2), strict=True)
    coords = {"stimulus_a": ("pair", np.array(a)), "stimulus_b": ("pair", np.array(b))}
    return Responses({experiment.task: xr.DataArray(vector, dims=("pair",), coords=coords)})


def models() -> dict[str, xr.DataArray]:
    return dict(fornix.load_dataset("Kriegeskorte2008.models").recordings())


def test_monkey_it_is_raw_spearman_of_correlation_distances() -> None:
    need("monkeyIT")
    benchmark, dataset, experiment = load("monkeyIT")
    x = features(experiment)
    score = benchmark.score([recorded(experiment, x)])
    expected = spearmanr(pdist(x, "correlation"), dataset.recordings()["IT"]).statistic
    assert score.raw == pytest.approx(expected, abs=1e-9)
    assert score.value == score.raw
    assert score.normalisation is Normalisation.NONE
    assert benchmark.ceiling() is None
    assert 0 < score.error < 0.2


def test_human_it_is_the_mean_over_subjects_by_the_lower_bound() -> None:
    need("humanIT")
    benchmark, dataset, experiment = load("humanIT")
    x = features(experiment)
    score, human = benchmark.score([recorded(experiment, x)]), dataset.recordings()["IT"]
    model = pdist(x, "correlation")
    by_subject = [spearmanr(model, subject).statistic for subject in human]
    assert score.raw == pytest.approx(np.mean(by_subject), abs=1e-9)
    np.testing.assert_allclose(score.units.values.ravel(), by_subject, atol=1e-9)
    assert score.details["against_mean"] == pytest.approx(spearmanr(model, human.mean("subject")).statistic, abs=1e-9)
    assert score.value == pytest.approx(score.raw / benchmark.ceiling().value)
    assert score.normalisation is Normalisation.RATIO


@pytest.mark.parametrize(("name", "lower", "upper"), [("humanIT", 0.3786, 0.6607), ("judgements", 0.4776, 0.5751)])
def test_the_ceiling_is_the_published_lower_bound_and_the_upper_bound_is_kept(name: str, lower: float, upper: float) -> None:
    need(name)
    ceiling = load(name)[0].ceiling()
    assert ceiling.value == pytest.approx(lower, abs=5e-5)
    assert ceiling.details["upper_bound"] == pytest.approx(upper, abs=5e-5)
    assert 0 < ceiling.error < 0.25


def test_judgements_are_compared_with_each_person() -> None:
    need("judgements")
    need("models")
    benchmark, dataset, experiment = load("judgements")
    people, vector = dataset.recordings()["similarity"], models()["animacy"].values
    assert isinstance(experiment.task, Similarity)
    score = benchmark.score([judged(experiment, vector)])
    assert score.raw == pytest.approx(np.mean([spearmanr(vector, person).statistic for person in people]), abs=1e-9)
    assert score.details["against_mean"] == pytest.approx(spearmanr(vector, people.mean("subject")).statistic, abs=1e-9)


def test_the_mean_person_reaches_the_upper_bound() -> None:
    """The oracle: no dissimilarities of its kind can do better, and the ceiling, a lower bound, is passed."""
    need("judgements")
    benchmark, dataset, experiment = load("judgements")
    score = benchmark.score([judged(experiment, dataset.recordings()["similarity"].mean("subject").values)])
    assert score.raw == pytest.approx(benchmark.ceiling().details["upper_bound"], abs=1e-9)
    assert score.value > 1


@pytest.mark.parametrize("name", ["monkeyIT", "humanIT", "judgements"])
def test_a_model_of_nothing_scores_zero_within_its_error(name: str) -> None:
    need(name)
    benchmark, _, experiment = load(name)
    random = np.random.default_rng(0)

    def nothing() -> Score:
        x = random.standard_normal((92, 40))
        answer = recorded(experiment, x) if experiment.task is None else judged(experiment, pdist(x, "correlation"))
        return benchmark.score([answer])

    scores = [nothing() for _ in range(5)]
    assert abs(np.mean([score.raw for score in scores])) < 0.03
    assert sum(score.interval[0] < 0 < score.interval[1] for score in scores) >= 4


@pytest.mark.parametrize(
    ("name", "subjects", "n"), [("monkeyIT", (), 0), ("humanIT", ("subjects",), 4), ("judgements", ("subjects",), 16)]
)
def test_stimuli_and_subjects_are_resampled(name: str, subjects: tuple[str, ...], n: int) -> None:
    need(name)
    benchmark, _, experiment = load(name)
    x = features(experiment)
    answer = recorded(experiment, x) if experiment.task is None else judged(experiment, pdist(x, "correlation"))
    score = benchmark.score([answer])
    assert set(score.resampled) == {"stimuli", *subjects}
    assert score.interval[0] < score.value < score.interval[1]
    if n == 4:
        assert any("4 subjects" in note for note in score.notes)
