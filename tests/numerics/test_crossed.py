"""Replicates of a median over neuroids: against scipy's estimates, and their size against the truth in a simulation."""

import numpy as np
import pytest
from scipy.stats import mstats

from fornix.numerics.crossed import median_of_units, median_replicates
from fornix.numerics.uncertainty import factor_variances, replicates_array, variance

NAMES = [f"n{k:02d}" for k in range(30)]


def test_the_median_leaves_nan_out() -> None:
    units = np.array([[0.1, np.nan, 0.3, 0.9], [np.nan] * 4, [0.2, 0.2, 0.4, 0.4]])
    assert median_of_units(units) == pytest.approx((0.3 + 0.3) / 2)
    assert np.isnan(median_of_units(units[1:2]))


def test_stimuli_move_the_smoothed_median() -> None:
    rng = np.random.default_rng(0)
    units = rng.normal(size=(3, 30))
    units[1, 4] = np.nan
    without = units + 0.1 * rng.normal(size=(20, 3, 30))

    def smooth(row: np.ndarray) -> float:
        return float(mstats.hdmedian(row[np.isfinite(row)]))

    values, scheme = median_replicates(units, without, NAMES)["stimuli"]
    change = [np.mean([smooth(w) - smooth(u) for w, u in zip(group, units, strict=True)]) for group in without]
    np.testing.assert_allclose(values, median_of_units(units) + change, atol=1e-9)
    assert scheme == "jackknife"


def test_one_neuroid_has_stimuli_only() -> None:
    assert list(median_replicates(np.ones((2, 1)), np.ones((20, 2, 1)), ["n"])) == ["stimuli"]


def test_what_all_neuroids_share_reaches_stimuli_and_both_whole() -> None:
    """A shift of all neuroids together is the variance of stimuli; both then has that and the neuroids', and no more."""
    rng = np.random.default_rng(1)
    units = rng.normal(size=(5, 30)) * 0.01 + np.linspace(-0.5, 0.5, 30)
    without = units + rng.normal(size=(20, 1, 1)) * 0.05
    factors = median_replicates(units, without, NAMES)
    variances = factor_variances(replicates_array(factors))
    shift = (without - units)[:, 0, 0]
    assert variances["stimuli"] == pytest.approx(19 / 20 * ((shift - shift.mean()) ** 2).sum())
    assert variances["both"] == pytest.approx(variances["stimuli"] + variances["neuroids"], rel=0.15)


@pytest.mark.parametrize(("spread", "widest"), [(0.3, 1.3), (0.0, 3.0)])
def test_the_variance_against_the_truth(spread: float, widest: float) -> None:
    """Means of 400 stimuli for 60 neuroids with independent noise. Where neuroids differ more than their noise, the variance
    is right; where they do not differ at all, a median is not smooth on the scale of its noise and the variance too wide."""
    rng = np.random.default_rng(2)
    truth = np.array(
        [np.median(spread * rng.normal(size=60) + rng.normal(size=(400, 60)).mean(axis=0)) for _ in range(400)]
    ).var()
    found = []
    names = [f"n{k:02d}" for k in range(60)]
    for _ in range(40):
        groups = spread * rng.normal(size=60) + rng.normal(size=(20, 20, 60)).mean(axis=1)
        units, without = groups.mean(axis=0), (groups.sum(axis=0) - groups) / 19
        found.append(variance(replicates_array(median_replicates(units[None], without[:, None], names))))
    assert 0.75 < np.mean(found) / truth < widest
