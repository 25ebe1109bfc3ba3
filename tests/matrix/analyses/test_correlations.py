"""Correlations between benchmarks, over the models that both have."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fornix.errors import UsageError
from fornix.matrix.analyses import benchmark_correlations
from tests.matrix.analyses.tables import flag, table


@pytest.fixture
def scores() -> np.ndarray:
    """30 models on 4 benchmarks, the first two alike, with holes."""
    rng = np.random.default_rng(3)
    value = rng.normal(size=(30, 4))
    value[:, 1] += 2 * value[:, 0]
    value[rng.random(value.shape) < 0.2] = np.nan
    value[:, 3] = np.round(value[:, 3])  # ties
    return value


def test_each_pair_is_what_scipy_gives_for_the_models_that_have_both(scores: np.ndarray) -> None:
    found = benchmark_correlations(table(scores))
    for i in range(4):
        for j in range(4):
            both = np.isfinite(scores[:, [i, j]]).all(axis=1)
            x, y = scores[both, i], scores[both, j]
            pair = found.isel(benchmark=i, other=j)
            assert pair["n"] == both.sum()
            assert pair["spearman"].item() == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
            pearson = stats.pearsonr(x, y)
            assert pair["pearson"].item() == pytest.approx(pearson.statistic, abs=1e-12)
            if i != j:
                low, high = pearson.confidence_interval(0.95)
                assert (pair["pearson_low"].item(), pair["pearson_high"].item()) == pytest.approx((low, high), abs=1e-9)


def test_the_interval_of_spearmans_correlation_holds() -> None:
    """Normal scores with Pearson's correlation r have a true Spearman's of 6/pi asin(r/2)."""
    rng = np.random.default_rng(0)
    true = 6 / np.pi * np.arcsin(0.7 / 2)
    held = 0
    for _ in range(200):
        x = rng.normal(size=40)
        y = 0.7 * x + np.sqrt(1 - 0.49) * rng.normal(size=40)
        pair = benchmark_correlations(table(np.stack([x, y], axis=1))).isel(benchmark=0, other=1)
        held += pair["spearman_low"].item() <= true <= pair["spearman_high"].item()
    assert 0.91 <= held / 200 <= 0.985


def test_cells_out_of_rankings_and_controls_take_no_part(scores: np.ndarray) -> None:
    matrix = table(scores)
    first = matrix["model"].values[np.isfinite(scores[:, 0])][0]
    flag(matrix, first, "B0", "trained on the responses it is scored on (a)")
    whole = benchmark_correlations(table(scores))
    found = benchmark_correlations(matrix)
    assert found["n"].values[0, 0] == whole["n"].values[0, 0] - 1
    assert found["left_out"].values.tolist() == [1, 0, 0, 0]
    matrix["control"][:] = True
    without = benchmark_correlations(matrix, controls=False)
    assert without["n"].values.sum() == 0
    assert np.isnan(without["spearman"]).all()


def test_too_few_models_and_scores_that_do_not_differ_have_no_correlation() -> None:
    nan = np.nan
    value = [[0.1, 0.5, 0.2, nan], [0.2, 0.5, 0.1, 0.3], [0.3, 0.5, nan, 0.1], [0.4, 0.5, nan, 0.4]]
    found = benchmark_correlations(table(value))
    assert np.isnan(found["pearson"].values[0, 1:3]).all()  # one does not vary, the other has two models
    assert np.isfinite(found["pearson"].values[0, 3])
    assert np.isnan(found["pearson_low"].values[0, 3])  # of three models there is no interval
    assert found["n"].values[0].tolist() == [4, 4, 2, 3]


def test_like_benchmarks_stand_side_by_side() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 40))
    value = np.stack([a, b, a + 0.1 * rng.normal(size=40), b + 0.1 * rng.normal(size=40)], axis=1)
    order = benchmark_correlations(table(value))["order"].values
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    assert abs(order[0] - order[2]) == abs(order[1] - order[3]) == 1


def test_benchmarks_by_name_and_by_default_those_without_a_parent() -> None:
    value = np.random.default_rng(0).normal(size=(5, 3))
    matrix = table(value, benchmarks=["P", "P.a", "P.b"], parents=["", "P", "P"])
    assert benchmark_correlations(matrix)["benchmark"].values.tolist() == ["P"]
    assert benchmark_correlations(matrix, ["P.b", "P.a"])["other"].values.tolist() == ["P.b", "P.a"]
    with pytest.raises(UsageError, match=r"no benchmark P\.c"):
        benchmark_correlations(matrix, ["P.c"])


def test_of_many_benchmarks_with_holes_each_has_its_place() -> None:
    rng = np.random.default_rng(0)
    value = rng.normal(size=(300, 60))
    value[rng.random(value.shape) < 0.1] = np.nan
    found = benchmark_correlations(table(value))
    assert np.isfinite(found["spearman"]).all()
    assert sorted(found["order"].values.tolist()) == list(range(60))
