"""The variance of scores over pairs, against the spread over new stimuli and neuroids."""

from typing import Any

import numpy as np
import pytest

from fornix.numerics.backends import on_device, scoring_device
from fornix.numerics.similarity.agreement import Agreement
from fornix.numerics.uncertainty.pair_effects import neuroid_variance, stimulus_deviations, stimulus_variance

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")


def distances(features: np.ndarray) -> Any:
    """On the device that is tested."""
    return on_device(1 - np.corrcoef(features), scoring_device())


def test_the_variance_over_stimuli_is_right_without_signal_and_with_it() -> None:
    """A jackknife's would be twice too large for unrelated sides, of which all noise is that of pairs."""
    rng = np.random.default_rng(0)
    for mix, lowest, highest in ((0.0, 0.8, 1.25), (0.8, 0.75, 1.3)):
        readouts = rng.normal(size=(2, 10, 40))
        found = []
        for _ in range(300):
            latent, other = rng.normal(size=(2, 40, 10))
            agreement = Agreement(distances(latent @ readouts[0]), distances((mix * latent + other) @ readouts[1]), "spearman")
            found.append((agreement.value, stimulus_variance(agreement.pair_effects(), unbiased=True)))
        values, variances = np.array(found).T
        assert lowest < variances.mean() / values.var(ddof=1) < highest


def test_replicates_have_that_variance() -> None:
    rng = np.random.default_rng(1)
    effects = Agreement(distances(rng.normal(size=(30, 8))), distances(rng.normal(size=(30, 8))), "pearson").pair_effects()
    deviations = stimulus_deviations(effects, np.arange(30) % 10)
    assert 9 / 10 * np.square(deviations).sum() == pytest.approx(stimulus_variance(effects))
    assert deviations.mean() == pytest.approx(0, abs=1e-15)


def test_what_two_neuroids_do_together_counts_once() -> None:
    """The mean of x_i x_j over pairs of 20: a jackknife's variance is twice the true one, 2/(20 19)."""
    rng = np.random.default_rng(2)

    def mean_product(x: np.ndarray) -> float:
        n = len(x)
        return float((x.sum() ** 2 - (x**2).sum()) / (n * (n - 1)))

    found, jackknife = [], []
    for _ in range(800):
        x = rng.normal(size=20)
        one = np.array([mean_product(np.delete(x, k)) for k in range(20)])
        two = np.array([mean_product(np.delete(x, (k, (k + 1) % 20))) for k in range(20)])
        found.append(neuroid_variance(one, two))
        jackknife.append(19 / 20 * np.square(one - one.mean()).sum())
    true = 2 / (20 * 19)
    assert np.mean(jackknife) / true > 1.9
    # Above 1, as at least half the jackknife's is kept, and one product of normal numbers is far from normal itself.
    assert 0.9 < np.mean(found) / true < 0.8 * np.mean(jackknife) / true


def test_fewer_than_four_stimuli_have_no_variance() -> None:
    assert np.isnan(stimulus_variance(on_device(np.zeros((3, 3)), scoring_device())))
