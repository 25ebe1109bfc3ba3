"""What every regression refuses in a sentence, and what none of them takes for a response: each fault in each metric."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Score

pytest.importorskip("sklearn")

N, UNITS, NEUROIDS = 60, 10, 6
NAMES = ["pls", "ridge", "linear", "neuron_to_neuron", "banded_ridge"]


def assembly(values: np.ndarray) -> xr.DataArray:
    ids = np.array([f"s{k:03d}" for k in range(len(values))])
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords={"stimulus_id": ("presentation", ids)})


def source() -> xr.DataArray:
    x = np.random.default_rng(0).normal(size=(N, UNITS))
    return assembly(x).assign_coords(feature_space=("neuroid", np.repeat(["first", "second"], UNITS // 2)))


def target() -> xr.DataArray:
    return assembly(source().values[:, :NEUROIDS] + np.random.default_rng(1).normal(size=(N, NEUROIDS)))


def scored(name: str, given: xr.DataArray, measured: xr.DataArray, **options: Any) -> Score:
    few: dict[str, dict[str, Any]] = {"pls": {"n_components": 3}, "banded_ridge": {"alphas": [0.1, 10.0]}}
    return fornix.load_metric(name, **few.get(name, {}), **options)(given, measured)


def with_number(assembly: xr.DataArray, number: float) -> xr.DataArray:
    values = assembly.values.copy()
    values[3, 4] = number
    return assembly.copy(data=values)


def grouped(of: np.ndarray) -> xr.DataArray:
    return target().assign_coords(story=("presentation", of))


BY_STORY: list[dict[str, Any]] = [{"splits": kind, "group_on": "story"} for kind in ("group_kfold", "group_shuffle")]
#: Sentence, options, source and target.
REFUSED: list[tuple[str, dict[str, Any], Callable[[], xr.DataArray], Callable[[], xr.DataArray]]] = [
    ("the source has 1 value that is NaN or infinite", {}, lambda: with_number(source(), np.nan), target),
    ("the source has 1 value that is NaN or infinite", {}, lambda: with_number(source(), np.inf), target),
    ("the target has 1 value that is NaN or infinite", {}, source, lambda: with_number(target(), np.nan)),
    ("the target has 1 value that is NaN or infinite", {}, source, lambda: with_number(target(), -np.inf)),
    ("the source lacks 1 of 60 stimuli of the target, for example 's000'", {}, lambda: source()[1:], target),
    ("the source has 2 stimuli that the target does not have", {}, source, lambda: target()[:-2]),
    ("there are 8 stimuli for 10 folds", {"splits": "kfold"}, lambda: source()[:8], lambda: target()[:8]),
    *(("all 60 stimuli are of one group, one", by, source, lambda: grouped(np.full(N, "one"))) for by in BY_STORY),
    (
        "60 stimuli cannot be split as asked .*number of groups: 3",
        BY_STORY[0],
        source,
        lambda: grouped(np.arange(N) // 20),
    ),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("sentence", "options", "given", "measured"), REFUSED)
def test_it_is_refused(
    name: str,
    sentence: str,
    options: dict[str, Any],
    given: Callable[[], xr.DataArray],
    measured: Callable[[], xr.DataArray],
) -> None:
    with pytest.raises(ValueError, match=sentence):
        scored(name, given(), measured(), **options)


@pytest.mark.parametrize("name", NAMES)
def test_what_does_not_vary_is_counted_and_all_of_it_is_no_score(name: str) -> None:
    still = target()
    still[:, 2] = 4.0
    one = scored(name, source(), still, n_splits=3)
    assert one.n_nan == 3
    assert np.isfinite(one.units.sel(neuroid=[0, 1, 3, 4, 5])).all()
    assert np.isnan(one.units.sel(neuroid=2)).all()
    for given, measured in ((source(), target() * 0 + 1), (source() * 0 + 0.1, target())):
        nothing = scored(name, given, measured)
        assert np.isnan(nothing.value)
        assert np.isnan(nothing.error)
        assert nothing.n_nan == 10 * NEUROIDS
        assert "does not vary: more than 20%, too many for a median" in nothing.notes[-1]


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_feature_changes_nothing(name: str) -> None:
    wide = np.hstack([source().values, np.full((N, 1), 7.0)])
    spaces = ("neuroid", np.array([*source()["feature_space"].values, "second"]))
    given, without = assembly(wide).assign_coords(feature_space=spaces), source()
    options = {"alpha_scale": "absolute"} if name == "banded_ridge" else {}
    units = [scored(name, each, target(), replicates=False, **options).units for each in (given, without)]
    np.testing.assert_allclose(units[0], units[1], rtol=0, atol=1e-9)
