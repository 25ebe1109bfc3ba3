"""Benchmarks: who knows the data reaches the ceiling, who knows nothing scores chance, and neither score lacks an error."""

from __future__ import annotations

import math
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


#: How a benchmark's score comes by its error.
FROM_THE_METRIC = (
    "return the Score of a metric of its card, which has them, or give them by with_uncertainty of "
    "fornix.numerics.uncertainty.intervals (docs/hooks.md has an example)"
)


def score_of(benchmark: Benchmark, respond: Callable[..., Responses]) -> Score:
    """The score of whoever answers each experiment with ``respond``, round after round."""
    so_far: list[Responses] = []
    while experiments := benchmark.experiments(so_far):
        so_far.extend(respond(experiment) for experiment in experiments)
        assert len(so_far) < 1000, (
            "the benchmark never stops asking: experiments(so_far) is to return [] once it has all that it wanted"
        )
    return benchmark.score(so_far)


def test_the_experiments_ask_for_what_the_card_says(card: Card, benchmark: Benchmark) -> None:
    experiments = benchmark.experiments(())
    assert experiments, "experiments() asks for nothing: return at least one Experiment when nothing was answered so far"
    asked = {
        "regions": {recording.region for e in experiments for recording in e.recordings},
        "tasks": {e.task.name for e in experiments if e.task is not None},
        "modalities": {modality for e in experiments for modality in e.stimuli.modalities},
    }
    for field, found in asked.items():
        stated = set(getattr(card, field))
        assert found == stated, (
            f"its experiments ask for the {field} {sorted(found)}, and its card says {sorted(stated)}: make them agree"
        )
    assert benchmark.experiments(()) == experiments, (
        "asked twice, it gives two different first rounds: draw stimuli, trials and seeds from a generator with a fixed seed"
    )


def test_the_oracle_reaches_the_ceiling(card: Card, benchmark: Benchmark, given_by_plugin: ModuleType | None) -> None:
    oracle = getattr(given_by_plugin, "oracle", None)
    assert oracle is not None, (
        "tests/conformance.py lacks oracle(identifier, benchmark): write one that returns a function from an Experiment to the "
        "Responses of who knows the data (docs/hooks.md has an example)"
    )
    respond = oracle(card.identifier, benchmark)
    assert callable(respond), (
        f"oracle of tests/conformance.py gave a {type(respond).__name__}: return a function from an Experiment to Responses"
    )
    score = score_of(benchmark, respond)
    assert np.isfinite(score.value), f"the oracle scores {score.value}: let the score of who knows the data be a number"
    if score.normalisation is Normalisation.NONE:
        # The data themselves score less than 1 where the metric cannot take all of them in (25 components, 89 neurons).
        best = getattr(given_by_plugin, "best_raw", lambda identifier: 1.0)(card.identifier)
        assert score.value >= 0.95 * best, (
            f"the oracle scores {score.value:.4f} of {best:g}: mend how its answers meet the data (rows matched by stimulus_id?) "
            "or, where its metric gives the data themselves less, say how much in tests/conformance.py: best_raw(identifier)"
        )
    else:
        assert 1 <= score.value + 2 * score.error < math.inf, (
            f"the oracle scores {score.value:.4f} +- {score.error:.4f} of a ceiling of 1: mend how its answers meet the data "
            "(rows matched by stimulus_id?), or the ceiling, which is more than who knows the data can reach"
        )


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
    assert card.chance is not None, "a benchmark has one chance level: state it in its card (chance = 0.5)"
    chance = 0.0 if scores[0].normalisation is Normalisation.CHANCE else card.chance
    for score in scores:
        assert 0 < score.error < math.inf, (
            f"the score of a model of nothing has the error {score.error}: {FROM_THE_METRIC}"
        )  # NaN is not
    error = float(np.mean([score.error for score in scores]))
    value = float(np.mean([score.value for score in scores]))
    assert abs(value - chance) <= 2 * error, (
        f"models of nothing score {value:.4f} on average, more than two errors ({error:.4f}) from chance, {chance:g}: look for "
        "what gives answers of random numbers an advantage, or say in the card what chance is"
    )


def test_the_ceiling_is_the_same_with_and_without_a_model(card: Card, benchmark: Benchmark, ignorant: Ignorant) -> None:
    ceiling = load_benchmark(card.identifier).ceiling()
    for scored in ignorant(card.identifier, benchmark):
        assert (ceiling is None) == (scored.ceiling is None), (
            f"ceiling() gives {ceiling}, and the ceiling of a score is {scored.ceiling}: normalise each score by ceiling(), or "
            "return None from it"
        )
        if ceiling is None or scored.ceiling is None:
            continue
        assert scored.ceiling.value == ceiling.value, (
            f"ceiling() gives {ceiling.value}, and the ceiling of a score is {scored.ceiling.value}: estimate it from the data "
            "alone, with a fixed seed, and use this one for every score"
        )
        assert 0 < ceiling.value <= 1 + 1e-9, (
            f"the ceiling is {ceiling.value}: it is a reliability, above 0 and at most 1; return None where the data allow none"
        )


def test_scores_state_what_was_normalised_and_resampled(card: Card, benchmark: Benchmark, ignorant: Ignorant) -> None:
    for score in ignorant(card.identifier, benchmark):
        assert str(score.normalisation) == card.normalisation or "ceiling unreliable" in score.notes, (
            f"a score is normalised by {str(score.normalisation)!r}, and the card says {card.normalisation!r}: make them agree "
            "(normalise of fornix.numerics.ceilings.normalisation does it and says so in the score)"
        )
        assert score.resampled, f"a score does not say what its error covers (resampled is empty): {FROM_THE_METRIC}"
        assert score.replicates is not None, (
            f"a score has no replicates, by which two models are compared in pairs: {FROM_THE_METRIC}"
        )
