"""CKA and Procrustes against Brain-Score's own numbers and their definitions, then what they promise and refuse."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import orthogonal_procrustes

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.linear.gram import gram_of_assembly

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")


def assembly(values: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


@pytest.fixture
def pair() -> tuple[xr.DataArray, xr.DataArray]:
    """A source and a target that share something: (40, 30) and (40, 25)."""
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(40, 5))
    source, target = (assembly(latent @ rng.normal(size=(5, p)) + rng.normal(size=(40, p))) for p in (30, 25))
    return source, target


@pytest.fixture
def unrelated() -> tuple[xr.DataArray, xr.DataArray]:
    rng = np.random.default_rng(42)
    return assembly(rng.random((37, 71))), assembly(rng.random((37, 43)))


@pytest.mark.parametrize("form", ["values", "gram", "source rows shuffled"])
@pytest.mark.parametrize(
    ("key", "name", "options"),
    [
        ("vision.cka", "cka", {"definition": "brainscore"}),
        ("vision.cka_biased", "cka", {"definition": "brainscore", "estimator": "biased"}),
        ("language.cka", "language_cka", {}),
    ],
)
def test_parity(key: str, name: str, options: dict[str, Any], form: str, parity_folder: Path) -> None:
    expected = json.loads((parity_folder / "expected.json").read_text())[key]
    with np.load(parity_folder / "neural.npz") as data:
        coords = {name: ("presentation", data[name]) for name in ("stimulus_id", "object_name")}
        source, target = (xr.DataArray(data[k], dims=("presentation", "neuroid"), coords=coords) for k in ("source", "target"))
    given = {"values": source, "gram": gram_of_assembly(source), "source rows shuffled": source[::-1]}[form]
    score = fornix.load_metric(name, **options)(given, target)
    assert score.value == pytest.approx(expected["value"], rel=1e-9)
    if "per_split" in expected:
        np.testing.assert_allclose(score.units, expected["per_split"], rtol=1e-9)


@pytest.mark.parametrize(("estimator", "value"), [("unbiased", 0.0278957371), ("biased", 0.6201334708)])
def test_the_known_answers_on_unrelated_data(unrelated: tuple[xr.DataArray, xr.DataArray], estimator: str, value: float) -> None:
    source, target = unrelated
    for given in (source, gram_of_assembly(source)):
        for replicates in (True, False):
            score = fornix.load_metric("cka", estimator=estimator, replicates=replicates)(given, target)
            assert score.value == pytest.approx(value, abs=5e-11)


def test_unbiased_cka_is_the_u_statistic_written_out(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    """HSIC of Song et al. 2012 as numerics.md has it, with matrices."""

    def hsic(k: np.ndarray, other: np.ndarray) -> float:
        n, (k, other) = len(k), (m - np.diag(np.diag(m)) for m in (k, other))
        cross = (k @ other).sum()
        return float(((k * other).sum() + k.sum() * other.sum() / ((n - 1) * (n - 2)) - 2 * cross / (n - 2)) / (n * (n - 3)))

    k, other = (side.values @ side.values.T for side in pair)
    expected = hsic(k, other) / math.sqrt(hsic(k, k) * hsic(other, other))
    assert fornix.load_metric("cka")(*pair).value == pytest.approx(expected, rel=1e-12)
    assert fornix.load_metric("cka", replicates=False)(*pair).value == pytest.approx(expected, rel=1e-12)


def test_features_and_products_agree_whatever_is_wider(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    wide = assembly(source.values @ np.random.default_rng(3).normal(size=(30, 90)))
    for metric in (fornix.load_metric(name, replicates=False) for name in ("cka", "procrustes")):
        assert metric(wide, target).value == pytest.approx(metric(gram_of_assembly(wide), target).value, abs=1e-9)
        assert metric(source, target).value == pytest.approx(metric(gram_of_assembly(source), target).value, abs=1e-9)


@pytest.mark.parametrize("estimator", ["unbiased", "biased"])
def test_a_constant_added_to_all_features_changes_nothing(pair: tuple[xr.DataArray, xr.DataArray], estimator: str) -> None:
    source, target = pair
    for replicates in (True, False):
        metric = fornix.load_metric("cka", estimator=estimator, replicates=replicates)
        assert metric(source + 1e3, target - 50).value == pytest.approx(metric(source, target).value, abs=1e-10)


@pytest.mark.parametrize("name", ["cka", "procrustes"])
def test_itself_rotated_and_scaled_scores_one_and_order_is_nothing(pair: tuple[xr.DataArray, xr.DataArray], name: str) -> None:
    source, target = pair
    metric, rng = fornix.load_metric(name, replicates=False), np.random.default_rng(1)
    rotation = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    turned = assembly(3 * source.values @ rotation)
    assert metric(turned, source).value == pytest.approx(1, abs=1e-6)  # an angle's cosine holds half its digits near 0
    assert metric(turned, target).value == pytest.approx(metric(source, target).value, rel=1e-12)
    shuffled = metric(source[rng.permutation(40), rng.permutation(30)], target[rng.permutation(40), rng.permutation(25)])
    assert shuffled.value == pytest.approx(metric(source, target).value, rel=1e-12)


def test_correlation_dissimilarities_are_not_blind_to_rotation(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    """They remove each stimulus's mean over neuroids, which a rotation moves; Euclidean ones do not."""
    source, target = pair
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(30, 30)))[0]
    for distance, blind in (("correlation", False), ("euclidean", True)):
        metric = fornix.load_metric("rdm", distance=distance, replicates=False)
        uneven = source + 4.0  # a common response of all neuroids
        change = abs(metric(assembly(uneven.values @ rotation), target).value - metric(uneven, target).value)
        assert change < 1e-9 if blind else change > 0.01


