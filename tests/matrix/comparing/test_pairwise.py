"""Two models compared: against scipy on leaves, by hand on parents, and what is said where they cannot be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.errors import FornixError, UsageError
from fornix.interfaces import Normalisation, Score
from fornix.matrix.comparing.pairwise import compare_models
from fornix.matrix.comparing.result import Comparison
from fornix.matrix.snapshots.sources import Away
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty
from fornix.registry.card import Aggregate, Uses
from fornix.registry.discovery import Registry
from fornix.store.requests import Trouble
from tests.matrix.comparing.worlds import ceiled, registry, score, source

LEAVES = {"x": "X", "y": "Y", "z": "Y"}


def stimuli(seed: int, shift: float, n: int = 30) -> np.ndarray:
    """What stimuli score: half of it is theirs, whatever the model."""
    shared, own = np.random.default_rng(99).normal(size=n), np.random.default_rng(seed).normal(size=n)
    return np.asarray(0.5 + shift + 0.1 * shared + 0.05 * own)


A = {name: stimuli(k, 0.03) for k, name in enumerate(LEAVES)}
B = {name: stimuli(10 + k, 0.0) for k, name in enumerate(LEAVES)}


def scores(a: dict[str, np.ndarray] = A, b: dict[str, np.ndarray] = B) -> dict[tuple[str, str], Score]:
    return {(m, leaf): score(values) for m, of in (("a", a), ("b", b)) for leaf, values in of.items()}


def row(comparison: Comparison, benchmark: str):  # type: ignore[no-untyped-def]
    return next(row for row in comparison.rows if row.benchmark == benchmark)


def test_leaves_are_tested_as_scipy_tests_pairs() -> None:
    found = compare_models("a", "b", source(scores(), registry({}, LEAVES)))
    expected = {name: stats.ttest_rel(A[name], B[name]) for name in LEAVES}
    p_adjusted = stats.false_discovery_control([test.pvalue for test in expected.values()])
    for (name, test), adjusted in zip(expected.items(), p_adjusted, strict=True):
        of, interval = row(found, name), test.confidence_interval()
        assert (of.a, of.b) == pytest.approx((A[name].mean(), B[name].mean()))
        assert of.difference == pytest.approx((A[name] - B[name]).mean())
        assert of.error == pytest.approx(stats.sem(A[name] - B[name]))
        assert of.freedom == 29
        assert (of.low, of.high) == pytest.approx((interval.low, interval.high))
        assert of.p == pytest.approx(test.pvalue)
        assert of.p_adjusted == pytest.approx(adjusted)
        assert of.better == ("a" if adjusted <= 0.05 else "")
        assert of.effect == pytest.approx((A[name] - B[name]).mean() / (A[name] - B[name]).std(ddof=1))
        assert of.units == of.permuted == "stimuli"
        assert of.permutation_p == pytest.approx(test.pvalue, rel=0.5, abs=0.002)


def test_the_other_way_round_is_the_same_with_other_signs() -> None:
    one, other = (compare_models(*pair, source(scores(), registry({}, LEAVES))) for pair in (("a", "b"), ("b", "a")))
    for of, back in zip(one.rows, other.rows, strict=True):
        assert (back.difference, back.low, back.high) == pytest.approx((-of.difference, -of.high, -of.low))
        assert (back.p, back.better) == (pytest.approx(of.p), of.better)
    assert other.together.z == pytest.approx(-one.together.z)


@pytest.mark.parametrize(
    "datasets",
    [
        {"x": "X", "y": "Y", "z": "Y"},  # the same neuroids scored by two metrics
        {"x": "X", "y": "Y.colour", "z": "Y.contrast"},  # the same people in two experiments
        {"y": "Y", "x": "X", "z": "Y.contrast"},
    ],
)
def test_leaves_of_one_study_count_as_one_test(datasets: dict[str, str]) -> None:
    found = compare_models("a", "b", source(scores(), registry({}, datasets)))
    z = {of.benchmark: stats.norm.isf(of.p / 2) * np.sign(of.difference) for of in found.rows}
    expected = stats.combine_pvalues(stats.norm.sf([z["x"], (z["y"] + z["z"]) / 2]), method="stouffer")
    assert found.together.studies == 2
    assert found.together.z == pytest.approx(expected.statistic)
    assert "2 studies together" in repr(found)


def test_a_leaf_of_two_studies_joins_the_leaves_of_both() -> None:
    """x and y come first, each a study of its own, until z says that it uses both."""
    joined = Uses(datasets=("X.more", "Y"))
    plain = registry({}, {"x": "X", "y": "Y", "z": "Z"})
    cards = [replace(one, uses=joined) if one.identifier == "z" else one for one in plain.cards("benchmark")]
    found = compare_models("a", "b", source(scores(), Registry.of_cards(cards)))
    z = [stats.norm.isf(of.p / 2) * np.sign(of.difference) for of in found.rows]
    assert found.together.studies == 1
    assert found.together.z == pytest.approx(np.mean(z))


def test_leaves_that_name_no_data_count_as_one() -> None:
    named = registry({}, LEAVES).cards("benchmark")
    cards = [one if one.identifier == "x" else replace(one, uses=Uses()) for one in named]
    assert compare_models("a", "b", source(scores(), Registry.of_cards(cards))).together.studies == 2


def test_a_study_weighs_the_same_on_any_scale() -> None:
    """x scores a thousandth of what it did, and its error is as small."""
    small = {k: one if k[1] != "x" else score(np.asarray(one.units) / 1000) for k, one in scores().items()}
    one, other = (compare_models("a", "b", source(some, registry({}, LEAVES))) for some in (scores(), small))
    assert row(other, "x").error == pytest.approx(row(one, "x").error / 1000)
    assert other.together.z == pytest.approx(one.together.z)


PARENTS = {"P": Aggregate("value", ("x", ("y", "z")))}
WEIGHTS = {"x": 0.5, "y": 0.25, "z": 0.25}


def test_a_parent_adds_the_differences_on_its_leaves() -> None:
    found = compare_models("a", "b", source(scores(), registry(PARENTS, LEAVES)))
    parent, leaves = row(found, "P"), {name: row(found, name) for name in LEAVES}
    assert parent.difference == pytest.approx(sum(w * leaves[name].difference for name, w in WEIGHTS.items()))
    parts = {name: (w * leaves[name].error) ** 2 for name, w in WEIGHTS.items()}
    assert parent.error == pytest.approx(math.sqrt(sum(parts.values())))
    assert parent.freedom == pytest.approx(sum(parts.values()) ** 2 / sum(v**2 / 29 for v in parts.values()))
    assert parent.p == pytest.approx(2 * stats.t.sf(parent.difference / parent.error, parent.freedom))
    assert not parent.leaf
    assert math.isnan(parent.permutation_p)


def test_a_parent_of_raw_values_compares_raw_values() -> None:
    """Of leaves that are on scales of different ceilings."""
    cells = scores()
    for model, of in (("a", A), ("b", B)):
        cells[model, "x"] = ceiled(of["x"], 0.5)
    raw = compare_models("a", "b", source(cells, registry({"P": Aggregate("raw", ("x", "y"))}, LEAVES)))
    plain = compare_models("a", "b", source(scores(), registry({"P": Aggregate("value", ("x", "y"))}, LEAVES)))
    assert row(raw, "P").difference == pytest.approx(row(plain, "P").difference)
    assert row(raw, "P").error == pytest.approx(row(plain, "P").error)
    assert row(raw, "x").difference == pytest.approx(2 * row(plain, "x").difference)
    assert row(raw, "x").effect == pytest.approx(row(plain, "x").effect)
    mixed = compare_models("a", "b", source(cells, registry({"P": Aggregate("value", ("x", "y"))}, LEAVES)))
    assert "different scales: none, s/c" in row(mixed, "P").why


def test_a_parent_with_a_child_missing_is_refused_or_compared_on_what_both_have() -> None:
    there = source(scores(b={name: B[name] for name in ("x", "y")}), registry(PARENTS, LEAVES))
    complete = compare_models("a", "b", there)
    assert row(complete, "P").why == "on z, of its 3 leaves, b has no value (skipped: modality)"
    assert row(complete, "z").why == "b has no value (skipped: modality)"
    assert math.isnan(row(complete, "P").difference)
    common = row(compare_models("a", "b", there, missing="common"), "P")
    assert common.difference == pytest.approx((row(complete, "x").difference + row(complete, "y").difference) / 2)
    assert common.compared_on == "x; y"
    none = source({("a", "x"): score(A["x"]), ("b", "y"): score(B["y"])}, registry(PARENTS, LEAVES))
    shown = compare_models("a", "b", none, benchmarks=["P"], missing="common")
    assert row(shown, "P").why == "they have no child in common"


def test_p_is_adjusted_over_what_was_compared_and_asked_for() -> None:
    there = source(scores(), registry(PARENTS, LEAVES))
    found = compare_models("a", "b", there, benchmarks=["x"])
    assert [of.benchmark for of in found.rows] == ["x"]
    assert found.rows[0].p_adjusted == found.rows[0].p
    assert {of.benchmark for of in compare_models("a", "b", there, benchmarks=["P"]).rows} == {"P", "x", "y", "z"}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (score(B["x"][:20]), "b: it was resampled by another plan (stimuli, subjects or draws) than the score of a"),
        (score(B["x"], replicates=None), "b: it has no replicates to be compared in pairs by"),
        (ceiled(B["x"], 0.8), "b: it is on another scale than the score of a"),
    ],
    ids=["plan", "replicates", "scale"],
)
def test_scores_that_cannot_be_paired_are_refused(other: Score, why: str) -> None:
    cells = {**scores(), ("b", "x"): other}
    found = compare_models("a", "b", source(cells, registry(PARENTS, LEAVES)))
    assert row(found, "x").why == why
    assert row(found, "P").why == f"on x, {why}"
    assert math.isnan(row(found, "x").p_adjusted)
    assert row(found, "y").why == ""
    assert f"not compared on x: {why}" in repr(found)


@pytest.mark.parametrize("silent", [Away("the place does not answer"), Trouble("the bucket does not answer")])
def test_a_place_that_does_not_answer_is_no_reason_to_compare_the_other_leaves_alone(silent: FornixError) -> None:
    asked = []

    def score_of(model: str, leaf: str) -> Score:
        asked.append((model, leaf))
        raise silent

    with pytest.raises(type(silent), match="does not answer"):
        compare_models("a", "b", replace(source(scores(), registry({}, LEAVES)), score_of=score_of))
    assert len(asked) == 1


def test_models_out_of_rankings_are_not_compared() -> None:
    there = source(scores(), registry({}, LEAVES), b="trained on the responses it is scored on (X)")
    found = compare_models("a", "b", there)
    assert row(found, "x").why == "b is out of rankings: trained on the responses it is scored on (X)"
    assert "could not be compared on any benchmark" in repr(found)


def test_equal_models_tie() -> None:
    found = compare_models("a", "b", source(scores(A, A), registry(PARENTS, LEAVES)))
    assert {(of.p, of.better, of.why) for of in found.rows} == {(1.0, "", "")}
    assert "they tie on 4 benchmarks" in repr(found)


def test_scores_near_nothing_are_compared_on_the_straight_scale() -> None:
    """Replicates of r|r|/c are flat at 0; of two models that score about nothing they would find any difference certain."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(0, 0.2, size=(2, 30))
    ceiling = Score(0.8, error=0.0)
    cells = {(m, "x"): normalise(score(v), ceiling, Normalisation.SIGNED_SQUARE) for m, v in (("a", x), ("b", y))}
    of = row(compare_models("a", "b", source(cells, registry({}, {"x": "X"}))), "x")
    assert of.difference == pytest.approx((x.mean() * abs(x.mean()) - y.mean() * abs(y.mean())) / 0.8)
    assert of.p == pytest.approx(stats.ttest_rel(x, y).pvalue)
    assert of.low < 0 < of.high


