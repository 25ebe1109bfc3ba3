"""Suites as published: sentences, blind names, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fornix_dataset_syntaxgym2020.suite import Suite

import fornix
from fornix.files.fetch import available
from fornix.registry.card import Card
from fornix.registry.discovery import discover

CARDS = [card for card in discover().cards("dataset") if card.identifier.startswith("SyntaxGym2020-")]


def made_up(folder: Path, **changes: object) -> Suite:
    regions = {"good": ["The doctor", "", "slept", ", he snored ."], "bad": ["The doctor", "who", "slept", "."]}
    suite = {
        "meta": {"name": "made_up", "metric": "sum"},
        "region_meta": {},
        "predictions": [{"type": "formula", "formula": "(3;%good%) < (3;%bad%)"}],
        "items": [
            {
                "item_number": number,
                "conditions": [
                    {
                        "condition_name": name,
                        "regions": [{"region_number": k, "content": text} for k, text in enumerate(content, start=1)],
                    }
                    for name, content in regions.items()
                ],
            }
            for number in (1, 2)
        ],
    }
    path = folder / "made_up.json"
    path.write_text(json.dumps({**suite, **changes}))
    return Suite(path)


def test_each_sentence_is_a_context_of_its_regions(tmp_path: Path) -> None:
    suite = made_up(tmp_path)
    stimuli = suite.stimuli()
    text = dict(zip(stimuli, stimuli.contents["text"], strict=True))
    places = suite.regions[1]
    assert text[places["good", 1]] == "The doctor"
    assert text[places["bad", 2]] == "who"
    good = [k for k, name in enumerate(stimuli) if name in {places["good", n] for n in (1, 3, 4)}]
    assert len({stimuli.columns["context"][k] for k in good}) == 1
    assert stimuli.columns["order"][good].tolist() == [1, 3, 4]


def test_spaces_before_punctuation_are_removed(tmp_path: Path) -> None:
    suite = made_up(tmp_path)
    stimuli = suite.stimuli()
    text = dict(zip(stimuli, stimuli.contents["text"], strict=True))
    assert text[suite.regions[2]["good", 4]] == ", he snored."


def test_regions_without_words_are_no_stimuli(tmp_path: Path) -> None:
    suite = made_up(tmp_path)
    assert suite.regions[1]["good", 2] is None
    assert len(suite.stimuli()) == 2 * (3 + 4)


def test_names_and_order_tell_no_condition(tmp_path: Path) -> None:
    stimuli = made_up(tmp_path).stimuli()
    assert not any(word in name for name in stimuli for word in ("good", "bad", "made_up"))
    contexts = stimuli.columns["context"].tolist()
    assert contexts == sorted(contexts)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"meta": {"name": "made_up", "metric": "mean"}}, "asks for the mean"),
        ({"predictions": [{"type": "code", "formula": "1"}]}, "only 'formula' is known"),
    ],
)
def test_another_kind_of_suite_is_refused(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        made_up(tmp_path, **changes)


def test_there_are_31_suites() -> None:
    assert len(CARDS) == 31


@pytest.mark.mirror
def test_there_are_799_items() -> None:
    assert sum(len(load(card).regions) for card in CARDS) == 799


@pytest.mark.mirror
@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.identifier)
def test_a_published_suite_is_complete(card: Card) -> None:
    suite = load(card)
    assert card.identifier == f"SyntaxGym2020-{suite.name}"
    stimuli, places = set(suite.stimuli()), [set(item) for item in suite.regions.values()]
    assert all(place == places[0] for place in places)
    assert {name for item in suite.regions.values() for name in item.values() if name is not None} == stimuli


def load(card: Card) -> Suite:
    for file in card.files:
        if reason := available(file):
            pytest.skip(reason)
    return fornix.load_dataset(card.identifier)
