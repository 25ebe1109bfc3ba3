"""A broken pipeline is caught: training counts for something, shuffled or shifted images for nothing, a known truth is found."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

import fornix
from fornix.interfaces import Gram, Responses, Score
from fornix.numerics.uncertainty.intervals import with_uncertainty

pytestmark = pytest.mark.slow

REGIONS = ("V1", "V4", "IT")
SESSIONS = ("190923", "201025", "210225", "210325")
#: Of the one metric of each family of leaves, as its benchmark sets them.
OPTIONS = {
    "pls": {"n_components": 25},
    "ridge": {"alphas": np.logspace(-6, 6, 25).tolist(), "alpha_scale": "mean_diagonal"},
    "rdm": {},
}
#: Leaf -> (dataset, recording) of the leaves whose metric compares a model's responses with recordings.
RECORDED = {
    # ridge takes long, pls does not: in turns, so that no process has two of the long ones waiting
    **{f"Cowley2023.V4-{metric}.{s}": (f"Cowley2023.{s}", "V4") for s in SESSIONS for metric in ("pls", "ridge")},
    "Kriegeskorte2008.monkeyIT-rdm": ("Kriegeskorte2008.monkeyIT", "IT"),
    "Kriegeskorte2008.humanIT-rdm": ("Kriegeskorte2008.humanIT", "IT"),
    "Kriegeskorte2008.judgements-rdm": ("Kriegeskorte2008.judgements", "similarity"),
    **{f"Simulated.{region}-ridge": ("Simulated", region) for region in REGIONS},
}
#: Leaves whose images, shifted by one, score like shuffled ones: the responses of the fourth session drift.
UNDRIFTING = [f"Cowley2023.V4-{metric}.{session}" for metric in ("pls", "ridge") for session in SESSIONS[:3]]
#: The model whose stimuli are shuffled: one that scores well above chance on every leaf; it declares no V1.
MODEL = "resnet20-cifar10"
MODEL_OF_V1 = "gabor-v1"
#: How often stimuli are shuffled, and how often again on a leaf that missed.
SHUFFLES, AGAIN = 20, 100
PLANTED = (
    "simulated-brain",
    "simulated-brain-noisy-25",
    "simulated-brain-noisy-50",
    "simulated-brain-noisy-75",
    "simulated-nothing",
)

Array = NDArray[np.float64]


def paired_difference(a: Score, b: Score) -> Score:
    """The difference of two scores, replicate by replicate: both were resampled by one plan."""
    assert a.replicates is not None
    assert b.replicates is not None
    for name in ("factor", "scheme", "n_units"):
        np.testing.assert_array_equal(a.replicates[name], b.replicates[name])
    difference = a.replicates.copy(data=a.replicates.values - b.replicates.values)
    return with_uncertainty(Score(a.value - b.value), difference)


@pytest.mark.mirror
@pytest.mark.parametrize("metric", ["pls", "ridge"])
@pytest.mark.parametrize("session", SESSIONS)
def test_training_makes_resnet20_a_better_v4(score_of: Callable[[str, str], Score], metric: str, session: str) -> None:
    leaf = f"Cowley2023.V4-{metric}.{session}"
    trained, untrained = score_of("resnet20-cifar10", leaf), score_of("resnet20-untrained", leaf)
    assert set(trained.resampled) == {"stimuli", "neuroids"}
    assert paired_difference(trained, untrained).interval[0] > 0


def shuffles(leaf: str, n: int) -> Iterator[NDArray[np.int64]]:
    """Orders of the n stimuli of a leaf. Their seed is the leaf's identifier, so none was chosen by what came of it."""
    rng = np.random.default_rng(list(leaf.encode()))
    while True:
        yield rng.permutation(n)


def scores_chance(scores: Callable[[int, int], Array], chance: float = 0.0) -> bool:
    """Whether the mean over 20 shuffles is within 2 of its standard errors of chance, or else that over 100 others is.

    Given what the training rows were paired with, the test rows are still in random order, so the expected correlation is 0
    whatever was fitted. A right pipeline misses with 20 shuffles by chance in 6 of 100 leaves (t with 19 degrees of freedom
    beyond 2), and with 100 others in 5 of 100: with both in 3 of 1,000. A wrong one that misses by 2 standard errors of
    20 shuffles misses by 4.5 of 100.

    Parameters
    ----------
    scores : callable
        (first, last) -> the scores of the shuffles of these numbers.
    """

    def near(found: Array) -> bool:
        return bool(abs(found.mean() - chance) < 2 * found.std(ddof=1) / np.sqrt(len(found)))

    return near(scores(0, SHUFFLES)) or near(scores(SHUFFLES, SHUFFLES + AGAIN))


def model_of(leaf: str) -> str:
    return MODEL_OF_V1 if ".V1-" in leaf else MODEL


