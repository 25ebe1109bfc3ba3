"""The published numbers by the published rule, other numbers by other rules, and chance where errors mean nothing."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, Model, Normalisation, Responses, Score
from fornix.registry.discovery import discover

REGISTRY = discover()
PARENT = REGISTRY.get("benchmark", "Geirhos2021-error_consistency")
CHILDREN = PARENT.aggregate.leaves() if PARENT.aggregate else ()


def need(*children: str) -> None:
    """Skip where what the model answered, or people in these experiments, cannot be had."""
    need_files("model", "geirhos2021-resnet50")
    need_files("dataset", *(name for child in children for name in REGISTRY.get("benchmark", child).uses.datasets))


@cache
def resnet50() -> Model:
    return fornix.load_model("geirhos2021-resnet50")


@cache
def benchmark(identifier: str) -> Benchmark:
    return fornix.load_benchmark(identifier)


@cache
def answers(identifier: str) -> Responses:
    (experiment,) = benchmark(identifier).experiments()
    return resnet50().respond(experiment)


@cache
def score(identifier: str) -> Score:
    return benchmark(identifier).score([answers(identifier)])


def test_the_parent_averages_seventeen_ceiled_children() -> None:
    assert PARENT.aggregate is not None
    assert PARENT.aggregate.of == "value"
    assert len(CHILDREN) == 17
    assert all(REGISTRY.get("benchmark", child).parent == PARENT.identifier for child in CHILDREN)


@pytest.mark.mirror
@pytest.mark.parametrize(("experiment", "ceiling", "raw"), [("colour", 0.41543, 0.21135), ("contrast", 0.43703, 0.22546)])
def test_published_numbers_of_one_experiment(experiment: str, ceiling: float, raw: float) -> None:
    need(f"Geirhos2021.{experiment}-error_consistency")
    result = score(f"Geirhos2021.{experiment}-error_consistency")
    assert result.ceiling is not None
    assert round(result.ceiling.value, 5) == ceiling
    assert round(result.raw, 5) == raw
    assert result.value == pytest.approx(result.raw / result.ceiling.value)


@pytest.mark.mirror
def test_published_means_over_experiments() -> None:
    need(*CHILDREN)
    results = [score(child) for child in CHILDREN]
    ceilings, raws = [r.ceiling.value for r in results if r.ceiling], [r.raw for r in results]
    assert round(float(np.mean(ceilings)), 5) == 0.43122
    assert round(float(np.mean(raws)), 5) == 0.20834
    assert round(float(np.mean([r.value for r in results])), 4) == 0.4692
    assert round(float(np.mean(raws) / np.mean(ceilings)), 4) == 0.4831


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("keep_undistorted", "keep_guessed", "ceiling", "raw"),
    [(True, False, 0.4288, 0.2073), (False, True, 0.3759, 0.1737), (True, True, 0.3812, 0.1756)],
    ids=["undistorted kept", "guessed kept", "both kept"],
)
def test_other_rules_give_other_numbers(
    monkeypatch: pytest.MonkeyPatch, keep_undistorted: bool, keep_guessed: bool, ceiling: float, raw: float
) -> None:
    need(*CHILDREN)
    for child in CHILDREN:
        answers(child)  # loads the plugins
    import fornix_benchmark_geirhos2021.benchmark as rule

    if keep_undistorted:
        monkeypatch.setattr(rule, "UNDISTORTED", {})
    if keep_guessed:
        monkeypatch.setattr(rule, "LOWEST_ACCURACY", -1)
    metric = fornix.load_metric("error_consistency", definition="brainscore")  # no resampling: the value alone
    ceilings, raws = [], []
    for child in CHILDREN:
        experiment = child.removeprefix("Geirhos2021.").removesuffix("-error_consistency")
        other = rule.ErrorConsistencyBenchmark(experiment, fornix.load_dataset(f"Geirhos2021.{experiment}"), metric)
        ceilings.append(other.ceiling().value)
        raws.append(other.score([answers(child)]).raw)
    assert round(float(np.mean(ceilings)), 4) == ceiling
    assert round(float(np.mean(raws)), 4) == raw


@pytest.mark.mirror
@pytest.mark.parametrize("child", CHILDREN)
def test_every_score_says_how_certain_it_is(child: str) -> None:
    need(child)
    result = score(child)
    assert result.normalisation is Normalisation.RATIO
    assert 0 < result.error < 0.2
    assert result.interval[0] < result.value < result.interval[1]
    assert result.resampled == ("stimuli", "subjects")
    assert result.replicates is not None
    assert result.raw_replicates is not None
    factors = dict(zip(result.replicates["factor"].values.tolist(), result.replicates["scheme"].values.tolist(), strict=True))
    n_subjects = len(REGISTRY.get("dataset", REGISTRY.get("benchmark", child).uses.datasets[0]).subjects)
    of_subjects = "jackknife" if n_subjects < 8 else "bootstrap"
    assert factors == {"stimuli": "bootstrap", "subjects": of_subjects, "both": "bootstrap"}
    assert (f"jackknife over {n_subjects} subjects" in result.notes) == (n_subjects < 8)
    assert result.n_nan == 0


def answered(labels: xr.DataArray, child: str) -> list[Responses]:
    (experiment,) = benchmark(child).experiments()
    assert experiment.task is not None
    return [Responses({experiment.task: labels})]


@pytest.mark.mirror
@pytest.mark.parametrize("child", ["Geirhos2021.contrast-error_consistency", "Geirhos2021.edge-error_consistency"])
def test_answers_that_are_wrong_at_random_score_chance(child: str) -> None:
    need(child)
    # Shuffled labels would not do: categories differ in how often people are right and in how often a model names them,
    # so that shuffled labels err in common with people, a little (kappa 0.01) but truly.
    labels = next(iter(answers(child).values()))
    trials = fornix.load_dataset(REGISTRY.get("benchmark", child).uses.datasets[0]).recordings()["subject-01"]
    category = dict(zip(trials["stimulus_id"].values.tolist(), trials["category"].values.tolist(), strict=True))
    truth = np.array([category[name] for name in labels["stimulus_id"].values.tolist()])
    rng = np.random.default_rng(0)
    guesses = [labels.copy(data=np.where(rng.random(len(truth)) < 0.5, truth, "none")) for _ in range(20)]
    values = [benchmark(child).score(answered(guess, child)).raw for guess in guesses]
    assert abs(np.mean(values)) < 2 * np.std(values, ddof=1) / math.sqrt(20)


@pytest.mark.mirror
def test_a_person_scored_as_a_model_is_near_the_ceiling() -> None:
    child = "Geirhos2021.contrast-error_consistency"
    need(child)
    trials = fornix.load_dataset("Geirhos2021.contrast").recordings()["subject-03"]
    labels = xr.DataArray(
        trials.values, dims=("presentation",), coords={"stimulus_id": ("presentation", trials["stimulus_id"].values)}
    )
    person = benchmark(child).score(answered(labels, child))
    assert person.value > 1  # the person is among the people, and agrees with itself
    assert person.value > score(child).value + 2 * score(child).error


@pytest.mark.mirror
def test_models_are_asked_without_being_told_the_category() -> None:
    need("Geirhos2021.colour-error_consistency")
    (experiment,) = benchmark("Geirhos2021.colour-error_consistency").experiments()
    assert experiment.stimuli.absent
    assert experiment.stimuli.modalities == ("image",)
    assert experiment.task is not None
    assert len(experiment.task.choices) == 16
    assert experiment.task.fitting is None
    assert len(experiment.stimuli) == 1280  # the undistorted condition is shown, though not counted
    assert benchmark("Geirhos2021.colour-error_consistency").experiments([answers("Geirhos2021.colour-error_consistency")]) == ()


def test_dataset_and_replay_models_name_images_alike() -> None:
    from fornix.registry.importing import import_plugin

    for kind, identifier in (("dataset", "Geirhos2021.colour"), ("model", "geirhos2021-resnet50")):
        import_plugin(REGISTRY.distribution(REGISTRY.get(kind, identifier)))
    from fornix_dataset_geirhos2021.trials import NAMED_BY_LAST_PART
    from fornix_dataset_geirhos2021.trials import stimulus_id as of_dataset
    from fornix_model_geirhos2021_replays.replay import EXPERIMENTS
    from fornix_model_geirhos2021_replays.replay import stimulus_id as of_model

    assert {f"Geirhos2021.{e}-error_consistency" for e in EXPERIMENTS} == set(CHILDREN)
    for experiment in EXPERIMENTS:
        if experiment in NAMED_BY_LAST_PART:
            seen, replayed, other = "0001_s5n_s01_0_bird_00_bird3-bird2.png", "bird3-bird2.png", "bird3-bird1.png"
        else:
            seen, replayed, other = (
                "0001_cl_s01_cr_oven_40_n1_2.png",
                "0009_cl_dnn_cr_oven_40_n1_2.png",
                "9_x_dnn_cr_oven_40_n2_2.png",
            )
        assert of_dataset(experiment, seen) == of_model(experiment, replayed) != of_model(experiment, other)
