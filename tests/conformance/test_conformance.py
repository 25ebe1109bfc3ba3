"""Every check of the conformance suite can fail: a plugin that breaks one promise is caught, one that keeps all passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fornix.conformance.files import need_files
from fornix.conformance.run import run_plugin
from fornix.registry.discovery import discover
from fornix.registry.load import use_registry
from tests.conformance.conftest import KINDS, Suite, broken, write_plugin

pytestmark = pytest.mark.slow

CASES = [(kind, name) for kind in KINDS for name in broken(kind)["HOWS"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(("kind", "identifier"), CASES, ids=[name for _, name in CASES])
def test_a_broken_promise_is_caught_by_its_check(suite_of: Callable[[str], Suite], kind: str, identifier: str) -> None:
    suite = suite_of(kind)
    hows: Any = broken(kind)["HOWS"]
    failed, passed = (suite.tests(outcome, identifier) for outcome in ("FAILED", "PASSED"))
    if not hows[identifier]:
        assert not failed, suite.verdict.output[-3000:]
        assert passed
    for check in hows[identifier]:
        assert any(check in name for name in failed), f"{check} not in {failed}\n{suite.verdict.output[-3000:]}"


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_no_check_that_nothing_fails(suite_of: Callable[[str], Suite], kind: str) -> None:
    suite = suite_of(kind)
    assert not suite.verdict.passed
    caught = {name for identifier in broken(kind)["HOWS"] for name in suite.tests("FAILED", identifier)}  # type: ignore[attr-defined]
    of_every_card = {"test_the_card_names_plugins_that_exist", "test_the_plugin_has_a_readme_that_says_something"}
    assert suite.every_test - caught <= of_every_card | {"test_the_plugin_loads"}


CODE = """from fornix import hookimpl

@hookimpl
def fornix_load_metric(identifier, options):
    return None
"""
CARD = '[[metric]]\nidentifier = "metric-absent"\ntitle = "A metric"\naccepts = ["values"]\n'


@pytest.mark.parametrize(
    ("change", "reason", "said"),
    [
        (lambda root: None, "the conformance suite failed", "gave nothing for 'metric-absent'; expected a metric"),
        (lambda root: (root / "README.md").unlink(), "the conformance suite failed", "add a README.md"),
        (lambda root: (root / "README.md").write_text("A metric."), "the conformance suite failed", "says next to nothing"),
        (lambda root: (root / "tests/test_own.py").unlink(), "it has no tests of its own; add tests/test_", ""),
        (lambda root: edit(root, 'licence = "MIT"\n', ""), "licence", ""),
        (lambda root: edit(root, "schema = 1", "schema = 99"), "schema", ""),
    ],
    ids=["loads nothing", "no README", "empty README", "no tests", "no licence", "another schema"],
)
def test_what_every_plugin_owes_is_asked_of_it(tmp_path: Path, change: Callable[[Path], None], reason: str, said: str) -> None:
    root = write_plugin(tmp_path, "metric", CODE, CARD)
    change(root)
    verdict = run_plugin(discover([tmp_path]), root, [tmp_path], ["--tb=line"])
    assert not verdict.passed
    assert reason in verdict.reason
    assert said in verdict.output


def edit(root: Path, old: str, new: str) -> None:
    card = root / "fornix_metric_broken/plugin.toml"
    assert old in card.read_text()
    card.write_text(card.read_text().replace(old, new))


def test_a_benchmark_of_a_dataset_that_is_not_there_and_a_child_that_names_another_parent_are_caught(tmp_path: Path) -> None:
    code = CODE.replace("metric", "benchmark")
    leaf = 'modalities = ["image"]\nregions = ["IT"]\nnormalisation = "none"\n'
    cards = f"""
[[benchmark]]
identifier = "Lost-rdm"
title = "Uses what is not there"
{leaf}uses = {{ datasets = ["NoSuchDataset"], metrics = [] }}

[[benchmark]]
identifier = "Parent"
title = "A parent whose child does not know it"
{leaf}aggregate = {{ of = "value", children = ["Lost-rdm"] }}
"""
    root = write_plugin(tmp_path, "benchmark", code, cards)
    verdict = run_plugin(discover([tmp_path]), root, [tmp_path], ["--tb=line", "-rf"])
    assert not verdict.passed
    assert "NoSuchDataset" in verdict.reason + verdict.output


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A plugin that keeps all promises."""
    code = 'from pathlib import Path\nexec((Path(__file__).parent / "metrics.txt").read_text())\n'
    root = write_plugin(tmp_path, "metric", code, CARD.replace("absent", "good"))
    (root / "fornix_metric_broken/metrics.txt").write_text((Path(__file__).parent / "broken/metrics.py").read_text())
    return root


def test_a_metric_without_a_fixed_chance_says_what_its_unrelated_data_score(good: Path) -> None:
    edit(good, 'accepts = ["values"]', 'accepts = ["values"]\nchance = "none"')
    verdict = run_plugin(discover([good]), good, [good], ["--tb=line"])
    assert not verdict.passed
    assert "write chance(identifier, unrelated), which returns it, computed otherwise than by the metric" in verdict.output


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ("def test_of_its_own():\n    assert True\n", ""),
        ("def test_of_its_own():\n    assert False\n", "its own tests failed (pytest's exit status 1)"),
        ("import os\n\ndef test_of_its_own():\n    os._exit(0)\n", "its own tests ended pytest's process (exit status 0)"),
        ("def of_its_own():\n    assert True\n", "its own tests: no test was run"),
    ],
    ids=["passes", "fails", "ends the process", "is no test"],
)
def test_what_its_own_tests_do_is_its_verdict(good: Path, own: str, reason: str) -> None:
    (good / "tests/test_own.py").write_text(own)
    verdict = run_plugin(discover([good]), good, [good], [])
    assert (verdict.passed, verdict.reason) == (not reason, reason), verdict.output
    for part in ("the conformance suite", "its own tests"):
        assert f"== fornix-metric-broken: {part}\n" in verdict.output


def test_how_a_plugin_sets_pytest_is_for_its_own_tests_only(good: Path) -> None:
    with (good / "pyproject.toml").open("a") as project:
        project.write('\n[tool.pytest.ini_options]\naddopts = "-k own"\n')
    verdict = run_plugin(discover([good]), good, [good], [])
    assert verdict.passed, verdict.output
    suite, own = verdict.output.split("its own tests")
    assert "deselected" not in suite
    assert "1 passed" in own


def test_files_that_cannot_be_had_are_skipped_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORNIX_MIRROR", str(tmp_path))
    monkeypatch.setenv("FORNIX_CACHE", str(tmp_path / "cache"))
    file = f'files = [{{ name = "a", url = "https://example.org/a", bytes = 1, sha256 = "{64 * "0"}" }}]\n'
    cards = CARD.replace("absent", "whole") + CARD.replace("absent", "lost") + file
    root = write_plugin(tmp_path, "metric", CODE, cards)
    with use_registry(discover([root])):
        need_files("metric", "metric-whole")
        with pytest.raises(pytest.skip.Exception, match=r"metric metric-lost cannot be had: .*example"):
            need_files("metric", "metric-whole", "metric-lost")
