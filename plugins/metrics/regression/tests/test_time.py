"""Time bins and delays: against fits written out bin by bin and volume by volume; then what never mixes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import AssemblyError
from fornix.numerics.linear.gram import gram_of_assembly
from fornix.numerics.splits import split_plan

cross_decomposition = pytest.importorskip("sklearn.cross_decomposition")
linear_model = pytest.importorskip("sklearn.linear_model")
model_selection = pytest.importorskip("sklearn.model_selection")

STIMULI, UNITS, NEUROIDS, BINS = 60, 6, 4, 5
IDS = np.array([f"s{k:03d}" for k in range(STIMULI)])
STARTS = 20.0 * np.arange(BINS)
NAMES = ["pls", "ridge", "linear", "neuron_to_neuron", "banded_ridge"]


def options(name: str) -> dict[str, Any]:
    return {"pls": {"n_components": 3}, "banded_ridge": {"alphas": [0.1, 10.0]}}.get(name, {})


def timed(values: np.ndarray) -> xr.DataArray:
    coords = {
        "stimulus_id": ("presentation", IDS),
        "time_bin_start": ("time_bin", STARTS[: values.shape[2]]),
        "time_bin_end": ("time_bin", STARTS[: values.shape[2]] + 20),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid", "time_bin"), coords=coords)


@pytest.fixture(scope="module")
def evoked() -> tuple[xr.DataArray, xr.DataArray]:
    """Units that change over time, and neuroids that mix them with weights that change as well, on a large evoked response."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(STIMULI, UNITS, BINS))
    mixed = np.einsum("iut,uqt->iqt", x, rng.normal(size=(UNITS, NEUROIDS, BINS)))
    source = timed(x).assign_coords(feature_space=("neuroid", np.repeat(["first", "second"], UNITS // 2)))
    return source, timed(mixed + 2 * rng.normal(size=mixed.shape) + 10 * np.sin(np.arange(BINS)))


def spaces(source: xr.DataArray) -> dict[str, xr.DataArray]:
    return {name: source[:, source["feature_space"].values == name] for name in ("first", "second")}


def correlations(predicted: np.ndarray, measured: np.ndarray) -> list[float]:
    return [np.corrcoef(predicted[:, k], measured[:, k])[0, 1] for k in range(measured.shape[1])]


@pytest.mark.parametrize("name", NAMES)
def test_a_fit_for_each_bin_is_the_metric_of_each_bin(evoked: tuple[xr.DataArray, xr.DataArray], name: str) -> None:
    source, target = evoked
    score = fornix.load_metric(name, time="each", **options(name))(source, target)
    alone = [fornix.load_metric(name, **options(name))(source[:, :, b], target[:, :, b]) for b in range(BINS)]
    assert score.units.dims == ("split", "neuroid", "time_bin")
    np.testing.assert_array_equal(score.units["time_bin_start"], STARTS)
    for b, of_bin in enumerate(alone):
        np.testing.assert_allclose(score.units[:, :, b], of_bin.units, atol=1e-10)
    assert score.value == pytest.approx(np.mean([one.value for one in alone]), abs=1e-10)
    np.testing.assert_allclose(score.replicates, np.mean([one.replicates for one in alone], axis=0), atol=1e-8)


def test_the_penalty_of_one_fit_across_bins_is_chosen_by_leaving_stimuli_out_with_all_their_bins() -> None:
    """Units and noise that are nearly the same in all bins vouch for each other where single rows are left out."""
    rng, alphas = np.random.default_rng(1), [0.01, 1.0, 30.0, 1e3]
    x, noise = (np.repeat(rng.normal(size=(STIMULI, k, 1)), BINS, axis=2) for k in (40, NEUROIDS))
    x = x + 0.1 * rng.normal(size=x.shape)
    y = np.einsum("iut,uq->iqt", x[:, :3], rng.normal(size=(3, NEUROIDS))) + 3 * noise
    score = fornix.load_metric("ridge", time="across", alphas=alphas, n_splits=2, replicates=False)(timed(x), timed(y))
    rows, answers = (values.transpose(0, 2, 1) for values in (x, y))
    chosen = []
    for k, (train, test) in enumerate(split_plan(IDS, n_splits=2)):
        of_stimulus = {"groups": np.repeat(train, BINS)}
        search = model_selection.GridSearchCV(
            linear_model.Ridge(), {"alpha": alphas}, cv=model_selection.LeaveOneGroupOut(), scoring="neg_mean_squared_error"
        ).fit(rows[train].reshape(-1, 40), answers[train].reshape(-1, NEUROIDS), **of_stimulus)
        by_row = linear_model.RidgeCV(alphas).fit(rows[train].reshape(-1, 40), answers[train].reshape(-1, NEUROIDS))
        chosen.append((search.best_params_["alpha"], float(by_row.alpha_)))
        predicted = search.predict(rows[test].reshape(-1, 40)).reshape(len(test), BINS, NEUROIDS)
        for b in range(BINS):
            np.testing.assert_allclose(score.units[k, :, b], correlations(predicted[:, b], answers[test][:, b]), atol=1e-8)
    assert all(stimuli > single for stimuli, single in chosen), "else the example tells nothing"


def test_one_fit_across_bins_is_scikit_learns_on_all_rows_of_the_training_stimuli(
    evoked: tuple[xr.DataArray, xr.DataArray],
) -> None:
    source, target = evoked
    score = fornix.load_metric("ridge", time="across")(source[::-1], target)
    x, y = (a.values.transpose(0, 2, 1) for a in evoked)
    for split, (train, test) in enumerate(split_plan(IDS)):
        model = linear_model.Ridge(1.0).fit(x[train].reshape(-1, UNITS), y[train].reshape(-1, NEUROIDS))
        for b in range(BINS):
            np.testing.assert_allclose(score.units[split, :, b], correlations(model.predict(x[test, b]), y[test, b]), atol=1e-9)
    assert np.isfinite(score.error)


@pytest.mark.parametrize(
    ("alias", "estimator", "tolerance"),
    [
        ("spantime_ridge", lambda: linear_model.Ridge(1.0), 1e-9),
        ("spantime_pls", lambda: cross_decomposition.PLSRegression(25, scale=False, tol=1e-14, max_iter=200_000), 1e-5),
    ],
)
def test_brain_scores_names_for_one_fit_across_bins(
    evoked: tuple[xr.DataArray, xr.DataArray], alias: str, estimator: Callable[[], Any], tolerance: float
) -> None:
    """Splits over presentations in the target's order, stratified on the object; the median over neuroids in each bin."""
    rng = np.random.default_rng(3)
    x, objects = rng.normal(size=(STIMULI, 30, BINS)), np.arange(STIMULI) % 6
    order, source = rng.permutation(STIMULI), timed(x)
    target = evoked[1].assign_coords(object_name=("presentation", objects))[order]
    score = fornix.load_metric(alias)(source, target)
    x, y = (a.transpose(0, 2, 1) for a in (x[order], target.values))
    values = []
    splitter = model_selection.StratifiedShuffleSplit(10, train_size=0.9, random_state=1)
    for train, test in splitter.split(x, objects[order]):
        model = estimator().fit(x[train].reshape(-1, 30), y[train].reshape(-1, NEUROIDS))
        values.append([np.median(correlations(model.predict(x[test, b]), y[test, b])) for b in range(BINS)])
    np.testing.assert_allclose(score.units.median("neuroid"), values, atol=tolerance)
    assert score.value == pytest.approx(np.mean(values), abs=tolerance)


@pytest.mark.parametrize("given", [{"time": "each"}, {"time": "across", "delays": [0, 1]}])
def test_feature_spaces_as_several_sources_have_time_too(
    evoked: tuple[xr.DataArray, xr.DataArray], given: dict[str, Any]
) -> None:
    """Bins are matched by their times, rows by stimulus; a space without bins is the same in all."""
    source, target = evoked
    metric = fornix.load_metric("banded_ridge", replicates=False, **options("banded_ridge"), **given)
    first, second = spaces(source).values()
    several = metric({"first": first[:, :, ::-1], "second": second[::-1]}, target[:, :, 1:])
    np.testing.assert_allclose(several.units, metric(source[:, :, 1:], target[:, :, 1:]).units, atol=1e-10)
    assert several.details.keys() >= {"alone: first", "alone: second", "one penalty"}
    still = first[:, :, 0].drop_vars(["time_bin_start", "time_bin_end"])
    repeated = source.copy(data=np.hstack([np.repeat(still.values[:, :, None], BINS, axis=2), second.values]))
    one, other = metric({"first": still, "second": second}, target), metric(repeated, target)
    np.testing.assert_allclose(one.units, other.units, atol=1e-10)
    with pytest.raises(AssemblyError, match="the source lacks 2 of 5 time bins of the target"):
        metric({"first": first, "second": second[:, :, :3]}, target)


@pytest.mark.parametrize("time", ["each", "across"])
def test_a_response_that_all_stimuli_share_is_no_score(evoked: tuple[xr.DataArray, xr.DataArray], time: str) -> None:
    """Over bins together, any source that knows the time would correlate with the evoked response."""
    _, target = evoked
    knows_time = np.broadcast_to(np.eye(BINS), (STIMULI, BINS, BINS)) + 0.01 * np.random.default_rng(1).normal(size=(60, 5, 5))
    score = fornix.load_metric("ridge", time=time)(timed(knows_time), target)
    assert score.interval[0] < 0 < score.interval[1]


@pytest.mark.parametrize("form", ["values", "gram"])
def test_a_source_without_time_is_the_same_in_all_bins(evoked: tuple[xr.DataArray, xr.DataArray], form: str) -> None:
    source, target = evoked
    still = source[:, :, 0].drop_vars(["time_bin_start", "time_bin_end"])
    repeated = timed(np.repeat(still.values[:, :, None], BINS, axis=2))
    for time in ("each", "across"):
        metric = fornix.load_metric("ridge", time=time)
        score = metric(gram_of_assembly(still) if form == "gram" else still, target)
        np.testing.assert_allclose(score.units, metric(repeated, target).units, atol=1e-8)


def test_time_bins_are_matched_by_their_times(evoked: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = evoked
    metric = fornix.load_metric("linear", time="each", replicates=False)
    np.testing.assert_allclose(metric(source[:, :, ::-1], target[:, :, 1:4]).units, metric(source, target).units[:, :, 1:4])


def test_reverse_by_bins(evoked: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = evoked
    for time in ("each", "across"):
        reverse = fornix.load_metric("ridge", time=time, direction="reverse", replicates=False)(source, target)
        np.testing.assert_allclose(reverse.units, fornix.load_metric("ridge", time=time, replicates=False)(target, source).units)


def test_lags_across_bins_are_the_earlier_bins_of_the_same_presentation(evoked: tuple[xr.DataArray, xr.DataArray]) -> None:
    source, target = evoked
    x = source.values
    lagged = source.isel(time_bin=slice(2, None), neuroid=np.tile(np.arange(UNITS), 3))
    lagged = lagged.copy(data=np.concatenate([x[:, :, 2:], x[:, :, 1:-1], x[:, :, :-2]], axis=1))
    expected = fornix.load_metric("ridge", time="across")(lagged, target[:, :, 2:])
    score = fornix.load_metric("ridge", time="across", delays=[0, 1, 2])(source, target)
    np.testing.assert_allclose(score.units, expected.units, atol=1e-9)
    assert score.error == pytest.approx(expected.error, rel=1e-6)


RUNS, VOLUMES = 5, 30


@pytest.fixture(scope="module")
def movie() -> tuple[xr.DataArray, xr.DataArray]:
    """Voxels that follow the features of 2 volumes before, within a run."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(RUNS, VOLUMES, UNITS))
    y = rng.normal(size=(RUNS, VOLUMES, NEUROIDS))
    y[:, 2:] += x[:, :-2] @ rng.normal(size=(UNITS, NEUROIDS))
    run, volume = np.divmod(np.arange(RUNS * VOLUMES), VOLUMES)
    shown = np.random.default_rng(1).permutation(RUNS * VOLUMES)  # identifiers that do not sort as they were shown
    coords = {
        "stimulus_id": ("presentation", np.array([f"v{k:03d}" for k in shown])),
        "run": ("presentation", np.array([f"run-{r}" for r in run])),
        "volume": ("presentation", volume),
    }
    source, target = (
        xr.DataArray(v.reshape(RUNS * VOLUMES, -1), dims=("presentation", "neuroid"), coords=coords) for v in (x, y)
    )
    return source.assign_coords(feature_space=("neuroid", np.repeat(["first", "second"], UNITS // 2))), target


MOVIE = {"splits": "group_kfold", "group_on": "run", "n_splits": 5, "run_on": "run", "order_on": "volume"}


@pytest.mark.parametrize("form", ["values", "gram"])
def test_delays_are_earlier_volumes_of_the_same_run(movie: tuple[xr.DataArray, xr.DataArray], form: str) -> None:
    source, target = movie
    given = gram_of_assembly(source) if form == "gram" else source
    score = fornix.load_metric("ridge", delays=[1, 2, 3], **MOVIE)(given, target[np.random.default_rng(2).permutation(150)])
    x, y = (a.values.reshape(RUNS, VOLUMES, -1) for a in movie)
    lagged = np.concatenate([x[:, 3 - d : VOLUMES - d] for d in (1, 2, 3)], axis=2)
    expected = []
    for tested in range(RUNS):
        others = [r for r in range(RUNS) if r != tested]
        model = linear_model.Ridge(1.0).fit(lagged[others].reshape(-1, 3 * UNITS), y[others, 3:].reshape(-1, NEUROIDS))
        expected.append(correlations(model.predict(lagged[tested]), y[tested, 3:]))
    order = np.lexsort(np.array(expected).T)
    np.testing.assert_allclose(score.units.values[np.lexsort(score.units.values.T)], np.array(expected)[order], atol=1e-8)
    assert score.value > 0.5
    assert fornix.load_metric("ridge", delays=[1], **MOVIE)(given, target).value < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_runs_are_what_is_resampled(movie: tuple[xr.DataArray, xr.DataArray], name: str) -> None:
    score = fornix.load_metric(name, delays=[2], **MOVIE, **options(name))(*movie)
    stimuli = score.replicates.sel(factor="stimuli")
    assert int(stimuli["n_units"]) == RUNS
    per_run = np.median(score.units, axis=1)
    # The standard error of a mean over runs, and what fitting to other runs adds to it.
    assert 0.9 < float(stimuli.dropna("replicate").std() * 2 / (per_run.std() / 2)) < 1.4
    assert score.interval[0] < score.value < score.interval[1]


def test_what_cannot_be_timed_is_refused_in_a_sentence(
    evoked: tuple[xr.DataArray, xr.DataArray], movie: tuple[xr.DataArray, xr.DataArray]
) -> None:
    bare = evoked[0].drop_vars("time_bin_start")
    still = evoked[0][:, :, 0].drop_vars(["time_bin_start", "time_bin_end"])
    cases: list[tuple[dict[str, Any], Any, Any, str]] = [
        ({}, *evoked, "expected ('presentation', 'neuroid')"),
        ({"time": "each"}, *movie, "expected ('presentation', 'neuroid', 'time_bin')"),
        ({"time": "each"}, bare, evoked[1], "the source has no coordinates time_bin_start and time_bin_end"),
        (
            {"time": "each"},
            evoked[0][:, :, 1:],
            evoked[1],
            "the source lacks 1 of 5 time bins of the target, for example (0.0, 20.0) ms",
        ),
        ({"time": "each", "delays": [1]}, *evoked, "delays look back over time bins, so they need one fit across them"),
        ({"time": "across", "delays": [1]}, still, evoked[1], "delays over time bins change nothing: leave them out"),
        ({"time": "across", "delays": [5]}, *evoked, "run of time bins has 5 rows, and none of them has its whole history"),
        ({"delays": [1]}, *movie, "name the target's coordinates of the run (run_on) and of the place in it (order_on)"),
        ({"delays": [1], **MOVIE, "splits": "kfold", "group_on": ""}, *movie, "the splits cut 5 runs in two, for example run-0"),
        ({"delays": [30], **MOVIE}, *movie, "run run-0 has 30 rows, and none of them has its whole history at the delays [30]"),
        ({"delays": [1], **MOVIE, "run_on": "scan"}, *movie, "the target has no coordinate 'scan' on presentation"),
        ({"delays": [1], **MOVIE, "direction": "reverse"}, *movie, "with direction='reverse' leave them out"),
        (
            {"delays": [1], **MOVIE},
            movie[0][:30],
            movie[1][:30],
            "all 29 stimuli are of one group, run-0, and a group is never cut in two",
        ),
    ]
    for chosen, source, target, sentence in cases:
        with pytest.raises((AssemblyError, ValueError)) as raised:
            fornix.load_metric("ridge", **chosen)(source, target)
        assert sentence in str(raised.value), str(raised.value)
    for delays in ([], [0.5], [1, 1], ["1"]):
        with pytest.raises(fornix.UsageError, match="expected whole numbers, each once, at least one"):
            fornix.load_metric("pls", delays=delays)
