"""The matrices as published: the comparisons that the paper and two independent implementations agree on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Dataset, check_assembly

pytestmark = pytest.mark.mirror
NAMES = ("monkeyIT", "humanIT", "judgements", "models")


def load(name: str) -> Dataset:
    identifier = f"Kriegeskorte2008.{name}"
    need_files("dataset", identifier)
    return fornix.load_dataset(identifier)


def mean_over_subjects(vector: xr.DataArray, subjects: xr.DataArray) -> float:
    return float(np.mean([spearmanr(vector, subject).statistic for subject in subjects]))


@pytest.mark.parametrize("name", NAMES)
def test_every_pair_is_there_once_a_before_b(name: str) -> None:
    dataset = load(name)
    stimuli = dataset.stimuli()
    assert len(stimuli) == 92
    pairs = list(itertools.combinations(stimuli, 2))
    for recording in dataset.recordings().values():
        check_assembly(recording, finite=True)
        assert list(zip(recording["stimulus_a"].values, recording["stimulus_b"].values, strict=True)) == pairs


def test_the_order_of_the_stimuli_does_not_tell_the_category() -> None:
    stimuli = load("monkeyIT").stimuli()
    animacy = load("models").recordings()["animacy"]
    first = animacy.values[:91]
    assert list(stimuli) == sorted(stimuli)
    # The files list 48 animate images, then 44 inanimate ones: two runs. A random order has about 46.
    assert np.count_nonzero(np.diff(first)) > 30


def test_subjects_are_named_and_counted() -> None:
    assert load("humanIT").recordings()["IT"]["subject"].values.tolist() == ["BE", "KO", "SN", "TI"]
    assert load("judgements").recordings()["similarity"].sizes == {"subject": 16, "pair": 4186}


def test_monkey_and_human_it_of_figure_1_correlate_as_published() -> None:
    monkey, human = load("monkeyIT").recordings()["IT"], load("humanIT").recordings()["IT.figure1"]
    assert pearsonr(monkey, human).statistic == pytest.approx(0.4912, abs=5e-5)
    assert spearmanr(monkey, human).statistic == pytest.approx(0.4389, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "key", "bounds"), [("humanIT", "IT", (0.3786, 0.6607)), ("judgements", "similarity", (0.4776, 0.5751))]
)
def test_noise_ceiling(name: str, key: str, bounds: tuple[float, float]) -> None:
    subjects = load(name).recordings()[key].values
    lower = [spearmanr(one, np.delete(subjects, k, axis=0).mean(axis=0)).statistic for k, one in enumerate(subjects)]
    upper = [spearmanr(one, subjects.mean(axis=0)).statistic for one in subjects]
    np.testing.assert_allclose([np.mean(lower), np.mean(upper)], bounds, atol=5e-5)


def test_published_models_against_human_it() -> None:
    human, models = load("humanIT").recordings()["IT"], load("models").recordings()
    found = [mean_over_subjects(models[name], human) for name in ("animacy", "monkeyIT", "HMAX")]
    np.testing.assert_allclose(found, [0.3862, 0.2963, 0.1599], atol=5e-5)
    against_mean = [spearmanr(models[name], human.mean("subject")).statistic for name in ("animacy", "HMAX")]
    np.testing.assert_allclose(against_mean, [0.5882, 0.2217], atol=5e-5)


def test_the_images_belong_to_the_rows_of_the_matrices() -> None:
    """Silhouettes cut out of the images agree with the published silhouette model, and with other images' rows they do not."""
    dataset = load("models")
    grey = np.stack(dataset.stimuli().contents["image"]).astype(float).mean(axis=-1)
    silhouettes = (np.abs(grey - grey[:, :1, :1]) > 8).reshape(92, -1)
    published = dataset.recordings()["Silhouette"]
    assert spearmanr(pdist(silhouettes, "correlation"), published).statistic > 0.9
    assert abs(spearmanr(pdist(np.roll(silhouettes, 1, axis=0), "correlation"), published).statistic) < 0.2
