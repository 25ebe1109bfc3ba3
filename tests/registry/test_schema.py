"""plugin.toml against its schema: each fault is a sentence that names file, card, field and what was expected."""

import re
import string
from pathlib import PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fornix.registry.cardfile import CardError, read_cards
from fornix.registry.fields import read_identifier

SHA256 = "ab" * 32
FILE = {"name": "w.npz", "url": "https://example.org/w.npz", "bytes": 5, "sha256": SHA256}


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "plugin.toml"
        path.write_text(text, encoding="utf-8")
        return read_cards(path)

    return read


@pytest.fixture
def faults(read):
    def faults(text):
        with pytest.raises(CardError) as caught:
            read(text)
        return caught.value.sentences

    return faults


def test_a_card_of_every_kind(read, card_toml):
    text = "schema = 1\n" + "\n".join(
        [
            card_toml(
                "model",
                "m",
                files=[FILE],
                options={"n": {"type": "int", "default": 3}},
                training=[{"dataset": "X", "kind": "labels"}],
            ),
            card_toml("dataset", "d", defect={"what": "Shifted.", "erratum": "https://example.org"}, subjects=["WE"]),
            card_toml("metric", "ridge", options={"alphas": {"type": "list"}}, aliases={"ridgecv": {"alphas": [1.0]}}),
            card_toml("benchmark", "b.1", uses={"datasets": ["d"], "metrics": ["ridge"]}, normalisation="s/c", parent="b"),
            card_toml("benchmark", "b", uses=None, aggregate={"of": "raw", "children": [["b.1", "b.2"], "b.3"]}),
        ]
    )
    model, dataset, metric, leaf, parent = read(text)
    assert (model.files[0].hash, model.options["n"].default, model.training[0].dataset) == (SHA256, 3, "X")
    assert (dataset.defect.what, dataset.subjects) == ("Shifted.", ("WE",))
    assert metric.aliases == {"ridgecv": {"alphas": [1.0]}}
    assert (leaf.uses.datasets, leaf.normalisation, leaf.parent) == (("d",), "s/c", "b")
    assert parent.aggregate.children == (("b.1", "b.2"), "b.3")


def test_chance_is_a_number_or_none(read, card_toml):
    text = (
        "schema = 1\n" + card_toml("metric", "a") + card_toml("metric", "b", chance="none") + card_toml("metric", "c", chance=0.5)
    )
    cards = read(text)
    assert [card.chance for card in cards] == [0.0, None, 0.5]
    assert ["chance" in card.behavioural() for card in cards] == [False, True, True]


def test_defaults_are_shared_by_the_cards_that_have_the_field(read, card_toml):
    text = 'schema = 1\n[defaults]\nregions = ["V4"]\nversion = 7\n'
    dataset, metric = read(text + card_toml("dataset", "d", version=None) + card_toml("metric", "r"))
    assert (dataset.regions, dataset.version) == (("V4",), 7)
    assert (metric.regions, metric.version) == ((), 1)


