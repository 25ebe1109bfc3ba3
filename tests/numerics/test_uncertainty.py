"""Standard errors and intervals against closed forms and scipy's t tests, then the properties that every plan must have."""

import hashlib
import math

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.interfaces import Score
from fornix.numerics.uncertainty.draws import VALUES_AT_ONCE, blocks_of_neuroid_draws, neuroid_draws
from fornix.numerics.uncertainty.intervals import (
    degrees_of_freedom,
    factor_variances,
    replicates_array,
    stimulus_groups,
    variance,
    with_uncertainty,
)


def leave_one_out(x: np.ndarray) -> np.ndarray:
    return (x.sum() - x) / (len(x) - 1)


def given(variances: dict[str, float], scheme: str = "bootstrap", n_units: int = 10) -> xr.DataArray:
    """Replicates whose variances are exactly as given: two values at +- sqrt(v / 2)."""
    return replicates_array({k: ([-math.sqrt(v / 2), math.sqrt(v / 2)], scheme, n_units) for k, v in variances.items()})


def test_the_jackknife_of_a_mean_gives_the_t_interval() -> None:
    x = np.random.default_rng(0).normal(3, 2, size=14)
    score = with_uncertainty(Score(value=x.mean()), replicates_array({"stimuli": (leave_one_out(x), "jackknife")}))
    exact = stats.ttest_1samp(x, 0).confidence_interval(0.95)
    assert score.error == pytest.approx(stats.sem(x), rel=1e-12)
    assert score.interval == pytest.approx((exact.low, exact.high), rel=1e-12)
    assert score.resampled == ("stimuli",)
    assert score.value == pytest.approx(x.mean())


def test_jackknifed_subjects_and_stimuli_give_the_welch_interval() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 1, size=5), rng.normal(1, 3, size=23)
    replicates = replicates_array(
        {"subjects": (leave_one_out(x) - y.mean(), "jackknife"), "stimuli": (x.mean() - leave_one_out(y), "jackknife")}
    )
    score = with_uncertainty(Score(value=x.mean() - y.mean()), replicates)
    welch = stats.ttest_ind(x, y, equal_var=False)
    exact = welch.confidence_interval(0.95)
    assert degrees_of_freedom(replicates) == pytest.approx(welch.df, rel=1e-12)
    assert score.interval == pytest.approx((exact.low, exact.high), rel=1e-12)
    assert score.notes == ("jackknife over 5 subjects",)


def test_the_bootstrap_of_a_mean_gives_its_variance() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=30)
    means = x[rng.integers(0, 30, size=(40000, 30))].mean(axis=1)
    replicates = replicates_array({"stimuli": (means, "bootstrap", 30)})
    assert variance(replicates) == pytest.approx(x.var() / 30, rel=0.03)
    assert degrees_of_freedom(replicates) == 29


@pytest.mark.parametrize(
    ("stimuli", "neuroids", "both", "expected"),
    [
        (1.0, 2.0, 4.0, 2.0),  # 2 (1 + 2) - 4
        (1.0, 2.0, 5.0, 2.0),  # 2 (1 + 2) - 5 = 1, not below the larger factor
        (3.0, 2.0, 8.0, 3.0),
        (1.0, 2.0, 3.0, 3.0),
        (1.0, 2.0, 2.5, 2.5),  # 2 (1 + 2) - 2.5 = 3.5, not above both
    ],
)
def test_two_crossed_factors_follow_schuett_et_al(stimuli: float, neuroids: float, both: float, expected: float) -> None:
    replicates = given({"stimuli": stimuli, "neuroids": neuroids, "both": both})
    assert variance(replicates) == pytest.approx(expected)
    assert with_uncertainty(Score(value=0.0), replicates).resampled == ("stimuli", "neuroids")


def test_the_crossed_variance_is_that_of_a_mean_over_a_random_table() -> None:
    rng = np.random.default_rng(3)
    n, m, draws = 40, 30, 4000
    table = rng.normal(size=(n, 1)) + rng.normal(size=(1, m)) + 5 * rng.normal(size=(n, m))
    rows, columns = rng.integers(0, n, size=(draws, n)), rng.integers(0, m, size=(draws, m))
    both = [table[np.ix_(i, j)].mean() for i, j in zip(rows, columns, strict=True)]
    by = {
        "stimuli": (table.mean(axis=1)[rows].mean(axis=1), "bootstrap", n),
        "neuroids": (table.mean(axis=0)[columns].mean(axis=1), "bootstrap", m),
        "both": (both, "bootstrap"),
    }
    truth = 1 / n + 1 / m + 25 / (n * m)
    assert sum(factor_variances(replicates_array(by)).values()) > 2 * truth
    assert variance(replicates_array(by)) == pytest.approx(truth, rel=0.3)
    assert degrees_of_freedom(replicates_array(by)) == m - 1


