"""What is not linear in draws of neuroids: against the formulas of others, with few neuroids and with more than draws."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from fornix.numerics.comparison.differences import pairs
from fornix.numerics.comparison.jumps import jumps
from fornix.numerics.uncertainty.draws import N_DRAWS, neuroid_draws
from fornix.numerics.uncertainty.intervals import replicates_array

N = 30
DRAWS = neuroid_draws(np.arange(N))


@functools.cache
def times(n: int) -> np.ndarray:
    """How often each of n neuroids was drawn, less the mean over draws: (draw, neuroid)."""
    counts = np.stack([np.bincount(draw, minlength=n) for draw in neuroid_draws(np.arange(n))])
    return np.asarray(counts - counts.mean(axis=0))


@functools.cache
def medians_of_pairs(m: int, n: int, apart: float) -> np.ndarray:
    """Replicates of the medians of m pairs of samples that differ by noise: (2 m, draw)."""
    rng, draws = np.random.default_rng(0), neuroid_draws(np.arange(n))
    first = rng.normal(size=(m, n))
    units = np.stack([first, first + apart * rng.normal(size=(m, n))], axis=1).reshape(-1, n)
    return np.stack([np.median(unit[draws], axis=-1) for unit in units])


def of_pairs(square: np.ndarray) -> np.ndarray:
    """The entries of the pairs (0, 1), (2, 3), ..."""
    return np.diag(square[::2, 1::2])


def differences(medians: np.ndarray) -> np.ndarray:
    """Of each pair, around their mean over draws."""
    apart = medians[::2] - medians[1::2]
    return np.asarray(apart - apart.mean(axis=1, keepdims=True))


@pytest.mark.parametrize("n", [N, 700, 1500])
def test_what_is_left_is_the_infinitesimal_jackknife(n: int) -> None:
    """Of differences of medians: ``sum_j cov(times j was drawn, difference)^2`` (Efron 2014, equation 3.8)."""
    medians = medians_of_pairs(20, n, 0.5)
    apart = differences(medians)
    total = apart.var(axis=1, ddof=1)
    covariance = apart @ times(n) / (N_DRAWS - 1)
    # Each covariance has an error: n/r of the bootstrap's variance too much (Wager et al. 2014, J Mach Learn Res 15:1625).
    expected = (covariance**2).sum(axis=1) - n / N_DRAWS * total
    found = total - of_pairs(jumps(medians, n))
    assert found / total == pytest.approx(expected / total, abs=0.3)
    assert np.mean(found / total) == pytest.approx(np.mean(expected / total), abs=0.025)


@pytest.mark.parametrize("n", [N, 900, 1200])
def test_parts_are_told_apart_as_components_of_variance_are(n: int) -> None:
    """MINQUE by its own formula (Rao 1971): ``S (linear, jumps)' = (y'V^-1 A V^-1 y, y'V^-2 y)'``, V = A + I, on centred y."""
    medians = medians_of_pairs(3, n, 0.5)
    centred = np.eye(N_DRAWS) - 1 / N_DRAWS
    among = times(n) @ times(n).T / n
    inverse = centred @ np.linalg.inv(among + np.eye(N_DRAWS)) @ centred
    parts = [inverse @ among, inverse]
    s = np.array([[np.trace(a @ b) for b in parts] for a in parts])
    apart = differences(medians)
    right = np.stack([((apart @ part @ inverse) * apart).sum(axis=1) for part in parts])
    assert of_pairs(jumps(medians, n)) == pytest.approx(np.linalg.solve(s, right)[1], rel=1e-6)


@pytest.mark.parametrize(("n", "within"), [(N, 2e-4), (150, 4e-3), (500, 0.04)])
def test_of_few_neuroids_it_is_the_residual_of_least_squares(n: int, within: float) -> None:
    medians = medians_of_pairs(20, n, 0.5)
    apart = differences(medians)
    _, residual, *_ = np.linalg.lstsq(times(n)[:, :-1], apart.T)
    total = apart.var(axis=1, ddof=1)
    assert of_pairs(jumps(medians, n)) / total == pytest.approx(residual / (N_DRAWS - n) / total, abs=within)


def test_one_neuroid_more_than_half_of_the_draws_changes_little() -> None:
    """Of the variance 18 % is not linear, with 500 and with 501 neuroids."""
    shares = []
    for n in (500, 501):
        medians = medians_of_pairs(20, n, 0.5)
        shares.append(np.mean(of_pairs(jumps(medians, n)) / differences(medians).var(axis=1, ddof=1)))
    assert shares == pytest.approx([0.18, 0.18], abs=0.03)


@pytest.mark.parametrize(("n", "within"), [(N, 5e-4), (500, 0.05), (1500, 0.2)])
def test_means_have_nothing_beyond_what_is_linear(n: int, within: float) -> None:
    """But by chance, above and below: with more neuroids the less is told by the same draws."""
    units = np.random.default_rng(0).normal(size=(40, n))
    means = np.stack([unit[neuroid_draws(np.arange(n))].mean(axis=-1) for unit in units])
    beyond = of_pairs(jumps(means, n)) / differences(means).var(axis=1, ddof=1)
    assert beyond == pytest.approx(np.zeros(20), abs=within)
    assert beyond.mean() == pytest.approx(0, abs=within / 4)
    assert beyond.min() < 0 < beyond.max()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("n", [N, 1500])
def test_what_cannot_be_told_is_left_as_it_is(n: int) -> None:
    rng = np.random.default_rng(0)
    medians = medians_of_pairs(1, n, 0.5)
    assert jumps(medians, n)[0, 1] > 0
    for other in (np.where(np.arange(N_DRAWS) == 3, np.nan, medians[0]), rng.permuted(medians[0])):
        assert (jumps(np.stack([medians[0], other]), n) == 0).all()
    assert (jumps(medians[:, : int(8 * np.sqrt(2 * n))], n) == 0).all()  # of too few draws
    assert jumps(medians[:, : int(8 * np.sqrt(2 * n)) + 1], n).shape == (2, 2)
    assert (jumps(medians, 1) == 0).all()


def test_more_neuroids_than_the_draws_can_tell_of_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("draws were made again")

    monkeypatch.setattr("fornix.numerics.comparison.jumps.blocks_of_neuroid_draws", refuse)
    assert (jumps(np.random.default_rng(0).normal(size=(3, N_DRAWS)), 7813) == 0).all()


@pytest.mark.parametrize("n", [N, 900, 1500])
def test_at_least_half_of_the_variance_is_left_whatever_the_replicates(n: int) -> None:
    """Two scores that differ in one direction of the draws alone: what a line says of it can be many times its variance."""
    left, sizes, _ = np.linalg.svd(times(n), full_matrices=False)
    score = left[:, 0] * sizes[0]
    several = [score + left[:, k] for k in (1, len(sizes) // 2, len(sizes) - 2)]
    for other in (*several, score + np.random.default_rng(0).normal(size=N_DRAWS)):
        found = pairs([replicates_array({"neuroids": (values, "bootstrap", n)}) for values in (score, other)])
        whole = (score - other).var(ddof=1)
        assert whole / 2 * (1 - 1e-6) <= found.variance[0, 1] <= whole * 1.5 * (1 + 1e-6)
    if n > N_DRAWS:
        assert jumps(np.stack([score, several[2]]), n)[0, 1] > 2 * (score - several[2]).var(ddof=1)


@pytest.mark.parametrize("n", [N, 1200])
@pytest.mark.parametrize("other", ["one without a value", "all the same", "of other draws"])
def test_two_scores_are_compared_alike_whoever_else_is_there(other: str, n: int) -> None:
    rng = np.random.default_rng(0)
    medians = medians_of_pairs(1, n, 0.5)
    third = {
        "one without a value": np.where(np.arange(N_DRAWS) == 3, np.nan, medians[0]),
        "all the same": np.full(N_DRAWS, 0.1),  # its mean is rounded
        "of other draws": rng.permuted(medians[0]),
    }[other]
    a, b, c = (replicates_array({"neuroids": (values, "bootstrap", n)}) for values in (*medians, third))
    alone, beside = pairs([a, b]), pairs([a, b, c])
    assert beside.variance[:2, :2] == pytest.approx(alone.variance, rel=1e-9)
    assert beside.freedom[0, 1] == pytest.approx(alone.freedom[0, 1], rel=1e-9)
    assert alone.variance[0, 1] < 0.98 * np.var(medians[0] - medians[1], ddof=1)  # half of the jumps is taken off


def test_replicates_that_do_not_vary_do_not_jump() -> None:
    medians = np.median(np.random.default_rng(0).normal(size=N)[DRAWS], axis=-1)
    steady = np.full(N_DRAWS, 0.1)
    found = jumps(np.stack([medians, steady, np.zeros(N_DRAWS), steady]), N)
    assert found[1, 3] == 0
    assert found[0, 1] == found[0, 2] > 0  # what the other jumps by


@pytest.mark.parametrize(("n", "apart"), [(20, 1.0), (50, 0.2), (50, 1.0), (501, 0.33)])
def test_variances_of_differences_of_medians_are_about_right(n: int, apart: float) -> None:
    """Beside new neuroids: a bootstrap has 1.2 to 1.5 times the variance, what is linear in it 0.55 to 0.9 times."""
    rng, truth = np.random.default_rng(0), []
    for _ in range(20):
        first = rng.normal(size=(500, n))
        truth.append(np.median(first, axis=-1) - np.median(first + apart * rng.normal(size=(500, n)), axis=-1))
    medians = medians_of_pairs(100, n, apart)
    found = pairs([replicates_array({"neuroids": (values, "bootstrap", n)}) for values in medians])
    assert of_pairs(found.variance).mean() / np.var(truth) == pytest.approx(1, abs=0.2)
    assert differences(medians).var(axis=1, ddof=1).mean() / np.var(truth) > 1.15
