"""Suites as published: sentences, blind names, and what is left out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fornix_dataset_syntaxgym2020.suite import Suite

import fornix
from fornix.conformance.files import need_files
from fornix.interfaces import check_assembly
from fornix.registry.card import Card
from fornix.registry.discovery import discover

CARDS = [card for card in discover().cards("dataset") if card.identifier.startswith("SyntaxGym2020.")]


def made_up(folder: Path, **changes: object) -> Suite:
    regions = {"good": ["The doctor", "", "slept", ", he snored ."], "bad": ["The doctor", "who", "slept", "."]}
    suite = {
        "meta": {"name": "made_up", "metric": "sum"},
        "region_meta": {"1": "np", "2": "rc", "3": "verb", "4": "end"},
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


def places(suite: Suite) -> dict[tuple[int, str, int], str]:
    """(item, condition, region) -> stimulus_id."""
    regions = suite.recordings()["regions"]
    where = zip(regions["item"].values.tolist(), regions["condition"].values.tolist(), regions.values.tolist(), strict=True)
    return dict(zip(where, regions["stimulus_id"].values.tolist(), strict=True))


def test_each_sentence_is_a_context_of_its_regions(tmp_path: Path) -> None:
    suite = made_up(tmp_path)
    stimuli, place = suite.stimuli(), places(suite)
    text = dict(zip(stimuli, stimuli.contents["text"], strict=True))
    assert text[place[1, "good", 1]] == "The doctor"
    assert text[place[1, "bad", 2]] == "who"
    good = [k for k, name in enumerate(stimuli) if name in {place[1, "good", n] for n in (1, 3, 4)}]
    assert len({stimuli.columns["context"][k] for k in good}) == 1
    assert stimuli.columns["order"][good].tolist() == [1, 3, 4]


def test_spaces_before_punctuation_are_removed(tmp_path: Path) -> None:
    suite = made_up(tmp_path)
    stimuli = suite.stimuli()
    text = dict(zip(stimuli, stimuli.contents["text"], strict=True))
    assert text[places(suite)[2, "good", 4]] == ", he snored."


def test_regions_without_words_are_no_stimuli(tmp_path: Path) -> None:
    suite = made_up(tmp_path)
    assert (1, "good", 2) not in places(suite)
    assert len(suite.stimuli()) == 2 * (3 + 4)


def test_predictions_and_the_number_of_regions_are_attributes(tmp_path: Path) -> None:
    regions = made_up(tmp_path).recordings()["regions"]
    assert regions.attrs == {"predictions": ["(3;%good%) < (3;%bad%)"], "n_regions": 4}


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
    assert sum(len(set(load(card).recordings()["regions"]["item"].values)) for card in CARDS) == 799


@pytest.mark.mirror
@pytest.mark.parametrize("published", CARDS, ids=lambda card: card.identifier)
def test_a_published_suite_is_complete(published: Card) -> None:
    suite = load(published)
    assert published.identifier == f"SyntaxGym2020.{suite.name}"
    regions = suite.recordings()["regions"]
    check_assembly(regions, dims=("presentation",), stimulus_ids=suite.stimuli())
    assert 1 <= regions.min() <= regions.max() == regions.attrs["n_regions"]
    items, names = regions["item"].values, regions["condition"].values
    conditions = [set(names[items == item]) for item in np.unique(items)]
    assert all(found == conditions[0] for found in conditions)


def load(card: Card) -> Suite:
    need_files(card.kind, card.identifier)
    return fornix.load_dataset(card.identifier)
