"""Metrics: identity, chance, invariance, and an error with every score."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import Metric, Score
from fornix.registry.card import Card
from fornix.registry.discovery import Registry
from fornix.registry.load import load_metric

Pair = tuple[xr.DataArray, xr.DataArray]


def assembly(values: np.ndarray) -> xr.DataArray:
    """(presentation, neuroid) with identifiers."""
    coords = {
        "stimulus_id": ("presentation", np.array([f"s{i:03d}" for i in range(len(values))])),
        "neuroid_id": ("neuroid", np.array([f"n{i:02d}" for i in range(values.shape[1])])),
    }
    return xr.DataArray(values, dims=("presentation", "neuroid"), coords=coords)


@pytest.fixture
def examples(card: Card, given_by_plugin: ModuleType | None) -> dict[str, Pair]:
    """``identical``: source and target that agree perfectly; ``unrelated``: that have nothing to do with each other."""
    rng = np.random.default_rng(0)
    given = getattr(given_by_plugin, "examples", None)
    if given is not None and (own := given(card.identifier, rng)) is not None:
        assert {"identical", "unrelated"} <= set(own), (
            f"examples({card.identifier!r}, rng) of tests/conformance.py gives {sorted(own)}; give two pairs (source, target), "
            "'identical' and 'unrelated', or None for the suite's own"
        )
        return dict(own)
    latent = rng.normal(size=(120, 6))
    same = assembly(latent @ rng.normal(size=(6, 15)))
    identical = (same, same)
    return {"identical": identical, "unrelated": (assembly(rng.normal(size=(120, 30))), assembly(rng.normal(size=(120, 15))))}


@pytest.fixture
def metric(card: Card, registry: Registry) -> Metric:
    return load_metric(card.identifier)


def call(metric: Metric, pair: Pair) -> Score:
    return metric(*pair)


#: Where a metric's error comes from; docs/hooks.md has the whole of it.
GIVE_AN_ERROR = (
    "return with_uncertainty(score, replicates) of fornix.numerics.uncertainty.intervals, which fills error, interval, "
    "replicates and resampled from the score's values without each group of stimuli (docs/hooks.md has an example)"
)
WHERE_OTHER_DATA = "where such data are none of its own, tests/conformance.py gives it others: examples(identifier, rng)"


def test_identity_scores_one(metric: Metric, examples: dict[str, Pair]) -> None:
    value = call(metric, examples["identical"]).value
    assert value == pytest.approx(1, abs=0.02), (
        f"responses compared with themselves score {value:.4f}: make perfect agreement score 1 within 0.02 ({WHERE_OTHER_DATA})"
    )


@pytest.fixture
def chance(card: Card, examples: dict[str, Pair], given_by_plugin: ModuleType | None) -> float:
    """What unrelated data score: of the card, or, where it depends on the data, of the plugin's tests."""
    if card.chance is not None:
        return card.chance
    given = getattr(given_by_plugin, "chance", None)
    assert given is not None, (
        "the card says that chance is no fixed number ('none'), and tests/conformance.py does not say what the unrelated data "
        "score: write chance(identifier, unrelated), which returns it, computed otherwise than by the metric"
    )
    return float(given(card.identifier, examples["unrelated"]))


def test_unrelated_data_score_chance_within_the_error(metric: Metric, examples: dict[str, Pair], chance: float) -> None:
    score = call(metric, examples["unrelated"])
    assert np.isfinite(score.error), f"the score of unrelated data has the error {score.error}: {GIVE_AN_ERROR}"
    assert abs(score.value - chance) <= 3 * score.error, (
        f"unrelated data score {score.value:.4f} +- {score.error:.4f}, more than three errors from chance, {chance:.4g}: mend "
        "what prefers one of them, or say in the card what chance is ('none' where it depends on the data: then "
        f"chance(identifier, unrelated) of tests/conformance.py says it; {WHERE_OTHER_DATA})"
    )


def test_every_score_has_an_error_and_says_what_was_resampled(metric: Metric, examples: dict[str, Pair]) -> None:
    score = call(metric, examples["unrelated"])
    assert np.isfinite(score.error), f"the score has the error {score.error}: {GIVE_AN_ERROR}"
    assert score.error > 0, f"the score of unrelated data has the error 0, as if it were certain: {GIVE_AN_ERROR}"
    low, high = score.interval
    assert low < score.value < high, f"the interval ({low:g}, {high:g}) does not hold the value {score.value:g}: {GIVE_AN_ERROR}"
    assert score.replicates is not None, (
        f"the score has no replicates, by which two models are compared in pairs: {GIVE_AN_ERROR}"
    )
    assert score.resampled, f"the score does not say what its error covers (resampled): {GIVE_AN_ERROR}"


def test_the_order_of_rows_and_units_changes_nothing(metric: Metric, examples: dict[str, Pair]) -> None:
    rng = np.random.default_rng(1)
    before = call(metric, examples["unrelated"])
    shuffled = []
    for array in examples["unrelated"]:
        for dim in array.dims:
            array = array.isel({dim: rng.permutation(array.sizes[dim])})
        shuffled.append(array)
    after = metric(*shuffled)
    assert after.value == pytest.approx(before.value, abs=1e-9), (
        f"with the rows and units of source and target in another order the score is {after.value!r}, not {before.value!r}: "
        "match rows by stimulus_id (match_rows and source_stimuli of fornix.numerics.rows; docs/hooks.md has an example), and "
        "let nothing depend on which unit is first"
    )
    assert after.error == pytest.approx(before.error, rel=1e-6, nan_ok=True), (
        f"with the rows and units of source and target in another order the error is {after.error!r}, not {before.error!r}: "
        "leave out the same stimuli whatever their order (stimulus_groups of fornix.numerics.uncertainty.intervals draws over "
        "their names)"
    )


def test_equal_calls_give_equal_scores(card: Card, metric: Metric, examples: dict[str, Pair]) -> None:
    one, other = call(metric, examples["unrelated"]), call(load_metric(card.identifier), examples["unrelated"])
    assert (one.value, one.error, one.interval) == (other.value, other.error, other.interval), (
        f"two equal calls give {one.value!r} and {other.value!r}, or other errors: draw random numbers from a generator with a "
        "fixed seed, made within the call"
    )
