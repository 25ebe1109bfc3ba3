"""Dissimilarities and their agreement against scipy; ceilings against rsatoolbox's definitions written out."""

import itertools
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.spatial.distance import cosine, pdist, squareform

from fornix.interfaces import AssemblyError
from fornix.numerics.backends import on_device, scoring_device, to_numpy
from fornix.numerics.linear.gram import gram_of
from fornix.numerics.similarity.agreement import Agreement, Comparison
from fornix.numerics.similarity.dissimilarity import dissimilarities, distance_matrix, matrices_of_pairs, pair_stimuli
from fornix.numerics.similarity.pairs import matrix_of, of_pairs
from fornix.numerics.similarity.rsa import rsa_ceiling, stimulus_counts
from fornix.numerics.uncertainty.draws import counts_drawn
from fornix.numerics.uncertainty.intervals import stimulus_groups

#: All but ceilings, which NumPy computes.
on_every_backend = pytest.mark.usefixtures("scoring_device")
RNG = np.random.default_rng(0)
N = 24
IDS = np.array([f"s{k:02d}" for k in range(N)])


def here(values: np.ndarray) -> Any:
    """On the device that is tested."""
    return on_device(values, scoring_device())


def compared(a: np.ndarray, b: np.ndarray, comparison: Comparison, exact: bool = True) -> Agreement:
    return Agreement(here(a), here(b), comparison, exact)


