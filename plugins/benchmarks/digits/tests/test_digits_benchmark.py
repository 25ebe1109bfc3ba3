"""The halves are those of the specification, and scores are corrected for chance."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Benchmark, Experiment, Normalisation, Responses

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def benchmark() -> Benchmark:
    return fornix.load_benchmark("Digits-accuracy")


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    labels = fornix.load_dataset("Digits").recordings()["label"]
    return dict(zip(labels["stimulus_id"].values.tolist(), labels.values.tolist(), strict=True))


def answer(experiment: Experiment, labels: list[str]) -> Responses:
    coords = {"stimulus_id": ("presentation", experiment.stimuli.stimulus_id)}
    return Responses({experiment.task: xr.DataArray(np.array(labels), dims=("presentation",), coords=coords)})


def test_the_halves_are_those_of_scikit_learn(benchmark: Benchmark) -> None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    fitting, test = train_test_split(range(1797), test_size=0.5, stratify=load_digits().target, random_state=1)
    labels = fornix.load_dataset("Digits").recordings()["label"]
    row = dict(zip(labels["stimulus_id"].values.tolist(), labels["source_row"].values.tolist(), strict=True))
    (experiment,) = benchmark.experiments()
    assert {row[name] for name in experiment.task.fitting.stimuli} == set(fitting)
    assert {row[name] for name in experiment.stimuli} == set(test)


def test_one_round(benchmark: Benchmark, truth: dict[str, str]) -> None:
    (experiment,) = benchmark.experiments()
    assert benchmark.experiments([answer(experiment, ["0"] * len(experiment.stimuli))]) == ()


def test_the_fitting_half_is_labelled_right_and_shares_nothing_with_the_other(
    benchmark: Benchmark, truth: dict[str, str]
) -> None:
    (experiment,) = benchmark.experiments()
    fitting = experiment.task.fitting
    assert [truth[name] for name in fitting.stimuli] == list(fitting.labels)
    assert not set(fitting.stimuli.row_hashes) & set(experiment.stimuli.row_hashes)
    assert (len(fitting.stimuli), len(experiment.stimuli)) == (898, 899)


def test_right_answers_score_one_and_one_answer_for_all_scores_chance(benchmark: Benchmark, truth: dict[str, str]) -> None:
    (experiment,) = benchmark.experiments()
    right = [truth[name] for name in experiment.stimuli]
    perfect = benchmark.score([answer(experiment, right)])
    assert (perfect.value, perfect.raw, perfect.error) == (1.0, 1.0, 0.0)
    constant = benchmark.score([answer(experiment, ["3"] * len(right))])
    assert constant.value == pytest.approx((right.count("3") / len(right) - 0.1) / 0.9)
    assert abs(constant.value) < 2 * constant.error


def test_the_error_is_binomial_and_on_the_reported_scale(benchmark: Benchmark, truth: dict[str, str]) -> None:
    (experiment,) = benchmark.experiments()
    wrong = np.random.default_rng(0).random(len(experiment.stimuli)) < 0.3
    labels = [str((int(truth[name]) + int(shift)) % 10) for name, shift in zip(experiment.stimuli, wrong, strict=True)]
    score = benchmark.score([answer(experiment, labels)])
    assert score.raw == pytest.approx(1 - wrong.mean())
    assert score.value == pytest.approx((score.raw - 0.1) / 0.9)
    assert score.error == pytest.approx(np.sqrt(wrong.mean() * (1 - wrong.mean()) / len(wrong)) / 0.9, rel=0.15)
    assert score.normalisation is Normalisation.CHANCE
    assert score.chance == 0.1


def test_shuffled_labels_score_chance(benchmark: Benchmark, truth: dict[str, str]) -> None:
    (experiment,) = benchmark.experiments()
    random = np.random.default_rng(0)
    right = np.array([truth[name] for name in experiment.stimuli])
    raw = [benchmark.score([answer(experiment, random.permutation(right).tolist())]).raw for _ in range(20)]
    assert abs(np.mean(raw) - 0.1) < 2 * np.std(raw, ddof=1) / np.sqrt(20)
