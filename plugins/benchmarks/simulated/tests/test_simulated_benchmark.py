"""The calibration: the ground truth is known, so the scores must be what they should be."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import fornix
from fornix.interfaces import Benchmark, Gram, Normalisation, Responses, Score

REGIONS = ("V1", "V4", "IT")
#: Best first.
PLANTED = (
    "simulated-brain",
    "simulated-brain-noisy-25",
    "simulated-brain-noisy-50",
    "simulated-brain-noisy-75",
    "simulated-nothing",
)


@cache
def benchmark(region: str) -> Benchmark:
    return fornix.load_benchmark(f"Simulated.{region}-ridge")


@cache
def responses(model: str, region: str) -> Responses:
    (experiment,) = benchmark(region).experiments()
    return fornix.load_model(model).respond(experiment)


@cache
def score(model: str, region: str) -> Score:
    return benchmark(region).score([responses(model, region)])


@pytest.mark.parametrize("region", REGIONS)
def test_the_ceiling_is_the_share_of_signal_in_the_averages(region: str) -> None:
    """Known answer: with signal variance s^2 and noise variance v of one repetition, reliability is s^2 / (s^2 + v / 8)."""
    dataset = fornix.load_dataset("Simulated")
    repetitions = dataset.recordings()[region].values.reshape(8, 600, -1)
    noise = repetitions.var(axis=0, ddof=1).mean(axis=0) / 8
    total = repetitions.mean(axis=0).var(axis=0, ddof=1)
    ceiling = benchmark(region).ceiling()
    assert ceiling.value == pytest.approx(np.median(1 - noise / total), abs=0.01)
    assert 0 < ceiling.error < 0.05


@pytest.mark.parametrize("region", REGIONS)
def test_the_generating_model_reaches_its_ceiling_within_the_error(region: str) -> None:
    found = score("simulated-brain", region)
    assert found.normalisation is Normalisation.SIGNED_SQUARE
    assert found.value == pytest.approx(found.raw**2 / benchmark(region).ceiling().value)
    assert found.value + found.error >= 1
    assert found.interval[0] <= 1 <= found.interval[1]
    assert found.error < 0.1


@pytest.mark.parametrize("region", REGIONS)
def test_the_planted_ranking_is_recovered(region: str) -> None:
    values = [score(model, region).value for model in PLANTED]
    assert values == sorted(values, reverse=True)
    assert np.abs(np.diff(values)).min() > 0.02


@pytest.mark.parametrize("region", REGIONS)
def test_a_model_of_nothing_scores_zero_within_its_error(region: str) -> None:
    found = score("simulated-nothing", region)
    assert found.interval[0] < 0 < found.interval[1]
    assert abs(found.raw) < 0.1


def test_every_score_says_that_it_is_simulated() -> None:
    assert "simulated" in score("simulated-brain", "V4").notes


def test_shuffled_stimuli_score_chance() -> None:
    gram = next(iter(responses("simulated-brain", "V4").values()))
    assert isinstance(gram, Gram)
    recording = next(iter(responses("simulated-brain", "V4")))
    random = np.random.default_rng(0)
    raw = []
    for _ in range(20):
        rows = random.permutation(len(gram))
        shuffled = gram.take(rows)
        shuffled = Gram(
            shuffled.products,
            shuffled.mean_products,
            shuffled.mean_square,
            shuffled.row_sums,
            shuffled.n_features,
            gram.stimulus_id,
        )
        raw.append(benchmark("V4").score([Responses({recording: shuffled})]).raw)
    assert abs(np.mean(raw)) < 2 * np.std(raw, ddof=1) / np.sqrt(20)


def test_one_round() -> None:
    assert benchmark("V1").experiments([responses("simulated-brain", "V1")]) == ()
