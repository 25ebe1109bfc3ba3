"""Grams: the exact identity with a large mean, distances against scipy, coordinates that stand for features."""

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist, squareform

from fornix.numerics.linear.gram import (
    GramAccumulator,
    centred,
    correlation_distances,
    euclidean_distances,
    factor,
    gram_of,
    raw_products,
    triangular_factor,
)
from fornix.numerics.similarity.dissimilarity import distance_matrix

IDS = np.array([f"s{k:02d}" for k in range(30)])


def features(mean: float = 0.0, p: int = 200) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(30, p)) + mean * (1 + rng.random(p))


def test_products_are_recovered_exactly_whatever_the_mean() -> None:
    """Integers, so that both sides are exact; the mean of 1e5 would cost the products 10 of 16 digits if it stayed."""
    x = np.random.default_rng(1).integers(-4, 5, size=(32, 64)).astype(float)
    large = x + 100_000.0
    gram = gram_of(large, np.array([f"s{k}" for k in range(32)]))
    np.testing.assert_array_equal(raw_products(gram), large @ large.T)
    np.testing.assert_array_equal(gram.products, (x - x.mean(0)) @ (x - x.mean(0)).T)
    assert np.abs(gram.products).max() < 2000


@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_the_identity_with_the_raw_products(mean: float) -> None:
    x = features(mean)
    gram = gram_of(x, IDS)
    m = x.mean(axis=0)
    np.testing.assert_allclose(gram.products, (x - m) @ (x - m).T, rtol=1e-12, atol=1e-9 * max(mean, 1) * 1e-4)
    np.testing.assert_allclose(raw_products(gram), x @ x.T, rtol=1e-13)
    np.testing.assert_allclose(gram.row_sums, x.sum(axis=1), rtol=1e-13)
    assert gram.n_features == 200


def test_blocks_make_no_difference() -> None:
    x = features(3.0).astype(np.float32)
    whole, blocks = gram_of(x, IDS), GramAccumulator(30)
    for part in np.array_split(x, [1, 50, 51, 130], axis=1):
        blocks.add(part)
    cut = blocks.gram(IDS)
    np.testing.assert_allclose(cut.products, whole.products, rtol=1e-12, atol=1e-10)
    assert cut.products.dtype == np.float64
    assert cut.n_features == whole.n_features


def test_a_block_of_another_height_or_with_nan_is_refused() -> None:
    accumulator = GramAccumulator(30)
    with pytest.raises(ValueError, match=r"has shape \(29, 4\); expected \(30, width\)"):
        accumulator.add(np.zeros((29, 4)))
    accumulator.add(np.zeros((30, 5)))
    with pytest.raises(ValueError, match="features 5 to 6 hold NaN or infinity"):
        accumulator.add(np.full((30, 2), np.nan))


@pytest.mark.parametrize("mean", [0.0, 100.0])
def test_distances_are_those_of_scipy(mean: float) -> None:
    x = features(mean)
    gram = gram_of(x, IDS)
    np.testing.assert_allclose(correlation_distances(gram), squareform(pdist(x, "correlation")), atol=1e-10)
    np.testing.assert_allclose(euclidean_distances(gram), squareform(pdist(x)), atol=1e-6)


@pytest.mark.parametrize("constant", [7.3, 0.0, 1e-9])
@pytest.mark.parametrize("mean", [0.0, 1e3])
def test_a_constant_row_has_no_correlation_distance(constant: float, mean: float) -> None:
    x = features(mean)
    x[4] = constant
    distances = correlation_distances(gram_of(x, IDS))
    assert np.isnan(distances[4]).all()
    assert np.isnan(distances).sum() == 59


def test_distances_of_a_subset_of_stimuli_are_the_subset_of_distances() -> None:
    gram, rows = gram_of(features(50.0), IDS), np.array([7, 3, 21])
    np.testing.assert_allclose(
        correlation_distances(gram.take(rows)), correlation_distances(gram)[np.ix_(rows, rows)], atol=1e-12
    )


def test_centring_by_training_rows() -> None:
    x, train = features(2.0), np.arange(20)
    kept = x - x[train].mean(axis=0)
    np.testing.assert_allclose(centred(gram_of(x, IDS).products, train), kept @ kept.T, atol=1e-9)


@pytest.mark.parametrize("coordinates", [factor, triangular_factor])
def test_coordinates_have_the_products_and_the_rank_of_the_features(coordinates: Callable[[np.ndarray], np.ndarray]) -> None:
    x = features(5.0, p=12)
    z = coordinates(gram_of(x, IDS).products)
    assert z.shape == (30, 12)
    np.testing.assert_allclose(z @ z.T, (x - x.mean(0)) @ (x - x.mean(0)).T, atol=1e-10)


@pytest.mark.parametrize("n_features", [7, 20_000])
def test_equal_responses_have_a_distance_of_0_and_near_ones_keep_theirs(n_features: int) -> None:
    """Of a category model, say, whose responses to all images of a category are equal: ranks of rounding would be noise."""
    rng = np.random.default_rng(3)
    patterns = np.maximum(rng.normal(size=(4, n_features)), 0) + 3
    near = patterns[0] + 1e-5 * rng.normal(size=n_features)
    x = np.concatenate([patterns[np.arange(12) % 4], near[None]])
    same = np.arange(12)[:, None] % 4 == np.arange(12) % 4
    rows = xr.DataArray(x, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", IDS[:13])})
    for distances in (
        *(distance_matrix(rows, name) for name in ("correlation", "euclidean")),
        *(distance_matrix(gram_of(x, IDS[:13]), name) for name in ("correlation", "euclidean")),
    ):
        assert (distances[:12, :12][same] == 0).all()
        assert (distances[:12, :12][~same] > 0.01).all()
    exact = np.linalg.norm(x[12] - x[0])
    assert distance_matrix(rows, "euclidean")[12, 0] == pytest.approx(exact, rel=1e-4)
    assert distance_matrix(rows, "correlation")[12, 0] == pytest.approx(
        squareform(pdist(x[[0, 12]], "correlation"))[0, 1], abs=2e-13
    )
