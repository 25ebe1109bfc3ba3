"""The published figures of Golan2023, then what the score must do on made-up data."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from fornix_benchmark_golan2023.preference import SentencePreference, preference_score, reliability
from scipy.stats import spearmanr

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, Normalisation, Responses, StimulusSet, Surprisal

N_SUBJECTS, N_PAIRS = 12, 40


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fornix_benchmark_golan2023.preference.N_RESAMPLES", 100)


class MadeUp:
    """Subjects who rate by a common preference and noise."""

    def __init__(self, noise: float = 1.0, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        self.preference = generator.normal(size=N_PAIRS)
        felt = self.preference + noise * generator.normal(size=(N_SUBJECTS, N_PAIRS))
        self.ratings = np.clip(np.round(3.5 + 1.5 * felt), 1, 6)

    def stimuli(self) -> StimulusSet:
        names = [f"{side}{k}" for side in "ab" for k in range(N_PAIRS)]
        return StimulusSet(names, text=names)

    def recordings(self) -> dict[str, xr.DataArray]:
        coords = {
            "subject": ("subject", np.arange(N_SUBJECTS).astype(str)),
            "stimulus_a": ("pair", np.array([f"a{k}" for k in range(N_PAIRS)])),
            "stimulus_b": ("pair", np.array([f"b{k}" for k in range(N_PAIRS)])),
        }
        return {"ratings": xr.DataArray(self.ratings, dims=("subject", "pair"), coords=coords)}


def answered(benchmark: SentencePreference, preference: np.ndarray) -> Responses:
    """A model for which log2 p(b) - log2 p(a) is the given preference."""
    (experiment,) = benchmark.experiments()
    bits = {f"a{k}": 50.0 for k in range(N_PAIRS)} | {f"b{k}": 50.0 - preference[k] for k in range(N_PAIRS)}
    shuffled = np.random.default_rng(9).permutation(experiment.stimuli.stimulus_id)
    values = np.array([bits[name] for name in shuffled])
    return Responses(
        {Surprisal(): xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", shuffled)})}
    )


@pytest.fixture(scope="module")
def published() -> Benchmark:
    need_files("dataset", "Golan2023")
    return fornix.load_benchmark("Golan2023-preference")


@pytest.mark.mirror
def test_reliability_of_the_published_ratings(published: Benchmark) -> None:
    ceiling = published.ceiling()
    assert round(ceiling.value, 3) == 0.765
    assert round(ceiling.details["upper_bound"], 3) == 0.782
    assert round(ceiling.details["majority_agreement"], 3) == 0.879
    assert 0 < ceiling.error < 0.1


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("model", "agreement"),
    [
        ("golan2023-bert", 0.857),
        ("golan2023-electra", 0.857),
        ("golan2023-roberta", 0.857),
        ("golan2023-bert-has_a_mouth", 0.318),
        ("golan2023-electra-has_a_mouth", 0.445),
        ("golan2023-roberta-has_a_mouth", 0.610),
    ],
)
def test_agreement_of_the_published_models_with_single_choices(published: Benchmark, model: str, agreement: float) -> None:
    (experiment,) = published.experiments()
    score = published.score([fornix.load_model(model).respond(experiment)])
    assert round(score.details["agreement"], 3) == agreement
    assert score.normalisation is Normalisation.RATIO
    assert score.value == pytest.approx(score.raw / score.ceiling.value)


def test_reliability_leaves_out_every_copy_of_a_subject() -> None:
    """By hand: subjects 0, 0, 1, 3, 3, 3 drawn; subject 0 is compared with 1, 3, 3, 3 only."""
    ratings = MadeUp().ratings[:4]
    drawn = [0, 0, 1, 3, 3, 3]
    expected = np.mean([spearmanr(ratings[i], ratings[[j for j in drawn if j != i]].mean(axis=0)).statistic for i in drawn])
    assert reliability(ratings, np.bincount(drawn, minlength=4).astype(float)) == pytest.approx(expected, rel=1e-12)


def test_a_subject_counts_as_often_as_it_was_drawn() -> None:
    made_up = MadeUp()
    drawn = [0, 0, 2, 5]
    expected = np.mean([spearmanr(made_up.ratings[i], made_up.preference).statistic for i in drawn])
    weights = np.bincount(drawn, minlength=N_SUBJECTS).astype(float)
    assert preference_score(made_up.ratings, weights, made_up.preference) == pytest.approx(expected, rel=1e-12)


def test_an_oracle_exceeds_the_ceiling_and_its_opposite_mirrors_it() -> None:
    benchmark = SentencePreference(made_up := MadeUp())
    oracle = benchmark.score([answered(benchmark, made_up.preference)])
    opposite = benchmark.score([answered(benchmark, -made_up.preference)])
    assert oracle.value >= 1 > oracle.raw
    assert opposite.value == pytest.approx(-oracle.value)
    assert oracle.details["agreement"] + opposite.details["agreement"] == pytest.approx(1)


def test_a_model_of_nothing_scores_chance_within_its_error() -> None:
    benchmark = SentencePreference(MadeUp())
    generator = np.random.default_rng(4)
    scores = [benchmark.score([answered(benchmark, generator.normal(size=N_PAIRS))]) for _ in range(40)]
    values = np.array([score.value for score in scores])
    assert abs(values.mean()) < 2 * values.std(ddof=1) / np.sqrt(len(values))
    assert sum(score.interval[0] <= 0 <= score.interval[1] for score in scores) >= 36


def test_the_error_is_that_of_new_pairs_and_subjects() -> None:
    """The spread of the score over fresh subjects and pairs, against the mean error of one draw (0.104 and 0.110)."""
    scores = []
    for seed in range(60):
        benchmark = SentencePreference(made_up := MadeUp(seed=seed))
        noisy = made_up.preference + np.random.default_rng(1000 + seed).normal(size=N_PAIRS)
        scores.append(benchmark.score([answered(benchmark, noisy)]))
    assert np.mean([s.error for s in scores]) == pytest.approx(np.std([s.value for s in scores], ddof=1), rel=0.2)


def test_all_models_and_the_ceiling_are_resampled_alike() -> None:
    benchmark = SentencePreference(made_up := MadeUp())
    one, other = (benchmark.score([answered(benchmark, scale * made_up.preference)]) for scale in (1.0, 3.0))
    np.testing.assert_array_equal(one.replicates.values, other.replicates.values)
    assert one.replicates["factor"].values.tolist() == ["subjects", "stimuli", "both"]
    ceiling, raw = benchmark.ceiling().replicates, one.raw_replicates
    np.testing.assert_allclose(one.replicates.values, raw.values / ceiling.values, rtol=1e-12)


def test_a_model_that_cannot_decide_agrees_half_of_the_time() -> None:
    benchmark = SentencePreference(made_up := MadeUp())
    undecided = made_up.preference.copy()
    undecided[: N_PAIRS // 2] = 0
    decided = (undecided[N_PAIRS // 2 :] > 0) == (made_up.ratings[:, N_PAIRS // 2 :] > 3.5)
    expected = (0.5 + decided.mean()) / 2
    assert benchmark.score([answered(benchmark, undecided)]).details["agreement"] == pytest.approx(expected)


def test_nan_is_refused() -> None:
    benchmark = SentencePreference(MadeUp())
    with pytest.raises(ValueError, match="the surprisal of the sentences has 1 value that is NaN"):
        benchmark.score([answered(benchmark, np.r_[np.nan, np.zeros(N_PAIRS - 1)])])


def test_one_round() -> None:
    benchmark = SentencePreference(MadeUp())
    assert benchmark.experiments([answered(benchmark, np.zeros(N_PAIRS))]) == ()