def test_subjects_are_flipped_for_these_stimuli() -> None:
    """A mean over subjects, whose images were resampled, too."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=20)

    def of(values: np.ndarray) -> Score:
        units = xr.DataArray(
            values[None], dims=("condition", "subject"), coords={"subject": [f"p{k}" for k in range(len(values))]}
        )
        by_subject = (values.sum() - values) / (len(values) - 1)
        rows = {"stimuli": (values.mean() + 0.01 * images, "jackknife"), "subjects": (by_subject, "jackknife")}
        return with_uncertainty(Score(float(values.mean()), units=units), replicates_array(rows))

    one, other = of(np.array([0.5, 0.6, 0.7, 0.8, 0.75])), of(np.array([0.4, 0.45, 0.6, 0.7, 0.6]))
    found = row(compare_models("a", "b", source({("a", "x"): one, ("b", "x"): other}, registry({}, {"x": "X"}))), "x")
    assert found.permutation_p == 2 / 2**5
    assert found.permuted == "subjects, for these stimuli"
    assert found.units == "subjects"


def test_neuroids_are_not_flipped() -> None:
    """They share what the stimuli do, so their signs are not free."""
    values = np.random.default_rng(0).normal(0.5, 0.1, size=(10, 12))

    def of(shift: float) -> Score:
        units = xr.DataArray(
            values + shift, dims=("split", "neuroid"), coords={"neuroid_id": ("neuroid", [f"n{k}" for k in range(12)])}
        )
        return score(A["x"] + shift).with_(units=units + shift * xr.DataArray(np.arange(12.0), dims="neuroid"))

    found = row(compare_models("a", "b", source({("a", "x"): of(0.0), ("b", "x"): of(0.1)}, registry({}, {"x": "X"}))), "x")
    assert found.units == "neuroids"
    assert math.isfinite(found.effect)
    assert math.isnan(found.permutation_p)
    assert found.permuted == ""


def test_the_table_is_a_dataframe() -> None:
    found = compare_models("a", "b", source(scores(), registry(PARENTS, LEAVES)))
    frame = found.to_dataframe()
    assert frame["benchmark"].tolist() == [of.benchmark for of in found.rows]
    assert set(frame["model_a"]) == {"a"}
    assert frame["p"].tolist() == [of.p for of in found.rows]


@pytest.mark.parametrize(
    ("models", "benchmarks", "said"),
    [
        (("a", "bb"), None, "there is no model 'bb' in this matrix"),
        (("a", "a"), None, "a is compared with itself"),
        (("a", "b"), ["xx"], "there is no benchmark 'xx' in this matrix"),
    ],
)
def test_names_that_are_not_there_are_said(models: tuple[str, str], benchmarks: list[str] | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compare_models(*models, source(scores(), registry({}, LEAVES)), benchmarks=benchmarks)
