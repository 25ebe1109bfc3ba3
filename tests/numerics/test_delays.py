"""Delays: against shifting each run by hand; what has no history is left out, and nothing crosses from run to run."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fornix.numerics.delays import cut_runs, delayed
from fornix.numerics.splits import SplitPlan, split_plan

RNG = np.random.default_rng(0)


def by_hand(values: np.ndarray, run: np.ndarray, place: np.ndarray, delays: list[int]) -> dict[int, np.ndarray]:
    """Row -> features at each delay, for rows that have them all, looked up one at a time."""
    found = {}
    for i in range(len(run)):
        earlier = [np.flatnonzero((run == run[i]) & (place == place[i] - d)) for d in delays]
        if all(len(rows) == 1 for rows in earlier):
            found[i] = np.concatenate([values[rows[0]] for rows in earlier])
    return found


@given(
    lengths=st.lists(st.integers(4, 9), min_size=1, max_size=4),
    delays=st.lists(st.integers(-1, 2), min_size=1, max_size=3, unique=True),
    seed=st.integers(0, 99),
)
def test_features_at_each_delay_are_those_looked_up_by_hand(lengths: list[int], delays: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = rng.permutation(sum(lengths))
    run = np.repeat([f"run-{k}" for k in range(len(lengths))], lengths)[order]
    place = np.concatenate([np.arange(length) for length in lengths])[order]
    values = rng.normal(size=(len(run), 3))
    found, expected = delayed(run, place, delays), by_hand(values, run, place, delays)
    assert found.rows.tolist() == sorted(expected)
    np.testing.assert_array_equal(found.features(values), [expected[i] for i in sorted(expected)])


def test_products_are_those_of_the_features_side_by_side() -> None:
    run, place, values = np.repeat([0, 1], 8), np.tile(np.arange(8), 2), RNG.normal(size=(16, 5))
    found = delayed(run, place, [1, 3])
    features = found.features(values)
    np.testing.assert_allclose(found.products(values @ values.T), features @ features.T, atol=1e-12)


def test_a_missing_volume_is_missing_in_the_history_of_those_after_it() -> None:
    place = np.array([0, 1, 3, 4, 5])
    assert delayed(np.zeros(5), place, [1]).rows.tolist() == [1, 3, 4]
    assert delayed(np.zeros(5), place, [1, 2]).rows.tolist() == [4]


def test_runs_cut_by_a_split_are_named() -> None:
    run = np.repeat(["a", "b", "c"], 4)
    ids = np.arange(12).astype(str)
    assert cut_runs(run, split_plan(ids, kind="group_kfold", n_splits=3, groups=run, definition="brainscore")) == []
    assert cut_runs(run, SplitPlan((np.arange(6),), (np.arange(6, 12),))) == ["b"]


@pytest.mark.parametrize(
    ("run", "place", "delays", "sentence"),
    [
        ([0, 0, 0], [0, 1, 2], [3], r"run 0 has 3 rows, and none of them has its whole history at the delays \[3\]"),
        ([0, 0, 1], [0, 1, 0], [1], "run 1 has 1 rows, and none of them has its whole history"),
        ([0, 0], [0, 0], [0], "two rows of run 0 have the place 0; expected each place once in a run"),
        ([0, 0], [0, 0.5], [0], r"the places of rows in their run are \[0.0, 0.5\] \(dtype float64\); expected whole numbers"),
        ([0, 0], [0, 1], [], r"the delays are \[\]; expected at least one, each once"),
        ([0, 0], [0, 1], [1, 1], r"the delays are \[1, 1\]; expected at least one, each once"),
        ([0, 0], [0, 1], ["1"], "delays are .* expected whole numbers"),
    ],
)
def test_what_cannot_be_delayed_is_refused_in_a_sentence(run: list, place: list, delays: list, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        delayed(run, place, delays)
