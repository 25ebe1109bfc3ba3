"""Crossnobis distances and the noise covariance against rsatoolbox, then their promise: no bias from noise."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.backends import on_device, scoring_device, to_numpy
from fornix.numerics.similarity.crossnobis import crossnobis_distances, noise_covariance, repeated_responses

#: On every backend that is there.
pytestmark = pytest.mark.usefixtures("scoring_device")


def waves() -> np.ndarray:
    """(3 repetitions, 5 stimuli, 4 neuroids)."""
    k = np.arange(60).reshape(3, 5, 4)
    return np.asarray(np.sin(0.7 * (k % 20)) + 0.6 * np.cos(1.3 * k**1.1))


def here(values: np.ndarray) -> Any:
    """On the device that is tested."""
    return on_device(values, scoring_device())


def distances_of(responses: np.ndarray) -> np.ndarray:
    return to_numpy(crossnobis_distances(here(responses)))


def repeated(values: np.ndarray) -> xr.DataArray:
    r, n, p = values.shape
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:02d}" for k in range(n)], r)),
        "repetition": ("presentation", np.repeat(np.arange(r), n)),
    }
    return xr.DataArray(values.reshape(-1, p), dims=("presentation", "neuroid"), coords=coords)


@pytest.mark.parametrize("shape", [(2, 6, 3), (3, 20, 8), (5, 12, 30)])
def test_covariance_and_distances_are_those_of_rsatoolbox(shape: tuple[int, int, int], rsatoolbox: Any) -> None:
    """One fold for each repetition, the noise covariance pooled over stimuli; its neuroids share noise."""
    rng, (r, n, p) = np.random.default_rng(0), shape
    responses = rng.normal(size=(n, p)) + rng.normal(size=shape) @ (np.eye(p) + 0.3 * rng.normal(size=(p, p)))
    shown = {"stimulus": np.tile(np.arange(n), r), "repetition": np.repeat(np.arange(r), n)}
    data = rsatoolbox.data.Dataset(responses.reshape(-1, p), obs_descriptors=shown)
    covariance = rsatoolbox.data.noise.cov_from_unbalanced(data, "stimulus")
    np.testing.assert_allclose(to_numpy(noise_covariance(here(responses))), covariance, rtol=1e-9, atol=1e-12)
    expected = rsatoolbox.rdm.calc_rdm(
        data, method="crossnobis", descriptor="stimulus", cv_descriptor="repetition", noise=np.linalg.inv(covariance)
    )
    np.testing.assert_allclose(distances_of(responses)[np.triu_indices(n, 1)], expected.dissimilarities[0], rtol=1e-8, atol=1e-10)


def test_the_values_are_those_that_rsatoolbox_gave() -> None:
    """The same of rsatoolbox 0.3.2, where it cannot be imported: below scikit-learn 1.6."""
    np.testing.assert_allclose(
        to_numpy(noise_covariance(here(waves())))[0], [0.222787785, -0.048795176, -0.097974217, 0.110235804], atol=1e-9
    )
    expected = [23.201459196, 2.975102521, 12.018413556, 12.502659619, 20.438695809]
    expected += [2.65535316, 14.837670764, 14.167737649, 3.344987515, 14.795272004]
    np.testing.assert_allclose(distances_of(waves())[np.triu_indices(5, 1)], expected, rtol=1e-8)


def test_stimuli_that_do_not_differ_have_a_distance_of_zero_on_average() -> None:
    rng = np.random.default_rng(0)
    distances = np.array([distances_of(rng.normal(size=(4, 40, 10)))[np.triu_indices(40, 1)] for _ in range(60)])
    assert abs(distances.mean()) < 0.03
    assert (distances < 0).mean() > 0.3


def test_the_metric_takes_the_order_of_presentations_for_nothing() -> None:
    rng = np.random.default_rng(1)
    latent = rng.normal(size=(20, 4))
    target = repeated(latent @ rng.normal(size=(4, 12)) + rng.normal(size=(3, 20, 12)))
    source = xr.DataArray(
        latent, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", [f"s{k:02d}" for k in range(20)])}
    )
    metric = fornix.load_metric("rdm", distance="crossnobis", comparison="cosine")
    score = metric(source, target)
    moved = metric(source[::-1], target[rng.permutation(60)])
    assert score.value > 0.8
    assert (moved.value, moved.error) == (pytest.approx(score.value, rel=1e-12), pytest.approx(score.error, rel=1e-9))
    assert score.resampled == ("stimuli", "neuroids")
    rotation = np.linalg.qr(rng.normal(size=(12, 12)))[0]
    assert np.isfinite(metric(source, target.copy(data=target.values @ rotation)).value)


def test_bad_input_is_refused_in_a_sentence() -> None:
    values = waves()
    cases = [
        (repeated(values[:1]), "the target has one repetition only; crossnobis distances compare repetitions"),
        (repeated(values)[1:], "the target has stimulus 's00' 0 times in repetition 0"),
        (repeated(values).drop_vars("repetition"), "the target has no coordinate 'repetition' on presentation"),
        (repeated(values) * np.nan, "values that are NaN or infinite"),
    ]
    for target, sentence in cases:
        with pytest.raises(AssemblyError) as raised:
            repeated_responses(target)
        assert sentence in str(raised.value)
    silent = values.copy()
    silent[:, :, 2] = 1.0
    with pytest.raises(AssemblyError, match=r"1 neuroids \(the first is number 2\) respond alike in all repetitions"):
        distances_of(silent)