def test_procrustes_is_that_of_scipy(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    x, y = (side.values - side.values.mean(axis=0) for side in pair)
    padded = np.pad(y, ((0, 0), (0, x.shape[1] - y.shape[1])))
    _, norm = orthogonal_procrustes(x, padded)
    cosine = norm / np.linalg.norm(x) / np.linalg.norm(y)
    assert fornix.load_metric("procrustes", scale="cosine")(*pair).value == pytest.approx(cosine, rel=1e-10)
    assert fornix.load_metric("procrustes")(*pair).value == pytest.approx(1 - 2 / np.pi * np.arccos(cosine), rel=1e-10)


def test_subjects_are_scored_one_by_one(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    people = target.assign_coords(subject=("neuroid", np.array(["a", "b", "c", "d", "e"])[np.arange(25) % 5]))
    for name in ("cka", "procrustes"):
        score = fornix.load_metric(name)(source, people)
        alone = [fornix.load_metric(name, replicates=False)(source, target[:, k::5]).value for k in range(5)]
        np.testing.assert_allclose(score.units, alone, rtol=1e-9)
        assert score.value == pytest.approx(np.mean(alone))
        assert score.resampled == ("stimuli", "subjects")


def test_what_does_not_vary_is_counted_not_scored(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    for name in ("cka", "procrustes"):
        for given in (source * 0 + 0.1, gram_of_assembly(source * 0 + 0.1)):
            score = fornix.load_metric(name)(given, target)
            assert math.isnan(score.value)
            assert score.n_nan == 1
    assert fornix.load_metric("cka", definition="brainscore")(source * 0 + 0.1, target).value == 0


def test_bad_input_is_refused_in_a_sentence(pair: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = pair
    hole = source.copy()
    hole[3, 4] = np.inf
    for name, fewest in (("cka", 4), ("procrustes", 3)):
        metric, n = fornix.load_metric(name), fewest - 1
        cases = [
            (hole, target, "the source has 1 value that is NaN or infinite"),
            (source, hole, "the target has 1 value that is NaN or infinite"),
            (source[1:], target, "the source lacks 1 of 40 stimuli of the target, for example 's000'"),
            (source, target[[0, *range(40)]], "the target has stimulus 's000' 2 times"),
            (source[:n], target[:n], f"{n} stimuli are too few to compare; expected at least {fewest} stimuli"),
            (source, target.drop_vars("stimulus_id"), "the target has no coordinate stimulus_id"),
        ]
        for given, measured, sentence in cases:
            with pytest.raises(AssemblyError) as raised:
                metric(given, measured)
            assert sentence in str(raised.value)
    with pytest.raises(fornix.UsageError, match="only definition='brainscore' takes n_subsamples"):
        fornix.load_metric("cka", n_subsamples=10)
