"""Comparisons of dissimilarities against rsatoolbox, ranks against scipy; what a pair adds, against reweighting."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import squareform

from fornix.numerics.backends import on_device, scoring_device, to_numpy
from fornix.numerics.ranks import FEW, MANY, ranks
from fornix.numerics.similarity.agreement import Agreement, Comparison

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")
RNG = np.random.default_rng(3)


def here(values: np.ndarray) -> Any:
    """On the device that is tested."""
    return on_device(values, scoring_device())


def compared(a: np.ndarray, b: np.ndarray, comparison: Comparison, exact: bool = True) -> Agreement:
    return Agreement(here(a), here(b), comparison, exact)


def ranked(values: np.ndarray, exact: bool = True) -> np.ndarray:
    return to_numpy(ranks(here(values), exact))


@pytest.mark.parametrize(
    ("comparison", "theirs"), [("cosine", "cosine"), ("pearson", "corr"), ("spearman", "spearman"), ("kendall", "tau-a")]
)
def test_comparisons_are_those_of_rsatoolbox(comparison: Comparison, theirs: str, rsatoolbox: Any) -> None:
    """Of distances without and with ties, alike and unlike."""
    rng = np.random.default_rng(0)
    for n_pairs in (3, 45, 190):
        a, b = rng.random((2, n_pairs)) + 0.5
        for x, y in ((a, b), (a, np.round(4 * (a + b))), (np.round(3 * a), np.round(3 * b) + 1), (a, 3 - a - 0.1 * b)):
            expected = rsatoolbox.rdm.compare(rsatoolbox.rdm.RDMs(x[None]), rsatoolbox.rdm.RDMs(y[None]), method=theirs)
            assert compared(squareform(x), squareform(y), comparison).value == pytest.approx(expected.item(), abs=1e-12)


def related(n: int) -> tuple[np.ndarray, np.ndarray]:
    a = RNG.random(n * (n - 1) // 2)
    return squareform(a), squareform(a + RNG.random(len(a)))


@pytest.mark.parametrize("comparison", ["spearman", "pearson", "kendall", "cosine"])
def test_signs_survive_and_itself_scores_one(comparison: str) -> None:
    a, _ = related(20)
    assert compared(a, a, comparison).value == pytest.approx(1)
    assert compared(a, 3 - a if comparison != "cosine" else -a, comparison).value == pytest.approx(-1)


@pytest.mark.parametrize("comparison", ["spearman", "pearson", "kendall", "cosine"])
def test_effects_of_pairs_are_the_change_that_a_little_weight_makes(comparison: str) -> None:
    a, b = related(30)
    agreement, step = compared(a, b, comparison), 1e-4
    effects = to_numpy(agreement.pair_effects())
    assert effects.sum() == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(effects, effects.T)
    changed = (agreement(1 + step * np.eye(30)) - agreement(np.ones((1, 30)))) / step
    np.testing.assert_allclose(changed, effects.sum(axis=1), atol=2e-4 * np.abs(changed).max())


def test_effects_of_tau_are_those_of_leaving_a_stimulus_out() -> None:
    a, b = related(60)
    agreement = compared(a, b, "kendall")
    effects = to_numpy(agreement.pair_effects()).sum(axis=1)
    left = [
        compared(np.delete(np.delete(a, i, 0), i, 1), np.delete(np.delete(b, i, 0), i, 1), "kendall").value for i in range(60)
    ]
    assert np.corrcoef(agreement.value - np.array(left), effects)[0, 1] > 0.99


def test_a_rough_tau_is_near_the_exact_one() -> None:
    a, b = related(60)
    exact = compared(a, b, "kendall")
    assert exact.against(here(b), exact=False).value == pytest.approx(exact.value, abs=0.01)


def test_work_on_one_side_is_shared_and_nan_pairs_are_not_mixed_up() -> None:
    a, b = related(25)
    hole = b.copy()
    hole[3] = hole[:, 3] = np.nan
    first = compared(a, hole, "spearman")
    for other in (b, hole):
        assert first.against(here(other)).value == pytest.approx(compared(a, other, "spearman").value, rel=1e-14)
        assert first.against(here(other)).n_nan == compared(a, other, "spearman").n_nan


def test_a_million_ranks_are_counted_as_scipy_sorts_them() -> None:
    x, noise = np.random.default_rng(0).normal(size=(2, MANY + 1000))
    y = x + noise
    counted = np.corrcoef(ranked(x), ranked(y))[0, 1]
    assert counted == pytest.approx(stats.spearmanr(x, y).statistic, abs=5e-8)
    assert not np.array_equal(ranked(x), stats.rankdata(x))


def test_values_that_bins_would_mix_are_sorted() -> None:
    x = np.random.default_rng(0).normal(size=FEW + 100)
    far, few = x.copy(), np.round(x)
    far[0] = 1e12
    for values in (far, few, np.full(FEW + 1, 2.0)):
        np.testing.assert_array_equal(ranked(values, exact=False), stats.rankdata(values))


def test_values_that_differ_by_rounding_share_their_rank_and_small_ones_beside_a_large_one_do_not() -> None:
    third = np.array([1 / 3, 1 / 3 + 1e-16, 1 / 3 - 1e-16, 0.5, -1 / 3, -1 / 3 - 1e-16])
    np.testing.assert_array_equal(ranked(third), [4, 4, 4, 6, 1.5, 1.5])
    np.testing.assert_array_equal(ranked(np.array([1e15, 2.0, 1.0, 0.0, 1e-15])), [5, 4, 3, 1, 2])
    assert ranked(np.zeros(0)).shape == (0,)
