"""Scores put on a scale neuroid by neuroid have their error over new stimuli and new neuroids, score and ceiling together."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

import fornix
from fornix.interfaces import Normalisation, Score
from fornix.numerics.ceilings.noise_ceiling import noise_ceiling
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.ceilings.reliability import internal_consistency
from fornix.numerics.uncertainty.intervals import factor_variances
from fornix.numerics.uncertainty.means import mean_replicates, unit_replicates

RIDGE = fornix.load_metric("ridge", alphas=[10.0])


def assembly(values: np.ndarray, repeats: int = 1) -> xr.DataArray:
    n, q = len(values) // repeats, values.shape[1]
    presentation = {
        "stimulus_id": ("presentation", np.tile([f"s{k:03d}" for k in range(n)], repeats)),
        "repetition": ("presentation", np.repeat(np.arange(repeats), n)),
    }
    return xr.DataArray(
        values,
        dims=("presentation", "neuroid"),
        coords={**presentation, "neuroid_id": ("neuroid", [f"n{k}" for k in range(q)])},
    )


def recorded(q: int, n: int = 60, repeats: int = 4, seed: int = 0) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """A source, the mean over repeats of what it is one cause of, and the repeats."""
    rng = np.random.default_rng(seed)
    source, unknown = rng.normal(size=(n, 10)), rng.normal(size=(n, 5))
    signal = source @ rng.normal(size=(10, q)) / math.sqrt(10) + unknown @ rng.normal(size=(5, q)) / math.sqrt(20)
    trials = signal + rng.normal(size=(repeats, n, q))
    return assembly(source), assembly(trials.mean(axis=0)), assembly(trials.reshape(-1, q), repeats)


def stimuli(score: Score) -> np.ndarray:
    assert score.replicates is not None
    row = score.replicates.sel(factor="stimuli")
    return row.values[: int(row["n_replicates"])]


@pytest.mark.parametrize("measure", ["ridge", "pls", "noise_ceiling", "internal_consistency"])
def test_one_neuroid_scores_without_a_group_of_stimuli_what_the_score_does(measure: str) -> None:
    source, average, repeats = recorded(1)
    if measure in ("ridge", "pls"):
        score = fornix.load_metric(measure, **({"n_components": 5} if measure == "pls" else {}))(source, average)
    else:
        score = {"noise_ceiling": noise_ceiling, "internal_consistency": internal_consistency}[measure](repeats)
    assert score.unit_replicates is not None
    np.testing.assert_allclose(score.unit_replicates.values[:, 0], stimuli(score), rtol=1e-12)


def test_of_ceilings_of_one_the_mean_moves_as_its_neuroids_do() -> None:
    source, average, _ = recorded(6)
    raw = RIDGE(source, average)
    exact = Score(1.0, error=0.0, units=xr.ones_like(raw.units.isel(split=0)))
    score = normalise(raw, exact, Normalisation.PER_UNIT_ROOT)
    assert raw.unit_replicates is not None
    np.testing.assert_allclose(stimuli(score), raw.unit_replicates.mean("neuroid"), rtol=1e-12)
    assert score.value == pytest.approx(float(raw.units.mean()))
    assert (score.resampled, score.notes) == (("stimuli", "neuroids"), ())
    assert score.replicates is not None
    units = raw.units.mean("split").values
    assert factor_variances(score.replicates)["neuroids"] == pytest.approx(units.var() / 6, rel=0.15)


def test_score_and_ceiling_of_a_neuroid_lose_the_same_stimuli() -> None:
    """By hand: of each group and neuroid the score by the root of its ceiling, neither known beyond the groups left out."""
    source, average, repeats = recorded(5)
    raw, ceiling = RIDGE(source, average), noise_ceiling(repeats.isel(neuroid=[3, 1, 4, 0, 2]))
    score = normalise(raw, ceiling, Normalisation.PER_UNIT_ROOT)
    assert raw.unit_replicates is not None
    assert ceiling.unit_replicates is not None
    theirs = ceiling.unit_replicates.set_index(neuroid="neuroid_id").sel(neuroid=raw.unit_replicates["neuroid_id"].values)
    by_hand = (raw.unit_replicates.values / np.sqrt(theirs.values)).mean(axis=1)
    np.testing.assert_allclose(stimuli(score), by_hand, rtol=1e-12)


def test_what_the_error_leaves_out_is_said() -> None:
    source, average, repeats = recorded(5)
    raw, ceiling = RIDGE(source, average), noise_ceiling(repeats)
    held = normalise(raw, ceiling.with_(unit_replicates=None), Normalisation.PER_UNIT)
    assert held.notes == ("error without that of the ceiling",)
    alone = normalise(raw.with_(unit_replicates=None), ceiling, Normalisation.PER_UNIT)
    assert alone.notes == ("error over neuroids alone",)
    assert normalise(alone, None, Normalisation.NONE).notes == ()
    other = ceiling.unit_replicates.assign_attrs(grouping="other")
    with pytest.raises(ValueError, match="other groups of stimuli than its ceiling"):
        normalise(raw, ceiling.with_(unit_replicates=other), Normalisation.PER_UNIT)


def test_the_error_is_the_spread_over_new_stimuli_and_neuroids() -> None:
    scores = []
    for seed in range(40):
        source, average, repeats = recorded(20, seed=seed)
        scores.append(normalise(RIDGE(source, average), noise_ceiling(repeats), Normalisation.PER_UNIT_ROOT))
    spread = np.std([score.value for score in scores], ddof=1)
    error = math.sqrt(np.mean([score.error**2 for score in scores]))
    assert 0.75 < error / spread < 1.3  # 40 draws know a spread to 11 %


def test_a_neuroid_without_a_value_in_a_split_is_averaged_over_the_others() -> None:
    units = xr.DataArray([[0.2, np.nan], [0.4, 0.6]], dims=("split", "neuroid"))
    change = np.array([[[0.1, np.nan], [0.3, 0.2]], [[-0.1, np.nan], [-0.3, -0.2]]])
    found = unit_replicates(units, change)
    np.testing.assert_allclose(found, [[0.3 + 0.2, 0.6 + 0.2], [0.3 - 0.2, 0.6 - 0.2]])


def test_draws_do_not_depend_on_the_order_of_neuroids() -> None:
    rng = np.random.default_rng(0)
    units, change, names = rng.normal(size=6), rng.normal(size=(20, 6)), np.array(list("abcdef"))
    order = rng.permutation(6)
    one, other = mean_replicates(units, change, names), mean_replicates(units[order], change[:, order], names[order])
    for factor in ("stimuli", "neuroids", "both"):
        np.testing.assert_allclose(one[factor][0], other[factor][0], rtol=1e-9, atol=1e-12)