@pytest.mark.parametrize(
    ("kind", "fields", "field", "expected"),
    [
        ("model", {"licence": None}, "licence", "SPDX"),
        ("model", {"citation": None}, "citation", "BibTeX"),
        ("dataset", {"commitment": {"V4": "ridge"}}, "commitment.V4", "metric, options and recording"),
        ("dataset", {"commitment": {"V4": {"options": {}}}}, "commitment.V4.metric", "identifier of a metric"),
        ("dataset", {"commitment": {"V4": {"metric": "ridge", "options": []}}}, "commitment.V4.options", "option of the metric"),
        ("dataset", {"commitment": ["V4"]}, "commitment", "region -> {metric, options, recording}"),
        ("metric", {"chance": "low"}, "chance", "'none' where it depends on the data"),
        ("benchmark", {"chance": "none", "uses": {}}, "chance", "expected a number"),
        ("model", {"citation": "Someone (2026)"}, "citation", "BibTeX"),
        ("model", {"licence": "GPL3 or so"}, "licence", "SPDX"),
        ("model", {"licence": "LicenseRef-mine"}, "licence_note", "sentence"),
        ("model", {"version": 0}, "version", "at least 1"),
        ("model", {"version": True}, "version", "integer"),
        ("model", {"version": "1"}, "version", "integer"),
        ("model", {"authors": []}, "authors", "at least one"),
        ("model", {"title": " "}, "title", "text"),
        ("model", {"title": "a\x1b[2Jb"}, "title", "text"),
        ("model", {"authors": ["\u202eenoemoS"]}, "authors[0]", "name"),
        ("model", {"resources": {"memory_gb": 10**400}}, "resources.memory_gb", "above 0"),
        ("model", {"visibility": "secret"}, "visibility", "'private'"),
        ("model", {"url": "ftp://example.org/x"}, "url", "https"),
        ("model", {"url": "https:///x"}, "url", "https"),
        ("model", {"files": [{**FILE, "url": "s3://bucket/w.npz"}]}, "files[0].url", "an http or https url"),
        ("model", {"modalities": ["smell"]}, "modalities[0]", "image"),
        ("model", {"modalities": ["image", "image"]}, "modalities", "image"),
        ("model", {"modalities": None}, "modalities", "image"),
        ("model", {"regions": None}, "regions", "at least one"),
        ("model", {"tasks": ["juggling"]}, "tasks[0]", "similarity"),
        ("model", {"training": [{"dataset": "X", "kind": "osmosis"}]}, "training[0].kind", "labels"),
        ("model", {"training": [{"kind": "labels"}]}, "training[0].dataset", "name"),
        ("model", {"resources": {"memory_gb": -1}}, "resources.memory_gb", "is -1; expected a number above 0"),
        ("model", {"files": [{**FILE, "sha256": SHA256.upper()}]}, "files[0]", "hexadecimal"),
        ("model", {"files": [{**FILE, "sha256": "abc"}]}, "files[0]", "hexadecimal"),
        ("model", {"files": [{**FILE, "git_blob": "ab" * 20}]}, "files[0]", "sha256 or git_blob"),
        ("model", {"files": [{**FILE, "url": "https://example.org/a/../w"}]}, "files[0].url", "'..'"),
        ("model", {"files": [{**FILE, "url": "https://example.org/a/%2e%2e/w"}]}, "files[0].url", "'..'"),
        ("model", {"files": [{**FILE, "name": "a/b"}]}, "files[0].name", "file name"),
        ("model", {"files": [{**FILE, "bytes": 1.5}]}, "files[0].bytes", "integer"),
        ("model", {"files": [FILE, {**FILE, "name": "W.npz"}]}, "files", "name for each"),
        ("model", {"options": {"n": {"type": "number"}}}, "options.n.type", "float"),
        ("model", {"options": {"n": {"type": "int", "default": "3"}}}, "options.n", "whole number"),
        ("model", {"options": {"n": {"type": "int", "default": 3, "choices": [1, 2]}}}, "options.n", "choices"),
        ("model", {"options": {"N-1": {"type": "int"}}}, "options.N-1", "table"),
        ("metric", {"accepts": None}, "accepts", "gram"),
        ("metric", {"aliases": {"r2": {"alpha": 1}}}, "aliases.r2", "option"),
        ("benchmark", {"uses": None}, "uses", "aggregate"),
        ("benchmark", {"aggregate": {"of": "raw", "children": ["c"]}}, "uses", "aggregate"),
        ("benchmark", {"uses": None, "aggregate": {"of": "mean", "children": ["c"]}}, "aggregate.of", "'raw'"),
        ("benchmark", {"uses": None, "aggregate": {"of": "raw", "children": ["c", ["c"]]}}, "aggregate.children", "once"),
        ("benchmark", {"normalisation": "percent"}, "normalisation", "s/c"),
        ("benchmark", {"accepts": ["values"]}, "accepts", "metric"),
    ],
)
def test_a_fault_names_file_card_field_and_what_was_expected(faults, card_toml, tmp_path, kind, fields, field, expected):
    sentences = faults("schema = 1\n" + card_toml(kind, "thing", **fields))
    assert any(s.startswith(f"{tmp_path / 'plugin.toml'}: {kind} 'thing': {field} ") and expected in s for s in sentences), (
        sentences
    )


