"""PLS where ``FORNIX_SCORING_DEVICE`` says: the score, its error and replicates of NumPy, or a sentence."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Score
from fornix.numerics.linear.gram import gram_of_assembly


def assembly(values: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def pair(p: int, q: int, n: int = 70) -> tuple[xr.DataArray, xr.DataArray]:
    rng = np.random.default_rng(p + q)
    latent = rng.normal(size=(n, 6))
    return tuple(assembly(latent @ rng.normal(size=(6, k)) + rng.normal(size=(n, k)) + 3) for k in (p, q))  # type: ignore[return-value]


def score_on(device: str, source: xr.DataArray, target: xr.DataArray, monkeypatch: pytest.MonkeyPatch) -> Score:
    monkeypatch.setenv("FORNIX_SCORING_DEVICE", device)
    return fornix.load_metric("pls", n_components=8, n_splits=3)(source, target)


@pytest.mark.parametrize("form", ["features", "many features", "gram", "more targets than stimuli"])
def test_the_backend_changes_no_score(form: str, scoring_device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = pair(200 if form == "many features" else 20, 90 if form == "more targets than stimuli" else 9)
    given = gram_of_assembly(source) if form == "gram" else source
    expected, score = (score_on(device, given, target, monkeypatch) for device in ("numpy", scoring_device))
    assert score.value == pytest.approx(expected.value, abs=1e-9)
    assert score.error == pytest.approx(expected.error, abs=1e-9)
    np.testing.assert_allclose(score.units, expected.units, rtol=0, atol=1e-9)
    np.testing.assert_allclose(score.replicates, expected.replicates, rtol=0, atol=1e-9)


def test_permuted_rows_score_alike(scoring_device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = pair(20, 9)
    orders, found = [np.random.default_rng(seed).permutation(70) for seed in range(2)], []
    for device in ("numpy", scoring_device):
        monkeypatch.setenv("FORNIX_SCORING_DEVICE", device)
        found.append(fornix.load_metric("pls", n_components=8, n_splits=3).permuted(source, target, orders))
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-9)


def test_a_device_that_is_not_there_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    with pytest.raises(fornix.UsageError, match="torch cannot use the device 'toaster'"):
        score_on("toaster", *pair(20, 9), monkeypatch)
