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


@pytest.mark.parametrize("middle", [0.0, 0.8])
def test_what_moves_all_correlations_moves_their_median_most_where_it_is_near_0(middle: float) -> None:
    """Correlations all over from -1 to 1, each shifted by the same on Fisher's scale: how the median moves is known."""
    n_groups, q = 20, 400
    z, shift = middle + np.linspace(-2, 2, q), np.random.default_rng(4).normal(size=n_groups) * 0.03
    units = np.tanh(z)[None]
    truth = np.tanh(middle + shift) - np.tanh(middle)
    own = np.where(np.arange(n_groups)[:, None] % 2, 0.1, -0.1) * np.where(np.arange(q) % 2, 1.0, -1.0)  # neighbours' cancels
    change = (np.tanh(z + shift[:, None]) - np.tanh(z) + own)[:, None]
    names = [f"n{k:03d}" for k in range(q)]
    found = median_replicates(units, change, names, correlations=True)
    np.testing.assert_allclose(found["stimuli"][0] - np.tanh(middle), truth, rtol=0.08, atol=2e-3)
    variances, expected = factor_variances(replicates_array(found)), 19 / 20 * ((truth - truth.mean()) ** 2).sum()
    assert variances["stimuli"] == pytest.approx(expected, rel=0.1)
    assert variances["both"] - variances["neuroids"] == pytest.approx(expected, rel=0.3)
    as_they_are = factor_variances(replicates_array(median_replicates(units, change, names)))["stimuli"]
    assert as_they_are != pytest.approx(expected, rel=0.2)


def test_effects_on_correlations_are_fitted_by_least_squares() -> None:
    """Where units' own noise is so wide that all count alike: numpy's fit of effects to 1 - r^2, read at the median."""
    rng = np.random.default_rng(6)
    units, change = np.tanh(rng.normal(size=(1, 31))), 1e6 * rng.normal(size=(20, 1, 31))
    slopes = np.linalg.lstsq(1 - units.T**2, change[:, 0].T, rcond=None)[0][0]
    moved = median_replicates(units, change, [f"n{k:02d}" for k in range(31)], correlations=True)["stimuli"][0]
    np.testing.assert_allclose(moved - np.median(units), slopes * (1 - np.median(units) ** 2), rtol=1e-9)


def test_correlations_of_two_values_have_a_finite_error() -> None:
    """They are 1 or -1, of which no steepness can be told: effects count at most twice."""
    units = np.array([[1.0, -1.0, 1.0 - 1e-16, -1.0 + 1e-16, 1.0, -1.0]])
    change = np.random.default_rng(5).normal(size=(20, 1, 6))
    values = median_replicates(units, change, NAMES[:6], correlations=True)["stimuli"][0]
    assert np.all(abs(values) <= 2 * abs(change[:, 0]).max(axis=1))


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
