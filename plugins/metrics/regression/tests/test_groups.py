"""Where splits keep groups of stimuli whole, errors are for new groups, and a ceiling can lose the same ones."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency
from fornix.numerics.linear.gram import gram_of_assembly

STORIES, WINDOWS, NEUROIDS, REPEATS = 12, 24, 20, 4
OPTIONS = {"splits": "group_kfold", "group_on": "story", "n_splits": 6, "alphas": [10.0]}


def smooth(rng: np.random.Generator, columns: int) -> np.ndarray:
    """Signals of all stories, each drifting within its story and alike in nothing with another."""
    walks = rng.normal(size=(STORIES, WINDOWS, columns)).cumsum(axis=1)
    return np.asarray((walks / walks.std(axis=(0, 1))).reshape(-1, columns))


def assembly(values: np.ndarray, repeats: int = 1) -> xr.DataArray:
    n = STORIES * WINDOWS
    story = np.repeat(np.arange(STORIES), WINDOWS)
    columns = {
        "stimulus_id": np.array([f"story-{s:02d} window-{k % WINDOWS:02d}" for k, s in enumerate(story)]),
        "story": np.array([f"story-{s:02d}" for s in story]),
        "place": np.arange(n) % WINDOWS,
    }
    coords = {name: ("presentation", np.tile(values_, repeats)) for name, values_ in columns.items()}
    coords["repetition"] = ("presentation", np.repeat(np.arange(repeats), n))
    names = {"neuroid_id": ("neuroid", np.array([f"n{k:02d}" for k in range(values.shape[1])]))}
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={**coords, **names})


def recorded(seed: int) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """A source, the mean over repeats of neuroids whose weights are the same for every seed, and the repeats."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(0)
    source = smooth(rng, 4)
    signal = source @ fixed.normal(size=(4, NEUROIDS)) + 1.5 * smooth(rng, 3) @ fixed.normal(size=(3, NEUROIDS))
    trials = signal + rng.normal(size=(REPEATS, *signal.shape))
    return assembly(source), assembly(trials.mean(axis=0)), assembly(trials.reshape(-1, NEUROIDS), REPEATS)


def test_the_error_over_stimuli_is_the_spread_over_new_stories() -> None:
    metric = fornix.load_metric("ridge", **OPTIONS)
    scores = [metric(*recorded(seed)[:2]) for seed in range(30)]
    spread = np.std([score.value for score in scores], ddof=1)
    replicates = [score.replicates.sel(factor="stimuli") for score in scores]
    error = np.sqrt(np.mean([float(r["variance_factor"]) * float(((r - r.mean()) ** 2).sum()) for r in replicates]))
    assert 0.65 < error / spread < 1.5  # 30 draws know a spread to 13 %; of single windows it would be 0.47
    assert {int(r["n_units"]) for r in replicates} == {STORIES}
    assert scores[0].notes == (f"stimuli resampled by story: {STORIES} groups",)


@pytest.mark.parametrize("ceiling", [noise_ceiling, internal_consistency])
@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("normalisation", [Normalisation.SIGNED_SQUARE, Normalisation.PER_UNIT_ROOT])
def test_score_and_ceiling_lose_the_same_stories(ceiling: object, delayed: bool, normalisation: Normalisation) -> None:
    source, average, repeats = recorded(0)
    delays = {"delays": [1, 2], "run_on": "story", "order_on": "place"} if delayed else {}
    raw = fornix.load_metric("ridge", **OPTIONS, **delays)(source, average)
    score = normalise(raw, ceiling(repeats, group_on="story"), normalisation)  # type: ignore[operator]
    assert score.resampled == ("stimuli", "neuroids")
    assert score.interval[0] < score.value < score.interval[1]
    with pytest.raises(ValueError, match="other groups of stimuli than its ceiling"):
        normalise(raw, ceiling(repeats), normalisation)  # type: ignore[operator]


@pytest.mark.parametrize("metric", ["noise_ceiling", "internal_consistency"])
def test_the_ceilings_as_metrics_take_the_groups(metric: str) -> None:
    repeats = recorded(0)[2]
    score = fornix.load_metric(metric, group_on="story")(repeats, repeats)
    assert int(score.replicates.sel(factor="stimuli")["n_units"]) == STORIES


def test_groups_that_cannot_be_left_out_are_refused() -> None:
    repeats = recorded(0)[2]
    one = repeats.isel(presentation=(repeats["story"] == "story-00").values)
    other = repeats.assign_coords(story=("presentation", np.where(repeats["repetition"] == 0, "story-99", repeats["story"])))
    for given, group_on, sentence in (
        (repeats, "tale", "no coordinate 'tale', which group_on asks for"),
        (one, "story", "all stimuli are of one story, story-00; an error for others needs at least 2"),
        (other, "story", "stimulus 'story-00 window-00' lies in more than one story"),
    ):
        with pytest.raises(ValueError, match=sentence):
            noise_ceiling(given, group_on=group_on)


@pytest.mark.parametrize("metric", ["ridge", "linear", "pls"])
@pytest.mark.parametrize("form", ["values", "gram"])
def test_a_constant_model_of_responses_that_are_centred_in_their_runs_has_no_score(metric: str, form: str) -> None:
    """What it predicts is the mean of other runs, 0 but for rounding, which must not be taken for a prediction."""
    rng = np.random.default_rng(0)
    runs = rng.normal(size=(STORIES, WINDOWS, 100))
    centred = (runs - runs.mean(axis=1, keepdims=True)) / runs.std(axis=1, keepdims=True)
    source, target = assembly(np.full((STORIES * WINDOWS, 30), 0.3)), assembly(centred.reshape(-1, 100))
    options = {name: value for name, value in OPTIONS.items() if name != "alphas"}
    score = fornix.load_metric(metric, **options)(gram_of_assembly(source) if form == "gram" else source, target)
    assert np.isnan(score.value)
    assert any("does not vary" in note for note in score.notes)
