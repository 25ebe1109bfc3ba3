"""What a card holds, and which part of it a key depends on."""

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

from fornix.files.file import File
from fornix.registry.card import DESCRIPTIVE, KINDS, Aggregate, Card, Option, Resources, Training, Uses
from fornix.registry.cardfile import read_cards
from fornix.registry.schema import FIELDS, MODALITIES, NORMALISATIONS, TASKS

ROOT = Path(__file__).parents[2]


def card(**changes):
    about = {"version": 1, "title": "T", "authors": ("A",), "licence": "MIT", "citation": "@misc{a}"}
    return Card(**{"kind": "model", "identifier": "m", **about, **changes})


def test_leaves_are_in_order_with_nesting_removed():
    children = (("a.1", ("a.2", "a.3")), "b")
    assert Aggregate(of="raw", children=children).leaves() == ("a.1", "a.2", "a.3", "b")


def test_a_card_has_a_field_for_each_row_of_the_schema():
    assert {field.name for field in fields(Card)} == {"kind", *FIELDS}


def test_descriptive_fields_are_those_of_the_architecture():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    listed = text.partition("all but ")[2].partition(".\n")[0].split(",")
    assert {name.strip() for name in listed} == DESCRIPTIVE


@pytest.mark.parametrize("kind", KINDS)
def test_the_card_reference_names_every_field_of_a_kind(kind):
    text = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    table = text.partition("## The card")[2]
    rows = {line.split("|")[1].strip().strip("`"): line.split("|")[2] for line in table.splitlines() if line.startswith("| `")}
    assert set(rows) == set(FIELDS)
    assert {name for name, kinds in rows.items() if "every card" in kinds or kind in kinds} == {
        name for name, field in FIELDS.items() if kind in field.kinds
    }


def test_the_example_of_a_card_is_one(tmp_path):
    text = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL) if block.startswith("schema")]
    (tmp_path / "plugin.toml").write_text(example, encoding="utf-8")
    (card,) = read_cards(tmp_path / "plugin.toml")
    assert (card.identifier, card.licence, card.regions) == ("mean-colour", "MIT", ("*",))


def test_words_of_the_schema_are_those_of_the_interfaces():
    from fornix import interfaces

    assert MODALITIES == interfaces.MODALITIES
    assert set(TASKS) == set(interfaces.TASKS)
    assert set(NORMALISATIONS) == {str(value) for value in interfaces.Normalisation}


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Another"},
        {"authors": ("B",)},
        {"licence": "BSD-3-Clause"},
        {"citation": "@misc{b}"},
        {"year": 2026},
        {"visibility": "private"},
        {"resources": Resources(memory_gb=2.0)},
        {"superseded_by": "n"},
        {"species": "Macaca mulatta"},
        {"subjects": ("WE",)},
        {"parameters": 3},
        {"training": (Training("CIFAR-10", "labels"),)},
        {"control": True},
    ],
)
def test_descriptive_changes_leave_behaviour_alone(change):
    assert card(**change).behavioural() == card().behavioural()


@pytest.mark.parametrize(
    "change",
    [
        {"identifier": "n"},
        {"version": 2},
        {"regions": ("V4",)},
        {"options": {"alpha": Option("alpha", "float", 1.0)}},
        {"files": (File("w", "https://example.org/w", 1, sha256="0" * 64),)},
        {"deterministic": False},
        {"uses": Uses(datasets=("d",))},
        {"aliases": {"m2": {}}},
        {"simulated": True},
        {"normalisation": "s/c"},
        {"aggregate": Aggregate("value", ("a", "b"))},
    ],
)
def test_behavioural_changes_show(change):
    assert card(**change).behavioural() != card().behavioural()


def test_a_stated_default_is_as_good_as_none():
    assert card(deterministic=True, normalisation="none").behavioural() == card().behavioural()
    assert set(card().behavioural()) == {"kind", "identifier", "version"}


def test_where_a_file_is_fetched_from_and_the_help_of_an_option_are_no_behaviour():
    file = File("w", "https://example.org/w", 1, sha256="0" * 64)
    here = card(files=(file,), options={"a": Option("a", "int", help="one")})
    there = card(files=(replace(file, url="https://example.com/w"),), options={"a": Option("a", "int", help="two")})
    assert here.behavioural() == there.behavioural()


def test_the_order_of_children_is_behaviour():
    first, second = (card(kind="benchmark", aggregate=Aggregate("value", c)) for c in (("a", "b"), ("b", "a")))
    assert first.behavioural() != second.behavioural()
