"""The sessions as published: shapes, order, and the reliabilities that two independent implementations agree on."""

from __future__ import annotations

import io

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Dataset, check_assembly

pytestmark = pytest.mark.mirror
SESSIONS = {"190923": (33, 1200), "201025": (89, 1200), "210224": (67, 800), "210225": (55, 1200), "210325": (50, 640)}


def load(session: str) -> Dataset:
    identifier = f"Cowley2023.{session}"
    need_files("dataset", identifier)
    return fornix.load_dataset(identifier)


def columns(repeats: xr.DataArray) -> np.ndarray:
    """(images, neurons, repetitions), NaN where an image was not shown again."""
    _, image = np.unique(repeats["stimulus_id"], return_inverse=True)
    table = np.full((image.max() + 1, repeats.sizes["neuroid"], int(repeats["repetition"].max()) + 1), np.nan)
    table[image, :, repeats["repetition"].values] = repeats.values
    return table


def reliability(half: np.ndarray, other: np.ndarray) -> tuple[float, np.ndarray]:
    """Median correlation of the averages of two halves of the repetitions, and Spearman-Brown by neuron."""
    a, b = np.nanmean(half, axis=2), np.nanmean(other, axis=2)
    r = np.array([np.corrcoef(x, y)[0, 1] for x, y in zip(a.T, b.T, strict=True)])
    return float(np.median(r)), 2 * r / (1 + r)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_session_has_the_published_shape_and_one_image_for_each_column(session: str) -> None:
    dataset = load(session)
    n_neurons, n_images = SESSIONS[session]
    stimuli, v4 = dataset.stimuli(), dataset.recordings()["V4"]
    check_assembly(v4, dims=("presentation", "neuroid"), stimulus_ids=stimuli, finite=True)
    assert v4.shape == (n_images, n_neurons)
    assert list(v4["stimulus_id"].values) == list(stimuli) == [f"{session}-{k:04d}" for k in range(1, n_images + 1)]
    assert stimuli.modalities == ("image",)
    assert not stimuli.columns


def test_the_images_are_photographs_in_the_order_of_their_numbers() -> None:
    image = pytest.importorskip("PIL.Image")
    contents = load("190923").stimuli().contents["image"]
    assert [content.name[-8:-4] for content in contents] == [f"{k:04d}" for k in range(1, 1201)]
    assert image.open(io.BytesIO(contents[0].read_bytes())).size == (112, 112)


def test_the_average_is_the_mean_of_the_repeats() -> None:
    recordings = load("210325").recordings()
    table = columns(recordings["V4.repeats"])
    np.testing.assert_array_equal(np.nanmean(table, axis=2), recordings["V4"].values)
    shown = np.isfinite(table[:, 0]).sum(axis=1)
    assert (shown.min(), shown.max(), shown.mean()) == (6, 10, 7.5625)


def test_repeats_are_published_for_one_session_only() -> None:
    assert set(load("210325").recordings()) == {"V4", "V4.repeats"}
    assert set(load("210225").recordings()) == {"V4"}


def test_the_reliability_of_210325_is_the_published_one() -> None:
    table = columns(load("210325").recordings()["V4.repeats"])
    median, corrected = reliability(table[..., 0::2], table[..., 1::2])
    found = [median, np.median(corrected), corrected.min(), corrected.max()]
    np.testing.assert_allclose(found, [0.6302, 0.7731, 0.5027, 0.9375], atol=5e-5)


def test_first_against_last_repeats_are_less_reliable_because_responses_drift() -> None:
    table = columns(load("210325").recordings()["V4.repeats"])
    median, corrected = reliability(table[..., :5], table[..., 5:])
    np.testing.assert_allclose([median, np.median(corrected)], [0.5694, 0.7256], atol=5e-5)


def test_only_210325_drifts_over_images() -> None:
    def lagged(session: str) -> list[float]:
        v4 = load(session).recordings()["V4"].values
        z = (v4 - v4.mean(axis=0)) / v4.std(axis=0)
        return [float((z[lag:] * z[:-lag]).mean()) for lag in range(1, 11)]

    drifting = lagged("210325")
    assert min(drifting) > 0.035
    assert max(drifting) < 0.075
    for session in ("190923", "201025", "210225"):
        assert np.abs(lagged(session)).max() < 0.02
