"""Every check of the conformance suite can fail: a plugin that breaks one promise is caught, one that keeps all passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fornix.conformance.run import run_plugin
from fornix.registry.discovery import discover
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


def test_an_own_test_that_fails_fails_the_plugin(tmp_path: Path) -> None:
    code = 'from pathlib import Path\nexec((Path(__file__).parent / "metrics.txt").read_text())\n'
    root = write_plugin(tmp_path, "metric", code, CARD.replace("absent", "good"))
    (root / "fornix_metric_broken/metrics.txt").write_text((Path(__file__).parent / "broken/metrics.py").read_text())
    for own, passed in (("assert True", True), ("assert False", False)):
        (root / "tests/test_own.py").write_text(f"def test_of_its_own():\n    {own}\n")
        verdict = run_plugin(discover([tmp_path]), root, [tmp_path], [])
        assert verdict.passed == passed, verdict.output
    assert verdict.reason.startswith("its own tests failed")
