"""The metric against Brain-Score's own numbers and scipy, in three orders of rows; then what it promises and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.spatial.distance import pdist

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.numerics.similarity.dissimilarity import dissimilarities
from fornix.numerics.similarity.rsa import rsa_ceiling

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")

model_selection = pytest.importorskip("sklearn.model_selection")


@pytest.fixture(scope="module")
def expected(parity_folder: Path) -> dict[str, Any]:
    return dict(json.loads((parity_folder / "expected.json").read_text()))


@pytest.fixture(scope="module")
def neural(parity_folder: Path) -> tuple[xr.DataArray, xr.DataArray]:
    with np.load(parity_folder / "neural.npz") as data:
        coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "object_name")}
        source = xr.DataArray(data["source"], dims=("presentation", "neuroid"), coords=coords)
        target = xr.DataArray(data["target"], dims=("presentation", "neuroid"), coords=coords)
        return source, target.assign_coords(subject=("neuroid", data["subject"]))


def assembly(values: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


@pytest.fixture
def pair() -> tuple[xr.DataArray, xr.DataArray]:
    """A source and a target that share something: (40, 30) and (40, 25)."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(40, 5))
    return tuple(assembly(latent @ rng.normal(size=(5, p)) + rng.normal(size=(40, p))) for p in (30, 25))  # type: ignore[return-value]


@pytest.mark.parametrize("form", ["values", "gram", "source rows shuffled"])
@pytest.mark.parametrize(("key", "name"), [("vision.rdm", "rdm"), ("vision.rdm_cv", "rdm_cv"), ("language.rdm", "language_rdm")])
def test_parity(neural: tuple[xr.DataArray, xr.DataArray], expected: dict[str, Any], key: str, name: str, form: str) -> None:
    source, target = neural
    target = target.drop_vars("subject")
    given = {"values": source, "gram": gram_of_assembly(source), "source rows shuffled": source[::-1]}[form]
    score, original = fornix.load_metric(name, definition="brainscore")(given, target), expected[key]
    assert score.value == pytest.approx(original["value"], rel=1e-9)
    if "per_split" in original:
        np.testing.assert_allclose(score.units, original["per_split"], atol=1e-10)
    if "error" in original:
        assert score.error == pytest.approx(original["error"], abs=1e-10)
    if key == "vision.rdm_cv":  # numerics.md: 0.01940 where the original says 0.00194
        assert score.details["delete_d_error"] == pytest.approx(0.01940, abs=5e-6)
    if form == "source rows shuffled":
        assert score.value == pytest.approx(fornix.load_metric(name, definition="brainscore")(source, target).value, rel=1e-12)


