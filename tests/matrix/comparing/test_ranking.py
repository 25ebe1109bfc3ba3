"""Ranks of a matrix: against the comparisons of pairs that they follow from, and what has no rank."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.errors import FornixError
from fornix.interfaces import Score
from fornix.matrix.comparing.pairwise import compare_models
from fornix.matrix.comparing.ranking import ranks
from fornix.matrix.comparing.sources import Source
from fornix.matrix.snapshots.sources import Away
from fornix.registry.card import Aggregate
from fornix.store.requests import Trouble
from tests.matrix.comparing.worlds import ceiled, registry, score, source

LEAVES = {"x": "X", "y": "Y", "z": "Z"}
PARENTS = {"P": Aggregate("value", ("x", ("y", "z")))}
MODELS = [f"m{k}" for k in range(6)]


def cells(leaves: tuple[str, ...] = tuple(LEAVES), step: float = 0.022) -> dict[tuple[str, str], Score]:
    """Models that get better step by step, by two standard errors of a difference, on stimuli that are hard for all alike."""
    found = {}
    for leaf in leaves:
        rng = np.random.default_rng(ord(leaf))
        shared = rng.normal(size=40)
        for k, model in enumerate(MODELS):
            found[model, leaf] = score(0.5 + step * k + 0.2 * shared + 0.05 * rng.normal(size=40))
    return found


def of(there: Source, **options: str) -> xr.Dataset:
    return ranks(there.matrix, there.score_of, there.registry, **options)  # type: ignore[arg-type]


def p_of_pairs(there: Source, benchmark: str, models: list[str], **options: str) -> dict[tuple[str, str], float]:
    """All pairs on one benchmark, adjusted over them."""
    pairs = list(combinations(models, 2))
    found = [compare_models(*pair, there, benchmarks=[benchmark], **options) for pair in pairs]  # type: ignore[arg-type]
    p = [next(row.p for row in one.rows if row.benchmark == benchmark) for one in found]
    return dict(zip(pairs, stats.false_discovery_control(p).tolist(), strict=True))


@pytest.mark.parametrize("benchmark", ["x", "z", "P"])
def test_ranks_follow_from_the_comparisons_of_all_pairs(benchmark: str) -> None:
    there = source(cells(step=0.011), registry(PARENTS, LEAVES))
    found, values = of(there).sel(benchmark=benchmark), there.matrix["value"].sel(benchmark=benchmark)
    apart = {frozenset(pair) for pair, p in p_of_pairs(there, benchmark, MODELS).items() if p <= 0.05}
    assert 0 < len(apart) < 15
    for model in MODELS:
        better = [other for other in MODELS if values.sel(model=other) > values.sel(model=model)]
        worse = [other for other in MODELS if values.sel(model=other) < values.sel(model=model)]
        one = found.sel(model=model)
        assert one["rank"] == 1 + len(better)
        assert one["rank_low"] == 1 + sum(frozenset((model, other)) in apart for other in better)
        assert one["rank_high"] == 6 - sum(frozenset((model, other)) in apart for other in worse)
        assert one["unranked"] == ""
    assert 0.5 < float(found["reliability"]) < 1


def test_shared_noise_counts_for_nothing() -> None:
    """Intervals of these scores all overlap; that of a difference is ten times as short."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=40)
    far = {(m, "x"): score(0.5 + 0.05 * k + shared + 0.01 * rng.normal(size=40)) for k, m in enumerate(MODELS)}
    found = of(source(far, registry({}, {"x": "X"}))).sel(benchmark="x")
    assert max(one.interval[0] for one in far.values()) < min(one.interval[1] for one in far.values())
    assert (found["rank_low"] == found["rank"]).all()
    assert (found["rank_high"] == found["rank"]).all()
    assert found["reliability"] > 0.98


