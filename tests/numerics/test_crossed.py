"""Replicates of a median over neuroids: against scipy's estimates, and their size against the truth in a simulation."""

import numpy as np
import pytest

from fornix.numerics.uncertainty.crossed import median_of_units, median_replicates
from fornix.numerics.uncertainty.intervals import factor_variances, replicates_array, variance

NAMES = [f"n{k:02d}" for k in range(30)]


def test_the_median_leaves_nan_out() -> None:
    units = np.array([[0.1, np.nan, 0.3, 0.9], [np.nan] * 4, [0.2, 0.2, 0.4, 0.4]])
    assert median_of_units(units) == pytest.approx((0.3 + 0.3) / 2)
    assert np.isnan(median_of_units(units[1:2]))


def test_stimuli_move_the_median_by_the_units_around_it() -> None:
    """Where effects do not differ between units, a group moves the median by its effect; far units do not count."""
    units = np.array([[0.1, 0.2, 0.3, 0.4, 50.0, np.nan]])
    change = np.zeros((20, 1, 6))
    change[:, 0, :4] = np.linspace(-0.01, 0.01, 20)[:, None]
    values, scheme = median_replicates(units, change, NAMES[:6])["stimuli"]
    assert scheme == "jackknife"
    change[:, 0, 4] = 1e-6 * np.random.default_rng(0).normal(size=20)
    near = median_replicates(units[:, :4], change[:, :, :4], NAMES[:4])["stimuli"][0]
    np.testing.assert_allclose(near - 0.25, np.linspace(-0.01, 0.01, 20), rtol=1e-9)
    assert abs(values - 0.3).max() < 0.011


def test_what_two_groups_do_together_counts_once() -> None:
    """A score that is a mean over pairs of groups of products of noise: a jackknife alone finds twice its variance."""
    rng = np.random.default_rng(3)
    n_groups, alone, corrected, truth = 20, [], [], []
    a, b = np.triu_indices(n_groups, 1)

    def score(pairs: np.ndarray, *left_out: int) -> float:
        return float(pairs[~np.isin(a, left_out) & ~np.isin(b, left_out)].mean())

    for _ in range(300):
        x, y = rng.normal(size=(2, n_groups))
        pairs = x[a] * y[b] + x[b] * y[a]
        whole = score(pairs)
        truth.append(whole)
        change = np.array([score(pairs, g) - whole for g in range(n_groups)])
        joint = np.array([score(pairs, g, h) - whole - change[g] - change[h] for g, h in zip(a, b, strict=True)])
        for into, given in ((alone, None), (corrected, joint[:, None])):
            factors = median_replicates(np.array([[whole]]), change[:, None, None], ["n"], given)
            into.append(variance(replicates_array(factors)))
    assert 1.7 < np.mean(alone) / np.var(truth) < 2.4
    # Not 1: leaving 1 of 20 groups out in full, not in part, makes the others count 20/19 as much in either place.
    assert 0.8 < np.mean(corrected) / np.var(truth) < 1.4


def test_one_neuroid_has_stimuli_only() -> None:
    assert list(median_replicates(np.ones((2, 1)), np.zeros((20, 2, 1)), ["n"])) == ["stimuli"]


def test_what_all_neuroids_share_reaches_stimuli_and_both_whole() -> None:
    """A shift of all neuroids together is the variance of stimuli; both then has that and the neuroids', and no more."""
    rng = np.random.default_rng(1)
    units = rng.normal(size=(5, 30)) * 0.01 + np.linspace(-0.5, 0.5, 30)
    shift = rng.normal(size=20) * 0.05
    factors = median_replicates(units, np.broadcast_to(shift[:, None, None], (20, 5, 30)), NAMES)
    variances = factor_variances(replicates_array(factors))
    assert variances["stimuli"] == pytest.approx(19 / 20 * ((shift - shift.mean()) ** 2).sum())
    assert variances["both"] == pytest.approx(variances["stimuli"] + variances["neuroids"], rel=0.15)


@pytest.mark.parametrize(("spread", "widest"), [(0.3, 1.3), (0.0, 1.3)])
def test_the_variance_against_the_truth(spread: float, widest: float) -> None:
    """Means of 400 stimuli for 60 neuroids with independent noise, whether neuroids differ more than that or not at all."""
    rng = np.random.default_rng(2)
    truth = np.array(
        [np.median(spread * rng.normal(size=60) + rng.normal(size=(400, 60)).mean(axis=0)) for _ in range(400)]
    ).var()
    found = []
    names = [f"n{k:02d}" for k in range(60)]
    for _ in range(40):
        groups = spread * rng.normal(size=60) + rng.normal(size=(20, 20, 60)).mean(axis=1)
        units, without = groups.mean(axis=0), (groups.sum(axis=0) - groups) / 19
        found.append(variance(replicates_array(median_replicates(units[None], (without - units)[:, None], names))))
    assert 0.75 < np.mean(found) / truth < widest
