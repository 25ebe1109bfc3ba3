"""The noise ceiling against scipy's analysis of variance, and data of known signal and noise."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.interfaces import AssemblyError
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling


def assembly(cube: np.ndarray) -> xr.DataArray:
    """(repetition, stimulus, neuroid) as presentations."""
    n_repetitions, n_stimuli, n_neuroids = cube.shape
    coords = {
        "stimulus_id": ("presentation", np.tile([f"s{k:04d}" for k in range(n_stimuli)], n_repetitions)),
        "repetition": ("presentation", np.repeat(np.arange(n_repetitions), n_stimuli)),
        "neuroid_id": ("neuroid", [f"n{k:03d}" for k in range(n_neuroids)]),
    }
    return xr.DataArray(cube.reshape(-1, n_neuroids), dims=("presentation", "neuroid"), coords=coords)


def measured(signal: float, noise: float, k: int, n_stimuli: int = 400, n_neuroids: int = 30, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return signal * rng.normal(size=(1, n_stimuli, n_neuroids)) + noise * rng.normal(size=(k, n_stimuli, n_neuroids))


def test_it_is_one_less_the_reciprocal_of_the_f_statistic() -> None:
    """With equal numbers of repeats ``NC = 1 - 1/F`` of a one-way analysis of variance over stimuli."""
    cube = measured(1, 2, k=3, n_stimuli=40, n_neuroids=4)
    score = noise_ceiling(assembly(cube))
    assert score.units is not None
    for neuroid in range(4):
        f = stats.f_oneway(*cube[:, :, neuroid].T).statistic
        assert float(score.units[neuroid]) == pytest.approx(1 - 1 / f, rel=1e-9)
    assert score.value == pytest.approx(np.median(score.units.values))
    assert score.details["percent"] == pytest.approx(100 * score.value)


@pytest.mark.parametrize(("signal", "noise", "k"), [(1, 1, 3), (0.5, 2, 4), (0, 1, 3)])
def test_known_signal_and_noise(signal: float, noise: float, k: int) -> None:
    score = noise_ceiling(assembly(measured(signal, noise, k)))
    assert score.interval[0] < signal**2 / (signal**2 + noise**2 / k) < score.interval[1]
    assert score.resampled == ("stimuli", "neuroids")
    assert 0 < score.error < 0.05


def test_it_is_not_clipped_where_repeats_disagree() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(1, 50, 3))
    assert noise_ceiling(assembly(np.concatenate([x, -x + 0.1 * rng.normal(size=x.shape)]))).value < -1


def test_missing_repeats_may_be_nan_or_no_row() -> None:
    cube = measured(1, 1, k=4, n_stimuli=2000, n_neuroids=5)
    cube[2:, ::2] = np.nan
    with_nan = assembly(cube)
    without = with_nan[~np.isnan(with_nan.values).any(axis=1)]
    assert noise_ceiling(with_nan).value == pytest.approx(noise_ceiling(without).value, rel=1e-12)
    harmonic = 1 / ((1 / 2 + 1 / 4) / 2)
    assert noise_ceiling(with_nan).value == pytest.approx(1 / (1 + 1 / harmonic), abs=0.02)


def test_order_changes_nothing_and_a_constant_neuroid_is_counted() -> None:
    cube = measured(1, 1, k=3, n_stimuli=60, n_neuroids=7)
    given, rng = assembly(cube), np.random.default_rng(2)
    score, shuffled = noise_ceiling(given), noise_ceiling(given[rng.permutation(180)][:, rng.permutation(7)])
    assert shuffled.value == pytest.approx(score.value, rel=1e-12)
    assert shuffled.error == pytest.approx(score.error, rel=1e-9)
    cube[:, :, 2] = 3.1
    constant = noise_ceiling(assembly(cube))
    assert constant.n_nan == 1
    assert constant.value == pytest.approx(noise_ceiling(assembly(np.delete(cube, 2, axis=2))).value)


def test_what_has_none_is_refused() -> None:
    given = assembly(measured(1, 1, k=2, n_stimuli=10, n_neuroids=3))
    with pytest.raises(AssemblyError, match="at least 2 repetitions; the assembly has 1"):
        noise_ceiling(given[:10])
    with pytest.raises(AssemblyError, match="no stimulus was repeated"):
        noise_ceiling(given[np.r_[0:5, 15:20]])
    with pytest.raises(AssemblyError, match="at least 4 stimuli; the assembly has 3"):
        noise_ceiling(given[np.r_[0:3, 10:13]])
    with pytest.raises(AssemblyError, match="has the same repetition twice"):
        noise_ceiling(given.assign_coords(repetition=("presentation", np.arange(20) % 2)))


def test_more_than_a_fifth_of_neuroids_without_one_leave_no_value() -> None:
    cube = measured(1, 1, k=3, n_stimuli=60, n_neuroids=10)
    cube[:, :, :2] = 3.1
    few = noise_ceiling(assembly(cube))
    assert few.value == pytest.approx(noise_ceiling(assembly(cube[:, :, 2:])).value)
    assert few.notes[0].startswith("2 of 10 neuroids have no noise ceiling")
    assert few.notes[0].endswith(": left out")
    cube[:, 3:, 2] = np.nan
    many = noise_ceiling(assembly(cube))
    assert np.isnan(many.value)
    assert np.isnan(many.error)
    assert many.n_nan == 3
    assert many.notes[0].endswith("more than 20%, too many for a median")


def test_responses_that_cannot_be_computed_with_are_refused() -> None:
    cube = measured(1, 1, k=3, n_stimuli=10, n_neuroids=3)
    given = assembly(cube)
    for wrong, sentence in (
        (given * 1e80, "cannot be computed with"),
        (given.astype(str), "dtype <U32"),
        (given > 0, "dtype bool"),
    ):
        with pytest.raises(AssemblyError, match=sentence):
            noise_ceiling(wrong)
    cube[0, 3, 2] = np.inf
    with pytest.raises(AssemblyError, match="has 1 responses that are infinite"):
        noise_ceiling(assembly(cube))
