"""Every normalisation by hand, the error of score and ceiling together, and what happens where a ceiling is nothing."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from fornix.interfaces import Normalisation, Score
from fornix.numerics.ceilings.normalisation import normalise
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty

EXPECTED = json.loads((Path(__file__).parents[1] / "parity" / "expected.json").read_text())


def scored(value: float, **replicates: np.ndarray) -> Score:
    plan = replicates_array({factor: (values, "jackknife") for factor, values in replicates.items()})
    return with_uncertainty(Score(value=value), plan)


def around(value: float, seed: int, spread: float = 0.01, n: int = 20) -> np.ndarray:
    deviations = np.random.default_rng(seed).normal(size=n)
    return value + spread * (deviations - deviations.mean())


@pytest.mark.parametrize(
    ("normalisation", "raw", "expected"),
    [
        (Normalisation.RATIO, -0.4, -0.5),
        (Normalisation.SIGNED_SQUARE, -0.4, -0.2),
        (Normalisation.SQUARE, -0.4, 0.2),
        (Normalisation.ROOT, -0.4, -0.4 / math.sqrt(0.8)),
        (Normalisation.SQUARED_RATIO, -0.4, -0.25),
        (Normalisation.CHANCE, 0.45, 0.5),
        (Normalisation.CHANCE, 0.0, -1 / 7),
        (Normalisation.CLIPPED, -0.4, 0.0),
        (Normalisation.CLIPPED, 0.9, 1.0),
        (Normalisation.RATIO, 1.0, 1.25),
        (Normalisation.NONE, -0.4, -0.4),
    ],
)
def test_values(normalisation: Normalisation, raw: float, expected: float) -> None:
    score = normalise(Score(value=raw), Score(value=0.8), normalisation, chance=0.1)
    assert score.value == pytest.approx(expected)
    assert (score.raw, score.normalisation, score.chance) == (raw, normalisation, 0.1)
    assert score.ceiling is not None
    assert score.ceiling.value == 0.8


def test_a_score_of_nothing_stays_nothing_whatever_its_replicates() -> None:
    def bootstrapped(value: float, draws: np.ndarray) -> Score:
        plan = replicates_array({"neuroids": (draws, "bootstrap", 20)})
        return with_uncertainty(Score(value), plan)

    ceiling = bootstrapped(0.8, around(0.8, 0, n=1000))
    score = normalise(bootstrapped(math.nan, np.full(1000, math.nan)), ceiling, Normalisation.RATIO)
    assert math.isnan(score.value)
    assert math.isnan(score.error)
    assert score.replicates is None


def test_explained_variance_is_brain_scores() -> None:
    pls, consistency = EXPECTED["vision.pls_cv"], EXPECTED["vision.internal_consistency"]
    expected = EXPECTED["vision.explained_variance(pls_cv, internal_consistency)"]
    ceiling = Score(value=consistency["value"], error=consistency["error"])
    score = normalise(Score(value=pls["value"], error=pls["error"]), ceiling, Normalisation.SQUARE)
    assert score.value == pytest.approx(expected["value"], rel=1e-9)
    assert score.error == pytest.approx(expected["error"], rel=1e-9)
    assert score.raw == pytest.approx(expected["raw_mean"], rel=1e-9)


def test_score_and_ceiling_that_vary_together_leave_no_error() -> None:
    ceiling = scored(0.8, stimuli=around(0.8, seed=0))
    half = scored(0.4, stimuli=around(0.8, seed=0) / 2)
    assert normalise(half, ceiling, Normalisation.RATIO).error == pytest.approx(0, abs=1e-12)
    alone = normalise(half, Score(value=0.8, error=0.1), Normalisation.RATIO)
    assert alone.error == pytest.approx(half.error / 0.8)
    assert alone.notes == ("error without that of the ceiling",)


def test_over_different_factors_the_other_side_is_held() -> None:
    score, ceiling = scored(0.4, stimuli=around(0.4, seed=1)), scored(0.8, neuroids=around(0.8, seed=2))
    ratio = normalise(score, ceiling, Normalisation.RATIO)
    delta_method = math.hypot(score.error / 0.8, ceiling.error * 0.4 / 0.8**2)
    assert ratio.error == pytest.approx(delta_method, rel=0.01)
    assert ratio.resampled == ("stimuli", "neuroids")


def test_an_exact_ceiling_scales_the_error() -> None:
    score = scored(0.55, stimuli=around(0.55, seed=3))
    corrected = normalise(score, Score(value=1.0, error=0.0, interval=(1.0, 1.0)), Normalisation.CHANCE, chance=0.1)
    assert corrected.value == pytest.approx(0.5)
    assert corrected.error == pytest.approx(score.error / 0.9)
    assert corrected.notes == ()
    assert corrected.interval == pytest.approx(tuple((end - 0.1) / 0.9 for end in score.interval))


def test_a_stored_score_can_be_normalised_anew() -> None:
    score, ceiling = scored(0.4, stimuli=around(0.4, seed=4)), scored(0.8, stimuli=around(0.8, seed=5))
    squared = normalise(score, ceiling, Normalisation.SIGNED_SQUARE)
    again, direct = (normalise(s, ceiling, Normalisation.RATIO) for s in (squared, score))
    assert (again.value, again.error, again.interval) == (direct.value, direct.error, direct.interval)
    raw = normalise(squared, None, Normalisation.NONE)
    assert (raw.value, raw.error, raw.interval) == (score.value, score.error, score.interval)


@pytest.mark.parametrize("value", [0.01, -0.3, math.nan])
def test_a_ceiling_that_may_be_nothing_leaves_the_score_raw(value: float) -> None:
    score, ceiling = scored(0.4, stimuli=around(0.4, seed=6)), scored(value, stimuli=around(value, seed=7, spread=0.1))
    published = normalise(score, ceiling, Normalisation.RATIO)
    assert (published.value, published.error, published.normalisation) == (0.4, score.error, Normalisation.NONE)
    assert published.notes == ("ceiling unreliable",)
    assert published.ceiling is ceiling


@pytest.mark.parametrize("ceiling", [Score(math.inf, error=0.0), Score(1e-12, error=0.0), Score(1e-7), Score(-math.inf)])
@pytest.mark.parametrize("normalisation", [Normalisation.RATIO, Normalisation.SIGNED_SQUARE, Normalisation.CHANCE])
def test_a_ceiling_that_is_infinite_or_rounding_leaves_the_score_raw(ceiling: Score, normalisation: Normalisation) -> None:
    score = scored(0.4, stimuli=around(0.4, seed=6))
    published = normalise(score, ceiling, normalisation)
    assert (published.value, published.error, published.interval) == (0.4, score.error, score.interval)
    assert published.notes == ("ceiling unreliable",)


def test_a_low_ceiling_is_said() -> None:
    score, low = scored(0.04, stimuli=around(0.04, seed=6)), scored(0.06, stimuli=around(0.06, seed=7, spread=1e-3))
    published = normalise(score, low, Normalisation.RATIO)
    assert published.value == pytest.approx(0.04 / 0.06)
    assert published.notes == ("ceiling below 0.1",)
    assert normalise(published, Score(0.8, error=0.0), Normalisation.RATIO).notes == ()
    near = normalise(Score(0.51), Score(0.58, error=0.0), Normalisation.CHANCE, chance=0.5)
    assert near.notes == ("ceiling below 0.1 above chance",)
    assert normalise(near, Score(0.9, error=0.0), Normalisation.CHANCE, chance=0.5).notes == ()


def test_a_unit_with_an_infinite_ceiling_is_left_out_and_named() -> None:
    names = np.array(["a", "b", "c"])
    raw, ceiling = (
        Score(value, units=per_neuroid(units, names)) for value, units in ((0.4, [0.4, 0.4, 0.4]), (0.8, [0.8, math.inf, 0.8]))
    )
    score = normalise(raw, ceiling, Normalisation.PER_UNIT_ROOT)
    assert score.value == pytest.approx(0.4 / math.sqrt(0.8))
    assert "1 of 3 units have a ceiling below 0.1, or none: b" in score.notes


def test_a_ceiling_at_chance_is_nothing_to_a_chance_corrected_score() -> None:
    ceiling = scored(0.52, stimuli=around(0.52, seed=8, spread=0.05))
    score = Score(value=0.51)
    assert normalise(score, ceiling, Normalisation.CHANCE, chance=0.5).notes == ("ceiling unreliable",)
    assert normalise(score, ceiling, Normalisation.RATIO, chance=0.5).notes == ()


def test_a_score_normalised_anew_says_nothing_of_an_earlier_ceiling() -> None:
    score = scored(0.4, stimuli=around(0.4, seed=6)).with_(n_nan=2, notes=("of the metric",))
    nothing, good = (scored(c, stimuli=around(c, seed=7, spread=0.1)) for c in (0.01, 0.8))
    unreliable = normalise(score, nothing, Normalisation.RATIO)
    assert unreliable.notes == ("of the metric", "ceiling unreliable")
    assert normalise(unreliable, good, Normalisation.RATIO).notes == ("of the metric",)
    exact = normalise(score, Score(0.8), Normalisation.RATIO)
    assert exact.notes == ("of the metric", "error without that of the ceiling")
    assert normalise(exact, good, Normalisation.RATIO).notes == ("of the metric",)
    assert normalise(exact, None, Normalisation.NONE).notes == ("of the metric",)


def test_units_left_out_once_are_not_left_out_of_the_next_normalisation() -> None:
    """Nor are those counted again that the metric has counted as NaN."""
    names = ["a", "b", "c", "d"]
    raw = scored(0.5, stimuli=around(0.5, seed=3)).with_(units=per_neuroid([math.nan, 0.4, 0.6, 0.3], names), n_nan=2)
    low = scored(0.6, stimuli=around(0.6, seed=4)).with_(units=per_neuroid([0.5, 0.02, 0.9, 0.5], names))
    per_unit = normalise(raw, low, Normalisation.PER_UNIT)
    assert per_unit.notes == ("1 of 4 units have a ceiling below 0.1, or none: b", "error over neuroids alone")
    assert per_unit.n_nan == 2
    again = normalise(per_unit, low, Normalisation.RATIO)
    assert (again.notes, again.n_nan, again.details) == ((), 2, {})
    assert again.error == pytest.approx(normalise(raw, low, Normalisation.RATIO).error)


def per_neuroid(values: list[float], names: list[str]) -> xr.DataArray:
    rows = [[v - 0.01 for v in values], [v + 0.01 for v in values]]
    return xr.DataArray(rows, dims=("split", "neuroid"), coords={"neuroid_id": ("neuroid", names)})


def test_per_unit_names_the_units_it_leaves_out() -> None:
    score = Score(value=0.5, units=per_neuroid([-0.5, 0.4, 0.6, 0.3], ["a", "b", "c", "d"]))
    ceiling = Score(value=0.6, units=per_neuroid([0.8, 0.02, 0.9, 0.5], ["d", "c", "b", "a"]))
    per_unit = normalise(score, ceiling, Normalisation.PER_UNIT)
    units = np.array([-0.25 / 0.5, 0.16 / 0.9, 0.09 / 0.8])
    assert per_unit.value == pytest.approx(units.mean())
    assert per_unit.error == pytest.approx(units.std(ddof=1) / math.sqrt(3))
    assert per_unit.resampled == ("neuroids",)
    assert per_unit.notes == ("1 of 4 units have a ceiling below 0.1, or none: c",)
    assert per_unit.details["units_below_lowest_ceiling"] == 1
    nothing = normalise(score, Score(value=0.6, units=per_neuroid([0.0] * 4, ["a", "b", "c", "d"])), Normalisation.PER_UNIT)
    assert (nothing.value, nothing.normalisation) == (0.5, Normalisation.NONE)
    assert nothing.notes[-1] == "ceiling unreliable"


def test_the_mean_over_neuroids_of_r_by_the_root_of_its_ceiling_is_not_clipped() -> None:
    score = Score(value=0.5, units=per_neuroid([-0.5, 0.9, 0.3], ["a", "b", "c"]))
    ceiling = Score(value=0.6, units=per_neuroid([0.36, 0.64, 0.25], ["c", "b", "a"]))
    by_root = normalise(score, ceiling, Normalisation.PER_UNIT_ROOT)
    units = np.array([-0.5 / 0.5, 0.9 / 0.8, 0.3 / 0.6])
    assert by_root.value == pytest.approx(units.mean())
    assert by_root.error == pytest.approx(units.std(ddof=1) / math.sqrt(3))
    assert by_root.normalisation == "mean(r_i/sqrt(c_i))"


def per_subject(values: list[float], names: list[str]) -> xr.DataArray:
    return xr.DataArray(values, dims=("subject",), coords={"subject": ("subject", names)})


def test_the_mean_over_subjects_takes_each_subjects_own_ceiling() -> None:
    raw = with_uncertainty(Score(value=0.3, units=per_subject([0.3, -0.1, 0.2], ["x", "y", "z"])), stimuli_and_subjects())
    ceiling = Score(value=0.5, units=per_subject([0.05, 0.4, 0.5], ["z", "y", "x"]))
    score = normalise(raw, ceiling, Normalisation.PER_SUBJECT)
    assert score.value == pytest.approx((0.3 / 0.5 - 0.1 / 0.4) / 2)
    assert score.error == pytest.approx(np.std([0.6, -0.25], ddof=1) / math.sqrt(2))
    assert score.resampled == ("subjects",)
    assert "1 of 3 subjects have a ceiling below 0.1, or none: z" in score.notes
    assert "error over subjects alone" in score.notes
    assert score.raw == 0.3
    assert normalise(score, ceiling, Normalisation.RATIO).value == pytest.approx(0.6)


def stimuli_and_subjects() -> xr.DataArray:
    plan = {"stimuli": (around(0.3, 1), "jackknife"), "subjects": (around(0.3, 2, n=3), "jackknife")}
    return replicates_array(plan)


def test_a_bootstrap_that_ends_in_nan_is_paired_draw_by_draw() -> None:
    draws = around(0.8, seed=0, n=50)
    ends, middle = draws.copy(), draws.copy()
    ends[-2:], middle[10:12] = math.nan, math.nan

    def ratio(values: np.ndarray) -> Score:
        longer = {"stimuli": (around(0.4, 3, n=60), "jackknife"), "neuroids": (values / 2, "bootstrap", 20)}
        score = with_uncertainty(Score(0.4), replicates_array(longer))
        return normalise(
            score, with_uncertainty(Score(0.8), replicates_array({"neuroids": (draws, "bootstrap", 20)})), Normalisation.RATIO
        )

    for values in (ends, middle):
        found = ratio(values).replicates
        assert found is not None
        row = found.values[1]
        np.testing.assert_allclose(row[:50], np.where(np.isnan(values), np.nan, 0.5))
        assert int(found["n_replicates"].values[1]) == 50
        assert float(found["variance_factor"].values[1]) == pytest.approx(1 / 47)


def test_what_cannot_be_combined_is_refused() -> None:
    score = scored(0.4, stimuli=around(0.4, seed=9))
    with pytest.raises(ValueError, match="needs a ceiling; without one the normalisation is 'none'"):
        normalise(score, None, Normalisation.RATIO)
    with pytest.raises(ValueError, match="over stimuli the score has 20 jackknife replicates of 20 units and its ceiling 12"):
        normalise(score, scored(0.8, stimuli=around(0.8, seed=9, n=12)), Normalisation.RATIO)
    crossed = replicates_array({"stimuli": (around(0.8, seed=9), "jackknife"), "both": (around(0.8, seed=9), "bootstrap")})
    with pytest.raises(ValueError, match="one of them lacks the replicates 'both'"):
        normalise(score, with_uncertainty(Score(value=0.8), crossed), Normalisation.RATIO)
    with pytest.raises(ValueError, match=r"c_i\) needs the units of score and ceiling, both with a dimension neuroid"):
        normalise(score, Score(value=0.8), Normalisation.PER_UNIT)


def test_a_ceiling_over_other_groups_of_stimuli_is_refused() -> None:
    """As many groups, but of other stimuli: their replicates would be paired without meaning anything."""
    replicates = replicates_array({"stimuli": (np.linspace(0.49, 0.51, 20), "jackknife")})
    mine, other = (replicates.assign_attrs(grouping=name) for name in ("mine", "other"))
    score = with_uncertainty(Score(0.5), mine)
    both = normalise(score, with_uncertainty(Score(0.5), mine), Normalisation.RATIO)
    assert both.replicates is not None
    assert both.replicates.attrs["grouping"] == "mine"
    with pytest.raises(ValueError, match="other groups of stimuli than its ceiling"):
        normalise(score, with_uncertainty(Score(0.5), other), Normalisation.RATIO)


@pytest.mark.parametrize(
    ("normalisation", "true"),
    [
        (Normalisation.SIGNED_SQUARE, 0.0),
        (Normalisation.SIGNED_SQUARE, 1.5),
        (Normalisation.SQUARED_RATIO, 2.0),
        (Normalisation.CLIPPED, 1.0),
    ],
)
def test_an_interval_on_a_bent_scale_covers_as_the_straight_one_does(normalisation: Normalisation, true: float) -> None:
    """A score of some standard errors, with groups of stimuli as replicates: what 200 intervals cover, to 2.3 standard errors."""
    rng, spread, c = np.random.default_rng(0), 0.04, 0.64
    values, covered, errors = [], [], []
    truth = normalise(Score(true * spread), Score(c, error=0.0), normalisation).value
    for _ in range(200):
        groups = rng.normal(true * spread, spread * math.sqrt(20), size=20)
        raw = scored(groups.mean(), stimuli=(groups.sum() - groups) / 19)
        score = normalise(raw, Score(c, error=0.0), normalisation)
        values.append(score.value)
        errors.append(score.error)
        covered.append(score.interval[0] <= truth <= score.interval[1])
    assert 0.915 <= np.mean(covered) <= (1.0 if normalisation is Normalisation.CLIPPED else 0.985)
    assert 0.7 < np.mean(errors) / np.std(values) < 1.6  # the most where nothing is predicted
