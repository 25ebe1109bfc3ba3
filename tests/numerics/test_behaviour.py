"""Error consistency, accuracy and correlation against Brain-Score, scikit-learn and scipy, and what resampling must respect."""

import itertools
import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from fornix.interfaces import AssemblyError, Score
from fornix.numerics.behaviour.accuracy import accuracy
from fornix.numerics.behaviour.decisions import decisions
from fornix.numerics.behaviour.error_consistency import error_consistency, error_consistency_ceiling, kappas
from fornix.numerics.behaviour.predictor import predictor_correlation
from fornix.numerics.definition import Definition
from fornix.numerics.uncertainty.intervals import factor_variances

PARITY = Path(__file__).parents[1] / "parity"
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
EXPECTED = json.loads((PARITY / "expected.json").read_text())


def labels(values: np.ndarray, names: np.ndarray) -> xr.DataArray:
    return xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})


def trials(choices: np.ndarray, truth: np.ndarray, condition: np.ndarray | None = None) -> xr.DataArray:
    """(subject, image) choices as trials."""
    n_subjects, n_images = choices.shape
    condition = np.zeros(n_images, dtype=int) if condition is None else condition
    columns = {
        "subject": np.repeat([f"subject-{k:02d}" for k in range(n_subjects)], n_images),
        "stimulus_id": np.tile(names(n_images), n_subjects),
        "condition": np.tile(condition, n_subjects).astype(np.str_),
        "category": np.tile(truth, n_subjects),
    }
    return xr.DataArray(choices.ravel(), dims=("trial",), coords={k: ("trial", v) for k, v in columns.items()})


def names(n: int) -> np.ndarray:
    return np.array([f"image{k:04d}" for k in range(n)])