def test_what_is_no_number_is_said_with_what_was_expected_alone(faults, card_toml):
    (sentence,) = faults("schema = 1\n" + card_toml("model", "thing", resources={"memory_gb": 1.5}).replace("1.5", "nan"))
    assert sentence.endswith("resources.memory_gb is nan; expected a number above 0")


def test_every_fault_is_told_at_once(faults, card_toml):
    sentences = faults("schema = 1\n" + card_toml("model", "a", licence=None, version=0) + card_toml("model", "b", year="x"))
    assert [re.search(r"model '(.)': (\w+)", s).groups() for s in sentences] == [
        ("a", "version"),
        ("a", "licence"),
        ("b", "year"),
    ]


@pytest.mark.parametrize(("wrong", "right"), [("license", "licence"), ("identifer", "identifier"), ("Modalities", "modalities")])
def test_an_unknown_field_is_met_with_did_you_mean(faults, card_toml, wrong, right):
    (sentence,) = [s for s in faults("schema = 1\n" + card_toml("model", "m", **{wrong: "x"})) if "no field" in s]
    assert f"did you mean {right!r}?" in sentence


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("schema = 1\n[[model]\n", "cannot be read as TOML"),
        ("{gabor}", "expected schema = 1"),
        ("schema = 2\n{gabor}", "newer fornix"),
        ("schema = 1\n", "has no card"),
        ("schema = 1\n[[modle]]\n", "did you mean 'model'?"),
        ("schema = 1\n[model]\nidentifier = 'm'\n", "two brackets"),
        ("schema = 1\n[defaults]\nlicense = 'MIT'\n{gabor}", "did you mean 'licence'?"),
        ("schema = 1\n[defaults]\nidentifier = 'm'\n{gabor}", "no field that cards share"),
        ("schema = 1\n{gabor}{Gabor}", "used twice"),
        ("schema = 1\n{gabor}{alias}", "used twice"),
    ],
)
def test_faults_of_the_file(faults, card_toml, text, part):
    gabor, Gabor = card_toml("model", "gabor"), card_toml("model", "Gabor")
    text = (
        text.replace("{gabor}", gabor)
        .replace("{Gabor}", Gabor)
        .replace("{alias}", card_toml("model", "m", aliases={"GABOR": {}}))
    )
    assert any(part in sentence for sentence in faults(text))


def test_kinds_have_identifiers_of_their_own(read, card_toml):
    assert len(read("schema = 1\n" + card_toml("dataset", "Digits") + card_toml("model", "Digits"))) == 2


@pytest.mark.parametrize(
    "name", ["gabor", "Cowley2023.V4-ridge.190923", "9", "a" * 100, "console", "com", "NaturalStories-reading_times"]
)
def test_identifiers(name):
    assert read_identifier(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-a",
        ".a",
        "_a",
        "a.",
        "a b",
        "a/b",
        "a\\b",
        "é",
        "a\n",
        "a" * 101,
        "con",
        "NUL",
        "nul.txt",
        "Com1",
        "lpt9.x",
        "aux",
        3,
        None,
    ],
)
def test_no_identifiers(name):
    with pytest.raises(ValueError, match=r"^$|device"):
        read_identifier(name)


@given(st.text(alphabet=string.ascii_letters + string.digits + "._-/\\: \n%", max_size=110))
def test_an_identifier_is_a_file_name_and_a_url_segment_everywhere(name):
    try:
        read_identifier(name)
    except ValueError:
        return
    assert not PureWindowsPath(name).is_reserved()
    assert PureWindowsPath("x", name).name == name
    assert re.fullmatch(r"[A-Za-z0-9._~-]+", name)
    assert name not in (".", "..")


def test_what_every_card_needs_is_needed(faults, card_toml):
    for name in ("version", "title", "authors", "licence", "citation"):
        assert any(f": {name} is missing" in s for s in faults("schema = 1\n" + card_toml("model", "m", **{name: None})))