def test_what_is_not_ranked_has_no_rank_and_counts_for_none() -> None:
    there = source(cells(), registry(PARENTS, LEAVES), m5="trained on the same subjects (X)")
    found = of(there)
    assert found["rank"].sel(model="m5").isnull().all()
    assert (found["unranked"].sel(model="m5") == "out of rankings: trained on the same subjects (X)").all()
    assert float(found["rank"].sel(model="m4", benchmark="P")) == 1
    without = of(source({k: v for k, v in cells().items() if k[0] != "m5"}, registry(PARENTS, LEAVES)))
    xr.testing.assert_equal(found.sel(model=MODELS[:5]), without)


def test_a_model_resampled_otherwise_has_no_rank_there_and_above() -> None:
    some = cells()
    some["m2", "y"] = score(np.linspace(0, 1, 17))
    some["m3", "z"] = some["m3", "z"].with_(replicates=None)
    found = of(source(some, registry(PARENTS, LEAVES)))
    why = "it was resampled by another plan (stimuli, subjects or draws) than the score"
    by_benchmark = dict(zip(found["benchmark"].values.tolist(), found["unranked"].sel(model="m2").values.tolist(), strict=True))
    assert by_benchmark == {"P": f"on y, {why}", "x": "", "y": why, "z": ""}
    assert found["rank"].sel(benchmark="P").isnull().values.tolist() == [False, False, True, True, False, False]
    assert found["rank"].sel(benchmark="y").isnull().values.tolist() == [False, False, True, False, False, False]
    assert str(found["unranked"].sel(model="m3", benchmark="P").item()).startswith("on z, it has no replicates")


def test_where_no_model_can_be_ranked_each_has_its_reason_there_and_above() -> None:
    some = {(m, leaf): one.with_(replicates=None) if leaf == "y" else one for (m, leaf), one in cells().items()}
    found = of(source(some, registry(PARENTS, LEAVES)))
    why = "it has no replicates to be compared in pairs by"
    assert found["rank"].sel(benchmark=["P", "y"]).isnull().all()
    assert (found["unranked"].sel(benchmark="y") == why).all()
    assert (found["unranked"].sel(benchmark="P") == f"on y, {why}").all()
    assert found["rank"].sel(benchmark="x").notnull().all()


@pytest.mark.parametrize("silent", [Away("the place does not answer"), Trouble("the bucket does not answer")])
def test_a_place_that_does_not_answer_is_no_reason_to_rank_the_others_alone(silent: FornixError) -> None:
    there = source(cells(), registry(PARENTS, LEAVES))

    def score_of(model: str, leaf: str) -> Score:
        if (model, leaf) == ("m2", "y"):
            raise silent
        return there.score_of(model, leaf)

    with pytest.raises(type(silent), match="does not answer"):
        ranks(there.matrix, score_of, there.registry)


def lacking() -> Source:
    """m0 has x alone, m1 has x and y, the others have all."""
    some = {k: v for k, v in cells().items() if k not in {("m0", "y"), ("m0", "z"), ("m1", "z")}}
    return source(some, registry(PARENTS, LEAVES))


def test_models_with_other_children_are_not_ranked_together() -> None:
    found = of(lacking()).sel(benchmark="P")
    assert found["rank"].isnull().values.tolist() == [True, True, False, False, False, False]
    assert (found["unranked"].sel(model=["m0", "m1"]) == "it lacks some of the children").all()
    assert found["compared_on"] == ""
    assert float(found["rank"].max()) == 4


def test_in_common_all_are_ranked_on_what_all_have_and_it_is_said() -> None:
    found = of(lacking(), missing="common")
    assert str(found["compared_on"].sel(benchmark="P").item()) == "x"
    for name in ("rank", "rank_low", "rank_high"):
        assert found[name].sel(benchmark="P").values.tolist() == found[name].sel(benchmark="x").values.tolist()
    none = source({("m0", "x"): cells()["m0", "x"], ("m1", "y"): cells()["m1", "y"]}, registry(PARENTS, LEAVES))
    apart = of(none, missing="common").sel(benchmark="P")
    assert apart["rank"].isnull().all()
    assert (apart["unranked"] == "the models have no child in common").all()


