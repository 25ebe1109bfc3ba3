"""Benchmarks: who knows the data reaches the ceiling, who knows nothing scores chance, and neither score lacks an error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType

import numpy as np
import pytest

from fornix.conformance import probes
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, Normalisation, Responses, Score
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_benchmark


@pytest.fixture(scope="module")
def benchmark(card: Card, registry: Registry) -> Benchmark:
    need_files("dataset", *card.uses.datasets)
    return load_benchmark(card.identifier)


def score_of(benchmark: Benchmark, respond: Callable[..., Responses]) -> Score:
    """The score of whoever answers each experiment with ``respond``, round after round."""
    so_far: list[Responses] = []
    while experiments := benchmark.experiments(so_far):
        so_far.extend(respond(experiment) for experiment in experiments)
        assert len(so_far) < 1000, "the benchmark never stops asking"
    return benchmark.score(so_far)


def test_the_experiments_ask_for_what_the_card_says(card: Card, benchmark: Benchmark) -> None:
    experiments = benchmark.experiments(())
    assert experiments
    assert {recording.region for e in experiments for recording in e.recordings} == set(card.regions)
    assert {e.task.name for e in experiments if e.task is not None} == set(card.tasks)
    assert {modality for e in experiments for modality in e.stimuli.modalities} == set(card.modalities)
    assert benchmark.experiments(()) == experiments


def test_the_oracle_reaches_the_ceiling(card: Card, benchmark: Benchmark, given_by_plugin: ModuleType | None) -> None:
    oracle = getattr(given_by_plugin, "oracle", None)
    assert oracle is not None, "tests/conformance.py lacks oracle(identifier, benchmark): what who knows the data answers"
    score = score_of(benchmark, oracle(card.identifier, benchmark))
    assert np.isfinite(score.value)
    if score.normalisation is Normalisation.NONE:
        # The data themselves score less than 1 where the metric cannot take all of them in (25 components, 89 neurons).
        best = getattr(given_by_plugin, "best_raw", lambda identifier: 1.0)(card.identifier)
        assert score.value >= 0.95 * best
    else:
        assert score.value + 2 * score.error >= 1


@pytest.fixture(scope="module")
def ignorant() -> Callable[[str, Benchmark], list[Score]]:
    """The scores of three models of nothing on a benchmark, computed once for all tests."""
    known: dict[str, list[Score]] = {}

    def scores(identifier: str, benchmark: Benchmark) -> list[Score]:
        if identifier not in known:
            known[identifier] = [score_of(benchmark, partial(probes.nothing, seed=seed)) for seed in range(3)]
        return known[identifier]

    return scores


Ignorant = Callable[[str, Benchmark], list[Score]]


def test_models_of_nothing_score_chance(card: Card, benchmark: Benchmark, ignorant: Ignorant) -> None:
    """On average within two standard errors of one score: a bias shows, one unlucky draw does not."""
    scores = ignorant(card.identifier, benchmark)
    chance = 0.0 if scores[0].normalisation is Normalisation.CHANCE else card.chance
    assert all(np.isfinite(score.error) and score.error > 0 for score in scores)
    error = float(np.mean([score.error for score in scores]))
    assert abs(np.mean([score.value for score in scores]) - chance) <= 2 * error


def test_the_ceiling_is_the_same_with_and_without_a_model(card: Card, benchmark: Benchmark, ignorant: Ignorant) -> None:
    ceiling = load_benchmark(card.identifier).ceiling()
    for scored in ignorant(card.identifier, benchmark):
        assert (ceiling is None) == (scored.ceiling is None)
        if ceiling is not None and scored.ceiling is not None:
            assert scored.ceiling.value == ceiling.value
            assert 0 < ceiling.value <= 1 + 1e-9


def test_scores_state_what_was_normalised_and_resampled(card: Card, benchmark: Benchmark, ignorant: Ignorant) -> None:
    for score in ignorant(card.identifier, benchmark):
        assert str(score.normalisation) == card.normalisation or "ceiling unreliable" in score.notes
        assert score.resampled
        assert score.replicates is not None
