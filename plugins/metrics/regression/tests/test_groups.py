"""Where splits keep groups of stimuli whole, errors are for new groups, and a ceiling can lose the same ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.numerics.splits import split_plan

linear_model = pytest.importorskip("sklearn.linear_model")
model_selection = pytest.importorskip("sklearn.model_selection")
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


ALPHAS = [0.01, 1.0, 30.0, 1e3, 1e5]


def tuned(source: xr.DataArray, target: xr.DataArray, left_out: str) -> np.ndarray:
    """Pearson r (split, neuroid), the penalty chosen by scikit-learn, which leaves out single windows or whole stories."""
    x, y, found = source.values, target.values, []
    story = target["story"].values
    for train, test in split_plan(target["stimulus_id"].values, kind="group_kfold", n_splits=6, groups=story):
        if left_out == "windows":
            model = linear_model.RidgeCV(ALPHAS).fit(x[train], y[train])
        else:
            cv = {"cv": model_selection.LeaveOneGroupOut(), "scoring": _negative_sum_of_squares}
            search = model_selection.GridSearchCV(linear_model.Ridge(), {"alpha": ALPHAS}, **cv)
            model = search.fit(x[train], y[train], groups=story[train])
        predicted = model.predict(x[test])
        found.append([np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, y[test].T, strict=True)])
    return np.array(found)


def _negative_sum_of_squares(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """Groups are of one size here, so the mean over groups has the same best as the sum over rows."""
    return -float(np.square(model.predict(x) - y).sum())


def noisy(seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Wide features that drift, of which neighbours recall each other, and responses that drift in ways of their own, too."""
    rng = np.random.default_rng(seed)
    x = smooth(rng, 60)
    return assembly(x), assembly(x[:, :4] @ rng.normal(size=(4, 5)) + 3 * smooth(rng, 5))


@pytest.mark.parametrize("name", ["ridge", "banded_ridge"])
def test_the_penalty_is_chosen_by_leaving_whole_stories_out(name: str) -> None:
    source, target = noisy(0)
    options = {**OPTIONS, "alphas": ALPHAS, "replicates": False}
    metric = fornix.load_metric("ridge", **options)
    if name == "banded_ridge":  # the other space weighs nothing whatever its penalty
        still = xr.DataArray(np.zeros((len(source), 1)), dims=source.dims)
        wide = xr.concat([source.drop_vars("neuroid_id"), still.assign_coords(source["story"].coords)], "neuroid")
        source = wide.assign_coords(feature_space=("neuroid", np.repeat(["words", "none"], [60, 1])))
        metric = fornix.load_metric("banded_ridge", alpha_scale="absolute", **options)
    by_story = tuned(source, target, "stories")
    by_window = tuned(source, target, "windows")
    assert np.abs(by_story - by_window).max() > 0.02  # else the example tells nothing
    np.testing.assert_allclose(metric(source, target).units, by_story, atol=1e-7)
    order = np.arange(len(target))
    assert metric_of(metric).permuted(source, target, [order])[0] == pytest.approx(metric(source, target).value, abs=1e-9)


def metric_of(metric: Any) -> Any:
    return getattr(metric, "banded", metric)


def test_repetitions_of_a_stimulus_are_left_out_together() -> None:
    """Ten rows that are alike recall each other, so that single ones would ask for hardly any penalty."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(60, 40)), rng.normal(size=(60, 5))
    names = np.array([f"s{k:02d}" for k in range(60)])
    source = xr.DataArray(x, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", names)})
    again = {"stimulus_id": ("presentation", np.tile(names, 10)), "repetition": ("presentation", np.repeat(np.arange(10), 60))}
    target = xr.DataArray(np.tile(y, (10, 1)), dims=("presentation", "neuroid"), coords=again)
    options = {"alphas": [1e-3, 1e5], "replicates": False}
    once = target[:60]
    score = fornix.load_metric("ridge", **options)
    strong = fornix.load_metric("ridge", alphas=[1e5], replicates=False)
    np.testing.assert_allclose(score(source, target).units, strong(source, target).units, atol=1e-9)
    np.testing.assert_allclose(score(source, once).units, strong(source, once).units, atol=1e-9)


def test_rows_that_look_back_are_left_out_with_their_run() -> None:
    """A given split names no groups, yet windows of a run share what they look back on."""
    source, target = noisy(3)
    rows = np.where(target["story"].values < "story-08", "train", "test")
    target = target.assign_coords(split=("presentation", rows))
    options = {"alphas": ALPHAS, "delays": [0, 1], "run_on": "story", "order_on": "place", "replicates": False}
    given = fornix.load_metric("ridge", splits="given", **options)(source, target)
    grouped = fornix.load_metric("ridge", splits="given", group_on="story", **options)(source, target)
    np.testing.assert_array_equal(given.units, grouped.units)
    single = fornix.load_metric("ridge", splits="given", definition="brainscore", **options)(source, target)
    assert np.abs(given.units.values - single.units.values).max() > 0.01


def test_brainscores_definition_leaves_single_rows_out() -> None:
    source, target = noisy(0)
    options = {**OPTIONS, "alphas": ALPHAS}
    score = fornix.load_metric("ridge", definition="brainscore", **options)(source, target)
    np.testing.assert_allclose(score.units, tuned(source, target, "windows"), atol=1e-7)


@pytest.mark.parametrize("name", ["ridge", "banded_ridge"])
def test_a_penalty_cannot_be_chosen_on_one_group(name: str) -> None:
    source, target = noisy(0)
    source = source.assign_coords(feature_space=("neuroid", np.repeat(["a", "b"], 30)))
    two = np.where(target["story"].values < "story-06", "first", "second")
    target = target.assign_coords(story=("presentation", two))
    options = {"splits": "group_kfold", "group_on": "story", "n_splits": 2}
    with pytest.raises(ValueError, match=r"a split trains on a single group, .* give one penalty"):
        fornix.load_metric(name, alphas=ALPHAS, **options)(source, target)
    assert np.isfinite(fornix.load_metric("ridge", alphas=[1.0], **options)(source, target).value)


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
