"""Tests of differences against scipy, published examples, and all sign flips counted out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from fornix.numerics.comparison.evidence import adjusted, effect, p_values, sign_flips, signed_z, together


def test_adjustment_rejects_what_benjamini_and_hochberg_do() -> None:
    """The example of their paper (1995, table 1): four of 15 at 0.05."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    found = adjusted(p)
    assert (found <= 0.05).tolist() == [True] * 4 + [False] * 11
    assert found[0] == pytest.approx(0.0015)


def test_adjustment_leaves_out_what_was_not_tested() -> None:
    found = adjusted([0.01, math.nan, 0.04])
    assert found[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(found[1])
    assert np.isnan(adjusted([math.nan])).all()


def test_p_of_a_difference() -> None:
    assert float(p_values(0.2, 0.01, 19)) == pytest.approx(2 * stats.t.sf(2, 19))
    assert p_values([0.2, -0.2], [0.01, 0.01], 19) == pytest.approx(2 * stats.t.sf(2, 19))
    assert np.isnan(p_values(0.2, math.nan, 19))


def test_tests_put_together_are_those_of_scipy() -> None:
    one_sided = np.array([0.01, 0.2, 0.7])
    signed = signed_z(np.where(one_sided < 0.5, 1.0, -1.0), 2 * np.minimum(one_sided, 1 - one_sided))
    z, p = together([*signed, math.nan])
    expected = stats.combine_pvalues(one_sided, method="stouffer")
    assert z == pytest.approx(expected.statistic)
    assert p == pytest.approx(2 * expected.pvalue)


def test_clear_differences_of_opposite_sign_cancel() -> None:
    """As p of one side, 1 - 1e-30 is 1, and its z without bound."""
    z, p = together(signed_z([1.0, -1.0], [1e-30, 1e-30]))
    assert z == pytest.approx(0, abs=1e-9)
    assert p == pytest.approx(1)
    assert all(math.isnan(x) for x in together([math.nan]))
    assert together(signed_z([1.0, -1.0], [0.0, 0.0])) == pytest.approx((0, 1))


def test_sign_flips_count_all_of_them() -> None:
    d = np.array([0.3, -0.1, 0.25, 0.4, 0.05, -0.02])
    means = [np.mean(d * signs) for signs in itertools.product((-1, 1), repeat=len(d))]
    expected = np.mean(np.abs(means) >= abs(d.mean()) - 1e-12)
    assert sign_flips(d) == pytest.approx(expected)
    assert sign_flips([*d, math.nan]) == pytest.approx(expected)
    assert math.isnan(sign_flips([0.3]))


def test_sign_flips_of_ranks_are_wilcoxons_test() -> None:
    d = np.random.default_rng(0).normal(0.4, size=12)
    ranks = stats.rankdata(np.abs(d)) * np.sign(d)
    assert sign_flips(ranks) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)


def test_many_flips_are_drawn() -> None:
    d = np.random.default_rng(0).normal(0.2, size=200)
    assert sign_flips(d) == pytest.approx(stats.ttest_1samp(d, 0).pvalue, abs=0.01)


def test_an_effect_of_independent_units_is_cohens() -> None:
    """With the variance of a mean over independent units it is what Hedges and Olkin have."""
    d = np.random.default_rng(0).normal(0.5, size=40)
    found, low, high = effect(d.mean(), d.var(ddof=1) / 40, 39, d)
    assert found == pytest.approx(d.mean() / d.std(ddof=1))
    reach = stats.t.ppf(0.975, 39) * math.sqrt(1 / 40 + found**2 / 78)
    assert (low, high) == pytest.approx((found - reach, found + reach))


def test_what_units_share_widens_the_interval_of_an_effect() -> None:
    d = np.random.default_rng(0).normal(0.5, size=40)
    narrow, wide = (effect(d.mean(), times * d.var(ddof=1) / 40, 39, d) for times in (1, 4))
    assert wide[0] == narrow[0]
    assert wide[2] - wide[1] > 1.5 * (narrow[2] - narrow[1])


def test_units_that_differ_alike_have_no_effect_size() -> None:
    assert all(math.isnan(x) for x in effect(0.1, 0.01, 10, [0.1, 0.1, 0.1]))