def right_or_wrong(correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choices that are right where asked, and the truth."""
    return np.where(correct, "cat", "dog"), np.full(correct.shape[-1], "cat")


def people(n_subjects: int, n_images: int, shared: float, seed: int = 0) -> np.ndarray:
    """Decisions whose errors come, to a part, from the difficulty of the image."""
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(size=(1, n_images))
    own = rng.normal(size=(n_subjects, n_images))
    return math.sqrt(shared) * difficulty + math.sqrt(1 - shared) * own > -0.5


def row(score: Score, factor: str) -> np.ndarray:
    assert score.replicates is not None
    values = score.replicates.values[score.replicates["factor"].values.tolist().index(factor)]
    return values[np.isfinite(values)]


@pytest.fixture(scope="module")
def parity() -> tuple[xr.DataArray, xr.DataArray]:
    with np.load(PARITY / "behavior.npz") as data:
        human, truth = data["human"], data["truth"]
        return labels(data["model"], names(len(truth))), trials(human, truth, data["condition"])


@pytest.mark.parametrize("order", ["as given", "source shuffled", "target shuffled"])
def test_brain_scores_definition_and_the_sign_it_loses(parity: tuple[xr.DataArray, xr.DataArray], order: str) -> None:
    source, target = parity
    rng = np.random.default_rng(0)
    if order == "source shuffled":
        source = source[rng.permutation(source.size)]
    if order == "target shuffled":
        target = target[rng.permutation(target.size)]
    for theirs, ours, key in (
        (error_consistency(source, target, "brainscore"), error_consistency(source, target), "vision.error_consistency"),
        (error_consistency_ceiling(target, "brainscore"), error_consistency_ceiling(target), "vision.error_consistency.ceiling"),
    ):
        expected = EXPECTED[key]
        assert theirs.value == pytest.approx(expected["value"], rel=1e-9)
        assert theirs.error == pytest.approx(expected["error"], rel=1e-9)
        assert ours.value == pytest.approx(expected["raw_mean"], rel=1e-9)
        assert ours.value == pytest.approx(-theirs.value, rel=1e-12)
        assert ours.units is not None
        assert list(ours.units.shape) == expected["raw_shape"]


def test_kappa_is_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    x, y = (rng.random(size=(5, 80)) > 0.4).astype(float), (rng.random(size=(5, 80)) > 0.6).astype(float)
    weights = np.stack([np.ones(80), rng.multinomial(80, np.full(80, 1 / 80))])
    found = kappas(x, y, weights.astype(float))
    for resample, pair in itertools.product(range(2), range(5)):
        expected = metrics.cohen_kappa_score(x[pair], y[pair], sample_weight=weights[resample])
        assert found[resample, pair] == pytest.approx(expected, rel=1e-12)


def test_kappa_of_known_agreements() -> None:
    x = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 0, 0]], dtype=float)
    y = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [1, 0, 1, 0]], dtype=float)
    np.testing.assert_allclose(kappas(x, y, np.ones((1, 4)))[0], [1, -1, math.nan, 0])


def test_an_image_that_one_of_a_pair_did_not_see_is_left_out() -> None:
    x = np.array([[1, 0, 1, 0, math.nan, 1]])
    y = np.array([[1, 0, 0, 0, 1, math.nan]])
    assert kappas(x, y, np.ones((1, 6)))[0, 0] == kappas(x[:, :4], y[:, :4], np.ones((1, 4)))[0, 0]


def test_a_missed_response_is_an_error() -> None:
    choices = np.array([["cat", "na", "dog", "cat"], ["cat", "dog", "dog", "cat"]])
    table = decisions(trials(choices, np.array(["cat", "cat", "dog", "dog"])))
    np.testing.assert_array_equal(table.correct, [[1, 0, 1, 0], [1, 0, 1, 0]])


def test_cells_are_conditions_by_subjects() -> None:
    correct = people(3, 60, shared=0.5)
    choices, truth = right_or_wrong(correct)
    condition = np.arange(60) % 4
    model = people(1, 60, shared=0.5)[0]
    score = error_consistency(labels(right_or_wrong(model)[0], names(60)), trials(choices, truth, condition))
    assert score.units is not None
    for k, subject in itertools.product(range(4), range(3)):
        of = condition == k
        x, y = model[None, of].astype(float), correct[subject, None][:, of].astype(float)
        cell = score.units.sel(condition=str(k)).values[subject]
        assert cell == pytest.approx(kappas(x, y, np.ones((1, of.sum())))[0, 0])
    assert score.value == pytest.approx(score.units.values.mean())


def test_people_scored_as_models_reach_the_ceiling() -> None:
    choices, truth = right_or_wrong(people(5, 200, shared=0.6))
    everyone = trials(choices, truth)
    left_out = [
        error_consistency(labels(choices[k], names(200)), trials(np.delete(choices, k, axis=0), truth)).value for k in range(5)
    ]
    assert np.mean(left_out) == pytest.approx(error_consistency_ceiling(everyone).value, rel=1e-12)
    assert error_consistency_ceiling(everyone).value > 0.2


def test_score_and_ceiling_take_the_same_draws_of_images() -> None:
    choices, truth = right_or_wrong(people(2, 100, shared=0.5))
    target = trials(choices, truth, np.arange(100) % 3)
    score, ceiling = error_consistency(labels(choices[1], names(100)), target), error_consistency_ceiling(target)
    assert len(row(score, "stimuli")) == 1000
    np.testing.assert_allclose(row(score, "stimuli"), (1 + row(ceiling, "stimuli")) / 2, rtol=1e-12)
    assert row(ceiling, "stimuli").std() > 0.01


def test_few_subjects_are_left_out_one_by_one() -> None:
    choices, truth = right_or_wrong(people(4, 120, shared=0.5))
    source, target = labels(choices[0][::-1].copy(), names(120)), trials(choices, truth)
    score, ceiling = error_consistency(source, target), error_consistency_ceiling(target)
    for k in range(4):
        without = trials(np.delete(choices, k, axis=0), truth)
        assert row(score, "subjects")[k] == pytest.approx(error_consistency(source, without).value, rel=1e-12)
        assert row(ceiling, "subjects")[k] == pytest.approx(error_consistency_ceiling(without).value, rel=1e-12)
    assert score.notes == ("jackknife over 4 subjects",)
    assert score.resampled == ("stimuli", "subjects")


def test_a_subject_drawn_twice_is_never_paired_with_itself() -> None:
    rng = np.random.default_rng(2)
    choices, truth = right_or_wrong(rng.random(size=(8, 2000)) > 0.4)
    ceiling = error_consistency_ceiling(trials(choices, truth))
    assert ceiling.replicates is not None
    assert ceiling.replicates["factor"].values.tolist() == ["stimuli", "subjects", "both"]
    # Self-pairs have kappa 1 and would add about 1/8.
    assert abs(row(ceiling, "subjects").mean() - ceiling.value) < 0.01
    assert abs(row(ceiling, "both").mean() - ceiling.value) < 0.01


def test_many_subjects_are_drawn_with_replacement() -> None:
    choices, truth = right_or_wrong(people(10, 60, shared=0.4))
    score = error_consistency(labels(choices[9], names(60)), trials(choices[:9], truth))
    assert score.units is not None
    by_subject = score.units.values[0]
    assert row(score, "subjects").std() == pytest.approx(by_subject.std() / 3, rel=0.1)
    assert row(score, "both").std() > row(score, "stimuli").std()
    assert score.resampled == ("stimuli", "subjects")
    assert score.interval[1] - score.value == pytest.approx(stats.t.ppf(0.975, 8) * score.error)


@pytest.mark.slow
@pytest.mark.parametrize("n_subjects", [4, 12])
def test_intervals_cover_the_truth_and_are_no_wider_than_they_need_be(n_subjects: int) -> None:
    """400 draws of a regime of ``benchmarks/calibration.py``; all regimes, 2,000 draws each, are in docs/metrics."""
    calibration = runpy.run_path(str(BENCHMARKS / "calibration.py"))
    people = calibration["People"](n_subjects, 60, 0.25)
    found = calibration["calibrate"](calibration["Regime"]("", people.truth, people.draw), draws=400, seed=1)
    assert 0.92 < found.coverage < 0.98
    assert 0.85 < found.width < 1.2


def test_the_noise_of_single_decisions_counts_once() -> None:
    """Where people err at random all variance is that of single decisions: that of one kappa, over the number of people."""
    rng = np.random.default_rng(11)
    variances = []
    for _ in range(40):
        choices, truth = right_or_wrong(rng.random(size=(5, 150)) > 0.4)
        score = error_consistency(labels(choices[0], names(150)), trials(choices[1:], truth))
        assert score.replicates is not None
        variances.append([score.error**2, *factor_variances(score.replicates).values()])
    total, stimuli, subjects, both = np.mean(variances, axis=0)
    assert total == pytest.approx(1 / 150 / 4, rel=0.2)
    assert stimuli + subjects == pytest.approx(2 * total, rel=0.25)
    assert both == pytest.approx(3 * total, rel=0.25)


def test_images_are_drawn_within_conditions() -> None:
    correct = people(3, 40, shared=0.5)
    correct[:, 20:] = np.array([[True, False] * 10] * 3)
    choices, truth = right_or_wrong(correct)
    condition = np.arange(40) // 20
    ceiling = error_consistency_ceiling(trials(choices, truth, condition))
    alone = error_consistency_ceiling(trials(choices[:, :20], truth[:20]))
    np.testing.assert_allclose(row(ceiling, "stimuli"), (row(alone, "stimuli") + 1) / 2, rtol=1e-12)


def test_a_model_that_errs_at_random_scores_chance() -> None:
    choices, truth = right_or_wrong(people(4, 300, shared=0.5))
    target, rng = trials(choices, truth), np.random.default_rng(3)
    scores = [error_consistency(labels(rng.permutation(choices[0]), names(300)), target).value for _ in range(40)]
    assert abs(np.mean(scores)) < 2 * np.std(scores, ddof=1) / math.sqrt(40)


def test_kappas_without_a_value_are_counted_and_too_many_fail() -> None:
    correct = people(2, 200, shared=0.5)
    condition = np.arange(200) // 20
    correct[:, :20] = True
    choices, truth = right_or_wrong(correct)
    ceiling = error_consistency_ceiling(trials(choices, truth, condition))
    assert ceiling.n_nan == 1
    assert ceiling.value == pytest.approx(error_consistency_ceiling(trials(choices[:, 20:], truth[20:], condition[20:])).value)
    correct[:, :60] = True
    choices, truth = right_or_wrong(correct)
    with pytest.raises(ValueError, match="3 of 10 kappas have no value, because both of a pair were right"):
        error_consistency_ceiling(trials(choices, truth, condition))


def test_trials_that_cannot_be_compared_are_refused() -> None:
    choices, truth = right_or_wrong(people(2, 10, shared=0.5))
    target, source = trials(choices, truth), labels(choices[0], names(10))
    with pytest.raises(AssemblyError, match="the source lacks 1 of 10 stimuli of the target, for example 'image0000'"):
        error_consistency(source[1:], target)
    with pytest.raises(AssemblyError, match="no coordinate 'condition'; error consistency needs"):
        error_consistency(source, target.drop_vars("condition"))
    with pytest.raises(AssemblyError, match="a subject has two decisions on one image"):
        error_consistency(source, target.assign_coords(subject=("trial", np.full(20, "one"))))
    with pytest.raises(AssemblyError, match="an image of the trials has two categories"):
        error_consistency(source, target.assign_coords(category=("trial", np.repeat(["cat", "dog"], 10))))
    with pytest.raises(AssemblyError, match="the trials have only one"):
        error_consistency_ceiling(target[:10])
    with pytest.raises(AssemblyError, match="labels have dtype int64; expected str"):
        error_consistency(labels(np.arange(10), names(10)), target)


def test_accuracy_and_its_binomial_error() -> None:
    rng = np.random.default_rng(4)
    truth = rng.choice(["0", "1", "2"], size=150)
    given = np.where(rng.random(150) < 0.7, truth, "3")
    shuffled = rng.permutation(150)
    score = accuracy(labels(given[shuffled], names(150)[shuffled]), labels(truth, names(150)))
    p = (given == truth).mean()
    assert score.value == pytest.approx(p)
    assert score.error == pytest.approx(math.sqrt(p * (1 - p) / 149))
    assert score.units is not None
    assert score.units.values.sum() == (given == truth).sum()
    perfect = accuracy(labels(truth, names(150)), labels(truth, names(150)))
    assert (perfect.value, perfect.error) == (1.0, 0.0)


def test_accuracy_of_more_stimuli_than_groups() -> None:
    rng = np.random.default_rng(5)
    truth = rng.choice(["0", "1"], size=3011)
    given = rng.choice(["0", "1"], size=3011)
    score = accuracy(labels(given, names(3011)), labels(truth, names(3011)))
    assert row(score, "stimuli").size == 200
    assert score.error == pytest.approx(0.5 / math.sqrt(3011), rel=0.2)
    assert score.interval[0] < 0.5 < score.interval[1]


def test_correlation_is_scipys_and_parity() -> None:
    with np.load(PARITY / "neural.npz") as data:
        x, y, ids = data["source"][:, 0], data["target"][:, 0], data["stimulus_id"]
    order = np.random.default_rng(6).permutation(len(ids))
    score = predictor_correlation(labels(x[order], ids[order]), labels(y, ids))
    assert score.value == pytest.approx(EXPECTED["language.pearsonr"]["value"], rel=1e-9)
    assert score.value == pytest.approx(stats.pearsonr(x, y).statistic, rel=1e-12)
    assert score.error == pytest.approx((1 - score.value**2) / math.sqrt(len(ids) - 2), rel=0.35)
    rows = np.random.default_rng(11).permutation(len(ids))
    assert predictor_correlation(labels(x, ids), labels(y[rows], ids[rows])).value == pytest.approx(score.value, rel=1e-12)
    brainscore = predictor_correlation(labels(x, ids), labels(y, ids), definition="brainscore")
    assert brainscore.value == pytest.approx(score.value, rel=1e-12)
    assert math.isnan(brainscore.error)


def test_stimuli_without_a_number_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=100)
    y = x + rng.normal(size=100)
    x[3] = y[40] = y[41] = math.nan
    score = predictor_correlation(labels(x, names(100)), labels(y, names(100)))
    there = np.isfinite(x) & np.isfinite(y)
    assert score.n_nan == 3
    assert score.units is not None
    assert np.isnan(score.units.values).sum() == 3
    assert float(score.units.mean()) == pytest.approx(score.value)
    assert score.value == pytest.approx(stats.pearsonr(x[there], y[there]).statistic)


@pytest.mark.parametrize("definition", ["default", "brainscore"])
@pytest.mark.parametrize("missing", [math.nan, math.inf])
@pytest.mark.parametrize("answered", [2, 79])
def test_a_correlation_over_the_few_stimuli_that_a_model_answers_is_none(
    answered: int, missing: float, definition: Definition
) -> None:
    y = np.random.default_rng(7).normal(size=100)
    x = np.where(np.arange(100) < answered, y, missing)
    score = predictor_correlation(labels(x, names(100)), labels(y, names(100)), definition=definition)
    assert math.isnan(score.value)
    assert math.isnan(score.error)
    assert score.n_nan == 100 - answered
    assert score.notes[0] == (
        f"{100 - answered} of 100 stimuli have no number, or an infinite one, from the model or in the measurement: "
        "more than 20%, too many for a correlation over the others"
    )


def test_a_few_stimuli_left_out_are_said_and_few_points_have_no_error_of_0() -> None:
    y = np.array([1.0, 2.0, 4.0, 3.0, 5.0])
    left_out = predictor_correlation(labels(np.array([1.0, 2.0, 3.0, 4.0, math.nan]), names(5)), labels(y, names(5)))
    assert left_out.value == pytest.approx(0.8)
    assert left_out.notes == (
        "1 of 5 stimuli have no number, or an infinite one, from the model or in the measurement: left out",
    )
    three = predictor_correlation(labels(np.array([1.0, 2.0, 4.0]), names(3)), labels(y[:3], names(3)))
    assert three.value == pytest.approx(1.0)
    assert math.isnan(three.error)
    assert three.notes == ("the raw score has no error, as 3 stimuli are too few to leave any out",)
    two = predictor_correlation(labels(y[:2], names(2)), labels(y[:2], names(2)))
    assert math.isnan(two.value)
    assert two.notes == ("2 stimuli are too few for a correlation, which needs at least 3",)


def test_a_predictor_that_does_not_vary_has_no_score_and_a_note() -> None:
    y = np.random.default_rng(7).normal(size=50)
    for source, target in ((np.full(50, 2.5), y), (y, np.zeros(50))):
        score = predictor_correlation(labels(source, names(50)), labels(target, names(50)))
        assert math.isnan(score.value)
        assert score.notes == ("nothing to compare, as the predictor or the measurement does not vary",)


@pytest.mark.parametrize("scale", [1e300, 1e-170])
def test_numbers_that_cannot_be_squared_and_text_are_refused(scale: float) -> None:
    y = np.random.default_rng(7).normal(size=50)
    with pytest.raises(AssemblyError, match="largest number of the model's predictor"):
        predictor_correlation(labels(y * scale, names(50)), labels(y, names(50)))
    with pytest.raises(AssemblyError, match=r"the measurement has dtype .*; numbers were expected"):
        predictor_correlation(labels(y, names(50)), labels(y.astype(str), names(50)))


def test_words_of_one_story_are_resampled_together() -> None:
    rng = np.random.default_rng(8)
    story = np.repeat(np.arange(12), 50)
    common = rng.normal(size=12)[story]
    x, y = common + 0.3 * rng.normal(size=600), rng.normal(size=12)[story] + 0.3 * rng.normal(size=600)
    target = labels(y, names(600)).assign_coords(story=("presentation", story))
    by_word = predictor_correlation(labels(x, names(600)), target)
    by_story = predictor_correlation(labels(x, names(600)), target, group="story")
    assert by_story.value == by_word.value
    assert row(by_story, "stimuli").size == 12
    kept = story != story[0]
    assert np.isclose(row(by_story, "stimuli"), stats.pearsonr(x[kept], y[kept]).statistic).sum() == 1
    assert by_story.error > 3 * by_word.error
    with pytest.raises(AssemblyError, match="has no coordinate 'book' to resample by; it has stimulus_id, story"):
        predictor_correlation(labels(x, names(600)), target, group="book")
    alone = target.assign_coords(story=("presentation", np.full(600, "one")))
    with pytest.raises(
        AssemblyError, match="all 600 stimuli that have numbers are of one story, one; an error for others needs at least 2"
    ):
        predictor_correlation(labels(x, names(600)), alone, group="story")
    assert predictor_correlation(labels(x, names(600)), alone, "story", "brainscore").value == by_word.value


def test_stories_without_numbers_are_none_that_are_resampled() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=50)
    y = x + rng.normal(size=50)
    y[45:] = np.nan
    story = np.repeat(["one", "two", "three"], [20, 25, 5])

    def measured(n: int, stories: np.ndarray) -> xr.DataArray:
        return labels(y[:n], names(50)[:n]).assign_coords(story=("presentation", stories[:n]))

    score = predictor_correlation(labels(x, names(50)), measured(50, story), group="story")
    without = predictor_correlation(labels(x[:45], names(50)[:45]), measured(45, story), group="story")
    assert (score.value, score.error) == (pytest.approx(without.value), pytest.approx(without.error))
    assert score.interval == pytest.approx(without.interval)
    with pytest.raises(AssemblyError, match="all 45 stimuli that have numbers are of one story, one;"):
        predictor_correlation(labels(x, names(50)), measured(50, np.where(story == "two", "one", story)), group="story")