def averages(measured: xr.DataArray) -> xr.DataArray:
    """Responses averaged over the repetitions of each stimulus, as the benchmark of the simulated brain scores them."""
    means = measured.groupby("stimulus_id").mean("presentation")
    ids = means["stimulus_id"].values.astype(np.str_)
    coords = {"stimulus_id": ("presentation", ids), "neuroid_id": measured["neuroid_id"]}
    return xr.DataArray(means.values, dims=("presentation", "neuroid"), coords=coords)


@pytest.fixture(scope="module")
def permuted(response_of: Callable[[str, str], xr.DataArray | Gram]) -> Callable[[str, list[NDArray[np.int64]]], Array]:
    """Raw scores of the model on a leaf whose stimuli are paired with others' responses."""

    def scores(leaf: str, orders: list[NDArray[np.int64]]) -> Array:
        dataset, recording = RECORDED[leaf]
        measured = fornix.load_dataset(dataset).recordings()[recording]
        name = next(metric for metric in OPTIONS if f"-{metric}" in leaf)
        metric = fornix.load_metric(name, **OPTIONS[name])
        found: Array = metric.permuted(
            response_of(model_of(leaf), leaf), averages(measured) if dataset == "Simulated" else measured, orders
        )
        return found

    return scores


#: The simulated brain needs no file.
LEAVES = [pytest.param(leaf, marks=() if leaf.startswith("Simulated") else pytest.mark.mirror) for leaf in RECORDED]


@pytest.mark.parametrize("leaf", LEAVES)
def test_stimuli_in_place_give_the_score_of_the_matrix_and_shuffled_or_shifted_ones_chance(
    permuted: Callable[[str, list[NDArray[np.int64]]], Array], score_of: Callable[[str, str], Score], leaf: str
) -> None:
    """In one test, so that what all orders share is computed once wherever it runs."""
    rows = np.arange(len(fornix.load_dataset(RECORDED[leaf][0]).stimuli()))
    orders = shuffles(leaf, len(rows))
    in_place, shifted, *shuffled = permuted(leaf, [rows, np.roll(rows, 1), *itertools.islice(orders, SHUFFLES)])
    # so that what is shuffled is what was scored
    assert in_place == pytest.approx(score_of(model_of(leaf), leaf).raw, abs=1e-9)
    assert max(shuffled) < in_place

    def scores(first: int, last: int) -> Array:
        return np.array(shuffled) if last == SHUFFLES else permuted(leaf, list(itertools.islice(orders, last - first)))

    assert scores_chance(scores)
    if leaf in UNDRIFTING:
        assert min(shuffled) < shifted < max(shuffled)


@pytest.mark.mirror
def test_shuffled_answers_name_digits_at_chance(response_of: Callable[[str, str], xr.DataArray | Gram]) -> None:
    benchmark = fornix.load_benchmark("Digits-accuracy")
    (experiment,) = benchmark.experiments()
    answer = response_of(MODEL, "Digits-accuracy")
    assert isinstance(answer, xr.DataArray)
    assert experiment.task is not None

    def raw(order: NDArray[np.int64]) -> float:
        return benchmark.score([Responses({experiment.task: answer.copy(data=answer.values[order])})]).raw

    def scores(first: int, last: int) -> Array:
        return np.array([raw(order) for order in itertools.islice(shuffles("Digits-accuracy", len(answer)), first, last)])

    assert scores_chance(scores, 0.1)


@pytest.mark.parametrize(("bias", "caught"), [(0.0, 3), (0.01, 970)])
def test_the_rule_lets_chance_pass_and_catches_a_bias(bias: float, caught: int) -> None:
    """1,000 leaves whose shuffles scatter by 0.01: by chance 3 are missed; of a bias as large as the scatter nearly all are."""
    rng = np.random.default_rng(0)

    def missed() -> bool:
        draws = rng.normal(bias, 0.01, SHUFFLES + AGAIN)
        return not scores_chance(lambda first, last: draws[first:last])

    found = sum(missed() for _ in range(1000))
    assert found <= 3 * caught if bias == 0 else found >= caught


@pytest.mark.parametrize("region", REGIONS)
def test_the_generating_model_reaches_its_ceiling(score_of: Callable[[str, str], Score], region: str) -> None:
    score = score_of("simulated-brain", f"Simulated.{region}-ridge")
    assert abs(score.value - 1) < 2 * score.error < 0.2


@pytest.mark.parametrize("region", REGIONS)
def test_the_planted_ranking_is_recovered(score_of: Callable[[str, str], Score], region: str) -> None:
    scores = [score_of(model, f"Simulated.{region}-ridge") for model in PLANTED]
    for better, worse in itertools.pairwise(scores):
        assert paired_difference(better, worse).interval[0] > 0


@pytest.mark.parametrize("region", REGIONS)
def test_a_model_of_nothing_scores_zero(score_of: Callable[[str, str], Score], region: str) -> None:
    score = score_of("simulated-nothing", f"Simulated.{region}-ridge")
    assert score.interval[0] < 0 < score.interval[1]
