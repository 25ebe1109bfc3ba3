"""Leaves, parents, the one ceiling, and what must score nothing or everything."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy.stats import pearsonr
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import ShuffleSplit

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, Gram, Normalisation, Responses
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.registry.discovery import discover

pytestmark = pytest.mark.mirror
#: As in the benchmark, whose metric is its own business.
OPTIONS = {"pls": {"n_components": 25}, "ridge": {"alphas": np.logspace(-6, 6, 25).tolist(), "alpha_scale": "mean_diagonal"}}
SESSIONS = ("190923", "201025", "210225", "210325")


@cache
def load(metric: str, session: str) -> Benchmark:
    need_files("dataset", f"Cowley2023.{session}")
    return fornix.load_benchmark(f"Cowley2023.V4-{metric}.{session}")


def recorded(benchmark: Benchmark, x: np.ndarray) -> Responses:
    """A model with features x (images, features), as a Gram."""
    (experiment,) = benchmark.experiments()
    (recording,) = experiment.recordings
    mean = x.mean(axis=0)
    centred = x - mean
    gram = Gram(
        centred @ centred.T, centred @ mean, float(mean @ mean), x.sum(axis=1), x.shape[1], experiment.stimuli.stimulus_id
    )
    return Responses({recording: gram})


def measured(session: str) -> xr.DataArray:
    return fornix.load_dataset(f"Cowley2023.{session}").recordings()["V4"]


@pytest.mark.parametrize("metric", ["pls", "ridge"])
def test_the_parent_averages_raw_r_over_sessions_within_animals(metric: str) -> None:
    registry = discover()
    parent = registry.get("benchmark", f"Cowley2023.V4-{metric}")
    (we, pe) = parent.aggregate.children
    assert parent.aggregate.of == "raw"
    assert we == (f"Cowley2023.V4-{metric}.190923",)
    assert pe == tuple(f"Cowley2023.V4-{metric}.{session}" for session in SESSIONS[1:])
    for name in parent.aggregate.leaves():
        assert registry.get("benchmark", name).parent == parent.identifier


def test_the_commitment_session_is_no_benchmark() -> None:
    assert not [card for card in discover().cards("benchmark") if "Cowley2023.210224" in card.uses.datasets]


@pytest.mark.parametrize("session", SESSIONS[:3])
def test_sessions_without_repeats_have_no_ceiling(session: str) -> None:
    assert load("ridge", session).ceiling() is None
    assert discover().get("benchmark", f"Cowley2023.V4-ridge.{session}").normalisation == "none"


def test_the_ceiling_of_210325_is_the_mean_over_random_halves_of_its_repeats() -> None:
    """Computed anew: 100 halves of the ten columns, seed 1, averages, Pearson, Spearman-Brown, median over neurons."""
    benchmark = load("ridge", "210325")
    repeats = fornix.load_dataset("Cowley2023.210325").recordings()["V4.repeats"]
    table = repeats.set_index(presentation=["stimulus_id", "repetition"]).unstack("presentation")
    table = table.transpose("repetition", "stimulus_id", "neuroid").values
    random, by_half = np.random.default_rng(1), []
    for _ in range(100):
        order = random.permutation(10)
        a, b = (np.nanmean(table[half], axis=0) for half in (order[:5], order[5:]))
        r = np.array([pearsonr(x, y).statistic for x, y in zip(a.T, b.T, strict=True)])
        by_half.append(np.median(2 * r / (1 + r)))
    ceiling = benchmark.ceiling()
    assert ceiling.value == pytest.approx(np.mean(by_half), abs=1e-9)
    assert ceiling.value == pytest.approx(0.76, abs=0.005)
    assert ceiling.interval[0] > 0.5


def test_the_ridge_is_scikit_learns_with_the_stated_alphas() -> None:
    benchmark, v4 = load("ridge", "210325"), measured("210325")
    random = np.random.default_rng(0)
    x = v4.values[:, :20] + random.standard_normal((640, 20)) @ random.standard_normal((20, 20))
    r = []
    for train, test in ShuffleSplit(n_splits=10, train_size=0.9, random_state=1).split(x):
        centred = x[train] - x[train].mean(axis=0)
        alphas = (centred**2).sum(axis=1).mean() * np.logspace(-6, 6, 25)
        prediction = RidgeCV(alphas).fit(x[train], v4.values[train]).predict(x[test])
        r.append(np.median([pearsonr(p, y).statistic for p, y in zip(prediction.T, v4.values[test].T, strict=True)]))
    score = benchmark.score([recorded(benchmark, x)])
    assert score.raw == pytest.approx(np.mean(r), abs=1e-8)
    assert score.value == pytest.approx(score.raw * abs(score.raw) / benchmark.ceiling().value)
    assert score.normalisation is Normalisation.SIGNED_SQUARE
    assert set(score.resampled) == {"stimuli", "neuroids"}


def test_the_recorded_neurons_predict_themselves() -> None:
    """The oracle: it fits even the noise, so it passes the ceiling."""
    benchmark = load("ridge", "210325")
    score = benchmark.score([recorded(benchmark, measured("210325").values)])
    assert score.raw > 0.9
    assert score.value > 1


def test_25_components_of_50_neurons_reach_the_ceiling_within_the_error() -> None:
    benchmark = load("pls", "210325")
    score = benchmark.score([recorded(benchmark, measured("210325").values)])
    assert score.interval[0] < 1 < score.interval[1]


@pytest.mark.parametrize("metric", ["pls", "ridge"])
def test_a_model_of_nothing_scores_zero_within_its_error(metric: str) -> None:
    benchmark = load(metric, "210325")
    score = benchmark.score([recorded(benchmark, np.random.default_rng(0).standard_normal((640, 100)))])
    assert score.interval[0] < 0 < score.interval[1]
    assert abs(score.raw) < 0.06


def test_without_a_ceiling_the_value_is_raw_and_has_an_error() -> None:
    benchmark = load("ridge", "190923")
    images = np.random.default_rng(0).standard_normal((1200, 30))
    x = measured("190923").values[:, :10] @ images[:10] + 3 * images
    score = benchmark.score([recorded(benchmark, x)])
    assert score.normalisation is Normalisation.NONE
    assert score.value == score.raw > 0.1
    assert 0 < score.error < 0.2
    assert score.ceiling is None


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["pls", "ridge"])
def test_shuffled_or_shifted_images_score_chance(metric: str) -> None:
    """Pixels of 8 x 8 tell something of the neurons; paired with other images, or with the next image, nothing."""
    image = pytest.importorskip("PIL.Image")
    n = 400  # of 1,200 images: chance shows with few, and costs their square
    (experiment,), v4 = load(metric, "190923").experiments(), measured("190923")[:n]
    shown = experiment.stimuli.take(range(n))
    small = [
        image.open(io.BytesIO(content.read_bytes())).resize((8, 8), image.Resampling.BOX) for content in shown.contents["image"]
    ]
    pixels = xr.DataArray(
        np.stack([np.asarray(picture, dtype=float).ravel() for picture in small]),
        dims=("presentation", "neuroid"),
        coords={"stimulus_id": ("presentation", shown.stimulus_id)},
    )
    regression, random = fornix.load_metric(metric, **OPTIONS[metric]), np.random.default_rng(0)
    orders = [np.arange(n), np.roll(np.arange(n), 1), *(random.permutation(n) for _ in range(20))]
    in_place, shifted, *shuffled = regression.permuted(gram_of_assembly(pixels), v4, orders)
    assert abs(np.mean(shuffled)) < 2 * np.std(shuffled, ddof=1) / np.sqrt(20)
    assert min(shuffled) < shifted < max(shuffled)
    assert in_place > 0.15