def test_target_rows_shuffled_is_as_scikit_learn_does_it(neural: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = neural[0], neural[1].drop_vars("subject")
    order = np.random.default_rng(3).permutation(120)
    splitter = model_selection.StratifiedShuffleSplit(10, test_size=0.9, random_state=1)
    x, y = source.values[order], target.values[order]
    parts = [test for _, test in splitter.split(x, target["object_name"].values[order])]
    values = [stats.spearmanr(pdist(x[part], "correlation"), pdist(y[part], "correlation")).statistic for part in parts]
    np.testing.assert_allclose(fornix.load_metric("rdm_cv")(source, target[order]).units, values, atol=1e-10)
    plain = fornix.load_metric("rdm")
    assert plain(source, target[order]).value == plain(source, target).value


def test_the_known_answer_on_unrelated_data() -> None:
    rng = np.random.default_rng(42)
    source, target = assembly(rng.random((37, 71))), assembly(rng.random((37, 43)))
    assert fornix.load_metric("rdm")(source, target).value == pytest.approx(0.0225462355, abs=5e-11)


def test_the_bounds_of_the_parity_subjects(neural: tuple[xr.DataArray, xr.DataArray], expected: dict[str, Any]) -> None:
    target = neural[1]
    subjects = np.unique(target["subject"])
    rows = [dissimilarities(target[:, target["subject"].values == name]) for name in subjects]
    ceiling = rsa_ceiling(xr.concat(rows, dim="subject").assign_coords(subject=subjects))
    assert ceiling.details["upper_bound"] == pytest.approx(expected["vision.rsa_ceiling"]["value"], rel=1e-9)
    assert ceiling.value == pytest.approx(expected["vision.rsa_ceiling"]["lower_bound_loo"], rel=1e-9)


@pytest.mark.parametrize("distance", ["correlation", "euclidean"])
@pytest.mark.parametrize("comparison", ["spearman", "pearson"])
def test_the_value_is_scipys(pair: tuple[xr.DataArray, xr.DataArray], distance: str, comparison: str) -> None:
    source, target = pair
    correlate = stats.spearmanr if comparison == "spearman" else stats.pearsonr
    expected = correlate(pdist(source, distance), pdist(target, distance)).statistic
    metric = fornix.load_metric("rdm", distance=distance, comparison=comparison)
    as_pairs = dissimilarities(target, distance)
    for given in (source, source[::-1], gram_of_assembly(source), dissimilarities(source, distance)):
        assert metric(given, target).value == pytest.approx(expected, abs=1e-9)
        assert metric(given, as_pairs).value == pytest.approx(expected, abs=1e-9)


def test_subjects_are_scored_one_by_one(neural: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = neural
    score = fornix.load_metric("rdm")(source, target)
    model, subjects = pdist(source, "correlation"), target["subject"].values
    rows = [pdist(target.values[:, subjects == name], "correlation") for name in np.unique(subjects)]
    values = [stats.spearmanr(model, row).statistic for row in rows]
    np.testing.assert_allclose(score.units, values, atol=1e-10)
    assert score.value == pytest.approx(np.mean(values))
    assert score.details["against_mean"] == pytest.approx(stats.spearmanr(model, np.mean(rows, axis=0)).statistic)
    assert score.resampled == ("stimuli", "subjects")
    assert score.notes == ("jackknife over 4 subjects",)
    without = score.replicates.sel(factor="subjects").values[:4]
    np.testing.assert_allclose(without, [np.mean(np.delete(values, k)) for k in range(4)])


def test_score_and_ceiling_are_resampled_by_one_plan(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    from fornix.interfaces import Normalisation
    from fornix.numerics.ceilings.normalisation import normalise

    source, target = pair
    for n in (4, 12):
        rng = np.random.default_rng(n)
        rows = [dissimilarities(assembly(target.values + 0.5 * rng.normal(size=(40, 25)))) for _ in range(n)]
        people = xr.concat(rows, dim="subject").assign_coords(subject=[f"p{k:02d}" for k in range(n)])
        score, ceiling = fornix.load_metric("rdm")(source, people), rsa_ceiling(people)
        ceiled = normalise(score, ceiling, Normalisation.RATIO)
        assert ceiled.value == pytest.approx(score.value / ceiling.value)
        assert 0 < ceiled.error < 1
        assert ("both" in score.replicates["factor"].values) == (n == 12)


def test_neuroids_and_stimuli_are_resampled(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    score = fornix.load_metric("rdm")(source, target)
    assert score.replicates["factor"].values.tolist() == ["stimuli", "neuroids", "both"]
    assert score.interval[0] < score.value < score.interval[1]
    assert 0.01 < score.error < 0.2
    moved = fornix.load_metric("rdm")(source[::-1], target[np.random.default_rng(0).permutation(40)])
    assert (moved.value, moved.error) == (pytest.approx(score.value, rel=1e-12), pytest.approx(score.error, rel=1e-9))
    plain = fornix.load_metric("rdm", replicates=False)(source, target)
    assert (plain.value, plain.replicates) == (score.value, None)


def test_permuted_stimuli_are_scored_as_one_by_one(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    metric = fornix.load_metric("rdm", replicates=False)
    orders = [np.random.default_rng(seed).permutation(40) for seed in range(3)]
    alone = [metric(source.copy(data=source.values[order]), target).value for order in orders]
    np.testing.assert_allclose(metric.permuted(source, target, orders), alone, atol=1e-10)


def test_itself_scores_one_whatever_its_scale_and_a_constant_source_nothing(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, _ = pair
    metric = fornix.load_metric("rdm")
    assert metric(source * 7 - 2, source).value == pytest.approx(1)
    nothing = metric(source * 0 + 3, source)
    assert np.isnan(nothing.value)
    assert nothing.n_nan == 780


def test_a_stimulus_without_responses_is_counted(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    source[5] = 0.0
    score = fornix.load_metric("rdm")(source, target)
    kept = np.delete(np.arange(40), 5)
    assert score.n_nan == 39
    assert score.value == pytest.approx(fornix.load_metric("rdm")(source[kept], target[kept]).value)


def test_bad_input_is_refused_in_a_sentence(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    metric, pairs = fornix.load_metric("rdm"), dissimilarities(target)
    hole = source.copy()
    hole[3, 4] = np.nan
    gap = pairs.copy()
    gap[3] = np.nan
    twice = [0, *range(40)]
    cases: list[tuple[Any, Any, str]] = [
        (hole, target, "the source has 1 value that is NaN or infinite"),
        (source, hole, "the target has 1 value that is NaN or infinite"),
        (source, gap, "the target has 1 value that is NaN or infinite"),
        (source, pairs[1:], "the target lacks 1 of the 780 pairs of its 40 stimuli"),
        (source[1:], target, "the source lacks 1 of 40 stimuli of the target, for example 's000'"),
        (source, target[1:], "the source has 1 stimuli that the target does not have"),
        (dissimilarities(source[1:]), target, "the source lacks 1 of 40 stimuli"),
        (source[twice], target, "the source has stimulus 's000' 2 times"),
        (source, target[twice], "the target has stimulus 's000' 2 times"),
        (source[:2], target[:2], "2 stimuli are too few to compare; expected at least 3 stimuli"),
        (source[:, :1], target, "a correlation distance needs at least 2 neuroids"),
        (source, target.drop_vars("stimulus_id"), "the target has no coordinate stimulus_id"),
    ]
    for given, measured, sentence in cases:
        with pytest.raises(AssemblyError) as raised:
            metric(given, measured)
        assert sentence in str(raised.value)
    with pytest.raises(AssemblyError, match="the target has no coordinate 'object_name' on presentation"):
        fornix.load_metric("rdm_cv")(source, target)
    with pytest.raises(fornix.UsageError, match="only definition='brainscore' takes n_subsamples"):
        fornix.load_metric("rdm", n_subsamples=10)
    with pytest.raises(fornix.UsageError, match="size between 0 and 1"):
        fornix.load_metric("rdm_cv", subsample_size=1.0)


@pytest.mark.parametrize("metric", ["rdm", "cka"])
@pytest.mark.parametrize("options", [{"seed": 2}, {"subsample_size": 0.5}, {"stratify_on": "object_name"}])
def test_options_of_subsamples_are_refused_where_there_are_none(metric: str, options: dict[str, Any]) -> None:
    for definition in ("default", "brainscore"):
        with pytest.raises(fornix.UsageError, match=f"'{next(iter(options))}' of metric '{metric}' has no effect without"):
            fornix.load_metric(metric, definition=definition, **options)


@pytest.mark.parametrize("comparison", ["spearman", "cosine"])
def test_three_stimuli_have_a_score_without_an_error_and_it_says_so(comparison: str) -> None:
    rng = np.random.default_rng(0)
    score = fornix.load_metric("rdm", comparison=comparison)(assembly(rng.normal(size=(3, 9))), assembly(rng.normal(size=(3, 9))))
    assert np.isfinite(score.value)
    assert np.isnan(score.error)
    assert score.notes == ("the raw score has no error, as 3 stimuli are too few to leave any out",)


@pytest.mark.parametrize(("metric", "size", "kept", "fewest"), [("rdm", 0.01, 1, 3), ("cka", 0.05, 3, 4)])
def test_subsamples_of_too_few_stimuli_are_refused(metric: str, size: float, kept: int, fewest: int) -> None:
    rng = np.random.default_rng(0)
    asked = fornix.load_metric(metric, definition="brainscore", n_subsamples=10, subsample_size=size)
    with pytest.raises(AssemblyError, match=f"have {kept} of 60 stimuli; expected at least {fewest}"):
        asked(assembly(rng.normal(size=(60, 9))), assembly(rng.normal(size=(60, 9))))
