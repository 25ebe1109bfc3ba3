"""What the doctor finds, each with who is concerned and what to do."""

import hashlib

import pytest

from fornix.registry.discovery import discover
from fornix.registry.doctor import SMALL, diagnose

CONTENT = b"x"
FILE = {"url": "https://example.invalid/a/w.bin", "bytes": 1, "sha256": hashlib.sha256(CONTENT).hexdigest()}


@pytest.fixture
def findings(plugins):
    return lambda: diagnose(discover([plugins]))


def test_nothing_is_wrong_with_what_is_right(write_plugin, card_toml, plugins, findings):
    write_plugin(plugins, card_toml("model", "m"), card_toml("dataset", "d"))
    assert findings() == []


def test_problems_of_discovery_are_findings(write_plugin, card_toml, plugins, findings):
    broken = write_plugin(plugins, card_toml("model", "m", licence=None))
    (finding,) = findings()
    assert (finding.level, finding.subject) == ("error", broken.name)
    assert "licence is missing" in finding.sentence


@pytest.mark.parametrize(
    ("code", "sentence", "details"),
    [
        ("print('noise')\nimport this_is_not_there", "cannot be imported: ModuleNotFoundError", "plugin.py"),
        ("import os; print('noise', flush=True); os._exit(7)", "ends the process that imports it, with exit status 7", ""),
        ("print('noise')", "no hook fornix_load_model", ""),
    ],
)
def test_plugins_that_cannot_be_imported_are_found(write_plugin, card_toml, plugins, findings, code, sentence, details):
    broken = write_plugin(plugins, card_toml("model", "m"), code=code)
    write_plugin(plugins, card_toml("model", "good"))
    (finding,) = findings()
    assert (finding.level, finding.subject) == ("error", broken.name)
    assert sentence in finding.sentence
    assert details in finding.details


def test_a_plugin_with_unmet_requirements_is_not_imported_and_said_to_run_elsewhere(write_plugin, card_toml, plugins, findings):
    plugin = write_plugin(plugins, card_toml("model", "m"), code="import not_there", dependencies=("not-there>=1",))
    (finding,) = findings()
    assert (finding.level, finding.subject) == ("info", plugin.name)
    assert "environment of its own" in finding.sentence
    assert "not-there>=1 (not installed)" in finding.sentence


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"uses": {"datasets": ["absent"]}}, "names the dataset 'absent'"),
        (
            {"uses": {"metrics": ["absent"]}},
            "names the metric 'absent', which no usable plugin provides; install or mend its plugin",
        ),
        ({"uses": {"metrics": ["ridgee"]}}, "names the metric 'ridgee', which no usable plugin provides; did you mean 'ridge'?"),
        ({"superseded_by": "chidl"}, "names the benchmark 'chidl', which no usable plugin provides; did you mean 'child'?"),
        ({"parent": "absent"}, "names the benchmark 'absent'"),
        ({"superseded_by": "absent"}, "names the benchmark 'absent'"),
        ({"uses": None, "aggregate": {"of": "raw", "children": [["absent"]]}}, "names the benchmark 'absent'"),
        ({"uses": None, "aggregate": {"of": "raw", "children": ["child"]}}, "child 'child' names the parent None"),
    ],
)
def test_cards_that_name_what_is_not_there(write_plugin, card_toml, plugins, findings, fields, sentence):
    write_plugin(plugins, card_toml("benchmark", "b", **fields), card_toml("benchmark", "child"), card_toml("metric", "ridge"))
    (finding,) = findings()
    assert "benchmark b" in f"{finding.subject} {finding.sentence}"
    assert sentence in finding.sentence


def test_mirrors_and_files_that_are_not_there(write_plugin, card_toml, plugins, findings, monkeypatch, tmp_path):
    there = tmp_path / "mirror"
    (there / "example.invalid/a").mkdir(parents=True)
    (there / "example.invalid/a/w.bin").write_bytes(CONTENT)
    files = [{**FILE, "name": "w.bin"}, {**FILE, "name": "v.bin", "url": "https://example.invalid/a/v.bin", "sha256": "ab" * 32}]
    write_plugin(plugins, card_toml("dataset", "d", files=files))
    monkeypatch.setenv("FORNIX_MIRROR", f"{there} {tmp_path / 'unplugged'}")
    by_subject = {finding.subject: finding for finding in findings()}
    assert {finding.level for finding in by_subject.values()} == {"warning"}
    assert "no folder" in by_subject[str(tmp_path / "unplugged")].sentence
    nowhere = by_subject["dataset d"]
    assert nowhere.sentence.startswith("a file of example.invalid that it needs cannot be had here: ")
    assert f"mirror {there} does not hold it" in nowhere.sentence
    assert nowhere.details == "v.bin (https://example.invalid/a/v.bin)"


def test_cards_with_the_same_trouble_have_the_same_sentence(write_plugin, card_toml, plugins, findings):
    of_other_names = [{**FILE, "name": "u.bin", "url": "https://example.invalid/u.bin", "sha256": "cd" * 32}]
    write_plugin(
        plugins, card_toml("dataset", "d", files=[{**FILE, "name": "w.bin"}]), card_toml("model", "m", files=of_other_names)
    )
    first, second = findings()
    assert (first.subject, second.subject) == ("dataset d", "model m")
    assert first.sentence == second.sentence


def test_a_file_that_is_there_and_is_another_is_an_error_with_what_the_card_should_say(
    write_plugin, card_toml, plugins, findings, monkeypatch, tmp_path
):
    place = tmp_path / "mirror/example.invalid/a/w.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"another")
    write_plugin(plugins, card_toml("dataset", "d", files=[{**FILE, "name": "w.bin"}]))
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    (finding,) = findings()
    assert (finding.level, finding.subject) == ("error", "dataset d")
    assert finding.sentence == (
        f"its file w.bin is not what lies at {place} (has 7 bytes, expected 1): if that is the file that is meant, the card "
        f'should say bytes = 7, sha256 = "{hashlib.sha256(b"another").hexdigest()}"; else put the right one there'
    )


def test_large_files_are_hashed_where_it_is_asked_for(write_plugin, card_toml, plugins, monkeypatch, tmp_path):
    place = tmp_path / "mirror/example.invalid/a/w.bin"
    place.parent.mkdir(parents=True)
    place.write_bytes(bytes(SMALL + 1))
    write_plugin(plugins, card_toml("dataset", "d", files=[{**FILE, "name": "w.bin", "bytes": SMALL + 1}]))
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path / "mirror"))
    assert diagnose(discover([plugins])) == []
    (finding,) = diagnose(discover([plugins]), hash_all=True)
    assert hashlib.sha256(bytes(SMALL + 1)).hexdigest() in finding.sentence


def test_a_bucket_that_does_not_answer_is_found(findings, monkeypatch):
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FORNIX_MIRROR", "s3://fornix-doctor-test/files")
    (finding,) = findings()
    assert (finding.level, finding.subject) == ("warning", "s3://fornix-doctor-test/files")
    assert "cannot be reached" in finding.sentence


def test_the_worst_comes_first(write_plugin, card_toml, plugins, findings):
    write_plugin(plugins, card_toml("model", "m"), dependencies=("not-there",))
    write_plugin(plugins, card_toml("model", "n", licence=None))
    assert [finding.level for finding in findings()] == ["error", "info"]