def test_in_common_no_mean_is_taken_over_different_scales() -> None:
    """As the matrix takes none: there m0 has no value, and the others would be ranked on a sum of two scales."""
    raw = {k: v for k, v in cells().items() if k != ("m0", "y")}
    values = {key: np.asarray(one.units) for key, one in raw.items() if one.units is not None}
    mixed = {key: ceiled(of, 0.8) if key[1] == "z" else score(of) for key, of in values.items()}
    found = of(source(mixed, registry(PARENTS, LEAVES)), missing="common").sel(benchmark="P")
    assert found["rank"].isnull().all()
    assert (found["unranked"] == "its leaves are on different scales: none, s/c").all()
    assert found["compared_on"] == ""
    by_raw = {"P": Aggregate("raw", PARENTS["P"].children)}
    on_raw = of(source(mixed, registry(by_raw, LEAVES)), missing="common").sel(benchmark="P")
    assert on_raw["rank"].notnull().all()


def test_a_part_of_a_matrix_ranks_no_parent_whose_leaves_it_lacks() -> None:
    there = source(cells(), registry(PARENTS, LEAVES))
    found = ranks(there.matrix.sel(benchmark=["P", "x"]), there.score_of, there.registry)
    assert (found["unranked"].sel(benchmark="P") == "the matrix lacks some of its leaves").all()
    assert found["rank"].sel(benchmark="x").notnull().all()


def test_parents_of_parents_are_ranked_on_the_leaves_below() -> None:
    parents = {"Q": Aggregate("value", ("P", "w")), **PARENTS}
    leaves = {**LEAVES, "w": "W"}
    there = source(cells(leaves=("x", "y", "z", "w")), registry(parents, leaves))
    found = of(there).sel(benchmark="Q")
    assert found["rank"].values.tolist() == [6, 5, 4, 3, 2, 1]
    row = next(row for row in compare_models("m0", "m1", there, benchmarks=["Q"]).rows if row.benchmark == "Q")
    of_leaf = {one.benchmark: one.error for one in compare_models("m0", "m1", there).rows}
    assert row.error == pytest.approx(
        np.sqrt(sum((w * of_leaf[leaf]) ** 2 for leaf, w in {"w": 0.5, "x": 0.25, "y": 0.125, "z": 0.125}.items()))
    )


def test_an_order_that_all_leaves_share_would_come_again_on_others() -> None:
    found = of(source(cells(), registry(PARENTS, LEAVES)))
    assert 0.9 < float(found["split_half"].sel(benchmark="P")) <= 1
    assert found["split_half"].sel(benchmark=list(LEAVES)).isnull().all()
    swapped = {
        (MODELS[5 - k] if leaf == "x" else MODELS[k], leaf): score for (m, leaf), score in cells().items() for k in [int(m[1])]
    }
    assert float(of(source(swapped, registry(PARENTS, LEAVES)))["split_half"].sel(benchmark="P")) < 0.3


def test_each_score_is_read_once() -> None:
    asked = []
    there = source(cells(), registry(PARENTS, LEAVES))

    def score_of(model: str, leaf: str) -> Score:
        asked.append((model, leaf))
        return there.score_of(model, leaf)

    ranks(there.matrix, score_of, there.registry)
    assert sorted(asked) == sorted(cells())


def test_an_empty_matrix_has_no_ranks() -> None:
    there = source(cells(), registry(PARENTS, LEAVES))
    nothing = there.matrix.assign(value=there.matrix["value"] * np.nan, ranked=there.matrix["ranked"] & False)
    found = ranks(nothing, there.score_of, there.registry)
    assert found["rank"].isnull().all()
    assert found["reliability"].isnull().all()