def test_short_rows_and_replicates_without_a_value_are_left_out() -> None:
    x = np.random.default_rng(4).normal(size=8)
    replicates = replicates_array({"stimuli": ([*x, math.nan, math.nan], "bootstrap", 8), "neuroids": (x[:3], "bootstrap", 3)})
    assert replicates.shape == (2, 10)
    assert factor_variances(replicates) == pytest.approx({"stimuli": x.var(ddof=1), "neuroids": x[:3].var(ddof=1)})
    assert replicates["variance_factor"].values == pytest.approx([1 / 7, 1 / 2])


def test_one_unit_has_no_error_and_no_spread_has_error_zero() -> None:
    lonely = with_uncertainty(Score(value=0.3), replicates_array({"stimuli": ([0.3], "jackknife")}))
    assert math.isnan(lonely.error)
    assert all(math.isnan(end) for end in lonely.interval)
    certain = with_uncertainty(Score(value=1.0), replicates_array({"stimuli": ([1.0, 1.0, 1.0], "jackknife")}))
    assert (certain.error, certain.interval) == (0.0, (1.0, 1.0))


def test_a_plan_that_cannot_give_an_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="bootstrap over neuroids does not say how many units it drew"):
        replicates_array({"neuroids": ([1.0, 2.0], "bootstrap")})
    with pytest.raises(ValueError, match="is 'permutation'; expected 'bootstrap' or 'jackknife'"):
        replicates_array({"stimuli": ([1.0, 2.0], "permutation")})


def test_groups_follow_stimuli_not_rows() -> None:
    ids = np.array([f"s{k:03d}" for k in range(53)])
    groups = stimulus_groups(ids)
    assert set(groups) == set(range(20))
    assert sorted(np.bincount(groups)) == [2] * 7 + [3] * 13
    assert (groups != np.arange(53) % 20).any()
    order = np.random.default_rng(5).permutation(np.repeat(np.arange(53), 4))
    np.testing.assert_array_equal(stimulus_groups(ids[order]), groups[order])
    assert (stimulus_groups(ids, seed=1) != groups).any()
    np.testing.assert_array_equal(np.sort(stimulus_groups(["b", "a", "c"])), [0, 1, 2])


def test_neuroids_are_drawn_alike_whatever_their_order() -> None:
    names = np.array(["n3", "n1", "n2", "n0"])
    first, other = neuroid_draws(names), neuroid_draws(names[::-1])
    assert first.shape == (1000, 4)
    np.testing.assert_array_equal(names[first], names[::-1][other])
    assert np.bincount(first.ravel()) == pytest.approx(np.full(4, 1000), rel=0.1)


@pytest.mark.parametrize(("n", "digest"), [(20, "04678bd21654918b"), (500, "7e913852cb378c2c"), (3000, "928e420200b5d67e")])
def test_draws_are_those_that_stored_replicates_were_made_of(n: int, digest: str) -> None:
    """NumPy does not promise its streams (NEP 19), and comparisons draw again; of other draws half of the jumps would stay."""
    draws = neuroid_draws(np.arange(n)).astype("<i8")
    assert hashlib.sha256(draws.tobytes()).hexdigest()[:16] == digest


def test_draws_are_the_same_in_blocks_of_any_size() -> None:
    """As comparisons draw again, which do not know how many values of each neuroid a score looked up."""
    n, blocks = 6000, {}
    for n_splits in (1, 10, 33):
        blocks[n_splits] = [draws for _, draws in blocks_of_neuroid_draws(np.arange(n), 150, n_splits)]
    assert [len(found[0]) for found in blocks.values()] == [100, 83, 25]
    for found in blocks.values():
        np.testing.assert_array_equal(np.concatenate(found), np.concatenate(blocks[1]))


def test_draws_of_many_voxels_come_in_blocks_that_fit_into_memory() -> None:
    names = np.arange(7)[::-1]
    sizes = []
    for block, expected in zip(
        blocks_of_neuroid_draws(names, 250, 10), (slice(0, 100), slice(100, 200), slice(200, 250)), strict=True
    ):
        assert block[0] == expected
        np.testing.assert_array_equal(block[1], neuroid_draws(names, 250)[expected])
    for some, draws in blocks_of_neuroid_draws(np.arange(100_000), 20, 10):
        sizes.append(draws.size)
        assert draws.shape == (some.stop - some.start, 100_000)
    assert max(sizes) * 10 <= VALUES_AT_ONCE
    assert sum(sizes) == 20 * 100_000
