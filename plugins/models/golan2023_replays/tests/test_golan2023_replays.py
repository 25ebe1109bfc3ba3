"""The published probabilities, looked up by sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fornix_model_golan2023_replays.replay import PublishedProbabilities

from fornix.interfaces import Experiment, NotAble, ReadingTimes, Recording, StimulusSet, Surprisal
from fornix.registry.discovery import discover


@pytest.fixture
def model(tmp_path: Path) -> PublishedProbabilities:
    path = tmp_path / "ratings.csv"
    path.write_text(
        "rating,sentence1,sentence2,sentence1_bert_prob,sentence2_bert_prob,sentence1_bert_has_a_mouth_prob,"
        "sentence2_bert_has_a_mouth_prob\n5,It rains,Rain it,-10,-20,-1,-2\n3,A cat,Cat a,-12,-13,-4,-3\n"
    )
    return PublishedProbabilities(path, "bert")


def test_surprisal_is_minus_log2_of_the_published_probability(model: PublishedProbabilities) -> None:
    stimuli = StimulusSet(["x", "y", "z"], text=["Cat a", "It rains", "Rain it"])
    answer = model.respond(Experiment(stimuli, task=Surprisal()))[Surprisal()]
    np.testing.assert_allclose(np.exp2(-answer.values), np.exp([-13, -10, -20]))
    assert answer["stimulus_id"].values.tolist() == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("experiment", "what", "why"),
    [
        (Experiment(StimulusSet(["x"], text=["A dog"]), task=Surprisal()), "stimuli", "'A dog' was shown"),
        (Experiment(StimulusSet(["x"], text=["A cat"], context=["c"], order=[1]), task=Surprisal()), "stimuli", "in context"),
        (Experiment(StimulusSet(["x"], text=["A cat"]), task=ReadingTimes()), "task", "surprisal only"),
        (Experiment(StimulusSet(["x"], text=["A cat"]), recordings=(Recording("IT"),)), "region", "has no regions"),
    ],
)
def test_what_was_not_published_is_declined(model: PublishedProbabilities, experiment: Experiment, what: str, why: str) -> None:
    with pytest.raises(NotAble, match=why) as raised:
        model.respond(experiment)
    assert raised.value.what == what


def test_six_cards_say_what_they_replay() -> None:
    cards = [card for card in discover().cards("model") if card.identifier.startswith("golan2023-")]
    assert len(cards) == 6
    assert {card.replays for card in cards} == {("Golan2023",)}
