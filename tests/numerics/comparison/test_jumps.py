"""What is not linear in draws of neuroids: against the infinitesimal jackknife by its own formula, and where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from fornix.numerics.comparison.differences import pairs
from fornix.numerics.comparison.jumps import jumps
from fornix.numerics.uncertainty.draws import neuroid_draws
from fornix.numerics.uncertainty.intervals import replicates_array

N = 30
DRAWS = neuroid_draws(np.arange(N))


def test_what_is_left_is_the_infinitesimal_jackknife() -> None:
    """Of the medians of two samples: ``sum_j cov(times j was drawn, median)^2`` (Efron 2014, equation 3.8)."""
    rng = np.random.default_rng(0)
    units = rng.normal(size=(2, N)) + 2 * rng.normal(size=N)
    medians = np.median(units[:, DRAWS], axis=-1)
    left = jumps(medians, N)
    times = np.stack([np.bincount(draw, minlength=N) for draw in DRAWS])
    for values, beyond in zip([*medians, medians[0] - medians[1]], [*left, left[0] - left[1]], strict=True):
        covariance = (times - times.mean(axis=0)).T @ (values - values.mean()) / (len(values) - 1)
        # Efron's estimate has N/r of the bootstrap's variance too much, as each covariance has an error (Wager et al. 2014).
        total = values.var(ddof=1)
        expected = (covariance**2).sum() - N / len(values) * total
        assert total - (beyond**2).sum() / (len(values) - 1) == pytest.approx(expected, rel=0.1)


def test_means_have_nothing_beyond_what_is_linear() -> None:
    units = np.random.default_rng(0).normal(size=(2, N))
    left = jumps(units[:, DRAWS].mean(axis=-1), N)
    assert left == pytest.approx(np.zeros((2, len(DRAWS))), abs=1e-12)


def test_what_cannot_be_told_is_left_as_it_is() -> None:
    rng = np.random.default_rng(0)
    medians = np.median(rng.normal(size=N)[DRAWS], axis=-1)[None]
    assert np.isnan(jumps(medians[:, : 2 * N - 1], N)).all()
    assert np.isnan(jumps(np.where(np.arange(len(DRAWS)) == 3, np.nan, medians), N)).all()
    assert np.isnan(jumps(rng.permuted(medians, axis=1), N)).all()  # of other draws


@pytest.mark.parametrize("other", ["one without a value", "all the same", "of other draws"])
def test_two_scores_are_compared_alike_whoever_else_is_there(other: str) -> None:
    rng = np.random.default_rng(0)
    medians = np.median((rng.normal(size=(2, N)) + rng.normal(size=N))[:, DRAWS], axis=-1)
    third = {
        "one without a value": np.where(np.arange(len(DRAWS)) == 3, np.nan, medians[0]),
        "all the same": np.full(len(DRAWS), 0.1),  # its mean is rounded
        "of other draws": rng.permuted(medians[0]),
    }[other]
    a, b, c = (replicates_array({"neuroids": (values, "bootstrap", N)}) for values in (*medians, third))
    alone, beside = pairs([a, b]), pairs([a, b, c])
    assert beside.variance[:2, :2] == pytest.approx(alone.variance, rel=1e-10)
    assert beside.freedom[0, 1] == pytest.approx(alone.freedom[0, 1], rel=1e-10)
    assert alone.variance[0, 1] < 0.95 * np.var(medians[0] - medians[1], ddof=1)  # half of the jumps is taken off


def test_replicates_that_do_not_vary_do_not_jump() -> None:
    medians = np.median(np.random.default_rng(0).normal(size=N)[DRAWS], axis=-1)
    left = jumps(np.stack([medians, np.full(len(DRAWS), 0.1)]), N)
    assert np.isfinite(left).all()
    assert (left[1] == 0).all()
    assert left[0].any()


@pytest.mark.parametrize(("n", "apart"), [(20, 1.0), (50, 0.2), (50, 1.0)])
def test_variances_of_differences_of_medians_are_about_right(n: int, apart: float) -> None:
    """Beside new neuroids: a bootstrap has 1.2 to 1.5 times the variance, what is linear in it 0.55 to 0.9 times."""
    rng, draws = np.random.default_rng(0), neuroid_draws(np.arange(n))

    def samples(m: int) -> np.ndarray:
        first = rng.normal(size=(m, n))
        return np.stack([first, first + apart * rng.normal(size=(m, n))], axis=1)

    truth = np.subtract(*np.median(samples(10_000), axis=-1).T).var()
    medians = np.median(samples(100)[:, :, draws], axis=-1).reshape(-1, len(draws))
    found = pairs([replicates_array({"neuroids": (values, "bootstrap", n)}) for values in medians])
    bootstrap = (medians[::2] - medians[1::2]).var(axis=1, ddof=1)
    assert np.diag(found.variance[::2, 1::2]).mean() / truth == pytest.approx(1, abs=0.2)
    assert bootstrap.mean() / truth > 1.15
