"""The models of one benchmark in order, and the order of a whole matrix."""

from __future__ import annotations

import numpy as np
import pytest

from fornix.errors import UsageError
from fornix.matrix.analyses import arranged, ranking
from tests.matrix.analyses.tables import flag, table


def test_the_best_comes_first_and_what_is_out_of_rankings_last() -> None:
    matrix = table([[0.3], [0.9], [np.nan], [0.5], [0.5]])
    flag(matrix, "m1", "B0", "trained on the same subjects (a)")
    found = ranking(matrix, "B0")
    assert found["model"].values.tolist() == ["m3", "m4", "m0", "m1"]
    assert found["left_out"].values.tolist() == ["", "", "", "out of rankings: trained on the same subjects (a)"]
    assert found.attrs == {"benchmark": "B0", "normalisation": "none", "empty": 1}
    assert np.isnan(found["rank"]).all()


def test_known_ranks_decide() -> None:
    matrix = table([[0.3], [0.5], [0.4]])
    dims = ("model", "benchmark")
    # a parent ranked on what its models share: not the order of the values
    ranks = {"rank": [[1.0], [2], [3]], "rank_low": [[1.0], [1], [3]], "rank_high": [[2.0], [2], [3]]}
    found = ranking(matrix.assign({name: (dims, values) for name, values in ranks.items()}), "B0")
    assert found["model"].values.tolist() == ["m0", "m1", "m2"]
    assert found["rank_high"].values.tolist() == [2, 2, 3]


def test_no_model_and_no_benchmark() -> None:
    assert ranking(table([[np.nan], [np.nan]]), "B0").sizes["model"] == 0
    with pytest.raises(UsageError, match="no benchmark B7"):
        ranking(table([[0.1]]), "B7")


def test_models_and_benchmarks_that_share_scores_stand_together() -> None:
    nan = np.nan
    value = [[0.1, nan, nan, nan], [nan, 0.2, nan, nan], [0.3, nan, nan, 0.4], [nan, nan, nan, nan]]
    found = arranged(table(value))
    assert found["model"].values.tolist() == ["m0", "m2", "m1"]
    assert found["benchmark"].values.tolist() == ["B0", "B3", "B1"]
    assert found["model_block"].values.tolist() == [0, 0, 1]
    assert found["benchmark_block"].values.tolist() == [0, 0, 1]
    assert (found.attrs["models_left_out"], found.attrs["benchmarks_left_out"]) == ("m3", "B2")


def test_children_are_shown_where_they_are_asked_for() -> None:
    matrix = table([[0.1, 0.1, 0.1]], benchmarks=["P", "P.a", "P.b"], parents=["", "P", "P"])
    assert arranged(matrix)["benchmark"].values.tolist() == ["P"]
    assert arranged(matrix, expand=True)["benchmark"].values.tolist() == ["P", "P.a", "P.b"]
