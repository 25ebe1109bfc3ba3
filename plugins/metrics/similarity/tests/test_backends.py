"""Similarity where ``FORNIX_SCORING_DEVICE`` says: the score, its error and replicates of NumPy, or a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Gram, Score
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.numerics.similarity.dissimilarity import dissimilarities

N = 50


def assembly(values: np.ndarray, **coordinates: tuple[str, np.ndarray]) -> xr.DataArray:
    ids = np.tile([f"s{k:03d}" for k in range(N)], len(values) // N)
    coords = {
        "stimulus_id": ("presentation", ids),
        "object_name": ("presentation", np.array(["cat", "dog"])[np.arange(len(ids)) % 2]),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**coords, **coordinates})


RNG = np.random.default_rng(0)
LATENT = RNG.normal(size=(N, 5))
SOURCE = assembly(LATENT @ RNG.normal(size=(5, 30)) + RNG.normal(size=(N, 30)) + 2)
TARGET = assembly(LATENT @ RNG.normal(size=(5, 24)) + RNG.normal(size=(N, 24)) - 1)
WIDE = assembly(SOURCE.values @ RNG.normal(size=(30, 90)))
#: One stimulus without responses, whose pairs have no dissimilarity, and two that are answered alike.
LACKING = SOURCE.copy(data=np.where(np.arange(N)[:, None] == 7, 0.0, SOURCE.values[np.where(np.arange(N) == 9, 8, np.arange(N))]))
REPEATED = assembly(
    np.concatenate([TARGET.values + RNG.normal(size=(N, 24)) for _ in range(3)]),
    repetition=("presentation", np.repeat(np.arange(3), N)),
)


def people(n: int) -> xr.DataArray:
    return TARGET.assign_coords(subject=("neuroid", np.array([f"p{k}" for k in np.arange(24) % n])))


def scores(name: str, source: xr.DataArray | Gram, target: xr.DataArray, **options: Any) -> Callable[[], Score]:
    return lambda: fornix.load_metric(name, **options)(source, target)


SCORES: dict[str, Callable[[], Score]] = {
    "rdm": scores("rdm", SOURCE, TARGET),
    "rdm, gram": scores("rdm", gram_of_assembly(SOURCE), TARGET),
    "rdm, lacking": scores("rdm", LACKING, TARGET),
    "rdm, euclidean, pearson": scores("rdm", SOURCE, TARGET, distance="euclidean", comparison="pearson"),
    "rdm, euclidean, cosine, gram": scores("rdm", gram_of_assembly(LACKING), TARGET, distance="euclidean", comparison="cosine"),
    "rdm, kendall": scores("rdm", SOURCE, TARGET, comparison="kendall"),
    "rdm, crossnobis": scores("rdm", SOURCE, REPEATED, distance="crossnobis"),
    "rdm, 3 subjects": scores("rdm", SOURCE, people(3)),
    "rdm, 8 subjects": scores("rdm", SOURCE, people(8)),
    "rdm, pairs": scores("rdm", dissimilarities(SOURCE), dissimilarities(TARGET)),
    "rdm, subsamples": scores("rdm_cv", SOURCE, TARGET),
    "cka": scores("cka", SOURCE, TARGET),
    "cka, gram": scores("cka", gram_of_assembly(SOURCE), TARGET),
    "cka, biased": scores("cka", SOURCE, TARGET, estimator="biased"),
    "cka, by features": scores("cka", SOURCE, TARGET, replicates=False),
    "cka, 3 subjects": scores("cka", SOURCE, people(3)),
    "cka, nothing varies": scores("cka", SOURCE * 0 + 0.1, TARGET),
    "cka, subsamples": scores("cka_cv", SOURCE, TARGET),
    "procrustes": scores("procrustes", SOURCE, TARGET),
    "procrustes, wide": scores("procrustes", WIDE, TARGET),
    "procrustes, gram": scores("procrustes", gram_of_assembly(SOURCE), TARGET),
    "procrustes, 3 subjects": scores("procrustes", SOURCE, people(3)),
}


@pytest.mark.parametrize("name", SCORES)
def test_the_backend_changes_no_score(name: str, scoring_device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    score = SCORES[name]()
    monkeypatch.delenv("FORNIX_SCORING_DEVICE")
    expected = SCORES[name]()
    assert score.value == pytest.approx(expected.value, abs=1e-9, nan_ok=True)
    assert score.error == pytest.approx(expected.error, abs=1e-9, nan_ok=True)
    assert (score.n_nan, score.notes, score.resampled) == (expected.n_nan, expected.notes, expected.resampled)
    for found, other in ((score.replicates, expected.replicates), (score.units, expected.units)):
        assert (found is None) == (other is None)
        if found is not None:
            np.testing.assert_allclose(found, other, rtol=0, atol=1e-9)
    assert score.details.keys() == expected.details.keys()
    for key, value in expected.details.items():
        assert score.details[key] == pytest.approx(value, abs=1e-9)


def test_permuted_stimuli_score_alike(scoring_device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [np.random.default_rng(seed).permutation(N) for seed in range(3)]
    for comparison in ("spearman", "kendall"):
        monkeypatch.setenv("FORNIX_SCORING_DEVICE", scoring_device)
        found = fornix.load_metric("rdm", comparison=comparison).permuted(SOURCE, TARGET, orders)
        monkeypatch.delenv("FORNIX_SCORING_DEVICE")
        expected = fornix.load_metric("rdm", comparison=comparison).permuted(SOURCE, TARGET, orders)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["rdm", "cka", "procrustes"])
def test_a_device_that_is_not_there_is_refused_in_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("FORNIX_SCORING_DEVICE", "toaster")
    for source, target in ((SOURCE, TARGET), (gram_of_assembly(SOURCE), TARGET)):
        with pytest.raises(fornix.UsageError, match="torch cannot use the device 'toaster'"):
            fornix.load_metric(name)(source, target)
