"""Targets in time bins against the metrics of each bin by itself; what is resampled together, and what is refused."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist, squareform

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.numerics.similarity.agreement import Agreement
from fornix.numerics.similarity.cka import Alignment
from fornix.numerics.similarity.dissimilarity import dissimilarities
from fornix.numerics.uncertainty.intervals import factor_variances, stimulus_groups
from fornix.numerics.uncertainty.pair_effects import stimulus_variance

N, BINS = 30, 3
NOTE = "nothing to compare, as source or target does not vary"
METRICS: list[tuple[str, dict[str, Any]]] = [
    ("rdm", {}),
    ("rdm", {"distance": "euclidean", "comparison": "cosine"}),
    ("rdm", {"comparison": "kendall"}),
    ("cka", {}),
    ("cka", {"estimator": "biased"}),
    ("procrustes", {}),
]


def assembly(values: np.ndarray, **coordinates: Any) -> xr.DataArray:
    """Of values (presentation, neuroid[, time_bin])."""
    coords = {"stimulus_id": ("presentation", np.tile([f"s{k:02d}" for k in range(N)], len(values) // N))}
    if values.ndim == 3:
        start = 10.0 * np.arange(values.shape[2])
        coords |= {"time_bin_start": ("time_bin", 70 + start), "time_bin_end": ("time_bin", 80 + start)}
    return xr.DataArray(values, dims=("presentation", "neuroid", "time_bin")[: values.ndim], coords={**coords, **coordinates})


RNG = np.random.default_rng(0)
LATENT = RNG.normal(size=(N, 5))
#: What is shared comes and goes: each bin has an agreement of its own.
SOURCE = assembly(LATENT @ RNG.normal(size=(5, 12)) + RNG.normal(size=(N, 12)))
TIMED_SOURCE = assembly(SOURCE.values[:, :, None] + 0.7 * RNG.normal(size=(N, 12, BINS)))
TARGET = assembly((LATENT @ RNG.normal(size=(5, 10)))[:, :, None] * [0.5, 2.0, 1.0] + RNG.normal(size=(N, 10, BINS)))


def bin_of(timed: xr.DataArray, k: int) -> xr.DataArray:
    return timed.isel(time_bin=k, drop=True)


def people(n: int) -> xr.DataArray:
    """The neuroids of the target as those of n subjects."""
    return TARGET.assign_coords(subject=("neuroid", np.array([f"p{k}" for k in np.arange(10) % n])))


@pytest.mark.usefixtures("scoring_device")
@pytest.mark.parametrize("replicates", [True, False])
@pytest.mark.parametrize(("name", "options"), METRICS)
def test_the_score_of_bins_is_the_mean_of_their_scores(name: str, options: dict[str, Any], replicates: bool) -> None:
    alone = fornix.load_metric(name, **options, replicates=False)
    metric = fornix.load_metric(name, **options, time="each", replicates=replicates)
    for source in (SOURCE, gram_of_assembly(SOURCE), TIMED_SOURCE):
        of_bins = [alone(bin_of(source, k) if source is TIMED_SOURCE else source, bin_of(TARGET, k)).value for k in range(BINS)]
        score = metric(source, TARGET)
        assert score.value == pytest.approx(np.mean(of_bins), abs=1e-12)
        assert score.units is not None
        assert score.units.dims == ("time_bin",)
        np.testing.assert_allclose(score.units, of_bins, atol=1e-12)
        assert score.units["time_bin_start"].values.tolist() == [70, 80, 90]
        assert score.units["time_bin_end"].values.tolist() == [80, 90, 100]
        assert (score.n_nan, score.notes) == (0, ())
        assert (score.error > 0) == replicates
        assert score.resampled == (("stimuli", "neuroids") if replicates else ())


@pytest.mark.parametrize("n", [3, 10])
@pytest.mark.parametrize("name", ["rdm", "cka", "procrustes"])
def test_subjects_are_scored_one_by_one_in_each_bin(name: str, n: int) -> None:
    if n == 10:  # two neuroids of each
        target = xr.concat([people(10), people(10) + 0.3], "neuroid").copy(data=RNG.normal(size=(N, 20, BINS)))
    else:
        target = people(3)
    score = fornix.load_metric(name, time="each")(TIMED_SOURCE, target)
    alone = [fornix.load_metric(name)(bin_of(TIMED_SOURCE, k), bin_of(target, k)) for k in range(BINS)]
    assert score.units is not None
    assert score.units.dims == ("subject", "time_bin")
    np.testing.assert_allclose(score.units, np.array([each.units for each in alone]).T, atol=1e-12)
    assert score.value == pytest.approx(np.mean([each.value for each in alone]))
    assert score.resampled == ("stimuli", "subjects")
    assert score.notes == alone[0].notes
    for key in alone[0].details:
        assert score.details[key] == pytest.approx(np.mean([each.details[key] for each in alone]))
    mine, theirs = (each.sel(factor="subjects") for each in (score.replicates, alone[0].replicates))
    of_bins = np.mean([each.replicates.sel(factor="subjects") for each in alone], axis=0)
    assert mine["scheme"] == theirs["scheme"]
    np.testing.assert_allclose(mine, of_bins, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "distance", "compare"),
    [
        ("rdm", lambda x: squareform(pdist(x, "correlation")), lambda a, b: Agreement(a, b, "spearman")),
        ("cka", lambda x: x.values @ x.values.T, Alignment),
    ],
)
def test_replicates_are_those_of_the_mean_of_what_pairs_add(name: str, distance: Any, compare: Any) -> None:
    """Leaving out a neuroid changes it as it changes the mean of the scores of bins, but for one factor for all."""
    score = fornix.load_metric(name, time="each")(TIMED_SOURCE, TARGET)
    alone = [fornix.load_metric(name)(bin_of(TIMED_SOURCE, k), bin_of(TARGET, k)) for k in range(BINS)]
    for factor in ("stimuli", "neuroids"):
        assert score.replicates.sel(factor=factor).mean() == pytest.approx(score.value)
    matrices = [[distance(bin_of(timed, k)) for k in range(BINS)] for timed in (TIMED_SOURCE, TARGET)]
    effects = np.mean([compare(*both).pair_effects() for both in zip(*matrices, strict=True)], axis=0)
    assert factor_variances(score.replicates)["stimuli"] == pytest.approx(stimulus_variance(effects))
    plain = fornix.load_metric(name, time="each", replicates=False)
    left = np.array([plain(TIMED_SOURCE, TARGET[:, np.arange(10) != k]).value for k in range(10)])
    groups = stimulus_groups(np.arange(10))
    found = score.replicates.sel(factor="neuroids").values[groups]
    assert np.corrcoef(found, left)[0, 1] == pytest.approx(1, abs=1e-9)
    assert score.error < np.mean([each.error for each in alone])


@pytest.mark.parametrize(("name", "options"), METRICS)
def test_bins_that_repeat_one_another_have_the_error_of_one(name: str, options: dict[str, Any]) -> None:
    one = bin_of(TARGET, 1)
    same = TARGET.copy(data=np.repeat(one.values[:, :, None], BINS, axis=2))
    alone = fornix.load_metric(name, **options)(SOURCE, one)
    for target, expected in ((same, alone), (same[:, :, :1], alone)):
        score = fornix.load_metric(name, **options, time="each")(SOURCE, target)
        assert (score.value, score.error) == (pytest.approx(expected.value), pytest.approx(expected.error))
        np.testing.assert_allclose(score.replicates, expected.replicates, atol=1e-12)
        assert score.resampled == expected.resampled


@pytest.mark.parametrize("name", ["rdm", "cka"])
def test_the_error_is_the_spread_over_new_stimuli_and_neuroids(name: str) -> None:
    """Bins whose signal is one and whose noise is their own."""
    rng, readout, n, bins = np.random.default_rng(3), RNG.normal(size=(5, 12)), 60, 6
    metric, scores = fornix.load_metric(name, time="each"), []
    for _ in range(n):
        latent = rng.normal(size=(N, 5))
        target = (latent @ rng.normal(size=(5, 12)))[:, :, None] + 3 * rng.normal(size=(N, 12, bins))
        scores.append(metric(assembly(latent @ readout), assembly(target)))
    spread = np.std([score.value for score in scores], ddof=1)
    assert 0.75 < np.sqrt(np.mean([score.error**2 for score in scores])) / spread < 1.35


def test_crossnobis_distances_are_of_each_bin() -> None:
    values = np.concatenate([TARGET.values + RNG.normal(size=TARGET.shape) for _ in range(3)])
    target = assembly(values, repetition=("presentation", np.repeat(np.arange(3), N)))
    alone = [fornix.load_metric("rdm", distance="crossnobis")(SOURCE, bin_of(target, k)) for k in range(BINS)]
    score = fornix.load_metric("rdm", distance="crossnobis", time="each")(SOURCE, target)
    np.testing.assert_allclose(score.units, [each.value for each in alone], atol=1e-12)
    assert score.resampled == ("stimuli", "neuroids")
    assert 0 < score.error < max(each.error for each in alone)


def test_time_bins_are_matched_by_their_bounds() -> None:
    for name in ("rdm", "cka", "procrustes"):
        metric = fornix.load_metric(name, time="each", replicates=False)
        expected = metric(TIMED_SOURCE, TARGET)
        more = xr.concat([TIMED_SOURCE, TIMED_SOURCE.assign_coords(time_bin_end=("time_bin", [85.0, 95, 105]))], "time_bin")
        for source in (TIMED_SOURCE[:, :, ::-1], more[:, :, ::-1], TIMED_SOURCE[::-1]):
            assert metric(source, TARGET).value == pytest.approx(expected.value, abs=1e-12)
        moved = metric(TIMED_SOURCE, TARGET[::-1, ::-1, [2, 0, 1]])
        assert moved.value == pytest.approx(expected.value, abs=1e-12)
        assert moved.units["time_bin_start"].values.tolist() == [90, 70, 80]
        np.testing.assert_allclose(moved.units, expected.units[[2, 0, 1]], atol=1e-12)


def test_products_of_a_source_without_bins_are_held_once_for_all_bins() -> None:
    n, bins = 200, 30
    names = {"stimulus_id": ("presentation", [f"s{k:03d}" for k in range(n)])}
    source = xr.DataArray(RNG.normal(size=(n, n + 1)), dims=("presentation", "neuroid"), coords=names)
    starts = {"time_bin_start": ("time_bin", np.arange(bins)), "time_bin_end": ("time_bin", np.arange(bins) + 1)}
    values = RNG.normal(size=(n, 3, bins))
    target = xr.DataArray(values, dims=("presentation", "neuroid", "time_bin"), coords={**names, **starts})
    metric = fornix.load_metric("procrustes", time="each", replicates=False)
    metric(source, target[:, :, :1])  # imports and caches
    tracemalloc.start()
    try:
        metric(source, target)
        assert tracemalloc.get_traced_memory()[1] < 0.5 * bins * 8 * n**2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["rdm_cv", "cka_cv"])
def test_subsamples_are_the_same_in_all_bins(name: str) -> None:
    target = TARGET.assign_coords(object_name=("presentation", np.array(["cat", "dog"])[np.arange(N) % 2]))
    score = fornix.load_metric(name, time="each")(TIMED_SOURCE, target)
    alone = [fornix.load_metric(name)(bin_of(TIMED_SOURCE, k), bin_of(target, k)) for k in range(BINS)]
    assert score.units is not None
    assert score.units.dims == ("split", "time_bin")
    np.testing.assert_allclose(score.units, np.array([each.units for each in alone]).T, atol=1e-12)
    of_splits = np.mean([each.units for each in alone], axis=0)
    assert score.value == pytest.approx(of_splits.mean())
    assert score.error == pytest.approx(of_splits.std() / math.sqrt(10))
    assert fornix.load_metric(name, time="each")(SOURCE, target).units[:, 1].values == pytest.approx(
        fornix.load_metric(name)(SOURCE, bin_of(target, 1)).units.values
    )


def test_permuted_stimuli_are_scored_as_one_by_one() -> None:
    orders = [np.random.default_rng(seed).permutation(N) for seed in range(3)]
    metric = fornix.load_metric("rdm", time="each", replicates=False)
    alone = [metric(TIMED_SOURCE.copy(data=TIMED_SOURCE.values[order]), TARGET).value for order in orders]
    np.testing.assert_allclose(metric.permuted(TIMED_SOURCE, TARGET, orders), alone, atol=1e-10)


@pytest.mark.parametrize(("name", "options"), [*METRICS, ("cka", {"replicates": False})])
def test_a_bin_that_does_not_vary_leaves_no_score_and_is_named(name: str, options: dict[str, Any]) -> None:
    target = TARGET.copy()
    target[:, :, 1] = np.arange(10.0)
    score = fornix.load_metric(name, **options, time="each")(SOURCE, target)
    assert math.isnan(score.value)
    assert math.isnan(score.error)
    assert score.n_nan == 1
    assert score.notes == (f"time bin 1: {NOTE}",)
    assert np.isnan(score.units.values).tolist() == [False, True, False]


def test_brain_scores_alignment_of_a_bin_of_nothing_is_0() -> None:
    target = TARGET.copy()
    target[:, :, 1] = np.arange(10.0)
    score = fornix.load_metric("cka", definition="brainscore", time="each")(SOURCE, target)
    assert score.units.values[1] == 0
    assert score.value == pytest.approx(score.units.values.mean())
    assert score.notes == (f"time bin 1: {NOTE}",)


def test_stimuli_without_responses_are_counted_bin_by_bin() -> None:
    source, target = SOURCE.copy(), TARGET.copy()
    target[4, :, 2] = 0.0
    score = fornix.load_metric("rdm", time="each")(source, target)
    assert score.n_nan == N - 1
    assert len(score.notes) == 1
    assert score.notes[0].startswith(f"time bin 2: {N - 1} of 435 pairs of stimuli have no dissimilarity")
    source[4] = 0.0
    assert fornix.load_metric("rdm", time="each")(source, TARGET).notes[0].startswith("time bins 0, 1, 2: 29 of 435 pairs")


def test_bad_input_is_refused_in_a_sentence() -> None:
    hole, late = TARGET.copy(), TIMED_SOURCE.assign_coords(time_bin_end=("time_bin", [80.0, 90, 105]))
    hole[3, 4, 1] = np.nan
    pairs = xr.concat([dissimilarities(bin_of(TARGET, k)) for k in range(BINS)], "time_bin").transpose("pair", "time_bin")
    cases: list[tuple[str, Any, Any, str]] = [
        ("none", SOURCE, TARGET, "the target has time bins: give the metric the option time='each'"),
        ("none", TIMED_SOURCE, TARGET, "the target has time bins: give the metric the option time='each'"),
        ("none", TIMED_SOURCE, bin_of(TARGET, 0), "the source has dims ('presentation', 'neuroid', 'time_bin')"),
        ("each", SOURCE, bin_of(TARGET, 0), "the target has no time bins, which time='each' scores one by one"),
        ("each", late, TARGET, "the source lacks 1 of 3 time bins of the target, for example (90.0, 100.0) ms"),
        ("each", TIMED_SOURCE.drop_vars("time_bin_end"), TARGET, "the source has no coordinates time_bin_start and time_bin_end"),
        ("each", SOURCE, hole, "the target has 1 value that is NaN or infinite"),
        ("each", SOURCE, TARGET.transpose("time_bin", "presentation", "neuroid"), "the target has dims ('time_bin',"),
        ("each", SOURCE, TARGET[:, :, :0], "the target is empty"),
        ("each", SOURCE[1:], TARGET, "the source lacks 1 of 30 stimuli of the target, for example 's00'"),
    ]
    for name in ("rdm", "cka", "procrustes"):
        for time, source, target, sentence in cases:
            with pytest.raises(AssemblyError) as raised:
                fornix.load_metric(name, time=time)(source, target)
            assert sentence in str(raised.value)
    for time in ("none", "each"):
        with pytest.raises(AssemblyError, match="the target has dissimilarities of pairs in time bins; give responses"):
            fornix.load_metric("rdm", time=time)(SOURCE, pairs)
    with pytest.raises(fornix.UsageError, match="across"):
        fornix.load_metric("rdm", time="across")