def assembly(values: np.ndarray, ids: np.ndarray = IDS) -> xr.DataArray:
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def people(n: int, noise: float = 1.0) -> xr.DataArray:
    """(subject, pair): what subjects share, and their noise."""
    rng = np.random.default_rng(n)
    shared = rng.random(N * (N - 1) // 2)
    a, b = zip(*itertools.combinations(IDS, 2), strict=True)
    return xr.DataArray(
        shared + noise * rng.random((n, len(shared))),
        dims=("subject", "pair"),
        coords={
            "subject": [f"p{k}" for k in range(n)],
            "stimulus_a": ("pair", np.array(a)),
            "stimulus_b": ("pair", np.array(b)),
        },
    )


@on_every_backend
@pytest.mark.parametrize("distance", ["correlation", "euclidean"])
def test_dissimilarities_are_those_of_scipy(distance: str) -> None:
    x = RNG.normal(size=(N, 40)) + 5
    for responses in (assembly(x), gram_of(x, IDS)):
        pairs, matrix = dissimilarities(responses, distance), distance_matrix(responses, distance, scoring_device())
        np.testing.assert_allclose(pairs, pdist(x, distance), atol=1e-10)
        np.testing.assert_allclose(to_numpy(of_pairs(matrix)), pairs, atol=1e-12)
        assert list(zip(pairs["stimulus_a"].values, pairs["stimulus_b"].values, strict=True)) == list(
            itertools.combinations(IDS, 2)
        )


def test_pairs_find_their_place_whatever_their_order() -> None:
    pairs = people(2)
    order = RNG.permutation(pairs.sizes["pair"])
    moved = pairs[:, order]
    moved = moved.assign_coords(stimulus_a=("pair", moved["stimulus_b"].values), stimulus_b=("pair", moved["stimulus_a"].values))
    assert list(pair_stimuli(moved, "it")) == list(IDS)
    for matrix, row in zip(matrices_of_pairs(moved, IDS), pairs.values, strict=True):
        np.testing.assert_array_equal(matrix, squareform(row))


@on_every_backend
@pytest.mark.parametrize("n", [1, 2, 3, 24])
def test_rows_of_pairs_are_those_of_squareform(n: int) -> None:
    row = RNG.random(n * (n - 1) // 2)
    matrix = matrix_of(here(row))
    np.testing.assert_array_equal(to_numpy(matrix), squareform(row))
    np.testing.assert_array_equal(to_numpy(of_pairs(matrix)), row)


def test_pairs_that_are_missing_or_repeated_are_named() -> None:
    pairs = people(1)
    with pytest.raises(AssemblyError, match="the target lacks 3 of the 276 pairs of its 24 stimuli"):
        pair_stimuli(pairs[:, 3:], "the target")
    with pytest.raises(AssemblyError, match="the target has 1 pairs of stimuli more than once"):
        pair_stimuli(pairs[:, np.r_[np.arange(276), 5]], "the target")
    selfish = pairs.assign_coords(stimulus_b=("pair", np.where(np.arange(276) == 70, "s03", pairs["stimulus_b"].values)))
    with pytest.raises(AssemblyError, match="pairs stimulus 's03' with itself"):
        pair_stimuli(selfish, "the target")
    with pytest.raises(AssemblyError, match="no coordinate 'stimulus_b'"):
        pair_stimuli(pairs.drop_vars("stimulus_b"), "the target")


def ties() -> tuple[np.ndarray, np.ndarray]:
    return squareform(RNG.integers(1, 9, size=276).astype(float)), squareform(RNG.random(276))


@on_every_backend
def test_agreement_is_scipys_correlation() -> None:
    a, b = ties()
    upper = np.triu_indices(N, k=1)
    assert compared(a, b, "spearman").value == pytest.approx(stats.spearmanr(a[upper], b[upper]).statistic, abs=1e-12)
    assert compared(a, b, "pearson").value == pytest.approx(stats.pearsonr(a[upper], b[upper]).statistic, abs=1e-12)
    assert compared(a, b, "cosine").value == pytest.approx(1 - cosine(a[upper], b[upper]), abs=1e-12)
    # tau-a divides by all pairs, tau-b of scipy by the geometric mean of those that are not tied on either side
    untied = [(pdist(x[upper][:, None]) > 0).mean() for x in (a, b)]
    expected = stats.kendalltau(a[upper], b[upper]).statistic * np.sqrt(np.prod(untied))
    assert compared(a, b, "kendall").value == pytest.approx(expected, abs=1e-12)


@on_every_backend
def test_weights_count_stimuli_and_drop_pairs_of_copies() -> None:
    a, b = ties()
    weights = stimulus_counts(N)[0]
    drawn = np.repeat(np.arange(N), weights.astype(int))
    assert weights.max() > 1
    x, y = (m[np.ix_(drawn, drawn)] for m in (a, b))
    i, j = (k[drawn[k1] != drawn[k2]] for k1, k2 in [np.triu_indices(N, k=1)] for k in (k1, k2))
    expected = stats.pearsonr(x[i, j], y[i, j]).statistic
    assert compared(a, b, "pearson")(weights[None])[0] == pytest.approx(expected, abs=1e-12)


@on_every_backend
def test_pairs_that_are_nan_are_left_out_and_counted() -> None:
    a, b = ties()
    a[4] = a[:, 4] = np.nan
    kept = np.delete(np.arange(N), 4)
    upper = np.triu_indices(N - 1, k=1)
    agreement = compared(a, b, "spearman")
    assert agreement.n_nan == 23
    assert agreement.value == pytest.approx(stats.spearmanr(a[np.ix_(kept, kept)][upper], b[np.ix_(kept, kept)][upper]).statistic)
    with pytest.raises(ValueError, match="23 dissimilarities are NaN"):
        agreement.permuted([np.arange(N)])


@on_every_backend
def test_permuted_stimuli() -> None:
    a, b = ties()
    orders = [RNG.permutation(N) for _ in range(3)]
    expected = [compared(a[np.ix_(o, o)], b, "spearman").value for o in orders]
    np.testing.assert_allclose(compared(a, b, "spearman").permuted(orders), expected, atol=1e-12)


@on_every_backend
def test_what_does_not_vary_does_not_correlate() -> None:
    assert np.isnan(compared(np.ones((N, N)), ties()[1], "spearman").value)


def test_the_bounds_of_the_ceiling() -> None:
    target = people(5)
    rows = target.values
    lower = [stats.spearmanr(row, np.delete(rows, k, axis=0).mean(axis=0)).statistic for k, row in enumerate(rows)]
    upper = [stats.spearmanr(row, rows.mean(axis=0)).statistic for row in rows]
    ceiling = rsa_ceiling(target)
    assert ceiling.value == pytest.approx(np.mean(lower))
    np.testing.assert_allclose(ceiling.units, lower)
    assert ceiling.details["upper_bound"] == pytest.approx(np.mean(upper))
    assert ceiling.value < ceiling.details["upper_bound"]
    assert ceiling.notes == ("jackknife over 5 subjects",)


def test_few_subjects_and_groups_of_stimuli_are_left_out() -> None:
    target = people(5)
    replicates = rsa_ceiling(target, "pearson").replicates
    assert replicates is not None
    assert replicates["factor"].values.tolist() == ["stimuli", "subjects"]
    groups = stimulus_groups(IDS)
    kept = np.isin(target["stimulus_a"], IDS[groups != 7]) & np.isin(target["stimulus_b"], IDS[groups != 7])
    assert replicates.values[0, 7] == pytest.approx(rsa_ceiling(target[:, kept], "pearson").value)
    assert replicates.values[1, 2] == pytest.approx(rsa_ceiling(target[[0, 1, 3, 4]], "pearson").value)


def test_a_subject_drawn_twice_is_never_compared_with_its_copy() -> None:
    """Ten subjects of pure noise: with copies among the others the bootstrap would sit far above the value."""
    target = people(10, noise=1e6)
    ceiling = rsa_ceiling(target)
    assert ceiling.replicates is not None
    assert ceiling.replicates["factor"].values.tolist() == ["stimuli", "subjects", "both"]
    assert abs(float(ceiling.replicates.sel(factor="subjects").mean()) - ceiling.value) < 0.02
    counts = counts_drawn(10, 200, seed=0)
    assert (counts > 1).any()
    first = np.repeat(np.arange(10), counts[0].astype(int))
    rows = target.values
    expected = [stats.spearmanr(rows[s], rows[first[first != s]].mean(axis=0)).statistic for s in first]
    assert ceiling.replicates.sel(factor="subjects").values[0] == pytest.approx(np.mean(expected))


def test_one_subject_has_no_ceiling() -> None:
    with pytest.raises(AssemblyError, match=r"at least 2 subjects; the target has .'subject': 1, 'pair': 276."):
        rsa_ceiling(people(1))
