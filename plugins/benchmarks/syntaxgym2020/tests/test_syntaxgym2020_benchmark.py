"""Items, predictions and chance; that every suite can be solved is for the conformance suite (tests/conformance.py)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
import xarray as xr
from fornix_benchmark_syntaxgym2020.accuracy import SyntaxGymSuite, left_out

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import Benchmark, Responses, Score, StimulusSet, Surprisal
from fornix.numerics.uncertainty.intervals import replicates_array, with_uncertainty
from fornix.registry.card import Card
from fornix.registry.discovery import discover

CARDS = [card for card in discover().cards("benchmark") if card.identifier.startswith("SyntaxGym2020.")]


class MadeUp:
    """Four items of two conditions; region 2 of the condition ``good`` has no words."""

    def __init__(self, *predictions: str) -> None:
        self.predictions = predictions or ("(3;%good%) < (3;%bad%)",)
        self.places = [(i, c, n) for i in range(1, 5) for c in ("good", "bad") for n in (1, 2, 3) if (c, n) != ("good", 2)]

    def stimuli(self) -> StimulusSet:
        names = [f"{item}-{condition}-{number}" for item, condition, number in self.places]
        context = [f"{item}-{condition}" for item, condition, _ in self.places]
        return StimulusSet(names, text=names, context=context, order=[number for *_, number in self.places])

    def recordings(self) -> dict[str, xr.DataArray]:
        items, conditions, numbers = (np.array(column) for column in zip(*self.places, strict=True))
        coords = {"stimulus_id": self.stimuli().stimulus_id, "item": items, "condition": conditions}
        regions = xr.DataArray(
            numbers,
            dims=("presentation",),
            coords={name: ("presentation", values) for name, values in coords.items()},
            attrs={"predictions": list(self.predictions), "n_regions": 3},
        )
        return {"regions": regions}


def answered(benchmark: Any, bits: dict[str, float]) -> Score:
    (experiment,) = benchmark.experiments()
    names = np.array(list(experiment.stimuli))[::-1]
    values = np.array([bits.get(name, 7.0) for name in names])
    answer = xr.DataArray(values, dims=("presentation",), coords={"stimulus_id": ("presentation", names)})
    return benchmark.score([Responses({Surprisal(): answer})])


def test_the_score_is_the_fraction_of_items_that_are_right() -> None:
    score = answered(SyntaxGymSuite(MadeUp()), {f"{item}-good-3": 6.0 for item in (1, 2, 4)})
    assert score.value == 0.75
    assert dict(zip(score.units["item"].values.tolist(), score.units.values.tolist(), strict=True)) == {1: 1, 2: 1, 3: 0, 4: 1}
    assert score.ceiling is None
    # The standard error of a proportion, sd / sqrt(n) with ddof 1.
    assert score.error == pytest.approx(np.std([1, 1, 0, 1], ddof=1) / 2)


def test_an_item_is_right_if_all_predictions_hold() -> None:
    suite = MadeUp("(3;%good%) < (3;%bad%)", "(1;%good%) < (1;%bad%)")
    bits = {"1-good-3": 1.0, "1-good-1": 1.0, "2-good-3": 1.0, "3-good-1": 1.0}
    assert answered(SyntaxGymSuite(suite), bits).value == 0.25


def test_a_region_without_words_has_no_surprisal() -> None:
    assert answered(SyntaxGymSuite(MadeUp("(2;%good%) = 0")), {}).value == 1


@pytest.mark.parametrize("n", [19, 28, 40])
def test_where_all_items_are_alike_the_interval_is_that_of_the_rule_of_three(n: int) -> None:
    wrong, right = left_out(np.zeros(n)), left_out(np.ones(n))
    np.testing.assert_allclose(wrong, 1 - right)
    interval = with_uncertainty(Score(0.0), replicates_array({"stimuli": (wrong, "jackknife")})).interval
    assert interval[1] == pytest.approx(3 / n, rel=0.1)


def test_items_that_are_all_alike_are_noted() -> None:
    score = answered(SyntaxGymSuite(MadeUp()), {})
    assert score.value == 0 < score.error
    assert score.notes == ("all items alike: error by the rule of three",)


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="the surprisal of the regions has 1 value that is NaN"):
        answered(SyntaxGymSuite(MadeUp()), {"2-bad-3": np.nan})


def test_one_round() -> None:
    assert SyntaxGymSuite(MadeUp()).experiments([Responses({})]) == ()


def load(card: Card) -> Benchmark:
    need_files("dataset", card.uses.datasets[0])
    return fornix.load_benchmark(card.identifier)


@pytest.mark.mirror
@pytest.mark.parametrize("published", CARDS, ids=lambda card: card.identifier)
def test_a_model_of_nothing_scores_the_chance_of_the_card(published: Card) -> None:
    """Independent normal surprisals; the chance of the card is the closed form for them."""
    benchmark = load(published)
    names = list(benchmark.experiments()[0].stimuli)
    generator = np.random.default_rng(0)
    scores = [
        answered(benchmark, dict(zip(names, generator.normal(20, 3, size=len(names)).tolist(), strict=True))) for _ in range(12)
    ]
    n = sum(score.units.size for score in scores)
    assert np.mean([score.value for score in scores]) == pytest.approx(
        published.chance, abs=4 * np.sqrt(published.chance * (1 - published.chance) / n)
    )


@pytest.mark.mirror
def test_a_model_that_finds_all_equally_likely_solves_nothing() -> None:
    assert answered(load(CARDS[0]), {}).value == 0


def test_the_parent_is_the_mean_of_31_suites() -> None:
    parent = discover().get("benchmark", "SyntaxGym2020")
    assert sorted(parent.aggregate.leaves()) == sorted(card.identifier for card in CARDS)
    assert len(CARDS) == 31
    assert parent.aggregate.of == "value"
    assert {card.parent for card in CARDS} == {"SyntaxGym2020"}


#: Accuracies of distilgpt2 that SyntaxGym's own implementation gives, as published with Brain-Score; their mean is 0.51398774.
DISTILGPT2 = {
    "center_embed": 0.964286, "center_embed_mod": 0.928571, "cleft": 1.0, "cleft_modifier": 0.725, "fgd_hierarchy": 0.0,
    "fgd_object": 0.875, "fgd_pp": 0.875, "fgd_subject": 0.541667, "mvrr": 0.821429, "mvrr_mod": 0.785714,
    "npi_orc_any": 0.026316, "npi_orc_ever": 0.026316, "npi_src_any": 0.0, "npi_src_ever": 0.0, "npz_ambig": 0.75,
    "npz_ambig_mod": 0.583334, "npz_obj": 0.916667, "npz_obj_mod": 0.791667, "number_orc": 0.105263, "number_prep": 0.578947,
    "number_src": 0.789474, "reflexive_orc_fem": 0.0, "reflexive_orc_masc": 0.368421, "reflexive_prep_fem": 0.105263,
    "reflexive_prep_masc": 0.473684, "reflexive_src_fem": 0.157895, "reflexive_src_masc": 0.526316, "subordination": 0.217391,
    "subordination_orc-orc": 0.956522, "subordination_pp-pp": 0.478261, "subordination_src-src": 0.565217,
}  # fmt: skip


@pytest.mark.slow
def test_distilgpt2() -> None:
    """Without a start token, as the published figures were made."""
    folder = os.environ.get("FORNIX_TEST_DISTILGPT2")
    if not folder:
        pytest.skip("the weights of distilgpt2 are not here: set FORNIX_TEST_DISTILGPT2 to a folder with them")
    pytest.importorskip("transformers")
    digest = os.environ.get("FORNIX_TEST_DISTILGPT2_SHA256", "")
    model = fornix.load_model("huggingface-text", folder=folder, sha256=digest, start_token=False)
    scores = {}
    for card in CARDS:
        benchmark = load(card)
        scores[card.identifier.removeprefix("SyntaxGym2020.")] = benchmark.score(
            [model.respond(experiment) for experiment in benchmark.experiments()]
        ).value
    assert scores == pytest.approx(DISTILGPT2, abs=1e-6)
    assert np.mean(list(scores.values())) == pytest.approx(0.51398774, abs=1e-7)
